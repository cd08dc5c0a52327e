// SPDX-License-Identifier: BSD-2-Clause
//
// Any bytes as a guest: they choose the mode, the paging, descriptors and registers, and are the
// code. What is claimed of every such guest: it ends, and neither the length of slices nor a
// checkpoint in the middle makes a difference.
#pragma once

#include <span>

#include "fabric/support/int_types.hpp"

namespace test {

/// Ends the process (VERIFY) where a claim does not hold. True if the guest got past a few
/// instructions, for statistics.
bool run_arbitrary_code(std::span<const u8> bytes);

}  // namespace test
