// SPDX-License-Identifier: BSD-2-Clause
#include "machine/board/seeded_entropy.hpp"

namespace machine {

void SeededEntropy::seed(std::span<const u8> bytes) {
    for (const u8 byte : bytes) state_.counter = state_.counter << 8 | byte;
}

/// SplitMix64: every bit of the counter reaches every bit of the result.
u64 SeededEntropy::next() {
    state_.counter += 0x9e37'79b9'7f4a'7c15;
    u64 mixed = state_.counter;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58'476d'1ce4'e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d0'49bb'1331'11eb;
    return mixed ^ (mixed >> 31);
}

}  // namespace machine
