// SPDX-License-Identifier: BSD-2-Clause
//
// Virtual time. It advances only while the guest runs, and only the run loop advances it: nothing
// in a device may ask the host what time it is. That one rule gives pause, snapshots and replay.
#pragma once

#include <compare>

#include "fabric/support/int_types.hpp"

namespace fabric {

struct VmDuration {
    u64 ns = 0;
    constexpr auto operator<=>(const VmDuration&) const = default;
};

/// Nanoseconds since power-on. Five centuries fit; beyond them time stands still and does not wrap.
struct VmTime {
    u64 ns = 0;

    constexpr auto operator<=>(const VmTime&) const = default;
    constexpr VmTime operator+(VmDuration d) const {
        return {ns + d.ns < ns ? ~u64{0} : ns + d.ns};
    }
    constexpr VmDuration operator-(VmTime earlier) const {
        return {ns < earlier.ns ? 0 : ns - earlier.ns};
    }
};

/// A point of a run, exactly: several instructions may retire within one nanosecond, and none while
/// an idle machine's time jumps ahead.
struct VmInstant {
    VmTime time;
    u64 retired = 0;  // Instructions, by all virtual processors together.

    constexpr bool operator==(const VmInstant&) const = default;
    /// Has a run that is here come as far as `other`?
    constexpr bool reached(VmInstant other) const {
        return time >= other.time && retired >= other.retired;
    }
};

}  // namespace fabric
