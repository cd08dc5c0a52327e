// SPDX-License-Identifier: BSD-2-Clause
//
// The host's instructions with all their flags, taken another way than cpu/semantics does: through
// the stack, with PUSHF and POPF.
#pragma once

#include "cpu/arch/registers.hpp"
#include "fabric/support/int_types.hpp"

/// Runs `instruction` with RFLAGS set to `flags` before and read after it. The operand list binds
/// its other operands. Steps over the red zone, where the compiler may keep something.
#define ON_HOST(instruction, flags, outputs, inputs) \
    asm volatile(                                    \
        "leaq -128(%%rsp), %%rsp\n\t"                \
        "pushq %[rflags]\n\t"                        \
        "popfq\n\t" instruction                      \
        "\n\t"                                       \
        "pushfq\n\t"                                 \
        "popq %[rflags]\n\t"                         \
        "leaq 128(%%rsp), %%rsp"                     \
        : [rflags] "+&r"(flags), TEST_UNPACK outputs \
        : TEST_UNPACK inputs                         \
        : "cc", "memory")
#define TEST_UNPACK(...) __VA_ARGS__

namespace test {

/// The six status flags, all combinations by number.
constexpr u64 status_combination(u64 number) {
    constexpr u64 bits[] = {cpu::rflags::CF, cpu::rflags::PF, cpu::rflags::AF,
                            cpu::rflags::ZF, cpu::rflags::SF, cpu::rflags::OF};
    u64 flags = 0x202;
    for (u64 which = 0; which < 6; ++which) {
        if (((number >> which) & 1) != 0) flags |= bits[which];
    }
    return flags;
}

}  // namespace test
