// SPDX-License-Identifier: BSD-2-Clause
//
// 82093AA I/O APIC (Intel 290566): 24 inputs, each with an entry that says which message its edge
// or level becomes. Version 20H adds an EOI register; with 11H only the processors' broadcasts end
// a level-triggered interrupt. Not modelled: the serial APIC bus (arbitration, delivery status).
#pragma once

#include <array>
#include <string>

#include "fabric/bus/device.hpp"
#include "fabric/bus/irq_line.hpp"
#include "fabric/bus/msi.hpp"

namespace devices {

class IoApic final : public fabric::Device, public fabric::IoHandler, public fabric::IrqSink {
public:
    static constexpr u32 inputs = 24;
    static constexpr u64 block_bytes = 0x1000;

    struct Config {
        std::string name = "ioapic";
        u8 version = 0x20;
    };

    struct Wiring {
        fabric::MsiSink& messages;
    };

    struct State {
        u8 selected = 0;
        u32 id = 0;
        u32 lines = 0;  // As they are driven; an entry's polarity says what that means.
        std::array<u64, inputs> redirections = all_masked();

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "ioregsel", state.selected);
            visit(2, "id", state.id);
            visit(3, "lines", state.lines);
            visit(4, "redirections", state.redirections);
        }
    };

    IoApic(Config config, Wiring wiring) : config_(std::move(config)), wiring_(wiring) {}

    std::string_view name() const override { return config_.name; }
    void reset(fabric::ResetKind kind) override;
    void save(fabric::StateWriter& out) const override { out.write(state_); }
    fabric::Result<> restore(fabric::StateReader& in) override { return in.read(state_); }

    u64 read(u64 offset, u32 size) override;
    void write(u64 offset, u32 size, u64 value) override;

    void set_level(u32 input, bool high) override;

    /// A processor has ended a level-triggered interrupt.
    void end_of_interrupt(u8 vector);

    const State& state() const { return state_; }

private:
    static constexpr std::array<u64, inputs> all_masked() {
        std::array<u64, inputs> all;
        all.fill(1 << 16);
        return all;
    }

    u32 read_register() const;
    void write_register(u32 value);
    void write_redirection(u32 input, u64 value);
    bool asserted(u32 input) const;
    void deliver(u32 input);
    void deliver_level(u32 input);

    Config config_;
    Wiring wiring_;
    State state_;
};

}  // namespace devices
