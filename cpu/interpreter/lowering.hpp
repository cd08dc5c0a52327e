// SPDX-License-Identifier: BSD-2-Clause
//
// From Instruction to Op: which handler, with what in which field.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "cpu/core/vcpu.hpp"
#include "cpu/decode/decoder.hpp"
#include "cpu/interpreter/block_cache.hpp"
#include "cpu/interpreter/handler.hpp"
#include "cpu/interpreter/mode.hpp"
#include "cpu/interpreter/op.hpp"

namespace cpu::interpreter {

/// What lowering needs to know besides the instruction.
struct LoweringContext {
    BlockCache& cache;
    const FeatureSet& features;
    u32 mode;
    u16 offset;  // Of the instruction in its page.

    CodeMode code() const { return code_mode_in(mode); }
    bool has(u32 bits) const { return (mode & bits) == bits; }
};

/// What an operation does with the status flags that its predecessors left.
enum class FlagUse : u8 {
    Needs,     // Reads or partly keeps them, or may leave the block with them to be seen.
    Replaces,  // Makes all six anew, and cannot leave before it has.
    Ignores,   // Neither; and cannot leave.
};

/// What is to be known of an operation to make it one with its neighbour (fusion.cpp).
struct Part {
    enum class Kind : u8 { None, Compare, Test, Add, Sub, And, Increment, Decrement, Jump };

    Kind kind = Kind::None;
    u8 size = 0;
    bool immediate = false;
    bool memory = false;
    Addressing how = Addressing::General;  // Of the memory operand, and which it is.
    u8 memory_operand = 0;
};

/// A handler, and one that may stand in for it where nobody will see the flags it makes.
struct Choice {
    Choice() = default;
    Choice(std::nullptr_t) {}
    Choice(Handler only) : handler(only) {}
    Choice(Handler exact, Handler without_flags, FlagUse use)
        : handler(exact), quiet(without_flags), flags(use) {}

    Handler handler = nullptr;
    Handler quiet =
        nullptr;  // With it the operation ignores the flags, if it did not need to leave.
    FlagUse flags = FlagUse::Needs;
    bool may_leave = false;  // Even the quiet one: its memory operand may not be plain.
    Part part;
};

/// An operation, its stand-in, and whether the block ends with it.
struct Lowered {
    Op op;
    Choice choice;
    bool ends_block = false;
};

/// Always finds something: at worst the handler that goes through cpu::execute.
Lowered lower(const Instruction& instruction, const LoweringContext& context);

/// What comes of two operations, or three, that are made one.
struct Fused {
    Op op;
    Choice choice;
};

/// Arithmetic or a comparison, and the conditional jump behind it; or nothing.
std::optional<Fused> fuse(const Op& first, const Part& part, const Op& jump);

/// A register that is stepped, and a comparison already fused with its jump: what loops end with.
std::optional<Fused> fuse_step(const Op& step, const Part& part, const Op& compare_and_jump,
                               const Part& compare, u8 condition);

/// An operation that only goes on to the block at `target` (relative to the page): the end of a
/// block that ran into its limit.
Op lower_fall_through(BlockCache& cache, i64 target);

// The families, each in a file of its own. They give a handler and fill in the operation, or null
// where only cpu::execute will do.
Choice lower_move(const Instruction& instruction, const LoweringContext& context, Op& op);
Choice lower_arithmetic(const Instruction& instruction, const LoweringContext& context, Op& op);
Choice lower_multiply(const Instruction& instruction, const LoweringContext& context, Op& op);
Choice lower_shift(const Instruction& instruction, const LoweringContext& context, Op& op);
Choice lower_stack(const Instruction& instruction, const LoweringContext& context, Op& op);
Choice lower_branch(const Instruction& instruction, const LoweringContext& context, Op& op);
Choice lower_vector(const Instruction& instruction, const LoweringContext& context, Op& op);

/// The memory operand's part of an operation. Nothing: only the slow road can make its address.
std::optional<Addressing> lower_address(const Instruction& instruction,
                                        const LoweringContext& context, Op& op, u32 size);

/// Offset of a register operand in CpuState::gpr, for an operand of `size` bytes.
u8 register_offset(u8 number, u32 size, bool rex);

}  // namespace cpu::interpreter
