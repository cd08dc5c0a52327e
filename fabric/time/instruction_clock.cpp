// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/time/instruction_clock.hpp"

#include "fabric/support/verify.hpp"
#include "fabric/time/frequency.hpp"

namespace fabric {

VmTime InstructionClock::time_at(u64 retired) const {
    VERIFY(retired >= state_.base_retired);
    const u64 since = retired - state_.base_retired;
    // The default, asked for with every access to a device: no division.
    if (state_.instructions_per_second == ns_per_second) {
        return VmTime{state_.base_ns} + VmDuration{since};
    }
    return VmTime{state_.base_ns} +
           VmDuration{scaled_down(since, ns_per_second, state_.instructions_per_second)};
}

u64 InstructionClock::instructions_until(VmTime deadline, u64 retired) const {
    VERIFY(retired >= state_.base_retired);
    if (deadline.ns <= state_.base_ns) return 0;
    const u64 needed =
        scaled_up(deadline.ns - state_.base_ns, state_.instructions_per_second, ns_per_second);
    const u64 done = retired - state_.base_retired;
    return needed > done ? needed - done : 0;
}

void InstructionClock::set_rate(u64 instructions_per_second, u64 retired) {
    VERIFY(is_rate(instructions_per_second));
    state_ = {.base_ns = time_at(retired).ns,
              .base_retired = retired,
              .instructions_per_second = instructions_per_second};
}

void InstructionClock::skip_to(VmTime target, u64 retired) {
    if (target <= time_at(retired)) return;
    state_.base_ns = target.ns;
    state_.base_retired = retired;
}

Result<> InstructionClock::restore(StateReader& in) {
    State fresh;
    TRY(in.read(fresh));
    if (!is_rate(fresh.instructions_per_second)) {
        return Error{"the clock's rate is " + std::to_string(fresh.instructions_per_second) +
                     " instructions per second"};
    }
    state_ = fresh;
    return {};
}

}  // namespace fabric
