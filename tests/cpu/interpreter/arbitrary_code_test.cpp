// SPDX-License-Identifier: BSD-2-Clause
//
// A slice of what tests/fuzz/code_fuzz.cpp does without end.
#include "tests/cpu/interpreter/arbitrary_code.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <vector>

#include "cpu/fpu/host_faults.hpp"

namespace {

std::vector<u8> random_guest(std::mt19937_64& random) {
    std::vector<u8> bytes(24 + random() % 200);
    static constexpr u8 often[] = {0x0f, 0x66, 0xf3, 0xf2, 0x48, 0x41, 0xa4, 0xa5, 0xab, 0xe8,
                                   0xeb, 0x74, 0xc3, 0xcd, 0x8e, 0x9d, 0xcf, 0xd9, 0xdd, 0xc5,
                                   0x8b, 0x89, 0x01, 0xff, 0x50, 0x58, 0x22, 0x20, 0xae, 0x01};
    for (u8& byte : bytes) {
        byte = random() % 3 ? static_cast<u8>(random()) : often[random() % std::size(often)];
    }
    return bytes;
}

void run_guests(u64 first, u64 count) {
    cpu::reclaim_floating_point_errors();  // Catch2 takes them for each test case.
    u64 lively = 0;
    for (u64 seed = first; seed < first + count; ++seed) {
        CAPTURE(seed);
        std::mt19937_64 random(seed);
        if (test::run_arbitrary_code(random_guest(random))) ++lively;
    }
    CHECK(lively > count / 2);
}

}  // namespace

TEST_CASE("Interpreter: any code, however it is cut, is one run", "[cpu][interpreter][hostile]") {
    run_guests(1, 500);
}

TEST_CASE("Interpreter: much of any code, however it is cut", "[cpu][interpreter][hostile][slow]") {
    run_guests(1'000'000, 60'000);
}
