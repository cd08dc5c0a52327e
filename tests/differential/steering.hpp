// SPDX-License-Identifier: BSD-2-Clause
//
// Makes a random instruction meet something: its addresses are led into the arena or to its edges,
// its operands get values that matter to it, its branches land where the harness can see them.
#pragma once

#include "tests/differential/case.hpp"
#include "tests/differential/random_values.hpp"

namespace test::differential {

/// Where the generator has put the parts of the instruction that may be rewritten.
struct EncodingPlaces {
    usize displacement = 0;  // From the start of the instruction; 0: has none.
    usize displacement_size = 0;
    usize immediate = 0;
};

/// Changes registers, adds memory patches, and rewrites displacement and immediate bytes. The
/// instruction must be decoded anew afterwards.
void steer(Random& random, const EncodingPlaces& places, Case& test);

/// A segment's base as it is when the test starts.
u64 segment_base(const Case& test, cpu::SegReg segment);

}  // namespace test::differential
