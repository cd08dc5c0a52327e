// SPDX-License-Identifier: BSD-2-Clause
//
// Whether our processor and Unicorn came to the same end.
#pragma once

#include <string>
#include <vector>

#include "tests/differential/unicorn_exclusions.hpp"

namespace test::differential {

struct FlatMemory {
    std::span<const u8> arena;
    std::span<const u8> tables;
};

/// What differs, one line each. Flags that the manual leaves undefined are not looked at.
std::vector<std::string> differences(const Judged& judged, const FlatMemory& ours,
                                     const FlatMemory& unicorn, const Leniency& leniency);

}  // namespace test::differential
