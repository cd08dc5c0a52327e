// SPDX-License-Identifier: BSD-2-Clause
//
// Control transfers to another segment (SDM 3A 5.8, SDM 2A JMP, CALL; SDM 2B RET; SDM 2A IRET), in
// every mode. All return Step::Jump, or Step::Fault.
#pragma once

#include <optional>

#include "cpu/core/descriptor.hpp"
#include "cpu/core/stack_frame.hpp"
#include "cpu/core/vcpu.hpp"

namespace cpu {

/// `next_rip`, here and below, is of the instruction after this one: where a task that is left will
/// go on.
Step far_jump(Vcpu& vcpu, u16 selector, u64 offset, u64 next_rip);
/// `operand_size`, here and below, in bytes.
Step far_call(Vcpu& vcpu, u16 selector, u64 offset, u8 operand_size, u64 next_rip);
/// `released` bytes of parameters go from the stack as well.
Step far_return(Vcpu& vcpu, u8 operand_size, u16 released);
Step interrupt_return(Vcpu& vcpu, u8 operand_size, u64 next_rip);

// What transfers have in common, in pieces.

/// The checks on the code segment that a return goes to: #GP, #NP.
std::optional<Descriptor> return_code_descriptor(Vcpu& vcpu, u16 selector);
/// Those on the stack segment of the program that is returned to.
std::optional<Segment> return_stack_segment(Vcpu& vcpu, u16 selector, const Descriptor& code,
                                            u8 new_cpl);
/// Reads from the current stack, `distance` bytes above its top. `bytes`: 2, 4 or 8.
std::optional<u64> peek_stack(Vcpu& vcpu, u64 distance, u8 bytes);
/// Loads CS and with it CPL. The accessed bit is already set.
void set_code_segment(Vcpu& vcpu, u16 selector, const Descriptor& code, u8 cpl);
/// Where a call, an interrupt or an exception goes.
struct CodeEntry {
    u16 selector;
    Descriptor code;
    u64 offset;
    u8 cpl;
};
/// 2, 4 or 8: how wide a gate makes what is pushed.
u8 gate_bytes(const Vcpu& vcpu, const Descriptor& gate);
/// Stores the frame, makes its stack the current one and goes to the code. All that can fault comes
/// first: #SS, #PF, #GP.
[[nodiscard]] bool enter_with_frame(Vcpu& vcpu, CodeEntry& entry, StackFrame& frame);
/// 2, 4 or 8, of a stack segment under this code.
u8 stack_address_size_under(const Vcpu& vcpu, const Descriptor& code, const Segment& stack);
/// The descriptor of an available TSS named by a gate, CALL or JMP: #GP(selector), #NP(selector).
std::optional<Descriptor> available_tss(Vcpu& vcpu, u16 selector);

}  // namespace cpu
