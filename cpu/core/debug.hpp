// SPDX-License-Identifier: BSD-2-Clause
//
// Debug registers and what they watch (SDM 3B 18.2). Instruction breakpoints are faults, taken
// before the instruction unless RF is set; data and I/O breakpoints are traps, gathered in
// PendingEvents::debug_traps and taken after the instruction. A breakpoint that is not enabled by
// its L or G bit sets no bit of DR6.
//
// A debugger outside has its breakpoints in core/breakpoints.hpp; for data, the functions here look
// at both.
#pragma once

#include "cpu/arch/control_registers.hpp"
#include "cpu/core/vcpu.hpp"
#include "cpu/mmu/access.hpp"

namespace cpu {

/// Whether any of the four is enabled: without that, nothing here has anything to do.
inline bool breakpoints_enabled(const CpuState& state) { return (state.dr7 & 0xff) != 0; }
/// The same of instruction breakpoints alone.
bool instruction_breakpoints_enabled(const Vcpu& vcpu);

/// Raises #DB and returns true if an instruction breakpoint stands on this linear address and RF
/// does not hold it back. Asked before the instruction is fetched.
bool instruction_breakpoint(Vcpu& vcpu, u64 linear);

/// Whether a data breakpoint watches any byte of the page of `linear`: accesses to such a page
/// must take the road that calls note_data_breakpoint.
bool data_breakpoint_on_page(const Vcpu& vcpu, u64 linear);

/// An access was made to these bytes: a matching data breakpoint will trap after the instruction.
void note_data_breakpoint(Vcpu& vcpu, u64 linear, usize size, Access access);

/// An access was made to these ports. Of I/O breakpoints; they need CR4.DE.
void note_io_breakpoint(Vcpu& vcpu, u16 port, usize size);

/// Whether an instruction that began under TF and ended so traps after it (SDM 3B 18.4.3).
inline bool single_step_traps(const CpuState& state, Step outcome) {
    return outcome == Step::Jump || (state.msr.debug_control & debugctl::BTF) == 0;
}

/// What MOV reads from and writes to DR0 to DR7, privilege and DR7.GD already checked. `number` is
/// an existing register, DR4 and DR5 being other names of DR6 and DR7.
u64 read_debug_register(const Vcpu& vcpu, u8 number);
Step write_debug_register(Vcpu& vcpu, u8 number, u64 value);

}  // namespace cpu
