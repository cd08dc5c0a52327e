// SPDX-License-Identifier: BSD-2-Clause
//
// Bit tests, bit scans, BMI1, BMI2, ADX, POPCNT and CRC32. Except for shapes noted, operands are of
// 16, 32 or 64 bits. What belongs to a feature needs a host that has it; a model shows no other.
#pragma once

#include <concepts>

#include "cpu/semantics/host_flags.hpp"
#include "fabric/support/int_types.hpp"

namespace cpu::alu {

/// `index` is taken modulo the width. BT returns the operand as it was.
#define BIT_OPERATION(name, mnemonic)                                            \
    template <std::unsigned_integral T>                                          \
    [[gnu::always_inline]] inline T name(T operand, T index, u16& status) {      \
        asm(STATUS_TO_HOST mnemonic " %[index], %[operand]\n\t" STATUS_FROM_HOST \
            : [operand] "+r"(operand), [status] "+&a"(status)                    \
            : [index] "r"(index)                                                 \
            : "cc");                                                             \
        return operand;                                                          \
    }
BIT_OPERATION(bt, "bt")
BIT_OPERATION(bts, "bts")
BIT_OPERATION(btr, "btr")
BIT_OPERATION(btc, "btc")
#undef BIT_OPERATION

/// In and out is the whole destination register: a source of zero leaves it as the host does.
#define BIT_SCAN(name, mnemonic)                                                           \
    template <std::unsigned_integral T>                                                    \
    [[gnu::always_inline]] inline u64 name(u64 destination, T source, u16& status) {       \
        if constexpr (sizeof(T) == 2) {                                                    \
            asm(STATUS_TO_HOST mnemonic " %[source], %w[destination]\n\t" STATUS_FROM_HOST \
                : [destination] "+&r"(destination), [status] "+&a"(status)                 \
                : [source] "r"(source)                                                     \
                : "cc");                                                                   \
        } else if constexpr (sizeof(T) == 4) {                                             \
            asm(STATUS_TO_HOST mnemonic " %[source], %k[destination]\n\t" STATUS_FROM_HOST \
                : [destination] "+&r"(destination), [status] "+&a"(status)                 \
                : [source] "r"(source)                                                     \
                : "cc");                                                                   \
        } else {                                                                           \
            asm(STATUS_TO_HOST mnemonic " %[source], %q[destination]\n\t" STATUS_FROM_HOST \
                : [destination] "+&r"(destination), [status] "+&a"(status)                 \
                : [source] "r"(source)                                                     \
                : "cc");                                                                   \
        }                                                                                  \
        return destination;                                                                \
    }
BIT_SCAN(bsf, "bsf")
BIT_SCAN(bsr, "bsr")
#undef BIT_SCAN

/// BLSI, BLSMSK and BLSR: 32 or 64 bits.
#define BIT_COUNT(name, mnemonic)                                                \
    template <std::unsigned_integral T>                                          \
    [[gnu::always_inline]] inline T name(T source, u16& status) {                \
        T result;                                                                \
        asm(STATUS_TO_HOST mnemonic " %[source], %[result]\n\t" STATUS_FROM_HOST \
            : [result] "=r"(result), [status] "+&a"(status)                      \
            : [source] "r"(source)                                               \
            : "cc");                                                             \
        return result;                                                           \
    }
BIT_COUNT(tzcnt, "tzcnt")
BIT_COUNT(lzcnt, "lzcnt")
BIT_COUNT(popcnt, "popcnt")
BIT_COUNT(blsi, "blsi")
BIT_COUNT(blsmsk, "blsmsk")
BIT_COUNT(blsr, "blsr")
#undef BIT_COUNT

/// Operands in the manual's order. 32 or 64 bits.
template <std::unsigned_integral T>
[[gnu::always_inline]] inline T andn(T inverted, T source, u16& status) {
    T result;
    asm(STATUS_TO_HOST "andn %[source], %[inverted], %[result]\n\t" STATUS_FROM_HOST
        : [result] "=r"(result), [status] "+&a"(status)
        : [inverted] "r"(inverted), [source] "r"(source)
        : "cc");
    return result;
}

#define FIELD_OPERATION(name, mnemonic)                                                      \
    template <std::unsigned_integral T>                                                      \
    [[gnu::always_inline]] inline T name(T source, T control, u16& status) {                 \
        T result;                                                                            \
        asm(STATUS_TO_HOST mnemonic " %[control], %[source], %[result]\n\t" STATUS_FROM_HOST \
            : [result] "=r"(result), [status] "+&a"(status)                                  \
            : [source] "r"(source), [control] "r"(control)                                   \
            : "cc");                                                                         \
        return result;                                                                       \
    }
FIELD_OPERATION(bextr, "bextr")
FIELD_OPERATION(bzhi, "bzhi")
#undef FIELD_OPERATION

#define MASKED_MOVE(name, mnemonic)                          \
    template <std::unsigned_integral T>                      \
    [[gnu::always_inline]] inline T name(T source, T mask) { \
        T result;                                            \
        asm(mnemonic " %[mask], %[source], %[result]"        \
            : [result] "=r"(result)                          \
            : [source] "r"(source), [mask] "r"(mask));       \
        return result;                                       \
    }
MASKED_MOVE(pdep, "pdep")
MASKED_MOVE(pext, "pext")
#undef MASKED_MOVE

/// ADCX goes by CF and changes nothing else; ADOX does the same with OF. 32 or 64 bits.
#define CHAIN_ADDITION(name, mnemonic)                                        \
    template <std::unsigned_integral T>                                       \
    [[gnu::always_inline]] inline T name(T left, T right, u16& status) {      \
        asm(STATUS_TO_HOST mnemonic " %[right], %[left]\n\t" STATUS_FROM_HOST \
            : [left] "+r"(left), [status] "+&a"(status)                       \
            : [right] "r"(right)                                              \
            : "cc");                                                          \
        return left;                                                          \
    }
CHAIN_ADDITION(adcx, "adcx")
CHAIN_ADDITION(adox, "adox")
#undef CHAIN_ADDITION

/// CRC-32C of one more source, of any width.
template <std::unsigned_integral T>
[[gnu::always_inline]] inline u32 crc32(u32 crc, T source) {
    if constexpr (sizeof(T) == 1) {
        asm("crc32b %[source], %[crc]" : [crc] "+r"(crc) : [source] "r"(source));
    } else if constexpr (sizeof(T) == 2) {
        asm("crc32w %[source], %[crc]" : [crc] "+r"(crc) : [source] "r"(source));
    } else if constexpr (sizeof(T) == 4) {
        asm("crc32l %[source], %[crc]" : [crc] "+r"(crc) : [source] "r"(source));
    } else {
        asm("crc32q %[source], %q[crc]" : [crc] "+r"(crc) : [source] "r"(source));
    }
    return crc;
}

/// BSWAP. Undocumented: with 16 bits, what the host makes of it.
template <std::unsigned_integral T>
[[gnu::always_inline]] inline T bswap(T operand) {
    if constexpr (sizeof(T) == 2) {
        u32 whole = operand;
        asm(".byte 0x66\n\tbswap %[whole]" : [whole] "+r"(whole));
        return static_cast<T>(whole);
    } else {
        asm("bswap %[operand]" : [operand] "+r"(operand));
        return operand;
    }
}

}  // namespace cpu::alu
