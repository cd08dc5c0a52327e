// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/state/state_hash.hpp"

#include <bit>
#include <cstring>

namespace fabric {

namespace {

static_assert(std::endian::native == std::endian::little);

u64 word_at(const u8* bytes) {
    u64 word = 0;
    std::memcpy(&word, bytes, sizeof word);
    return word;
}

/// A product's halves folded together: each bit of the result hangs on every bit of both factors.
u64 folded_product(u64 a, u64 b) {
    const u128 product = u128{a} * b;
    return static_cast<u64>(product) ^ static_cast<u64>(product >> 64);
}

// Odd, with about half of their bits set: the fractional digits of square roots of primes.
constexpr u64 k0 = 0xbb67'ae85'84ca'a73b;
constexpr u64 k1 = 0x3c6e'f372'fe94'f82b;
constexpr u64 k2 = 0xa54f'f53a'5f1d'36f1;

}  // namespace

void StateHash::mix(u64 word) {
    state_ = folded_product(state_ ^ k0, word ^ k1) + std::rotl(word, 29) + k2;
}

void StateHash::add(u64 word) {
    mix(word);
    length_ += sizeof word;
}

void StateHash::add(std::span<const u8> bytes) {
    length_ += bytes.size();
    const u8* next = bytes.data();
    usize left = bytes.size();
    // Four lanes side by side, for the host's multipliers to overlap.
    if (left >= 64) {
        u64 lanes[4] = {state_, state_ ^ k0, state_ + k1, state_ ^ k2};
        for (; left >= 64; left -= 64, next += 64) {
            for (usize i = 0; i < 4; ++i) {
                const u64 low = word_at(next + 16 * i);
                const u64 high = word_at(next + 16 * i + 8);
                lanes[i] =
                    folded_product(lanes[i] ^ low ^ k0, std::rotl(lanes[i], 23) ^ high ^ k1) + low +
                    std::rotl(high, 31);
            }
        }
        for (const u64 lane : lanes) mix(lane);
    }
    for (; left >= 8; left -= 8, next += 8) mix(word_at(next));
    if (left != 0) {
        u64 last = 0;
        std::memcpy(&last, next, left);
        mix(last ^ (u64{left} << 56));
    }
}

u64 StateHash::value() const {
    u64 result = folded_product(state_ ^ length_ ^ k2, k1);
    result ^= result >> 32;
    result *= k0;
    return result ^ (result >> 29);
}

u64 hash_of(std::span<const u8> bytes) {
    StateHash hash;
    hash.add(bytes);
    return hash.value();
}

}  // namespace fabric
