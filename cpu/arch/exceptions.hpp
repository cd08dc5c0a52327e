// SPDX-License-Identifier: BSD-2-Clause
//
// Exception vectors and error codes (SDM 3A 6.15).
#pragma once

#include "fabric/support/int_types.hpp"

namespace cpu {

enum class Vector : u8 {
    DE = 0,
    DB = 1,
    NMI = 2,
    BP = 3,
    OF = 4,
    BR = 5,
    UD = 6,
    NM = 7,
    DF = 8,
    TS = 10,
    NP = 11,
    SS = 12,
    GP = 13,
    PF = 14,
    MF = 16,
    AC = 17,
    MC = 18,
    XM = 19,
};

/// Bits of a page fault's error code.
namespace page_fault {
constexpr u32 Present = 1 << 0;
constexpr u32 Write = 1 << 1;
constexpr u32 User = 1 << 2;
constexpr u32 Reserved = 1 << 3;
constexpr u32 Fetch = 1 << 4;
}  // namespace page_fault

/// Bits below the selector index in the error code of a segment-related fault.
namespace selector_error {
constexpr u32 External = 1 << 0;
constexpr u32 Idt = 1 << 1;
}  // namespace selector_error

/// An exception found but not yet delivered. Nothing of the guest's state has changed for it.
struct Exception {
    Vector vector = Vector::DE;
    bool has_error_code = false;
    u32 error_code = 0;
    u64 address = 0;  // Of a page fault: what goes into CR2.
    u64 dr6 = 0;      // Of a debug exception: the condition bits to set in DR6.

    bool operator==(const Exception&) const = default;
};

}  // namespace cpu
