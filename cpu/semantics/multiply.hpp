// SPDX-License-Identifier: BSD-2-Clause
//
// Multiplication and division. The product and the dividend are twice as wide as the operands and
// come in two halves: AX in AH and AL for bytes, rDX and rAX otherwise.
#pragma once

#include <concepts>
#include <type_traits>

#include "cpu/semantics/host_flags.hpp"
#include "fabric/support/int_types.hpp"

namespace cpu::alu {

/// The two halves, as an instruction finds and leaves them.
template <std::unsigned_integral T>
struct Halves {
    T low;
    T high;
};

/// The instruction wants rAX, and so do the flags on their way in and out: they take turns.
#define ACCUMULATOR_OPERATION(mnemonic)                                               \
    "movq %q[accumulator], %[aside]\n\t"                                              \
    "movzwl %w[status], %%eax\n\t" STATUS_TO_HOST "movq %[aside], %%rax\n\t" mnemonic \
    " %[operand]\n\t"                                                                 \
    "movq %%rax, %[aside]\n\t" STATUS_FROM_HOST                                       \
    "\n\tmovw %%ax, %w[status]\n\t"                                                   \
    "movq %[aside], %%rax"

#define DOUBLE_WIDTH_OPERATION(name, mnemonic)                                                   \
    template <std::unsigned_integral T>                                                          \
    [[gnu::always_inline]] inline Halves<T> name(Halves<T> halves, T operand, u16& status) {     \
        u64 aside;                                                                               \
        if constexpr (sizeof(T) == 1) {                                                          \
            u16 accumulator = static_cast<u16>(halves.high << 8 | halves.low);                   \
            asm(ACCUMULATOR_OPERATION(mnemonic)                                                  \
                : [accumulator] "+&a"(accumulator), [status] "+&r"(status), [aside] "=&r"(aside) \
                : [operand] "r"(operand)                                                         \
                : "cc");                                                                         \
            return {static_cast<T>(accumulator), static_cast<T>(accumulator >> 8)};              \
        } else {                                                                                 \
            asm(ACCUMULATOR_OPERATION(mnemonic)                                                  \
                : [accumulator] "+&a"(halves.low),                                               \
                  "+&d"(halves.high), [status] "+&r"(status), [aside] "=&r"(aside)               \
                : [operand] "r"(operand)                                                         \
                : "cc");                                                                         \
            return halves;                                                                       \
        }                                                                                        \
    }
namespace detail {
DOUBLE_WIDTH_OPERATION(host_mul, "mul")
DOUBLE_WIDTH_OPERATION(host_imul, "imul")
DOUBLE_WIDTH_OPERATION(host_div, "div")
DOUBLE_WIDTH_OPERATION(host_idiv, "idiv")
#undef DOUBLE_WIDTH_OPERATION
#undef ACCUMULATOR_OPERATION

__extension__ typedef unsigned __int128 u128;

template <class T>
using Doubled = std::conditional_t<
    sizeof(T) == 8, u128,
    std::conditional_t<sizeof(T) == 4, u64, std::conditional_t<sizeof(T) == 2, u32, u16>>>;

/// Whether the quotient fits, found without a division: of magnitudes, it is below a bound if the
/// dividend is below the divisor times that bound.
template <std::unsigned_integral T>
constexpr bool signed_quotient_fits(Halves<T> dividend, T divisor) {
    using Wide = Doubled<T>;
    constexpr auto width = 8 * sizeof(T);
    const bool negative_dividend = (dividend.high >> (width - 1)) != 0;
    const bool negative_divisor = (divisor >> (width - 1)) != 0;
    auto magnitude = static_cast<Wide>(static_cast<Wide>(dividend.high) << width | dividend.low);
    if (negative_dividend) magnitude = static_cast<Wide>(Wide{0} - magnitude);
    const auto by = static_cast<T>(negative_divisor ? T{0} - divisor : divisor);
    auto bound = static_cast<Wide>(Wide{1} << (width - 1));
    if (negative_dividend != negative_divisor) bound = static_cast<Wide>(bound + 1);
    return magnitude < static_cast<Wide>(bound * by);
}
}  // namespace detail

template <std::unsigned_integral T>
[[gnu::always_inline]] inline Halves<T> mul(T left, T right, u16& status) {
    return detail::host_mul(Halves<T>{left, 0}, right, status);
}

template <std::unsigned_integral T>
[[gnu::always_inline]] inline Halves<T> imul(T left, T right, u16& status) {
    return detail::host_imul(Halves<T>{left, 0}, right, status);
}

/// IMUL with two or three operands. Not for bytes.
template <std::unsigned_integral T>
[[gnu::always_inline]] inline T imul_truncating(T left, T right, u16& status) {
    asm(STATUS_TO_HOST "imul %[right], %[left]\n\t" STATUS_FROM_HOST
        : [left] "+r"(left), [status] "+&a"(status)
        : [right] "r"(right)
        : "cc");
    return left;
}

/// Quotient in the low half, remainder in the high one. False, and nothing changed: #DE.
template <std::unsigned_integral T>
[[gnu::always_inline]] [[nodiscard]] inline bool div(Halves<T>& dividend, T divisor, u16& status) {
    if (dividend.high >= divisor) return false;
    dividend = detail::host_div(dividend, divisor, status);
    return true;
}

template <std::unsigned_integral T>
[[gnu::always_inline]] [[nodiscard]] inline bool idiv(Halves<T>& dividend, T divisor, u16& status) {
    if (!detail::signed_quotient_fits(dividend, divisor)) return false;
    dividend = detail::host_idiv(dividend, divisor, status);
    return true;
}

/// MULX: no flags.
template <std::unsigned_integral T>
constexpr Halves<T> mulx(T left, T right) {
    const auto product = static_cast<detail::Doubled<T>>(detail::Doubled<T>{left} * right);
    return {static_cast<T>(product), static_cast<T>(product >> (8 * sizeof(T)))};
}

}  // namespace cpu::alu
