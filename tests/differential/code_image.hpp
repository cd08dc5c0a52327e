// SPDX-License-Identifier: BSD-2-Clause
//
// What the code pages hold during a test: the case's bytes, the way back, breakpoints elsewhere.
// The guest gets the same bytes, for a test may read them.
#pragma once

#include "tests/differential/case.hpp"

namespace test::differential {

constexpr u8 breakpoint_opcode = 0xcc;
constexpr usize code_image_size = 5 * page;  // Pages 2 and 3 are never mapped.

struct CodeImage {
    u64 linear = 0;
    usize size = 0;
    std::array<u8, 160> bytes{};
};

CodeImage code_image(const Case& test);

/// How many bytes can be fetched from here until the next byte that cannot.
u64 fetchable_bytes(u64 linear);

}  // namespace test::differential
