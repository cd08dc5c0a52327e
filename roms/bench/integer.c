// SPDX-License-Identifier: BSD-2-Clause
#include "roms/bench/kernels.h"

enum {
    message_size = 32 * 1024,
    sieve_limit = 200 * 1000,
    limbs = 96,
};

static u8 message[message_size];
static u32 crc_table[256];
static u8 composite[sieve_limit];
static u64 factor_a[limbs], factor_b[limbs], product[2 * limbs];

// SHA-256, FIPS 180-4. The round constants are the fractions of cube roots of the first 64 primes.
static u32 round_constants[64];

static u32 cube_root_fraction(u32 prime) {
    // floor(prime^(1/3) * 2^32), by bisection on 128-bit integers: x^3 <= prime * 2^96.
    u64 low = 0, high = 7ull << 32;
    while (high - low > 1) {
        const u64 middle = low + (high - low) / 2;
        const unsigned __int128 square = (unsigned __int128)middle * middle;
        // The cube needs 105 bits; it fits.
        if (square * middle <= (unsigned __int128)prime << 96)
            low = middle;
        else
            high = middle;
    }
    return (u32)low;
}

static void fill_round_constants(void) {
    unsigned found = 0;
    for (u32 candidate = 2; found < 64; ++candidate) {
        int prime = 1;
        for (u32 divisor = 2; divisor * divisor <= candidate; ++divisor)
            prime &= candidate % divisor != 0;
        if (prime) round_constants[found++] = cube_root_fraction(candidate);
    }
}

static void fill_message(void) {
    u64 random = 1;
    for (unsigned i = 0; i < message_size; ++i) message[i] = (u8)(next_random(&random) >> 56);
}

void sha256_prepare(void) {
    fill_message();
    fill_round_constants();
}

static inline u32 rotate_right(u32 value, unsigned count) {
    return value >> count | value << (32 - count);
}

static void sha256_block(u32 state[8], const u8* block) {
    u32 w[64];
    for (unsigned i = 0; i < 16; ++i)
        w[i] = (u32)block[4 * i] << 24 | (u32)block[4 * i + 1] << 16 | (u32)block[4 * i + 2] << 8 |
               block[4 * i + 3];
    for (unsigned i = 16; i < 64; ++i) {
        const u32 s0 = rotate_right(w[i - 15], 7) ^ rotate_right(w[i - 15], 18) ^ w[i - 15] >> 3;
        const u32 s1 = rotate_right(w[i - 2], 17) ^ rotate_right(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    u32 a = state[0], b = state[1], c = state[2], d = state[3];
    u32 e = state[4], f = state[5], g = state[6], h = state[7];
    for (unsigned i = 0; i < 64; ++i) {
        const u32 s1 = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
        const u32 t1 = h + s1 + ((e & f) ^ (~e & g)) + round_constants[i] + w[i];
        const u32 s0 = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
        const u32 t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t1;
        d = c, c = b, b = a, a = t1 + t2;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

u64 sha256_run(void) {
    u32 state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    for (unsigned at = 0; at < message_size; at += 64) sha256_block(state, message + at);
    return (u64)state[0] << 32 | state[1];
}

void crc32_prepare(void) {
    fill_message();
    for (u32 i = 0; i < 256; ++i) {
        u32 value = i;
        for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0xedb88320u : 0);
        crc_table[i] = value;
    }
}

u64 crc32_run(void) {
    u32 crc = ~0u;
    for (unsigned pass = 0; pass < 8; ++pass)
        for (unsigned i = 0; i < message_size; ++i)
            crc = crc_table[(crc ^ message[i]) & 255] ^ crc >> 8;
    return ~crc;
}

u64 sieve_run(void) {
    for (unsigned i = 0; i < sieve_limit; ++i) composite[i] = 0;
    u64 sum = 0;
    for (unsigned i = 2; i < sieve_limit; ++i) {
        if (composite[i]) continue;
        sum += i;
        for (u64 multiple = (u64)i * i; multiple < sieve_limit; multiple += i)
            composite[multiple] = 1;
    }
    return sum;
}

void bigint_prepare(void) {
    u64 random = 2;
    for (unsigned i = 0; i < limbs; ++i) {
        factor_a[i] = next_random(&random);
        factor_b[i] = next_random(&random);
    }
}

static void multiply(void) {
    for (unsigned i = 0; i < 2 * limbs; ++i) product[i] = 0;
    for (unsigned i = 0; i < limbs; ++i) {
        u64 carry = 0;
        for (unsigned j = 0; j < limbs; ++j) {
            const unsigned __int128 sum =
                (unsigned __int128)factor_a[i] * factor_b[j] + product[i + j] + carry;
            product[i + j] = (u64)sum;
            carry = (u64)(sum >> 64);
        }
        product[i + limbs] = carry;
    }
}

// What the compiler cannot write in C: a chain of ADC.
static u64 add_to_product(const u64* addend) {
    u64* target = product;
    u64 count = limbs, scratch, carry;
    __asm__ volatile(
        "clc\n"
        "1: mov (%[addend]), %[scratch]\n"
        "adc %[scratch], (%[target])\n"
        "lea 8(%[addend]), %[addend]\n"
        "lea 8(%[target]), %[target]\n"
        "dec %[count]\n"
        "jnz 1b\n"
        "sbb %[carry], %[carry]\n"
        : [addend] "+r"(addend), [target] "+r"(target), [count] "+r"(count),
          [scratch] "=&r"(scratch), [carry] "=&r"(carry)
        :
        : "memory", "cc");
    return carry & 1;
}

u64 bigint_run(void) {
    u64 checksum = 0;
    for (unsigned pass = 0; pass < 8; ++pass) {
        multiply();
        for (unsigned i = 0; i < 16; ++i) checksum += add_to_product(i & 1 ? factor_a : factor_b);
    }
    for (unsigned i = 0; i < 2 * limbs; ++i) checksum = mix(checksum, product[i]);
    return checksum;
}
