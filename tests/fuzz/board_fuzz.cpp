// SPDX-License-Identifier: BSD-2-Clause
//
// Any bytes as accesses to the devices of a PC: see tests/machine/board_exercise.hpp.
#include "tests/machine/board_exercise.hpp"
#include "tests/support/temporary_folder.hpp"

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size) {
    static const test::TemporaryFolder folder;
    static const test::ExerciseImages images = test::make_exercise_images(folder.file(""));
    if (size <= 4096) static_cast<void>(test::exercise_board({data, size}, images));
    return 0;
}
