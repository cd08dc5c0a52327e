// SPDX-License-Identifier: BSD-2-Clause
//
// 8254 programmable interval timer (Intel 231164) on a PC's ports 40 to 43, clocked at 105/88 MHz.
//
// Counter 0 drives an interrupt wire, at the exact nanosecond; the outputs of the other two are
// worked out when somebody looks, and cost no events. The chip has no reset: a platform reset
// leaves it as at power-on, which its data sheet leaves open. Not modelled: what a count with
// digits above 9 does in BCD mode.
#pragma once

#include <array>
#include <string>

#include "devices/chipset/pit_counter.hpp"
#include "fabric/bus/device.hpp"
#include "fabric/bus/irq_line.hpp"
#include "fabric/time/event_queue.hpp"
#include "fabric/time/frequency.hpp"

namespace devices {

/// As an IrqSink, its inputs are the gates of the three counters.
class Pit final : public fabric::Device, public fabric::IoHandler, public fabric::IrqSink {
public:
    static constexpr fabric::Frequency clock{105'000'000, 88};
    static constexpr u64 port_count = 4;

    struct Config {
        std::string name = "pit";
    };

    struct Wiring {
        fabric::EventQueue& events;
        fabric::IrqLine counter0_out;
    };

    struct State {
        // The gate of counter 2 is port 61's, which holds it low at first.
        std::array<pit::Counter::State, 3> counters = {pit::Counter::State{}, pit::Counter::State{},
                                                       pit::Counter::State{.gate = false}};

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "counters", state.counters);
        }
    };

    Pit(Config config, Wiring wiring);

    std::string_view name() const override { return config_.name; }
    void reset(fabric::ResetKind kind) override;
    void save(fabric::StateWriter& out) const override { out.write(state_); }
    fabric::Result<> restore(fabric::StateReader& in) override;

    u64 read(u64 offset, u32 size) override;
    void write(u64 offset, u32 size, u64 value) override;

    void set_level(u32 counter, bool high) override;

    bool output(u32 counter);

    const State& state() const { return state_; }

private:
    void write_control(u8 word);
    u64 pulse() const { return clock.ticks_at(wiring_.events.now()); }
    pit::Counter counter(u64 index) { return pit::Counter(state_.counters[index]); }
    void update_output();

    Config config_;
    Wiring wiring_;
    State state_;
    fabric::Timer change_;
};

}  // namespace devices
