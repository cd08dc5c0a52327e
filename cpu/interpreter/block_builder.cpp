// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/interpreter/block_builder.hpp"

#include <algorithm>
#include <array>

#include "cpu/arch/paging.hpp"
#include "cpu/decode/decoder.hpp"
#include "cpu/interpreter/lowering.hpp"
#include "cpu/interpreter/mode.hpp"

namespace cpu::interpreter {

namespace {

constexpr usize most_instructions = 64;

using Stops = const std::bitset<4096>*;

struct Draft {
    // The last instruction may come with a look for the debugger, and the way onward with it.
    std::array<Op, most_instructions + 2> ops;
    std::array<Choice, most_instructions + 2> choices;
    usize op_count = 0;
    u16 instructions = 0;
    u16 length = 0;
    bool ended = false;
};

/// The last operation and the conditional jump `jump` as one, and with a loop's step before them.
/// Operation::remaining is the number of instructions it stands for until the block is whole.
bool append_fused(Draft& draft, const Op& jump) {
    const usize last = draft.op_count - 1;
    const Part first = draft.choices[last].part;
    const auto fused = fuse(draft.ops[last], first, jump);
    if (!fused) return false;
    draft.ops[last] = fused->op;
    draft.choices[last] = fused->choice;
    draft.ops[last].remaining = 2;
    if (last == 0) return true;
    const auto whole =
        fuse_step(draft.ops[last - 1], draft.choices[last - 1].part, fused->op, first, jump.code);
    if (!whole) return true;
    draft.ops[last - 1] = whole->op;
    draft.choices[last - 1] = whole->choice;
    draft.ops[last - 1].remaining = 3;
    --draft.op_count;
    return true;
}

void append(Draft& draft, const Lowered& lowered) {
    const bool jump = lowered.choice.part.kind == Part::Kind::Jump;
    if (!jump || draft.op_count == 0 || !append_fused(draft, lowered.op)) {
        draft.choices[draft.op_count] = lowered.choice;
        draft.ops[draft.op_count] = lowered.op;
        draft.ops[draft.op_count++].remaining = 1;
    }
    ++draft.instructions;
    draft.ended = lowered.ends_block;
}

/// Where flags are made anew before anybody can have seen them, they need not be made: backwards
/// through the block, whose end sees them all.
void drop_unseen_flags(Draft& draft) {
    bool unseen = false;
    for (usize i = draft.op_count; i-- > 0;) {
        const Choice& choice = draft.choices[i];
        const bool quiet = unseen && choice.quiet;
        if (quiet) draft.ops[i].handler = choice.quiet;
        if (choice.may_leave) {
            unseen = false;
        } else if (!quiet) {
            unseen =
                choice.flags == FlagUse::Replaces || (unseen && choice.flags == FlagUse::Ignores);
        }
    }
}

/// Stands for no instruction of its own; flags must be right when it leaves.
void append_look_for_debugger(Draft& draft, u16 offset) {
    draft.choices[draft.op_count] = Choice(look_for_debugger);
    draft.ops[draft.op_count++] = Op{.handler = look_for_debugger, .offset = offset};
}

Draft draft_block(BlockCache& cache, std::span<const u8> page, u16 offset, u32 mode,
                  const FeatureSet& features, Stops stops) {
    Draft draft;
    while (!draft.ended && draft.instructions < most_instructions &&
           draft.op_count < most_instructions) {
        const usize at = offset + usize{draft.length};
        if (at >= page.size()) break;
        Instruction instruction;
        const auto bytes = page.subspan(at, std::min<usize>(15, page.size() - at));
        if (decode(bytes, code_mode_in(mode), features, instruction) != DecodeStatus::Ok) break;
        const LoweringContext context{cache, features, mode, static_cast<u16>(at)};
        Lowered lowered = lower(instruction, context);
        lowered.op.offset = static_cast<u16>(at);
        if (stops && stops->test(at)) append_look_for_debugger(draft, static_cast<u16>(at));
        append(draft, lowered);
        draft.length = static_cast<u16>(draft.length + instruction.length);
    }
    return draft;
}

/// From "how many instructions is this" to "how many are left, with this".
void number_ops(std::span<Op> ops) {
    u16 left = 0;
    for (auto op = ops.rbegin(); op != ops.rend(); ++op) {
        left = static_cast<u16>(left + op->remaining);
        op->remaining = left;
    }
}

}  // namespace

Block* build_block(BlockCache& cache, std::span<const u8> page, u64 physical, u32 mode,
                   const FeatureSet& features, Stops stops) {
    const u16 offset = static_cast<u16>(physical & page_mask);
    Draft draft = draft_block(cache, page, offset, mode, features, stops);
    if (draft.instructions == 0) return nullptr;
    drop_unseen_flags(draft);
    number_ops({draft.ops.data(), draft.op_count});
    if (!draft.ended) {
        Op onward = lower_fall_through(cache, offset + i64{draft.length});
        onward.offset = static_cast<u16>(offset + draft.length);
        draft.ops[draft.op_count++] = onward;
    }
    Block* block = cache.allocate(draft.op_count);
    std::copy_n(draft.ops.begin(), draft.op_count, block->ops);
    block->physical = physical;
    block->mode = mode;
    block->count = draft.instructions;
    block->length = draft.length;
    block->offset = offset;
    return block;
}

}  // namespace cpu::interpreter
