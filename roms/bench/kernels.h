// SPDX-License-Identifier: BSD-2-Clause
//
// The benchmark's kernels: plain C, one function each, the same object code in the ROM and in the
// native program. A kernel leaves nothing behind: every run gives the same checksum, however often
// it is repeated, so that runs scaled down for slow machines can be compared with full ones.
#ifndef SATORI_ROMS_BENCH_KERNELS_H
#define SATORI_ROMS_BENCH_KERNELS_H

#include "roms/runtime/runtime.h"

struct kernel {
    const char* name;  // class.name
    u64 (*run)(void);
    void (*prepare)(void);  // once, not timed; may be null
    u32 repetitions;        // full work: QEMU TCG takes about half a second
    int needs_avx2;
};

extern const struct kernel kernels[];
extern const unsigned kernel_count;

/// Where the kernels print and what they may use; bench_rom.c and bench_native.c each have one.
void platform_print(const char* text);
int platform_has_avx2_fma(void);

/// Runs what `selection` has a bit for; `scale` is in thousandths of the full work.
void run_kernels(u64 selection, u32 scale);

/// A fixed sequence (xorshift64*), so that data is the same everywhere.
static inline u64 next_random(u64* state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1dull;
}

static inline u64 mix(u64 checksum, u64 value) {
    checksum ^= value;
    checksum *= 0x9e3779b97f4a7c15ull;
    return checksum ^ checksum >> 29;
}

u64 sha256_run(void);
void sha256_prepare(void);
u64 crc32_run(void);
void crc32_prepare(void);
u64 sieve_run(void);
u64 bigint_run(void);
void bigint_prepare(void);

u64 qsort_run(void);
u64 collatz_run(void);
u64 vm_run(void);
u64 lz_run(void);
void lz_prepare(void);

u64 fib_run(void);
u64 virtual_run(void);
void virtual_prepare(void);
u64 tree_run(void);

u64 chase_run(void);
void chase_prepare(void);
u64 hash_run(void);
u64 structs_run(void);
void structs_prepare(void);
u64 copy_u64_run(void);
void copy_u64_prepare(void);

u64 movsb_run(void);
u64 stosq_run(void);
u64 scasb_run(void);
u64 strlen_run(void);
u64 strcmp_run(void);
void strings_prepare(void);

u64 nbody_x87_run(void);
u64 horner_x87_run(void);

u64 matmul_run(void);
void matmul_prepare(void);
u64 mandel_run(void);

u64 sse_float_run(void);
void sse_float_prepare(void);
u64 sse_int8_run(void);
void sse_int8_prepare(void);

u64 avx2_fma_run(void);
void avx2_fma_prepare(void);
u64 avx2_int_run(void);
void avx2_int_prepare(void);

#endif
