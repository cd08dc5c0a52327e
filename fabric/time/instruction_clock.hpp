// SPDX-License-Identifier: BSD-2-Clause
//
// Virtual time as an exact function of the instructions retired, at a rate that may be changed,
// plus jumps where the machine was idle. All of that is State: the same run has the same clock.
#pragma once

#include "fabric/state/saved_state.hpp"
#include "fabric/support/int_types.hpp"
#include "fabric/time/vm_time.hpp"

namespace fabric {

class InstructionClock {
public:
    static constexpr u64 default_rate = 1'000'000'000;
    static constexpr u64 highest_rate = u64{1} << 40;

    /// Since the last change of rate or jump: time = base_time + (retired - base_retired) / rate.
    struct State {
        u64 base_ns = 0;
        u64 base_retired = 0;
        u64 instructions_per_second = default_rate;

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "base_ns", state.base_ns);
            visit(2, "base_retired", state.base_retired);
            visit(3, "instructions_per_second", state.instructions_per_second);
        }
    };

    u64 rate() const { return state_.instructions_per_second; }
    /// Whether set_rate() takes it: a rate comes from a user or a recording.
    static bool is_rate(u64 instructions_per_second) {
        return instructions_per_second != 0 && instructions_per_second <= highest_rate;
    }

    VmTime time_at(u64 retired) const;

    /// How many more instructions until time is at least `deadline`; 0 if it is already.
    u64 instructions_until(VmTime deadline, u64 retired) const;

    /// From here on, so many instructions in a second. Time does not jump; less than a nanosecond
    /// of it may be lost.
    void set_rate(u64 instructions_per_second, u64 retired);

    /// Nothing runs until `target`. Does nothing if time is past it.
    void skip_to(VmTime target, u64 retired);

    const State& state() const { return state_; }
    void save(StateWriter& out) const { out.write(state_); }
    Result<> restore(StateReader& in);

private:
    State state_;
};

}  // namespace fabric
