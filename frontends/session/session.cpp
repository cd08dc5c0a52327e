// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/session/session.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fabric/host/wall_clock.hpp"
#include "frontends/session/post_mortem.hpp"

namespace frontends {

using machine::RunOutcome;

namespace {

// A slice is as long as nobody at a window or a terminal notices.
constexpr u64 wanted_slice_ns = 8'000'000;
constexpr u64 shortest_slice = 20'000;
constexpr u64 longest_slice = 4'000'000;

constexpr u64 patience_ns = 200'000'000;       // A sleep that nothing ends.
constexpr u64 host_patience_ns = 500'000'000;  // Until another try where the host has no room.

/// 0 stays 0; other values end the process as they would end QEMU.
int status_of_exit(u32 value) { return value == 0 ? 0 : static_cast<int>((value << 1 | 1) & 0xff); }

}  // namespace

void print_notice(std::string_view text) { fmt::print(stderr, "satori: {}\n", text); }

int Session::run() {
    while (!status_) {
        call_attendants();
        if (status_) break;
        if (should_sleep()) {
            sleep();
        } else {
            run_slice();
        }
    }
    for (Attendant* attendant : attendants_) attendant->end(*this, *status_);
    return failed_ ? run_status::failed : *status_;
}

void Session::call_attendants() {
    held_until_ = 0;
    for (Attendant* attendant : attendants_) attendant->attend(*this);
    // What they posted may wake the guest.
    if (machine_.journal().has_posts()) idle_ = false;
    if (idle_ && !paused_ && !status_ && !may_be_woken()) {
        print_notice("the guest has halted for good, and no input is left to wake it");
        leave(run_status::idle);
    }
}

bool Session::may_be_woken() const {
    return std::ranges::any_of(attendants_, [](auto* each) { return each->may_wake_guest(); });
}

bool Session::should_sleep() const {
    // A machine that is held back has input at once all the same.
    return paused_ || idle_ ||
           (held_until_ > fabric::host_steady_clock_ns() && !machine_.journal().has_posts());
}

void Session::run_slice() {
    Stop stop{.retired = machine_.retired() + slice_};
    for (const Attendant* attendant : attendants_) {
        const Stop theirs = attendant->next_stop();
        stop.retired = std::min(stop.retired, theirs.retired);
        stop.time = std::min(stop.time, theirs.time);
    }
    if (awaits_host_) machine_.board().retry_host();
    const u64 started = fabric::host_steady_clock_ns();
    const RunOutcome outcome = machine_.run_until(stop.retired, stop.time);
    const u64 took = fabric::host_steady_clock_ns() - started;
    if (took > wanted_slice_ns * 2) slice_ = std::max(slice_ / 2, shortest_slice);
    if (took < wanted_slice_ns / 2) slice_ = std::min(slice_ * 2, longest_slice);
    note_whether_host_is_awaited(outcome == RunOutcome::AwaitsHost);
    look_at(outcome);
}

void Session::look_at(RunOutcome outcome) {
    if (outcome == RunOutcome::LimitReached) return;
    for (Attendant* attendant : attendants_) {
        if (attendant->take(*this, outcome)) return;
    }
    end_by_guest(outcome);
}

void Session::end_by_guest(RunOutcome outcome) {
    switch (outcome) {
        case RunOutcome::GuestExit: leave(status_of_exit(machine_.board().request()->value)); break;
        case RunOutcome::PowerOff: leave(0); break;
        case RunOutcome::Shutdown:
            print_post_mortem(machine_.board(), "triple fault: the processor has shut down");
            leave(run_status::shutdown);
            break;
        case RunOutcome::Reset:
        case RunOutcome::StopRequested: leave(run_status::stopped); break;
        case RunOutcome::Idle: idle_ = true; break;
        case RunOutcome::AwaitsHost:
            hold_until(fabric::host_steady_clock_ns() + host_patience_ns);
            sleep();
            break;
        case RunOutcome::Debugger:
        case RunOutcome::LimitReached: break;
    }
}

/// The guest does not notice; the person must.
void Session::note_whether_host_is_awaited(bool awaits) {
    if (awaits != awaits_host_) {
        print_notice(awaits ? machine_.board().host_trouble() +
                                  "; the guest waits, and goes on when there is room"
                            : "there is room; the guest goes on");
    }
    awaits_host_ = awaits;
}

void Session::sleep() {
    Wakers wakers;
    for (const Attendant* attendant : attendants_) attendant->await(wakers);
    const u64 now = fabric::host_steady_clock_ns();
    u64 until = std::min(wakers.host_ns, now + patience_ns);
    if (held_until_ > now) until = std::min(wakers.host_ns, held_until_);
    const u64 ns = until > now ? until - now : 0;
    const timespec wait{.tv_sec = static_cast<time_t>(ns / 1'000'000'000),
                        .tv_nsec = static_cast<long>(ns % 1'000'000'000)};
    // Whatever ended it, the attendants find out.
    (void)ppoll(wakers.descriptors.data(), wakers.descriptors.size(), &wait, nullptr);
}

}  // namespace frontends
