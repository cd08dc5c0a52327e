// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/session/run_limits.hpp"

#include <fmt/format.h>

#include "frontends/session/session.hpp"

namespace frontends {

void HashPrinter::attend(Session& session) {
    const machine::Machine& machine = session.machine();
    if (machine.retired() < next_) return;
    fmt::print(stderr, "hash {} {:016x}\n", machine.retired(), machine.state_hash());
    next_ += every_;
}

void InstructionLimit::attend(Session& session) {
    const u64 retired = session.machine().retired();
    if (retired < limit_) return;
    print_notice(fmt::format("stopped after {} instructions, as --max-instructions says", retired));
    session.leave(run_status::stopped);
}

void ReplayEnd::attend(Session& session) {
    const fabric::VmInstant now = session.machine().now();
    retired_reached_ = now.retired >= end_.retired;
    if (!now.reached(end_)) return;
    print_notice(fmt::format("the recording ends here, after {} instructions", now.retired));
    session.leave(run_status::stopped);
}

/// The instant has both; a machine that is halted there comes to the time alone.
Stop ReplayEnd::next_stop() const {
    if (retired_reached_) return {.time = end_.time};
    return {.retired = end_.retired};
}

}  // namespace frontends
