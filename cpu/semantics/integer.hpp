// SPDX-License-Identifier: BSD-2-Clause
//
// What integer arithmetic and logic computes, written once.
//
// These are pure functions: operand values and status flags in, result and status flags out. They
// touch no guest register, no memory, and cannot fault; fetching operands and storing results is
// the caller's work (cpu/semantics/shapes.hpp, and the interpreter's handlers).
#pragma once

#include <concepts>

#include "cpu/semantics/host_flags.hpp"
#include "fabric/support/int_types.hpp"

namespace cpu::alu {

/// Writes all six flags, and reads none.
#define BINARY_OPERATION(name, mnemonic)                                 \
    template <std::unsigned_integral T>                                  \
    [[gnu::always_inline]] inline T name(T left, T right, u16& status) { \
        asm(mnemonic " %[right], %[left]\n\t" STATUS_FROM_HOST           \
            : [left] "+r"(left), [status] "=a"(status)                   \
            : [right] "r"(right)                                         \
            : "cc");                                                     \
        return left;                                                     \
    }
BINARY_OPERATION(add, "add")
BINARY_OPERATION(sub, "sub")
BINARY_OPERATION(and_, "and")
BINARY_OPERATION(or_, "or")
BINARY_OPERATION(xor_, "xor")
#undef BINARY_OPERATION

#define CARRYING_OPERATION(name, mnemonic)                                   \
    template <std::unsigned_integral T>                                      \
    [[gnu::always_inline]] inline T name(T left, T right, u16& status) {     \
        asm(CARRY_TO_HOST mnemonic " %[right], %[left]\n\t" STATUS_FROM_HOST \
            : [left] "+r"(left), [status] "+a"(status)                       \
            : [right] "r"(right)                                             \
            : "cc");                                                         \
        return left;                                                         \
    }
CARRYING_OPERATION(adc, "adc")
CARRYING_OPERATION(sbb, "sbb")
#undef CARRYING_OPERATION

/// The flags of SUB (CMP) and of AND (TEST).
#define COMPARISON(name, mnemonic)                                          \
    template <std::unsigned_integral T>                                     \
    [[gnu::always_inline]] inline void name(T left, T right, u16& status) { \
        asm(mnemonic " %[right], %[left]\n\t" STATUS_FROM_HOST              \
            : [status] "=a"(status)                                         \
            : [left] "r"(left), [right] "r"(right)                          \
            : "cc");                                                        \
    }
COMPARISON(cmp, "cmp")
COMPARISON(test, "test")
#undef COMPARISON

template <std::unsigned_integral T>
[[gnu::always_inline]] inline T neg(T operand, u16& status) {
    asm("neg %[operand]\n\t" STATUS_FROM_HOST
        : [operand] "+r"(operand), [status] "=a"(status)
        :
        : "cc");
    return operand;
}

/// INC and DEC leave CF alone.
#define COUNTING_OPERATION(name, mnemonic)                            \
    template <std::unsigned_integral T>                               \
    [[gnu::always_inline]] inline T name(T operand, u16& status) {    \
        asm(CARRY_TO_HOST mnemonic " %[operand]\n\t" STATUS_FROM_HOST \
            : [operand] "+r"(operand), [status] "+a"(status)          \
            :                                                         \
            : "cc");                                                  \
        return operand;                                               \
    }
COUNTING_OPERATION(inc, "inc")
COUNTING_OPERATION(dec, "dec")
#undef COUNTING_OPERATION

}  // namespace cpu::alu
