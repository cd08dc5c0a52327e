// SPDX-License-Identifier: BSD-2-Clause
//
// A 64-bit hash to compare states by: the same on every host, fast enough for gigabytes, good
// enough that two machines that differ by a bit do not look alike. Not for use against an
// adversary.
#pragma once

#include <span>

#include "fabric/support/int_types.hpp"

namespace fabric {

class StateHash {
public:
    void add(u64 word);
    void add(std::span<const u8> bytes);
    u64 value() const;

private:
    void mix(u64 word);

    u64 state_ = 0x6a09'e667'f3bc'c908;
    u64 length_ = 0;
};

u64 hash_of(std::span<const u8> bytes);

}  // namespace fabric
