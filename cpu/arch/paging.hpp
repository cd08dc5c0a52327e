// SPDX-License-Identifier: BSD-2-Clause
//
// Page-table entries (SDM 3A 4.3 to 4.5). The bits are the same at every level and in every format.
#pragma once

#include "fabric/memory/guest_address.hpp"
#include "fabric/support/int_types.hpp"

namespace cpu {

using fabric::page_size;
constexpr u64 page_mask = page_size - 1;

namespace pte {
constexpr u64 Present = 1 << 0;
constexpr u64 Writable = 1 << 1;
constexpr u64 User = 1 << 2;
constexpr u64 Accessed = 1 << 5;
constexpr u64 Dirty = 1 << 6;
constexpr u64 Large = 1 << 7;  // PS
constexpr u64 Global = 1 << 8;
constexpr u64 NoExecute = u64{1} << 63;
constexpr u64 Address = 0x000f'ffff'ffff'f000;
}  // namespace pte

/// Bits 63:47 all equal (48-bit linear addresses; the models have no LA57).
constexpr bool is_canonical(u64 linear) {
    return static_cast<u64>(static_cast<i64>(linear << 16) >> 16) == linear;
}

}  // namespace cpu
