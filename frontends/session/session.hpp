// SPDX-License-Identifier: BSD-2-Clause
//
// A machine's run, from the first slice to the process status, with its attendants (attendant.hpp).
#pragma once

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "frontends/session/attendant.hpp"
#include "machine/run/machine.hpp"

namespace frontends {

/// How a run may end besides with the guest's own status.
namespace run_status {
constexpr int failed = 1;    // Something that was asked for could not be done.
constexpr int stopped = 2;   // By the user, or a limit.
constexpr int shutdown = 3;  // Triple fault.
constexpr int idle = 4;      // Halted for good.
}  // namespace run_status

/// A line on standard error, for the person at the terminal.
void print_notice(std::string_view text);

class Session {
public:
    explicit Session(machine::Machine& machine) : machine_(machine) {}

    /// They are called in the order in which they were added, and outlive run().
    void add(Attendant& attendant) { attendants_.push_back(&attendant); }

    /// Until somebody leaves or the guest ends. The value is the process status.
    int run();

    machine::Machine& machine() { return machine_; }

    // What attendants may ask for. It happens when all of them have been called.

    /// The machine does not run until resume(); virtual time stands still.
    void pause() { paused_ = true; }
    void resume() { paused_ = idle_ = false; }
    bool paused() const { return paused_; }

    /// The machine does not run before this time of the host's steady clock. Asked for anew each
    /// time that attend() is called: this is how a run is paced.
    void hold_until(u64 host_ns) { held_until_ = std::max(held_until_, host_ns); }

    /// Ends the run. The first one's status counts.
    void leave(int status) {
        if (!status_) status_ = status;
    }

    /// The run goes on; at the end, its status says that something it was asked for is missing. The
    /// person has been told what.
    void note_failure() { failed_ = true; }

private:
    void call_attendants();
    void run_slice();
    void look_at(machine::RunOutcome outcome);
    void end_by_guest(machine::RunOutcome outcome);
    void note_whether_host_is_awaited(bool awaits);
    bool should_sleep() const;
    void sleep();
    bool may_be_woken() const;

    machine::Machine& machine_;
    std::vector<Attendant*> attendants_;
    std::optional<int> status_;
    u64 slice_ = 1'000'000;
    u64 held_until_ = 0;
    bool paused_ = false;
    bool idle_ = false;
    bool awaits_host_ = false;
    bool failed_ = false;
};

}  // namespace frontends
