// SPDX-License-Identifier: BSD-2-Clause
//
// What a counter of a given frequency shows at a virtual time, and when it will show a value:
// exact, never accumulated.
#pragma once

#include "fabric/support/int_types.hpp"
#include "fabric/support/verify.hpp"
#include "fabric/time/vm_time.hpp"

namespace fabric {

constexpr u64 ns_per_second = 1'000'000'000;

/// floor(a * b / c) and ceil(a * b / c), saturated to 64 bits.
constexpr u64 scaled_down(u64 a, u64 b, u64 c) {
    const u128 quotient = u128{a} * b / c;
    return quotient > ~u64{0} ? ~u64{0} : static_cast<u64>(quotient);
}
constexpr u64 scaled_up(u64 a, u64 b, u64 c) {
    const u128 quotient = (u128{a} * b + (c - 1)) / c;
    return quotient > ~u64{0} ? ~u64{0} : static_cast<u64>(quotient);
}

class Frequency {
public:
    constexpr explicit Frequency(u64 hz) : Frequency(hz, 1) {}
    /// hz / divisor. The clocks of a PC stem from a crystal of 315/22 MHz and are no whole hertz.
    constexpr Frequency(u64 hz, u64 divisor) : hz_(hz), divisor_(divisor) {
        VERIFY(hz != 0 && divisor != 0 && divisor <= ~u64{0} / ns_per_second);
    }

    /// Rounded down.
    constexpr u64 hz() const { return hz_ / divisor_; }

    /// Whole ticks since power-on.
    constexpr u64 ticks_at(VmTime time) const {
        return scaled_down(time.ns, hz_, ns_per_second * divisor_);
    }
    /// The first nanosecond at which ticks_at() is at least `tick`.
    constexpr VmTime time_of_tick(u64 tick) const {
        return {scaled_up(tick, ns_per_second * divisor_, hz_)};
    }
    /// How long `ticks` take, rounded up: a timer set so never fires early.
    constexpr VmDuration duration_of(u64 ticks) const { return {time_of_tick(ticks).ns}; }

private:
    u64 hz_;
    u64 divisor_;
};

}  // namespace fabric
