// SPDX-License-Identifier: BSD-2-Clause
#include "roms/bench/kernels.h"

struct body {
    long double x, y, z, vx, vy, vz, mass;
};

enum { body_count = 5 };

static u64 bits(long double value) {
    union {
        long double value;
        u64 words[2];
    } image = {value};
    return mix(image.words[0], image.words[1] & 0xffff);
}

static inline long double square_root(long double value) {
    __asm__("fsqrt" : "+t"(value));
    return value;
}

static void attract(struct body* a, struct body* b, long double step) {
    const long double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
    const long double squared = dx * dx + dy * dy + dz * dz;
    const long double pull = step / (squared * square_root(squared));
    a->vx -= dx * b->mass * pull;
    a->vy -= dy * b->mass * pull;
    a->vz -= dz * b->mass * pull;
    b->vx += dx * a->mass * pull;
    b->vy += dy * a->mass * pull;
    b->vz += dz * a->mass * pull;
}

// Five bodies of round numbers in extended precision.
u64 nbody_x87_run(void) {
    struct body bodies[body_count] = {
        {0, 0, 0, 0, 0, 0, 40},
        {5, -1, -0.125L, 0.5L, 2.75L, -0.0625L, 0.0375L},
        {8, 4, -0.5L, -1, 1.75L, 0.01L, 0.0125L},
        {13, -15, -0.25L, 1, 0.875L, -0.01L, 0.00175L},
        {15, -26, 0.1875L, 1, 0.5L, -0.03L, 0.002L},
    };
    const long double step = 0.01L;
    for (unsigned n = 0; n < 60; ++n) {
        for (unsigned i = 0; i < body_count; ++i)
            for (unsigned j = i + 1; j < body_count; ++j) attract(&bodies[i], &bodies[j], step);
        for (unsigned i = 0; i < body_count; ++i) {
            bodies[i].x += step * bodies[i].vx;
            bodies[i].y += step * bodies[i].vy;
            bodies[i].z += step * bodies[i].vz;
        }
    }
    return mix(bits(bodies[1].x), bits(bodies[4].vy));
}

u64 horner_x87_run(void) {
    static const long double coefficients[12] = {1,        1.0L / 2,  1.0L / 3,  1.0L / 4,
                                                 1.0L / 5, 1.0L / 6,  1.0L / 7,  1.0L / 8,
                                                 1.0L / 9, 1.0L / 10, 1.0L / 11, 1.0L / 12};
    long double sum = 0;
    for (unsigned i = 0; i < 600; ++i) {
        const long double x = (long double)i / 640;
        long double value = 0;
        for (unsigned k = 12; k-- > 0;) value = value * x + coefficients[k];
        sum += value;
    }
    return bits(sum);
}
