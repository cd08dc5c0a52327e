// SPDX-License-Identifier: BSD-2-Clause
//
// The model-specific registers that are the processor's own: the architectural ones (SDM 4 table
// 2-2), and those that the model lists because guests read them. The local APIC and the Hyper-V
// layer have banks of their own. MTRRs and PAT check and keep what is written; memory types have no
// effect. DEBUGCTL keeps LBR but nothing is recorded.
#pragma once

#include "cpu/core/vcpu.hpp"

namespace cpu {

void add_architectural_msrs(Vcpu& vcpu);

/// The time-stamp counter: one tick for each retired instruction, moved by what was written to it.
inline u64 read_tsc(const Vcpu& vcpu) { return vcpu.state.retired + vcpu.state.msr.tsc_offset; }

}  // namespace cpu
