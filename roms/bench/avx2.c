// SPDX-License-Identifier: BSD-2-Clause
#include <immintrin.h>

#include "roms/bench/kernels.h"

enum {
    doubles = 1024,
    words = 4096,
};

static _Alignas(32) double samples[doubles];
static _Alignas(32) u32 keys[words];

void avx2_fma_prepare(void) {
    u64 random = 14;
    for (unsigned i = 0; i < doubles; ++i)
        samples[i] = (double)(i32)(next_random(&random) >> 32) / 4294967296.0;
}

static u64 fold(__m256i value) {
    u64 checksum = 0;
    checksum = mix(checksum, (u64)_mm256_extract_epi64(value, 0));
    checksum = mix(checksum, (u64)_mm256_extract_epi64(value, 1));
    checksum = mix(checksum, (u64)_mm256_extract_epi64(value, 2));
    return mix(checksum, (u64)_mm256_extract_epi64(value, 3));
}

// A polynomial of degree 7 over four lanes, in fused multiply-adds.
u64 avx2_fma_run(void) {
    __m256d sum = _mm256_setzero_pd();
    for (unsigned pass = 0; pass < 4; ++pass)
        for (unsigned i = 0; i < doubles; i += 4) {
            const __m256d x = _mm256_load_pd(samples + i);
            __m256d value = _mm256_set1_pd(1.0 / 8);
            for (int k = 7; k > 0; --k) value = _mm256_fmadd_pd(value, x, _mm256_set1_pd(1.0 / k));
            sum = _mm256_fmadd_pd(value, x, sum);
        }
    return fold(_mm256_castpd_si256(sum));
}

void avx2_int_prepare(void) {
    u64 random = 15;
    for (unsigned i = 0; i < words; ++i) keys[i] = (u32)(next_random(&random) >> 32);
}

// A hash of eight lanes: multiply, rotate by variable shifts, permute, gather.
u64 avx2_int_run(void) {
    const __m256i prime = _mm256_set1_epi32((int)0x9e3779b1);
    const __m256i left = _mm256_setr_epi32(5, 7, 9, 11, 13, 15, 17, 19);
    const __m256i right = _mm256_sub_epi32(_mm256_set1_epi32(32), left);
    const __m256i next_lane = _mm256_setr_epi32(1, 2, 3, 4, 5, 6, 7, 0);
    const __m256i index_mask = _mm256_set1_epi32(words - 1);
    __m256i hash = prime;
    for (unsigned i = 0; i < words; i += 8) {
        const __m256i key = _mm256_load_si256((const __m256i*)(const void*)(keys + i));
        hash = _mm256_mullo_epi32(_mm256_xor_si256(hash, key), prime);
        hash = _mm256_or_si256(_mm256_sllv_epi32(hash, left), _mm256_srlv_epi32(hash, right));
        hash = _mm256_permutevar8x32_epi32(hash, next_lane);
        if ((i & 63) == 0)
            hash = _mm256_add_epi32(hash,
                                    _mm256_i32gather_epi32((const int*)(const void*)keys,
                                                           _mm256_and_si256(hash, index_mask), 4));
    }
    return fold(hash);
}
