// SPDX-License-Identifier: BSD-2-Clause
#include <emmintrin.h>

#include "roms/bench/kernels.h"

enum {
    floats = 2048,
    pixels = 16 * 1024,
};

static _Alignas(16) float signal[floats], filtered[floats];
static _Alignas(16) u8 image[pixels], other[pixels];

void sse_float_prepare(void) {
    u64 random = 12;
    for (unsigned i = 0; i < floats; ++i)
        signal[i] = (float)(i32)(next_random(&random) >> 40) / 65536;
}

// A four-tap filter with clamping, then a dot product.
u64 sse_float_run(void) {
    const __m128 low = _mm_set1_ps(-100), high = _mm_set1_ps(100);
    const __m128 taps[4] = {_mm_set1_ps(0.125f), _mm_set1_ps(0.375f), _mm_set1_ps(0.375f),
                            _mm_set1_ps(0.125f)};
    __m128 dot = _mm_setzero_ps();
    for (unsigned pass = 0; pass < 4; ++pass)
        for (unsigned i = 0; i + 8 <= floats; i += 4) {
            __m128 sum = _mm_mul_ps(_mm_load_ps(signal + i), taps[0]);
            sum = _mm_add_ps(sum, _mm_mul_ps(_mm_loadu_ps(signal + i + 1), taps[1]));
            sum = _mm_add_ps(sum, _mm_mul_ps(_mm_loadu_ps(signal + i + 2), taps[2]));
            sum = _mm_add_ps(sum, _mm_mul_ps(_mm_loadu_ps(signal + i + 3), taps[3]));
            sum = _mm_min_ps(_mm_max_ps(sum, low), high);
            _mm_store_ps(filtered + i, sum);
            dot =
                _mm_add_ps(dot, _mm_mul_ps(sum, _mm_shuffle_ps(sum, sum, _MM_SHUFFLE(0, 3, 2, 1))));
        }
    const __m128i words = _mm_castps_si128(dot);
    return mix((u64)_mm_cvtsi128_si64(words), (u64)_mm_cvtsi128_si64(_mm_srli_si128(words, 8)));
}

void sse_int8_prepare(void) {
    u64 random = 13;
    for (unsigned i = 0; i < pixels; ++i) {
        image[i] = (u8)(next_random(&random) >> 56);
        other[i] = (u8)(next_random(&random) >> 56);
    }
}

// Blend, threshold, sum of differences: what video and search code is made of.
u64 sse_int8_run(void) {
    const __m128i threshold = _mm_set1_epi8(40);
    const __m128i zero = _mm_setzero_si128();
    __m128i sum = zero, widened = zero;
    u64 bright = 0;
    for (unsigned i = 0; i < pixels; i += 16) {
        const __m128i a = _mm_load_si128((const __m128i*)(const void*)(image + i));
        const __m128i b = _mm_load_si128((const __m128i*)(const void*)(other + i));
        const __m128i blend = _mm_avg_epu8(a, b);
        const __m128i difference = _mm_or_si128(_mm_subs_epu8(a, b), _mm_subs_epu8(b, a));
        bright += (u64)(u32)_mm_movemask_epi8(_mm_cmpgt_epi8(blend, threshold));
        sum = _mm_add_epi64(sum, _mm_sad_epu8(a, b));
        widened = _mm_add_epi32(widened, _mm_madd_epi16(_mm_unpacklo_epi8(difference, zero),
                                                        _mm_unpackhi_epi8(blend, zero)));
    }
    sum = _mm_add_epi64(sum, widened);
    return mix(mix((u64)_mm_cvtsi128_si64(sum), (u64)_mm_cvtsi128_si64(_mm_srli_si128(sum, 8))),
               bright);
}
