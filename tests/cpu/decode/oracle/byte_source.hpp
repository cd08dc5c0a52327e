// SPDX-License-Identifier: BSD-2-Clause
//
// Byte strings to decode: without any plan, after the rows of our instruction table, and the latter
// with a few bytes changed. A string is a function of the seed and its number.
#pragma once

#include <array>
#include <vector>

#include "cpu/arch/registers.hpp"
#include "cpu/decode/encoding.hpp"
#include "cpu/decode/form.hpp"

namespace test::decode {

/// Longer than the longest instruction, so that running out of bytes is no verdict.
using ByteString = std::array<u8, 24>;

class Random {
public:
    explicit Random(u64 seed) : state_(seed) {}
    u64 next() {
        u64 z = state_ += 0x9e37'79b9'7f4a'7c15;
        z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
        z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
        return z ^ (z >> 31);
    }
    u32 below(u32 bound) { return static_cast<u32>((next() >> 32) * bound >> 32); }
    u8 byte() { return static_cast<u8>(next() >> 40); }
    bool one_in(u32 n) { return below(n) == 0; }

private:
    u64 state_;
};

class ByteSource {
public:
    explicit ByteSource(u64 seed);
    ByteString string(u64 number, cpu::CodeMode mode) const;

private:
    ByteString after_form(Random& random, usize form, cpu::CodeMode mode) const;

    u64 seed_;
    std::vector<cpu::decoding::Encoding> encodings_;
};

}  // namespace test::decode
