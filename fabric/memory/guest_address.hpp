// SPDX-License-Identifier: BSD-2-Clause
//
// Addresses are types: a guest-physical and a guest-virtual (linear) one cannot be mixed up, and an
// address plus a length is an address, while an address plus an address is nothing.
#pragma once

#include <compare>

#include "fabric/support/int_types.hpp"

namespace fabric {

constexpr u64 page_size = 4096;
constexpr u64 page_shift = 12;

/// Guest-physical.
struct Gpa {
    u64 value = 0;

    constexpr auto operator<=>(const Gpa&) const = default;
    constexpr Gpa operator+(u64 distance) const { return {value + distance}; }
    constexpr u64 operator-(Gpa other) const { return value - other.value; }
    constexpr u64 frame() const { return value >> page_shift; }
    constexpr u64 offset_in_page() const { return value & (page_size - 1); }
};

/// Guest-virtual: linear.
struct Gva {
    u64 value = 0;

    constexpr auto operator<=>(const Gva&) const = default;
    constexpr Gva operator+(u64 distance) const { return {value + distance}; }
    constexpr u64 operator-(Gva other) const { return value - other.value; }
    constexpr u64 offset_in_page() const { return value & (page_size - 1); }
};

}  // namespace fabric
