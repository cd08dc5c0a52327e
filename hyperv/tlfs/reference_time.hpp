// SPDX-License-Identifier: BSD-2-Clause
//
// The partition's time in units of 100 ns (TLFS, Timers). The formula of the reference TSC page is
// the definition: the counter, the page and the synthetic timers agree to the last tick because
// there is one function of the TSC, and the TSC is one of virtual time.
#pragma once

#include <optional>

#include "fabric/time/event_queue.hpp"
#include "fabric/time/frequency.hpp"

namespace hyperv {

class ReferenceTime {
public:
    static constexpr u64 ticks_per_second = 10'000'000;

    ReferenceTime(const fabric::EventQueue& events, u64 tsc_hz);

    /// Of the page. Rounded up, so that a whole number of TSC ticks makes a whole number of ours.
    u64 scale() const { return scale_; }

    /// From now on, the TSC of a processor that nobody has written to counts from zero.
    void start() { start_tick_ = tsc_.ticks_at(events_.now()); }
    /// On the clock of the TSC, since power-on.
    u64 start_tick() const { return start_tick_; }
    void set_start_tick(u64 tick) { start_tick_ = tick; }

    u64 now() const { return of_tsc(tsc_.ticks_at(events_.now()) - start_tick_); }

    u64 of_tsc(u64 tsc) const { return static_cast<u64>((u128{tsc} * scale_) >> 64); }

    /// The first instant at which now() is at least `count`; nothing if time does not last so long.
    std::optional<fabric::VmTime> time_of(u64 count) const;

private:
    const fabric::EventQueue& events_;
    fabric::Frequency tsc_;
    u64 scale_;
    u64 start_tick_ = 0;
};

}  // namespace hyperv
