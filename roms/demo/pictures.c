// SPDX-License-Identifier: BSD-2-Clause
#include "roms/demo/pictures.h"

#include "roms/demo/console.h"

enum {
    torus_columns = 44,
    torus_rows = 17,
    around_tube = 60,
    around_hole = 200,
};

static u64 read_tsc(void) {
    u32 low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (u64)high << 32 | low;
}

static unsigned escape_time(double cx, double cy) {
    double x = 0, y = 0;
    unsigned n = 0;
    for (; n < 200 && x * x + y * y <= 4; ++n) {
        const double next = x * x - y * y + cx;
        y = 2 * x * y + cy;
        x = next;
    }
    return n;
}

static void set_background(unsigned colour) {
    put_text("\033[48;5;");
    put_decimal(colour, 0);
    put_char('m');
}

void draw_mandelbrot(void) {
    static const u8 ramp[12] = {17, 18, 19, 20, 26, 32, 38, 44, 80, 116, 152, 230};
    for (unsigned row = 0; row < 19; ++row) {
        unsigned shown = ~0u;
        put_text("  ");
        for (unsigned column = 0; column < 60; ++column) {
            const unsigned n = escape_time(-2.2 + column * 0.05, -1.1 + row * 0.122);
            const unsigned colour = n == 200 ? 0 : ramp[n < 24 ? n / 2 : 11];
            if (colour != shown) set_background(shown = colour);
            put_char(' ');
        }
        put_text("\033[0m\n");
    }
}

static void sine_cosine(double angle, double* sine, double* cosine) {
    __asm__("fsincos" : "=t"(*cosine), "=u"(*sine) : "0"(angle));
}

static char shades[torus_rows][torus_columns];
static double nearest[torus_rows][torus_columns];

struct angle {
    double sine, cosine;
};

static struct angle angle_of(double radians) {
    struct angle angle;
    sine_cosine(radians, &angle.sine, &angle.cosine);
    return angle;
}

// A point of the tube, turned about x by `tilt` and about z by `spin`, projected and shaded by its
// normal.
static void plot(struct angle tube, struct angle hole, struct angle tilt, struct angle spin) {
    const double ring = 2 + tube.cosine;
    const double x = ring * hole.cosine, y = ring * hole.sine, z = tube.sine;
    const double tilted_y = y * tilt.cosine - z * tilt.sine;
    const double depth = 1 / (6 + y * tilt.sine + z * tilt.cosine);
    const double across = x * spin.cosine - tilted_y * spin.sine;
    const double up = x * spin.sine + tilted_y * spin.cosine;
    const int column = (int)(torus_columns / 2 + 34 * across * depth);
    const int row = (int)(torus_rows / 2 - 16 * up * depth);
    if (column < 0 || column >= torus_columns || row < 0 || row >= torus_rows ||
        depth <= nearest[row][column])
        return;
    nearest[row][column] = depth;
    const double nx = tube.cosine * hole.cosine, ny = tube.cosine * hole.sine, nz = tube.sine;
    const double turned_y = ny * tilt.cosine - nz * tilt.sine;
    const double turned_z = ny * tilt.sine + nz * tilt.cosine;
    const double light = (nx * spin.sine + turned_y * spin.cosine) * 0.7 - turned_z * 0.7;
    shades[row][column] = ".,-~:;=!*#$@"[light <= 0 ? 0 : (int)(light * 11)];
}

// A character takes 87 us at 115200 baud, so blanks are sent only where they erase something.
static void show_row(unsigned row) {
    static unsigned shown_width[torus_rows];
    unsigned width = torus_columns;
    while (width > 0 && shades[row][width - 1] == ' ') --width;
    if (width > 0) put_text("  ");
    for (unsigned column = 0; column < width; ++column) put_char(shades[row][column]);
    if (width < shown_width[row]) put_text("\033[K");
    shown_width[row] = width;
    put_text("\n");
}

static void draw_frame(double time) {
    for (unsigned row = 0; row < torus_rows; ++row)
        for (unsigned column = 0; column < torus_columns; ++column) {
            shades[row][column] = ' ';
            nearest[row][column] = 0;
        }
    const struct angle tilt = angle_of(1 + time), spin = angle_of(0.5 * time);
    static struct angle holes[around_hole];
    for (unsigned i = 0; i < around_hole; ++i)
        holes[i] = angle_of(i * (6.283185307179586 / around_hole));
    for (unsigned i = 0; i < around_tube; ++i) {
        const struct angle tube = angle_of(i * (6.283185307179586 / around_tube));
        for (unsigned j = 0; j < around_hole; ++j) plot(tube, holes[j], tilt, spin);
    }
    for (unsigned row = 0; row < torus_rows; ++row) show_row(row);
}

void turn_torus(unsigned frames, u64 ticks_per_frame) {
    put_text("\033[38;5;215m\033[?25l");
    for (unsigned frame = 0; frame < frames; ++frame) {
        const u64 started = read_tsc();
        if (frame > 0) {
            put_text("\033[");
            put_decimal(torus_rows, 0);
            put_char('A');
        }
        draw_frame(frame * 0.11);
        while (read_tsc() - started < ticks_per_frame) __asm__ volatile("pause");
    }
    put_text("\033[0m\033[?25h");
}
