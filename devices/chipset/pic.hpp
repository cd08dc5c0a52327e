// SPDX-License-Identifier: BSD-2-Clause
//
// Intel 8259A interrupt controller (order number 231468) as a PC has it: one of a pair, with the
// edge/level control register of the PIIX4 (290562, 7.1.6) beside it. Always in 8086 mode and
// always wired for cascading: ICW4's µPM bit, buffered mode and the call addresses of MCS-80 mode
// are taken and ignored; so is LTIM, as the PIIX4 ignores it in favour of the ELCR.
#pragma once

#include <array>
#include <string>

#include "fabric/bus/device.hpp"
#include "fabric/bus/irq_line.hpp"

namespace devices {

/// The two registers at the chip's ports are read() and write(); the ELCR is a block of its own.
class Pic8259 final : public fabric::Device, public fabric::IoHandler, public fabric::IrqSink {
public:
    struct Config {
        std::string name = "pic0";
        u8 level_allowed = 0xf8;  // Bits of the ELCR that can be set.
    };

    struct Wiring {
        fabric::IrqLine interrupt;  // INT.
        Pic8259* slave = nullptr;   // Of a master, behind its IR2.
    };

    enum class Initializing : u8 { Done, Icw2, Icw3, Icw4 };

    struct State {
        u8 requests = 0;         // IRR: latched edges and levels.
        u8 in_service = 0;       // ISR.
        u8 mask = 0;             // IMR.
        u8 lines = 0;            // As they are driven.
        u8 level_triggered = 0;  // ELCR.
        u8 vector_base = 0;
        u8 cascade = 0;         // ICW3.
        u8 first_priority = 0;  // The input that comes first; rotates.
        bool automatic_eoi = false;
        bool rotates_on_automatic_eoi = false;
        bool special_fully_nested = false;
        bool special_mask = false;
        bool read_in_service = false;
        bool polled = false;  // The next read acknowledges.
        Initializing expects = Initializing::Done;
        bool single = false;
        bool needs_icw4 = false;

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "irr", state.requests);
            visit(2, "isr", state.in_service);
            visit(3, "imr", state.mask);
            visit(4, "lines", state.lines);
            visit(5, "elcr", state.level_triggered);
            visit(6, "vector_base", state.vector_base);
            visit(7, "icw3", state.cascade);
            visit(8, "first_priority", state.first_priority);
            visit(9, "automatic_eoi", state.automatic_eoi);
            visit(10, "rotates_on_automatic_eoi", state.rotates_on_automatic_eoi);
            visit(11, "special_fully_nested", state.special_fully_nested);
            visit(12, "special_mask", state.special_mask);
            visit(13, "read_in_service", state.read_in_service);
            visit(14, "polled", state.polled);
            visit(15, "expects", state.expects);
            visit(16, "single", state.single);
            visit(17, "needs_icw4", state.needs_icw4);
        }
    };

    Pic8259(Config config, Wiring wiring) : config_(std::move(config)), wiring_(wiring) {}

    std::string_view name() const override { return config_.name; }
    void reset(fabric::ResetKind kind) override;
    void save(fabric::StateWriter& out) const override { out.write(state_); }
    fabric::Result<> restore(fabric::StateReader& in) override { return in.read(state_); }

    u64 read(u64 offset, u32 size) override;
    void write(u64 offset, u32 size, u64 value) override;

    /// Port 4D0 or 4D1.
    fabric::IoHandler& edge_level_control() { return edge_level_control_; }

    void set_level(u32 input, bool high) override;

    /// The level of INT.
    bool pending() const { return wanted_input() < 8; }
    /// An INTA cycle: the vector. Without a request it is that of input 7, and nothing is in
    /// service.
    u8 acknowledge();

    const State& state() const { return state_; }

private:
    class EdgeLevelControl final : public fabric::IoHandler {
    public:
        explicit EdgeLevelControl(Pic8259& pic) : pic_(pic) {}
        u64 read(u64, u32) override { return pic_.state_.level_triggered; }
        void write(u64, u32, u64 value) override { pic_.write_edge_level(static_cast<u8>(value)); }

    private:
        Pic8259& pic_;
    };

    static constexpr u8 spurious_input = 7;
    static constexpr u8 cascade_input = 2;

    bool has_slave_at(u8 input) const;
    u8 wanted_input() const;
    u8 rank_of(u8 input) const { return (input - state_.first_priority) & 7; }
    u8 highest_ranked(u8 inputs) const;
    void take(u8 input);
    void finish(u8 input);
    u8 read_poll();
    void begin_initialization(u8 value);
    void write_initialization(u8 value);
    void write_ocw2(u8 value);
    void write_ocw3(u8 value);
    void write_edge_level(u8 value);
    void update_output();

    Config config_;
    Wiring wiring_;
    State state_;
    EdgeLevelControl edge_level_control_{*this};
};

}  // namespace devices
