// SPDX-License-Identifier: BSD-2-Clause
//
// Shifts and rotates. The host applies the rules for counts: taken modulo 32 or 64, zero leaves all
// flags alone, RCL of a byte works modulo 9, and what comes of counts beyond the operand's width.
#pragma once

#include <bit>
#include <concepts>

#include "cpu/semantics/host_flags.hpp"
#include "fabric/support/int_types.hpp"

namespace cpu::alu {

#define SHIFT_OPERATION(name, mnemonic)                                      \
    template <std::unsigned_integral T>                                      \
    [[gnu::always_inline]] inline T name(T operand, u8 count, u16& status) { \
        asm(STATUS_TO_HOST mnemonic " %%cl, %[operand]\n\t" STATUS_FROM_HOST \
            : [operand] "+r"(operand), [status] "+&a"(status)                \
            : [count] "c"(count)                                             \
            : "cc");                                                         \
        return operand;                                                      \
    }
SHIFT_OPERATION(shl, "shl")
SHIFT_OPERATION(shr, "shr")
SHIFT_OPERATION(sar, "sar")
SHIFT_OPERATION(rol, "rol")
SHIFT_OPERATION(ror, "ror")
SHIFT_OPERATION(rcl, "rcl")
SHIFT_OPERATION(rcr, "rcr")
#undef SHIFT_OPERATION

/// `filling` supplies the bits that move in. Not for bytes.
#define DOUBLE_SHIFT_OPERATION(name, mnemonic)                                           \
    template <std::unsigned_integral T>                                                  \
    [[gnu::always_inline]] inline T name(T operand, T filling, u8 count, u16& status) {  \
        asm(STATUS_TO_HOST mnemonic " %%cl, %[filling], %[operand]\n\t" STATUS_FROM_HOST \
            : [operand] "+r"(operand), [status] "+&a"(status)                            \
            : [filling] "r"(filling), [count] "c"(count)                                 \
            : "cc");                                                                     \
        return operand;                                                                  \
    }
DOUBLE_SHIFT_OPERATION(shld, "shld")
DOUBLE_SHIFT_OPERATION(shrd, "shrd")
#undef DOUBLE_SHIFT_OPERATION

/// The BMI2 shifts: 32 or 64 bits, no flags.
template <std::unsigned_integral T>
constexpr T shlx(T operand, T count) {
    return operand << (count % (8 * sizeof(T)));
}
template <std::unsigned_integral T>
constexpr T shrx(T operand, T count) {
    return operand >> (count % (8 * sizeof(T)));
}
template <std::unsigned_integral T>
constexpr T sarx(T operand, T count) {
    return static_cast<T>(static_cast<std::make_signed_t<T>>(operand) >> (count % (8 * sizeof(T))));
}
template <std::unsigned_integral T>
constexpr T rorx(T operand, u8 count) {
    return std::rotr(operand, count % (8 * static_cast<int>(sizeof(T))));
}

}  // namespace cpu::alu
