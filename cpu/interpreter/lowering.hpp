// SPDX-License-Identifier: BSD-2-Clause
//
// From Instruction to Op: which handler, with what in which field.
#pragma once

#include <optional>
#include <vector>

#include "cpu/core/vcpu.hpp"
#include "cpu/decode/decoder.hpp"
#include "cpu/interpreter/block_cache.hpp"
#include "cpu/interpreter/mode.hpp"
#include "cpu/interpreter/handler.hpp"
#include "cpu/interpreter/op.hpp"

namespace cpu::interpreter {

/// What lowering needs to know besides the instruction.
struct LoweringContext {
    BlockCache& cache;
    u32 mode;
    u16 offset;  // Of the instruction in its page.

    CodeMode code() const { return code_mode_in(mode); }
    bool has(u32 bits) const { return (mode & bits) == bits; }
};

/// An operation, and whether the block ends with it.
struct Lowered {
    Op op;
    bool ends_block = false;
};

/// Always finds something: at worst the handler that goes through cpu::execute.
Lowered lower(const Instruction& instruction, const LoweringContext& context);

/// A compare or test followed by a conditional jump, as one operation; or nothing.
std::optional<Op> fuse(const Op& compare, const Op& jump);

/// An operation that only goes on to the block at `target` (relative to the page): the end of a
/// block that ran into its limit.
Op lower_fall_through(BlockCache& cache, i64 target);

// The families, each in a file of its own. They give a handler and fill in the operation, or null
// where only cpu::execute will do.
Handler lower_move(const Instruction& instruction, const LoweringContext& context, Op& op);
Handler lower_arithmetic(const Instruction& instruction, const LoweringContext& context, Op& op);
Handler lower_multiply(const Instruction& instruction, const LoweringContext& context, Op& op);
Handler lower_shift(const Instruction& instruction, const LoweringContext& context, Op& op);
Handler lower_stack(const Instruction& instruction, const LoweringContext& context, Op& op);
Handler lower_branch(const Instruction& instruction, const LoweringContext& context, Op& op);
Handler lower_vector(const Instruction& instruction, const LoweringContext& context, Op& op);

/// The memory operand's part of an operation. Nothing: only the slow road can make its address.
std::optional<Addressing> lower_address(const Instruction& instruction,
                                        const LoweringContext& context, Op& op, u32 size);

/// Offset of a register operand in CpuState::gpr, for an operand of `size` bytes.
u8 register_offset(u8 number, u32 size, bool rex);

}  // namespace cpu::interpreter
