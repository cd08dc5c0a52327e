// SPDX-License-Identifier: BSD-2-Clause
//
// Any bytes as the doings of a guest on a whole PC: accesses to ports and to registers in memory,
// memory that bus masters will read, PCI configuration, input from outside, time that passes,
// resets. What is claimed of all of them: nothing breaks, and what follows a checkpoint follows it
// again after it is restored, to the bit.
#pragma once

#include <span>
#include <string>

#include "fabric/support/int_types.hpp"

namespace test {

/// Images for the PC's drives.
struct ExerciseImages {
    std::string disk;
    std::string cdrom;
};
/// In a folder that is there.
ExerciseImages make_exercise_images(const std::string& folder);

/// Ends the process (VERIFY) where a claim does not hold. Returns how many accesses were made.
u64 exercise_board(std::span<const u8> bytes, const ExerciseImages& images);

}  // namespace test
