// SPDX-License-Identifier: BSD-2-Clause
//
// Function 0 of the PIIX3 or PIIX4 (82371SB, 82371AB): the bridge to ISA. It routes the four PIRQ
// lines of the PCI bus to ISA interrupts, and has the reset control port, CF9.
//
// The devices behind it, edge and level control included, are devices of their own. Not modelled:
// chip selects and recovery times of ISA (the registers keep what is written), serial IRQs.
#pragma once

#include <array>
#include <functional>
#include <string>

#include "devices/pci/function.hpp"
#include "fabric/bus/irq_line.hpp"

namespace devices {

/// What a guest asked for at port CF9.
enum class ResetRequest : u8 {
    Processor,  // INIT: the processors alone.
    Machine
};

class PiixIsa final : public fabric::Device, public pci::Function, public fabric::IrqSink {
public:
    struct Config {
        std::string name = "piix_isa";
        /// PIIX4, as Hyper-V shows; PIIX3 is 8086:7000. SeaBIOS and every guest know both.
        u16 vendor = 0x8086;
        u16 device = 0x7110;
        u8 revision = 1;
        u16 subsystem_vendor = 0;
        u16 subsystem = 0;
    };

    struct Wiring {
        /// By IRQ. Shared with nobody else: the board joins ISA devices on the same interrupt.
        std::array<fabric::IrqLine, 16> isa_irq;
        std::function<void(ResetRequest)> request_reset;
    };

    struct State {
        pci::ConfigState config;
        u8 reset_control = 0;
        std::array<bool, 4> pirq{};

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "config", state.config);
            visit(2, "reset_control", state.reset_control);
            visit(3, "pirq", state.pirq);
        }
    };

    PiixIsa(Config config, Wiring wiring);

    std::string_view name() const override { return name_; }
    void reset(fabric::ResetKind kind) override;
    void save(fabric::StateWriter& out) const override { out.write(state_); }
    fabric::Result<> restore(fabric::StateReader& in) override;

    pci::ConfigSpace& config() override { return space_; }
    void config_written(u32 offset, u32 size) override;

    /// PIRQ lines: input 0 is A.
    void set_level(u32 input, bool high) override;

    /// Port CF9, one byte.
    fabric::IoHandler& reset_control() { return reset_port_; }

    const State& state() const { return state_; }

private:
    class ResetPort final : public fabric::IoHandler {
    public:
        explicit ResetPort(PiixIsa& owner) : owner_(owner) {}
        u64 read(u64, u32) override { return owner_.state_.reset_control; }
        void write(u64, u32, u64 value) override { owner_.write_reset_control(value); }

    private:
        PiixIsa& owner_;
    };

    void write_reset_control(u64 value);
    u32 routed_irqs() const;
    void drive(u32 before) const;

    std::string name_;
    Wiring wiring_;
    State state_;
    pci::ConfigSpace space_;
    ResetPort reset_port_{*this};
    u32 driven_ = 0;  // A function of the state, kept across a change of it: the IRQs now high.
};

}  // namespace devices
