// SPDX-License-Identifier: BSD-2-Clause
//
// Interrupts and exceptions on their way into the guest (SDM 3A 6): through the real-mode table, or
// the IDT with gates, stack switches, task gates, IST; double and triple faults.
#pragma once

#include "cpu/core/vcpu.hpp"

namespace cpu {

/// Delivers Vcpu::exception to the guest. RIP is of the faulting instruction. A fault on the way
/// becomes a double fault, and that a shutdown (Activity::Shutdown): both are handled inside.
void deliver_exception(Vcpu& vcpu);

/// An external interrupt, or an NMI: RIP is where the guest goes on afterwards.
void deliver_interrupt(Vcpu& vcpu, u8 vector);
void deliver_nmi(Vcpu& vcpu);

/// INT n, INT3, INTO, INT1: privilege rules of a software interrupt. `next_rip` is what is pushed.
enum class SoftwareInterrupt : u8 { IntN, Int3, Into, Int1 };
Step software_interrupt(Vcpu& vcpu, u8 vector, SoftwareInterrupt kind, u64 next_rip);

}  // namespace cpu
