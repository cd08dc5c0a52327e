// SPDX-License-Identifier: BSD-2-Clause
//
// The model-specific registers that are the processor's own: the architectural ones (SDM 4 table
// 2-2), and those that the model lists because guests read them. The local APIC and the Hyper-V
// layer have banks of their own. MTRRs and PAT check and keep what is written; memory types have no
// effect. DEBUGCTL keeps LBR but nothing is recorded.
#pragma once

#include "cpu/core/models/cpu_model.hpp"
#include "cpu/core/vcpu.hpp"
#include "fabric/time/frequency.hpp"

namespace cpu {

void add_architectural_msrs(Vcpu& vcpu);

/// Virtual time in ticks of the model's TSC: it goes on through resets, and while all are halted
/// (invariant TSC). Without a machine around it, each instruction takes a nanosecond.
inline u64 clock_ticks(const Vcpu& vcpu) {
    const fabric::VmTime now = vcpu.ports.clock ? vcpu.ports.clock->time_at(vcpu.state.retired)
                                                : fabric::VmTime{vcpu.state.retired};
    return fabric::Frequency(vcpu.model.tsc_hz).ticks_at(now);
}

/// The time-stamp counter: the clock, moved by what was written to it.
inline u64 read_tsc(const Vcpu& vcpu) { return clock_ticks(vcpu) + vcpu.state.msr.tsc_offset; }

/// When the time-stamp counter will show `value` if nobody writes to it: for deadlines.
inline fabric::VmTime time_of_tsc(const Vcpu& vcpu, u64 value) {
    return fabric::Frequency(vcpu.model.tsc_hz).time_of_tick(value - vcpu.state.msr.tsc_offset);
}

}  // namespace cpu
