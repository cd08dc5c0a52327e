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
    constexpr explicit Frequency(u64 hz) : hz_(hz) { VERIFY(hz != 0); }

    constexpr u64 hz() const { return hz_; }

    /// Whole ticks since power-on.
    constexpr u64 ticks_at(VmTime time) const { return scaled_down(time.ns, hz_, ns_per_second); }
    /// The first nanosecond at which ticks_at() is at least `tick`.
    constexpr VmTime time_of_tick(u64 tick) const { return {scaled_up(tick, ns_per_second, hz_)}; }
    /// How long `ticks` take, rounded up: a timer set so never fires early.
    constexpr VmDuration duration_of(u64 ticks) const {
        return {scaled_up(ticks, ns_per_second, hz_)};
    }

private:
    u64 hz_;
};

}  // namespace fabric
