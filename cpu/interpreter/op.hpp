// SPDX-License-Identifier: BSD-2-Clause
//
// The interpreter's own form of code: operations of 32 bytes, each with the handler that runs it,
// in straight-line blocks (design: jit.md §3).
//
// A handler does its work and hands over to the next one by a tail call, so the processor's branch
// predictor sees a separate indirect jump for each. Where the compiler makes no tail calls (without
// optimisation, under sanitizers) a handler returns the next operation to a loop instead.
#pragma once

#include "cpu/arch/cpu_state.hpp"
#include "cpu/decode/instruction.hpp"
#include "cpu/mmu/first_level_tlb.hpp"
#include "fabric/support/int_types.hpp"

#ifndef SATORI_TAIL_CALLS
#error the build says whether the compiler will make tail calls
#endif

namespace cpu {

class Vcpu;

namespace interpreter {

struct Op;
struct Block;

/// `tlb`: the way of the first-level TLB for the running privilege. `status`: the status flags, in
/// a register while handlers run; CpuState::status is brought up to date by whoever leaves them.
#if SATORI_TAIL_CALLS
using Handled = void;
#else
struct Next {
    const Op* op;
    u32 status;
};
using Handled = Next;
#endif
using Handler = Handled (*)(const Op* op, Vcpu* vcpu, TlbEntry* tlb, u32 status);

struct Block {
    /// In `count` of a block whose bytes have changed: more than any budget, so that whoever comes
    /// by a link finds out where the budget is looked at anyway.
    static constexpr i64 abandoned = i64{1} << 62;

    i64 count = 0;  // Instructions.
    Op* ops = nullptr;
    u64 physical = 0;  // Of its first byte.
    u32 mode = 0;
    u16 op_count = 0;
    u16 length = 0;  // Bytes of code.
    u16 offset = 0;  // Of its first byte in the page.

    bool valid() const { return count != abandoned; }
};

/// What a branch goes to that has not gone anywhere yet: no budget will do.
inline constexpr Block nowhere{.count = Block::abandoned};

/// Where a branch goes, and the block it was last found to begin.
struct Exit {
    i64 target = 0;  // Relative to the start of the page, in RIP terms.
    const Block* block = &nowhere;
    /// Vcpu::scratch.code_context it was found under; zero: in the same page, always good.
    u64 context = 0;
    i64 page_step = 0;  // From this page's start to that of the target, in RIP terms.
    u64 code_base = 0;  // Of this page when the link was made: it may be mapped twice.
};

struct Exits {
    Exit taken;
    Exit next;
    i64 branch = 0;  // Where in its page the branch itself is.
};

struct Op {
    Handler handler = nullptr;
    u8 destination = 0;  // Byte offsets of registers within CpuState::gpr.
    u8 source = 0;
    u8 base = no_register * 8;
    u8 index = no_register * 8;
    u8 scale = 0;
    u8 size = 0;          // Of the memory operand, in bytes.
    u8 code = 0;          // A condition or a count: as the handler says.
    u8 segment_rule = 0;  // How the address is made where it is not plain. See address.hpp.
    i32 displacement = 0;
    u16 offset = 0;     // Of the instruction within its page.
    u16 remaining = 0;  // Instructions of the block not yet done, this one included.
    union {
        u64 immediate = 0;
        Exits* exits;
        const Instruction* instruction;
    };
};
static_assert(sizeof(Op) == 32);

}  // namespace interpreter
}  // namespace cpu
