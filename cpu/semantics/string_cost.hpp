// SPDX-License-Identifier: BSD-2-Clause
//
// The virtual time of repeated string instructions: one retired instruction for each 64 bytes
// begun, and one if there was nothing to do. It depends on the counter alone, so that it is the
// same however the repetition is divided by pages, interrupts or budgets, and in every engine. The
// last element's time is that of the instruction's completion: no slice ends between the two.
#pragma once

#include <algorithm>

#include "fabric/support/int_types.hpp"

namespace cpu {

class StringCost {
public:
    /// `size`: of an element, in bytes: 1, 2, 4 or 8.
    explicit constexpr StringCost(u32 size) : elements_per_unit_(64 / size) {}

    /// Of going down from `count` elements to `count - done`.
    constexpr i64 of(u64 count, u64 done) const {
        return static_cast<i64>(weight(count) - weight(count - done));
    }

    /// How many of `count` elements may be begun with this budget: one may as long as something is
    /// left to pay for it. At least one.
    constexpr u64 affordable(u64 count, i64 budget) const {
        const u64 spendable = static_cast<u64>(std::max(budget, i64{1}));
        const u64 whole = weight(count);
        if (spendable >= whole) return count;
        return count - (whole - spendable) * elements_per_unit_;
    }

private:
    constexpr u64 weight(u64 count) const {
        return count / elements_per_unit_ + (count % elements_per_unit_ != 0 ? 1 : 0);
    }

    u64 elements_per_unit_;
};

}  // namespace cpu
