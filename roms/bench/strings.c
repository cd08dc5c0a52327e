// SPDX-License-Identifier: BSD-2-Clause
#include "roms/bench/kernels.h"

enum {
    page = 4096,
    area = 16 * page,
};

static u8 source[area], target[area];

void strings_prepare(void) {
    u64 random = 10;
    for (unsigned i = 0; i < area; ++i)
        source[i] = target[i] = (u8)(1 + (next_random(&random) >> 33) % 250);
    for (unsigned i = 1; i <= 16; ++i) source[i * page - 37 * i] = target[i * page - 37 * i] = 0;
}

static inline void rep_movsb(void* to, const void* from, u64 count) {
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
}

// Sizes from a few bytes to a page, aligned and not: what a kernel's memcpy sees.
u64 movsb_run(void) {
    for (unsigned i = 0; i < 16; ++i) rep_movsb(target + i * page, source + i * page, page);
    for (unsigned i = 0; i < 64; ++i) rep_movsb(target + i * 512 + 3, source + i * 512 + 1, 200);
    for (unsigned i = 0; i < 256; ++i) rep_movsb(target + i * 64, source + i * 64, 1 + i % 40);
    return mix(mix(target[5], target[page + 77]), target[area - 2]);
}

u64 stosq_run(void) {
    for (unsigned i = 0; i < 64; ++i) {
        void* to = target + i % 16 * page;
        u64 count = page / 8;
        __asm__ volatile("rep stosq"
                         : "+D"(to), "+c"(count)
                         : "a"(0x0101010101010101ull * i)
                         : "memory");
    }
    return mix(target[0], target[area - 1]);
}

u64 scasb_run(void) {
    u64 sum = 0;
    for (unsigned i = 0; i < 16; ++i) {
        const u8* at = source + i * page;
        u64 count = page;
        __asm__ volatile("repne scasb" : "+D"(at), "+c"(count) : "a"(0) : "memory", "cc");
        sum = sum * 31 + count;
    }
    return sum;
}

static __attribute__((noinline)) u64 length(const u8* text) {
    const u8* end = text;
    while (*end) ++end;
    return (u64)(end - text);
}

u64 strlen_run(void) {
    u64 sum = 0;
    for (unsigned i = 0; i < 16; ++i) sum = sum * 31 + length(source + i * page + i);
    return sum;
}

static __attribute__((noinline)) int compare(const u8* left, const u8* right) {
    while (*left && *left == *right) ++left, ++right;
    return *left - *right;
}

u64 strcmp_run(void) {
    u64 sum = 0;
    for (unsigned i = 0; i < 16; ++i)
        sum = sum * 31 + (u64)(compare(source + i * page, target + i * page) + 2);
    return sum;
}
