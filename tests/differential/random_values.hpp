// SPDX-License-Identifier: BSD-2-Clause
//
// Random numbers that are a function of the seed alone, and values at which instructions tend to go
// wrong.
#pragma once

#include <span>

#include "fabric/support/int_types.hpp"
#include "tests/differential/case.hpp"

namespace test::differential {

/// splitmix64.
class Random {
public:
    explicit Random(u64 seed) : state_(seed) {}

    u64 next() {
        state_ += 0x9e37'79b9'7f4a'7c15;
        u64 mixed = state_;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58'476d'1ce4'e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d0'49bb'1331'11eb;
        return mixed ^ (mixed >> 31);
    }
    u64 below(u64 limit) { return (next() >> 32) * limit >> 32; }
    bool percent(u64 chance) { return below(100) < chance; }
    bool one_in(u64 chances) { return below(chances) == 0; }
    template <class Range>
    auto pick(const Range& choices) {
        return choices[below(std::size(choices))];
    }

private:
    u64 state_;
};

enum class ValueKind : u8 { Integers, Singles, Doubles, Extended, Bytes, Count };

u64 interesting_integer(Random& random);
u32 interesting_single(Random& random);
u64 interesting_double(Random& random);
XsaveImage::Half interesting_extended(Random& random);
u16 interesting_half(Random& random);

/// Fills with values of one kind.
void fill_interesting(Random& random, ValueKind kind, std::span<u8> bytes);

/// The same for what most cases only carry along: mostly from a fixed pool, some of it fresh.
void fill_background(Random& random, ValueKind kind, std::span<u8> bytes);
XsaveImage::Half background_extended(Random& random);

}  // namespace test::differential
