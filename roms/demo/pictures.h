// SPDX-License-Identifier: BSD-2-Clause
#ifndef SATORI_ROMS_DEMO_PICTURES_H
#define SATORI_ROMS_DEMO_PICTURES_H

#include "roms/runtime/runtime.h"

/// The Mandelbrot set in 256-colour ANSI cells, by scalar SSE2.
void draw_mandelbrot(void);

/// A torus that turns for `frames` frames in place, lit from above; x87 for the angles, SSE2 for
/// the rest. A frame lasts at least `ticks_per_frame` of the TSC.
void turn_torus(unsigned frames, u64 ticks_per_frame);

#endif
