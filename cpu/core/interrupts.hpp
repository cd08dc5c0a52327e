// SPDX-License-Identifier: BSD-2-Clause
//
// What happens between two instructions: which pending event is taken, and whether it can be (SDM
// 3A 6.9, priority among simultaneous events).
#pragma once

#include "cpu/core/vcpu.hpp"

namespace cpu {

/// Takes the most urgent event that can be taken now: traps of the last instruction, SMI, INIT,
/// NMI, external interrupt. Ends the interrupt shadow of an instruction that has run since it began
/// (`shadow_expires`). Wakes a halted processor. True if one was taken.
bool take_pending_event(Vcpu& vcpu, bool shadow_expires);

/// Whether something is there that could be taken, now or when the shadow ends or IF is set: then
/// the engine looks again after each instruction.
bool event_possible(const Vcpu& vcpu);

/// Pins and messages from outside. They set attention::Events.
void signal_nmi(Vcpu& vcpu);
void signal_smi(Vcpu& vcpu);
void signal_init(Vcpu& vcpu);
void signal_sipi(Vcpu& vcpu, u8 vector);

/// What INIT does to the state (SDM 3A table 9-1), and what power-on does.
void reset_by_init(Vcpu& vcpu);
void power_on(Vcpu& vcpu);

}  // namespace cpu
