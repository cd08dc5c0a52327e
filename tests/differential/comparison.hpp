// SPDX-License-Identifier: BSD-2-Clause
//
// Whether host and guest came to the same end, and in which fields not.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tests/differential/case.hpp"

namespace test::differential {

enum class UndefinedFlags : u8 { Compare, Mask };

struct ComparisonOptions {
    UndefinedFlags undefined_flags = UndefinedFlags::Compare;
};

/// What was found to differ, one line each; empty: nothing.
std::vector<std::string> differences(const Case& test, const Outcome& host, const Outcome& guest,
                                     const ComparisonOptions& options);
std::vector<std::string> memory_differences(std::span<const u8> host, std::span<const u8> guest);

/// Whether memory may differ although both ended in the same fault: instructions that write several
/// items may have written some before the one that faults (SDM 3A 6.6 promises a restart, no more).
bool may_leave_parts(const Case& test, const Outcome& host);

/// The case for a person: instruction, bytes and the registers it starts from.
std::string describe(const Case& test);

/// The name of an extension that the host may have and no model of ours shows, if the bytes belong
/// to one: then their #UD is right, whatever the host does. Empty if not.
std::string foreign_extension(const Case& test);

}  // namespace test::differential
