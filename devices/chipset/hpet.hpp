// SPDX-License-Identifier: BSD-2-Clause
//
// High precision event timer (Intel, IA-PC HPET specification 1.0a): a 64-bit counter and 3 to 32
// timers, of which each may be periodic, 64 bits wide and deliver by FSB (as an MSI).
//
// The counter's period is a whole number of femtoseconds, so that what the guest computes from it
// is what passes. Timers whose interrupt is off are worked out when somebody looks. Timers 0 and 1
// may replace the 8254 and the RTC: while `legacy_route` is high the board lets only these
// interrupts reach IRQ 0 and 8. Deviation: an edge-triggered wire stays high until the next edge.
// Undocumented: writing the counter while it runs sets it.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "fabric/bus/device.hpp"
#include "fabric/bus/irq_line.hpp"
#include "fabric/bus/msi.hpp"
#include "fabric/time/event_queue.hpp"
#include "fabric/time/frequency.hpp"

namespace devices {

class Hpet final : public fabric::Device, public fabric::IoHandler {
public:
    struct Config {
        std::string name = "hpet";
        u32 period_fs = 69'841'279;  // 14.318 MHz.
        u16 vendor = 0x8086;
        u32 timers = 3;
        u32 routes = 0x00ff'0000;  // Which inputs of `routes` below a timer may choose.
    };

    struct Wiring {
        fabric::EventQueue& events;
        std::array<fabric::IrqLine, 32> routes;  // To the I/O APIC.
        fabric::IrqLine legacy_irq0;
        fabric::IrqLine legacy_irq8;
        fabric::IrqLine legacy_route;
        fabric::MsiSink* messages = nullptr;  // None: the timers say that they cannot.
    };

    struct TimerState {
        u64 configuration = 0;  // Writable bits only.
        u64 comparator = ~u64{0};
        u64 period = 0;
        u64 fsb_route = 0;

        bool operator==(const TimerState&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "configuration", state.configuration);
            visit(2, "comparator", state.comparator);
            visit(3, "period", state.period);
            visit(4, "fsb_route", state.fsb_route);
        }
    };

    struct State {
        u64 configuration = 0;
        u64 interrupt_status = 0;
        u64 counter = 0;     // At `settled_at`.
        u64 settled_at = 0;  // The tick of the clock up to which everything is worked out.
        std::array<TimerState, 32> timers;

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "configuration", state.configuration);
            visit(2, "interrupt_status", state.interrupt_status);
            visit(3, "counter", state.counter);
            visit(4, "settled_at", state.settled_at);
            visit(5, "timers", state.timers);
        }
    };

    Hpet(Config config, Wiring wiring);

    std::string_view name() const override { return config_.name; }
    void reset(fabric::ResetKind kind) override;
    void save(fabric::StateWriter& out) const override { out.write(state_); }
    fabric::Result<> restore(fabric::StateReader& in) override { return in.read(state_); }

    /// Registers are 64 bits wide and may be reached in parts.
    u64 read(u64 offset, u32 size) override;
    void write(u64 offset, u32 size, u64 value) override;

    const State& state() const { return state_; }

private:
    u64 read_register(u64 offset) const;
    void write_register(u64 offset, u64 value, u64 mask);
    u64 read_timer(u32 index, u64 part) const;
    void write_timer(u32 index, u64 part, u64 value, u64 mask);
    void write_configuration(u64 value);
    void write_timer_configuration(u32 index, u64 value);
    void write_comparator(u32 index, u64 value, u64 mask);

    u64 tick() const { return clock_.ticks_at(wiring_.events.now()); }
    bool enabled() const;
    bool legacy_routed() const;
    u64 timer_capabilities() const;
    static u64 width_mask(const TimerState& timer);
    u64 ticks_to_match(const TimerState& timer) const;

    void settle();
    bool settle_timer(u32 index, u64 ticks);
    void timer_fired(u32 index);
    void interrupt(u32 index);
    void set_wire(u32 index, bool high);
    void release_wire(u32 index);
    void schedule(u32 index);
    void schedule_all();

    Config config_;
    Wiring wiring_;
    fabric::Frequency clock_;
    State state_;
    std::vector<std::unique_ptr<fabric::Timer>> deadlines_;
};

}  // namespace devices
