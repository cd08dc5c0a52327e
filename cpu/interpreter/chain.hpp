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

/// Whether the branch already knows its block, under the translations now in force.
[[gnu::always_inline]] inline bool is_linked(const Vcpu* vcpu, const Exit& exit) {
    const Vcpu::Scratch& now = vcpu->scratch;
    return exit.block && (exit.context == 0 ||
                          (exit.context == now.code_context && exit.code_base == now.code_base));
}

/// Sets RIP to where the branch goes and asks for the link. False: the target is not canonical, and
/// the branch itself must fault.
bool prepare_miss(Vcpu* vcpu, Exit& exit);

inline Exit make_exit(i64 target) {
    return {.target = target, .page_step = target & ~static_cast<i64>(page_mask)};
}

}  // namespace cpu::interpreter

/// Ends a handler: on to the block of `exit`, a reference to an Exit.
#define GO_TO(exit)                                                                      \
    do {                                                                                 \
        Exit& taken_exit = (exit);                                                       \
        if (is_linked(vcpu, taken_exit) && pay_for(vcpu, taken_exit.block)) [[likely]] { \
            if (taken_exit.context != 0)                                                 \
                vcpu->scratch.code_base += static_cast<u64>(taken_exit.page_step);       \
            CONTINUE_AT(taken_exit.block->ops);                                          \
        }                                                                                \
        if (!prepare_miss(vcpu, taken_exit)) HAND_OVER_TO(slow_last);                    \
        LEAVE();                                                                         \
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
