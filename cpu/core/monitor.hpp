// SPDX-License-Identifier: BSD-2-Clause
//
// MONITOR and MWAIT (SDM 3A 9.10.4): waiting for a store to a line of memory. The page of the line
// is marked as watched, so that every store to it is told to the observers of memory; the engine
// among them passes it on to each of its processors with note_store().
#pragma once

#include "cpu/core/vcpu.hpp"

namespace cpu {

/// What CPUID leaf 5 says.
constexpr u64 monitor_line_bytes = 64;

void arm_monitor(Vcpu& vcpu, u64 physical);

/// Waits if the line has not been stored to since it was armed.
void wait_on_monitor(Vcpu& vcpu);

/// Memory has been stored to: wakes the processor if it was its line.
void note_store(Vcpu& vcpu, u64 physical, u64 length);

}  // namespace cpu
