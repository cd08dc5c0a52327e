// SPDX-License-Identifier: BSD-2-Clause
//
// How fast a machine runs: over the last second or so, for a status line.
#pragma once

#include "fabric/time/vm_time.hpp"

namespace frontends {

struct Speed {
    double mips = 0;               // Millions of instructions in a second of the host's.
    double real_time_percent = 0;  // Of the host's time, how much went by in the machine.
};

class Speedometer {
public:
    static constexpr u64 interval_ns = 1'000'000'000;

    /// True once in each interval: there is a new value.
    bool look(u64 host_ns, fabric::VmInstant now);
    Speed speed() const { return speed_; }

private:
    bool started_ = false;
    u64 host_ns_ = 0;
    fabric::VmInstant instant_;
    Speed speed_;
};

}  // namespace frontends
