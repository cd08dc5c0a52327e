// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/session/pacer.hpp"

#include <algorithm>

#include "fabric/host/wall_clock.hpp"
#include "frontends/session/session.hpp"

namespace frontends {

using fabric::VmDuration;
using fabric::VmTime;

namespace {

/// Sleeps shorter than this are not worth their while.
constexpr VmDuration shortest_run{1'000'000};
/// Input is stamped with the time at which an idle machine has come: it may be so much behind.
constexpr VmDuration longest_idle{10'000'000};
/// Further ahead no run comes by itself: it was set there, by a checkpoint.
constexpr u64 most_ahead_ns = 100'000'000;
constexpr VmTime never{Stop::never};

}  // namespace

void PaceLine::start(u64 host_ns, VmTime time) {
    running_ = true;
    host_ns_ = host_ns;
    time_ = time;
}

void PaceLine::note_progress(u64 host_ns, VmTime time) {
    const VmTime allowed = allowed_at(host_ns);
    if ((allowed - time).ns > most_made_up_ns) start(host_ns - most_made_up_ns, time);
    if ((time - allowed).ns > most_ahead_ns) start(host_ns, time);
}

VmTime PaceLine::allowed_at(u64 host_ns) const {
    return time_ + VmDuration{host_ns > host_ns_ ? host_ns - host_ns_ : 0};
}

u64 PaceLine::host_time_of(VmTime time) const { return host_ns_ + (time - time_).ns; }

void Pacer::attend(Session& session) {
    machine::Machine& machine = session.machine();
    const u64 host = fabric::host_steady_clock_ns();
    const VmTime now = machine.now().time;
    if (session.paused()) return line_.stop();
    if (!line_.running()) line_.start(host, now);
    line_.note_progress(host, now);

    VmTime worth_running_to = now + shortest_run;
    if (machine.halted()) {
        const auto deadline = machine.board().events().next_deadline();
        limit_ = never;
        if (!deadline) return;  // For good: the session has to hear of it.
        worth_running_to = std::min(*deadline, now + longest_idle);
    }
    const VmTime allowed = line_.allowed_at(host);
    limit_ = std::max(allowed, worth_running_to);
    if (allowed < worth_running_to) session.hold_until(line_.host_time_of(worth_running_to));
}

}  // namespace frontends
