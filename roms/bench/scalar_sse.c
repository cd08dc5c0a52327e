// SPDX-License-Identifier: BSD-2-Clause
#include "roms/bench/kernels.h"

enum { order = 48 };

static double matrix_a[order][order], matrix_b[order][order], matrix_c[order][order];

static u64 bits(double value) {
    union {
        double value;
        u64 word;
    } image = {value};
    return image.word;
}

void matmul_prepare(void) {
    u64 random = 11;
    for (unsigned i = 0; i < order; ++i)
        for (unsigned j = 0; j < order; ++j) {
            matrix_a[i][j] = (double)(i32)(next_random(&random) >> 32) / 65536;
            matrix_b[i][j] = (double)(i32)(next_random(&random) >> 32) / 65536;
        }
}

u64 matmul_run(void) {
    for (unsigned i = 0; i < order; ++i)
        for (unsigned j = 0; j < order; ++j) {
            double sum = 0;
            for (unsigned k = 0; k < order; ++k) sum += matrix_a[i][k] * matrix_b[k][j];
            matrix_c[i][j] = sum;
        }
    u64 checksum = 0;
    for (unsigned i = 0; i < order; ++i) checksum = mix(checksum, bits(matrix_c[i][order - 1 - i]));
    return checksum;
}

static unsigned escape_time(double cx, double cy) {
    double x = 0, y = 0;
    unsigned n = 0;
    for (; n < 100 && x * x + y * y <= 4; ++n) {
        const double next = x * x - y * y + cx;
        y = 2 * x * y + cy;
        x = next;
    }
    return n;
}

u64 mandel_run(void) {
    u64 checksum = 0;
    for (unsigned row = 0; row < 32; ++row)
        for (unsigned column = 0; column < 48; ++column)
            checksum = checksum * 31 + escape_time(-2.25 + column * 0.0625, -1 + row * 0.0625);
    return checksum;
}
