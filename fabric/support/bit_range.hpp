// SPDX-License-Identifier: BSD-2-Clause
//
// Fields of registers, in the manuals' notation: BitRange<31, 12> is bits 31:12.
#pragma once

#include "fabric/support/int_types.hpp"

namespace fabric {

template <unsigned High, unsigned Low = High>
struct BitRange {
    static_assert(High >= Low && High < 64);
    static constexpr unsigned width = High - Low + 1;
    static constexpr u64 mask = (~u64{0} >> (64 - width)) << Low;

    static constexpr u64 of(u64 word) { return (word & mask) >> Low; }
    static constexpr u64 placed(u64 field) { return (field << Low) & mask; }
    static constexpr u64 replaced(u64 word, u64 field) { return (word & ~mask) | placed(field); }
};

/// The lowest `width` bits of `value`, read as a two's complement number.
constexpr i64 sign_extended(u64 value, unsigned width) {
    const unsigned unused = 64 - width;
    return static_cast<i64>(value << unused) >> unused;
}

constexpr u64 rounded_down(u64 value, u64 power_of_two) { return value & ~(power_of_two - 1); }
constexpr bool is_aligned(u64 value, u64 power_of_two) { return (value & (power_of_two - 1)) == 0; }

}  // namespace fabric
