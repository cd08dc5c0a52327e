// SPDX-License-Identifier: BSD-2-Clause
//
// Takes a case that the generator made for user mode to one of the flat machines: selectors that
// are good there, addresses that are there, and values for the instructions that user mode has not.
#pragma once

#include "cpu/arch/features.hpp"
#include "tests/differential/random_values.hpp"
#include "tests/differential/unicorn_system.hpp"

namespace test::differential {

void move_to(FlatMode mode, const SystemState& start, const cpu::FeatureSet& features, Case& test);

}  // namespace test::differential
