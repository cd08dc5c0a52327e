// SPDX-License-Identifier: BSD-2-Clause
#include "tests/differential/random_values.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace test::differential {

namespace {
/// An IEEE value of `exponent_bits` and `fraction_bits`, with the corners made likely.
u64 interesting_ieee(Random& random, u32 exponent_bits, u32 fraction_bits) {
    const u64 fraction_mask = (u64{1} << fraction_bits) - 1;
    const u64 exponent_mask = (u64{1} << exponent_bits) - 1;
    const u64 bias = exponent_mask >> 1;
    const u64 sign = random.below(2) << (exponent_bits + fraction_bits);
    const u64 quiet = u64{1} << (fraction_bits - 1);
    u64 fraction = random.next() & fraction_mask;
    if (random.percent(40)) fraction &= ~u64{0} << random.below(fraction_bits + 1) & fraction_mask;
    if (random.percent(15)) fraction = fraction_mask >> random.below(fraction_bits);
    switch (random.below(16)) {
        case 0: return sign;
        case 1: return sign | (random.below(4) + 1);  // Tiny denormals.
        case 2: return sign | fraction;               // Denormals.
        case 3: return sign | fraction_mask;          // The largest of them.
        case 4: return sign | u64{1} << fraction_bits | (fraction & random.next());
        case 5: return sign | (exponent_mask - 1) << fraction_bits | fraction;
        case 6: return sign | exponent_mask << fraction_bits;  // Infinity.
        case 7: return sign | exponent_mask << fraction_bits | quiet | fraction;
        case 8: return sign | exponent_mask << fraction_bits | (fraction & (quiet - 1)) | 1;
        case 9: return sign | bias << fraction_bits;  // One.
        case 10: {                                    // Where integers end.
            const u64 power = random.pick(std::array<u64, 8>{7, 8, 15, 16, 31, 32, 63, 64});
            const u64 exponent = std::min(bias + power - random.below(2), exponent_mask - 1);
            const u64 near = random.percent(50) ? 0 : (u64{0} - random.below(3)) & fraction_mask;
            return sign | exponent << fraction_bits | near;
        }
        case 11:  // Halves and small numbers.
            return sign | (bias + random.below(8) - 2) << fraction_bits |
                   (fraction & fraction_mask << (fraction_bits - 4) & fraction_mask);
        case 12: return random.next() & (sign | fraction_mask | exponent_mask << fraction_bits);
        default: {
            const u64 range = std::min<u64>(bias, 40);
            return sign | (bias + random.below(2 * range) - range) << fraction_bits | fraction;
        }
    }
}
}  // namespace

u64 interesting_integer(Random& random) {
    static constexpr std::array<u64, 24> corners = {0,
                                                    1,
                                                    2,
                                                    3,
                                                    0x7e,
                                                    0x7f,
                                                    0x80,
                                                    0x81,
                                                    0xff,
                                                    0x100,
                                                    0x7fff,
                                                    0x8000,
                                                    0xffff,
                                                    0x10000,
                                                    0x7fff'ffff,
                                                    0x8000'0000,
                                                    0xffff'ffff,
                                                    0x1'0000'0000,
                                                    0x7fff'ffff'ffff'ffff,
                                                    0x8000'0000'0000'0000,
                                                    ~u64{0},
                                                    ~u64{1},
                                                    0x5555'5555'5555'5555,
                                                    0xffff'ffff'8000'0000};
    switch (random.below(6)) {
        case 0: return random.pick(corners);
        case 1: return random.pick(corners) + random.below(5) - 2;
        case 2: return random.next() >> random.below(64);
        case 3: return u64{0} - (random.next() >> random.below(64));
        case 4: {
            const u64 shift = random.below(64);
            return random.percent(50) ? u64{1} << shift : ~u64{0} << shift;
        }
        default: return random.next();
    }
}

u32 interesting_single(Random& random) { return static_cast<u32>(interesting_ieee(random, 8, 23)); }

u64 interesting_double(Random& random) {
    // A tenth are what a single can hold, for conversions that are exact or nearly so.
    if (!random.one_in(10)) return interesting_ieee(random, 11, 52);
    const u32 bits = interesting_single(random);
    float narrow;
    std::memcpy(&narrow, &bits, sizeof(narrow));
    const double wide = narrow;
    u64 value;
    std::memcpy(&value, &wide, sizeof(value));
    return value + random.below(3) - 1;
}

u16 interesting_half(Random& random) { return static_cast<u16>(interesting_ieee(random, 5, 10)); }

XsaveImage::Half interesting_extended(Random& random) {
    constexpr u64 integer_bit = u64{1} << 63;
    if (random.one_in(12)) {  // As an integer or a packed decimal may look.
        u64 digits = 0;
        for (u32 i = 0; i < 16; ++i) digits |= random.below(random.one_in(20) ? 16 : 10) << (4 * i);
        return {digits, random.below(10) | random.below(10) << 4 | random.below(2) << 15};
    }
    const u64 sign = random.below(2) << 15;
    u64 significand = random.next() | integer_bit;
    if (random.percent(40)) significand &= ~u64{0} << random.below(64);
    switch (random.below(16)) {
        case 0: return {0, sign};
        case 1: return {random.below(4) + 1, sign};
        case 2: return {significand & ~integer_bit, sign};  // Denormal.
        case 3: return {significand, sign};                 // Pseudo-denormal.
        case 4: return {integer_bit, sign | 0x7fff};        // Infinity.
        case 5: return {significand | u64{1} << 62, sign | 0x7fff};
        case 6: return {(significand & ~(u64{1} << 62)) | 1, sign | 0x7fff};  // Signalling.
        case 7: return {significand & ~integer_bit, sign | 0x7fff};  // Pseudo-NaN or -infinity.
        case 8: return {significand & ~integer_bit, sign | (0x3fff + random.below(64) - 32)};
        case 9: return {integer_bit, sign | 0x3fff};
        case 10: return {significand, sign | random.pick(std::array<u64, 4>{1, 2, 0x7ffd, 0x7ffe})};
        case 11: return {significand, sign | (0x3fff + 63 - random.below(4))};
        case 12: return {significand, sign | random.below(0x8000)};
        case 13: {
            // What rounds to the ends of single and double.
            const u64 exponent = random.pick(
                std::array<u64, 4>{0x3fff - 1022, 0x3fff - 126, 0x3fff + 1023, 0x3fff + 127});
            return {significand, sign | (exponent + random.below(5) - 2)};
        }
        default: return {significand, sign | (0x3fff + random.below(40) - 20)};
    }
}

void fill_interesting(Random& random, ValueKind kind, std::span<u8> bytes) {
    usize at = 0;
    while (at < bytes.size()) {
        XsaveImage::Half value;
        usize size = 8;
        switch (kind) {
            case ValueKind::Integers: value.low = interesting_integer(random); break;
            case ValueKind::Singles:
                value.low = interesting_single(random) | u64{interesting_single(random)} << 32;
                break;
            case ValueKind::Doubles: value.low = interesting_double(random); break;
            case ValueKind::Extended:
                value = interesting_extended(random);
                size = 10;
                break;
            case ValueKind::Bytes:
            case ValueKind::Count:
                value.low = random.next();
                if (random.percent(30)) value.low = (value.low & 0xff) * 0x0101'0101'0101'0101;
                if (random.percent(30)) value.low &= random.next() & random.next();
                if (random.percent(20)) value.low = interesting_half(random) * 0x1'0001u;
                break;
        }
        size = std::min(size, bytes.size() - at);
        std::memcpy(&bytes[at], &value, size);
        at += size;
    }
}

namespace {
constexpr usize pool_slots = 2048;
constexpr usize slot_size = 32;
constexpr u64 pool_seed = 0x7361'746f'7269;

/// Values made once: most of what a case holds is background, and fresh values for all of it cost
/// more than running the case.
struct Pool {
    using Slot = std::array<u8, slot_size>;

    Pool() {
        Random random(pool_seed);
        for (usize kind = 0; kind < kinds.size(); ++kind) {
            for (Slot& slot : kinds[kind]) {
                fill_interesting(random, static_cast<ValueKind>(kind), slot);
            }
        }
        for (auto& value : extended) value = interesting_extended(random);
    }

    std::array<std::array<Slot, pool_slots>, static_cast<usize>(ValueKind::Count)> kinds;
    std::array<XsaveImage::Half, pool_slots> extended;
};

const Pool& pool() {
    static const Pool values;
    return values;
}
}  // namespace

void fill_background(Random& random, ValueKind kind, std::span<u8> bytes) {
    constexpr u64 fresh = 20;
    for (usize at = 0; at < bytes.size(); at += slot_size) {
        const auto part = bytes.subspan(at, std::min(slot_size, bytes.size() - at));
        if (random.percent(fresh)) {
            fill_interesting(random, kind, part);
        } else {
            const auto& slots = pool().kinds[static_cast<usize>(kind)];
            std::memcpy(part.data(), slots[random.below(pool_slots)].data(), part.size());
        }
    }
}

XsaveImage::Half background_extended(Random& random) {
    constexpr u64 fresh = 20;
    return random.percent(fresh) ? interesting_extended(random)
                                 : pool().extended[random.below(pool_slots)];
}

}  // namespace test::differential
