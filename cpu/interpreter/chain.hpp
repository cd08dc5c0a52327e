// SPDX-License-Identifier: BSD-2-Clause
//
// From one block to the next without going through the engine's loop.
#pragma once

#include "cpu/interpreter/handler.hpp"
#include "cpu/interpreter/interpreter.hpp"

namespace cpu::interpreter {

[[gnu::always_inline]] inline void note_on_trail(Vcpu* vcpu, const Block* block) {
    Vcpu::Scratch& scratch = vcpu->scratch;
    scratch.trail[scratch.trail_length++ % scratch.trail.size()] = block;
}

/// Pays for the block in advance. False: the budget does not reach to its end, or it is no more.
[[gnu::always_inline]] inline bool pay_for(Vcpu* vcpu, const Block* block) {
    const i64 left = vcpu->budget - block->count;
    if (left < 0) [[unlikely]]
        return false;
    vcpu->budget = left;
    note_on_trail(vcpu, block);
    return true;
}

/// Whether what the branch knows of its block (perhaps only that it is nowhere yet) holds under the
/// translations now in force.
[[gnu::always_inline]] inline bool is_linked(const Vcpu* vcpu, const Exit& exit) {
    const Vcpu::Scratch& now = vcpu->scratch;
    return exit.context == 0 ||
           (exit.context == now.code_context && exit.code_base == now.code_base);
}

/// The branch does not know its block, or the budget does not reach to its end: sets RIP, asks for
/// the link and leaves. Handlers of their own, so that those who come here need no stack.
Handled missed_taken(HANDLER_ARGUMENTS);
Handled missed_next(HANDLER_ARGUMENTS);

/// Of a branch that does not know its block. False: the target is not canonical, and the branch
/// itself must fault.
bool prepare_miss(Vcpu* vcpu, Exit& exit);

inline Exit make_exit(i64 target) {
    return {.target = target, .page_step = target & ~static_cast<i64>(page_mask)};
}

}  // namespace cpu::interpreter

/// Ends a handler: on to the block of the exit `which`, taken or next.
#define GO_TO(which)                                                      \
    do {                                                                  \
        const Exit& exit = op->exits->which;                              \
        const Block* const there = exit.block;                            \
        if (!is_linked(vcpu, exit) || !pay_for(vcpu, there)) [[unlikely]] \
            HAND_OVER_TO(missed_##which);                                 \
        if (exit.context != 0) [[unlikely]]                               \
            vcpu->scratch.code_base += static_cast<u64>(exit.page_step);  \
        CONTINUE_AT(there->ops);                                          \
    } while (0)

/// Ends a handler: on to the block at `rip`, as an indirect branch does. It is canonical, and code
/// is flat: nobody has to ask for the base of CS.
#define GO_TO_RIP(destination)                                                      \
    do {                                                                            \
        const u64 wanted_rip = (destination);                                       \
        const auto& jump = engine_of(vcpu).jump_entry(wanted_rip);                  \
        if (jump.rip == wanted_rip && jump.context == vcpu->scratch.code_context && \
            pay_for(vcpu, jump.block)) [[likely]] {                                 \
            vcpu->scratch.code_base = jump.code_base;                               \
            CONTINUE_AT(jump.block->ops);                                           \
        }                                                                           \
        vcpu->state.rip = wanted_rip;                                               \
        LEAVE();                                                                    \
    } while (0)
