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

/// Undocumented: where the manual leaves OF undefined, ROL and ROR of a register by an immediate
/// keep it on Intel's processors (seen on Emerald Rapids), while the same count in CL, or an
/// operand in memory, changes it.
inline const bool immediate_rotates_keep_overflow = [] {
    u8 overflow = 0;
    u32 value = 0;
    asm("mov $0x7f, %%al\n\tadd $1, %%al\n\trol $2, %[value]\n\tseto %%al"
        : "=a"(overflow), [value] "+r"(value)
        :
        : "cc");
    return overflow != 0;
}();

#define ROTATE_BY_CONSTANT(name)                                                           \
    template <std::unsigned_integral T>                                                    \
    [[gnu::always_inline]] inline T name##_by_constant(T operand, u8 count, u16& status) { \
        const u16 before = status;                                                         \
        const T result = name(operand, count, status);                                     \
        constexpr u8 count_mask = sizeof(T) == 8 ? 63 : 31;                                \
        if ((count & count_mask) > 1 && immediate_rotates_keep_overflow) {                 \
            status = static_cast<u16>((status & ~1) | (before & 1));                       \
        }                                                                                  \
        return result;                                                                     \
    }
ROTATE_BY_CONSTANT(rol)
ROTATE_BY_CONSTANT(ror)
#undef ROTATE_BY_CONSTANT

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
