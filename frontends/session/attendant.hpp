// SPDX-License-Identifier: BSD-2-Clause
//
// Whoever looks at a machine while it runs, and steers it: the terminal, a debugger, a window, a
// schedule of screenshots. The session (session.hpp) runs the machine in slices of some
// milliseconds and calls each attendant between two of them, on the one thread that runs the
// machine. So an attendant finds the machine at an instruction boundary, with all devices up to
// date, and may do anything to it there; it must not block. What the guest can notice goes through
// the machine's journal all the same, or a replay will not be the run.
#pragma once

#include <poll.h>

#include <vector>

#include "fabric/support/int_types.hpp"
#include "fabric/time/vm_time.hpp"
#include "machine/run/machine.hpp"

namespace frontends {

class Session;

/// Where an attendant wants to look at the machine, exactly: at the first instant that has either.
struct Stop {
    static constexpr u64 never = ~u64{0};

    u64 retired = never;
    fabric::VmTime time{never};
};

/// What ends a sleep of the session, besides its own patience of a fifth of a second.
struct Wakers {
    std::vector<pollfd> descriptors;
    u64 host_ns = Stop::never;  // By fabric::host_steady_clock_ns().
};

class Attendant {
public:
    virtual ~Attendant() = default;

    /// Before each slice, after each sleep, and at the instant that next_stop() named. What came on
    /// descriptors is found out here, without waiting.
    virtual void attend(Session& session) = 0;

    /// Called before a slice. Once an instant is reached, name another, or the machine stays there.
    virtual Stop next_stop() const { return {}; }

    /// Called before a sleep: the machine is paused, held back, or halted until something comes.
    virtual void await(Wakers&) const {}

    /// The run stopped for a reason other than a limit. True: it has been seen to here (paused,
    /// left, or nothing to be done), and the session goes on; false: somebody else, or the session.
    virtual bool take(Session&, machine::RunOutcome) { return false; }

    /// Whether something may still come from here that wakes a guest which halted for good.
    virtual bool may_wake_guest() const { return false; }

    /// The last call, when the run is over; the machine still is as it was.
    virtual void end(Session&, int /*status*/) {}
};

}  // namespace frontends
