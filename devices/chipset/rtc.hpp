// SPDX-License-Identifier: BSD-2-Clause
//
// MC146818A real-time clock and CMOS RAM of a PC, with the second bank of 128 bytes of the 82371AB
// (Intel 290562): ports 70 to 73. The index port's top bit masks NMI.
//
// The clock runs in virtual time from whatever set_clock() was told. Registers are moved on when
// somebody looks; there are events only while an enabled interrupt is to come. Not modelled: other
// time bases than 32.768 kHz (the clock stands still, as with the divider held), the square wave
// pin, daylight saving. Deviation: a time read during an update is the old one, not undefined.
#pragma once

#include <array>
#include <string>

#include "devices/chipset/rtc_calendar.hpp"
#include "fabric/bus/device.hpp"
#include "fabric/bus/irq_line.hpp"
#include "fabric/time/event_queue.hpp"
#include "fabric/time/frequency.hpp"

namespace devices {

class Rtc final : public fabric::Device, public fabric::IoHandler {
public:
    static constexpr fabric::Frequency crystal{32'768};
    static constexpr u64 port_count = 4;

    struct Config {
        std::string name = "rtc";
    };

    struct Wiring {
        fabric::EventQueue& events;
        fabric::IrqLine irq;
        fabric::IrqLine nmi_masked;
    };

    struct State {
        u8 index = 0;  // With the bit that masks NMI.
        u8 extended_index = 0;
        u8 flags = 0;        // Register C, without the bit that sums it up.
        u16 divider = 0;     // What the divider showed when the crystal began to tick.
        u64 settled_at = 0;  // The crystal's tick up to which everything is worked out.
        std::array<u8, 256> ram = power_on_ram();

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "index", state.index);
            visit(2, "extended_index", state.extended_index);
            visit(3, "flags", state.flags);
            visit(4, "divider", state.divider);
            visit(5, "settled_at", state.settled_at);
            visit(6, "ram", state.ram);
        }

        /// The 1st of January 2000, in BCD.
        static std::array<u8, 256> power_on_ram();
    };

    Rtc(Config config, Wiring wiring);

    std::string_view name() const override { return config_.name; }
    /// The battery goes with the power: State{} until the board calls set_clock() and set_ram().
    void reset(fabric::ResetKind kind) override;
    void save(fabric::StateWriter& out) const override { out.write(state_); }
    fabric::Result<> restore(fabric::StateReader& in) override { return in.read(state_); }

    u64 read(u64 offset, u32 size) override;
    void write(u64 offset, u32 size, u64 value) override;

    /// The wall clock, which comes in through the input journal: the time of day that the guest is
    /// to see, as nanoseconds since 1970.
    void set_clock(i64 unix_ns);

    /// What a board's firmware expects in CMOS: sizes of memory, boot order. Not for registers of
    /// the clock.
    void set_ram(u8 index, u8 value);
    u8 ram(u8 index) const { return state_.ram[index]; }

    const State& state() const { return state_; }

private:
    u8 read_register(u8 index);
    void write_register(u8 index, u8 value);
    void write_a(u8 value);
    void write_b(u8 value);

    u64 tick() const { return crystal.ticks_at(wiring_.events.now()); }
    bool running() const;
    bool updating() const;
    u64 divider_at(u64 tick) const { return tick + state_.divider; }
    u64 periodic_ticks() const;
    bool update_in_progress() const;
    u8 interrupts() const;

    void settle();
    void settle_and_schedule();
    void schedule();

    rtc::Calendar calendar() { return rtc::Calendar(state_.ram); }

    Config config_;
    Wiring wiring_;
    State state_;
    fabric::Timer event_;
};

}  // namespace devices
