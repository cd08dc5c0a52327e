// SPDX-License-Identifier: BSD-2-Clause
//
// COM1, polled: 115200 8N1, FIFOs on. No interrupts.
#ifndef SATORI_ROMS_DEMO_CONSOLE_H
#define SATORI_ROMS_DEMO_CONSOLE_H

#include "roms/runtime/runtime.h"

void console_open(void);
void put_char(char character);
void put_text(const char* text);
void put_hex(u64 value, unsigned digits);
/// Right-aligned in `width`; 0: as wide as it is.
void put_decimal(u64 value, unsigned width);
/// Waits for a key.
u8 read_key(void);

#endif
