// SPDX-License-Identifier: BSD-2-Clause
#include "tests/machine/board_exercise.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <vector>

#include "tests/support/temporary_folder.hpp"

namespace {

u64 exercise_many(u32 first_seed, u32 seeds) {
    const test::TemporaryFolder folder;
    const auto images = test::make_exercise_images(folder.file(""));
    u64 accesses = 0;
    for (u32 seed = first_seed; seed < first_seed + seeds; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        std::vector<u8> bytes(256 + random() % 2048);
        for (u8& byte : bytes) byte = static_cast<u8>(random());
        accesses += test::exercise_board(bytes, images);
    }
    return accesses;
}

}  // namespace

TEST_CASE("PC: any accesses to its devices do no harm", "[machine][pc][hostile]") {
    CHECK(exercise_many(1, 60) > 10'000);
}

TEST_CASE("PC: any accesses to its devices do no harm, at length", "[machine][pc][hostile][slow]") {
    CHECK(exercise_many(1000, 5000) > 1'000'000);
}
