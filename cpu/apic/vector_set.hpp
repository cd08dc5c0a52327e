// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <array>
#include <bit>

#include "fabric/support/int_types.hpp"

namespace cpu {

/// A bit for each of 256 vectors, as IRR, ISR and TMR have. Vectors 0 to 15 are never in it: zero
/// stands for none.
struct VectorSet {
    std::array<u64, 4> bits{};

    bool has(u8 vector) const { return ((bits[vector / 64] >> (vector % 64)) & 1) != 0; }
    void add(u8 vector) { bits[vector / 64] |= u64{1} << (vector % 64); }
    void remove(u8 vector) { bits[vector / 64] &= ~(u64{1} << (vector % 64)); }
    void set(u8 vector, bool member) { member ? add(vector) : remove(vector); }

    /// The most urgent one, or zero.
    u8 highest() const {
        for (unsigned i = 4; i-- > 0;) {
            if (bits[i] == 0) continue;
            return static_cast<u8>(64 * i + 63 - static_cast<unsigned>(std::countl_zero(bits[i])));
        }
        return 0;
    }
    /// As the registers show it: eight times 32 bits.
    u32 word(u32 which) const { return static_cast<u32>(bits[which / 2] >> (32 * (which % 2))); }

    bool operator==(const VectorSet&) const = default;

    template <class Self, class Visit>
    static constexpr void fields(Self& self, Visit& visit) {
        visit(1, "bits", self.bits);
    }
};

}  // namespace cpu
