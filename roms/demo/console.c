// SPDX-License-Identifier: BSD-2-Clause
#include "roms/demo/console.h"

enum {
    com1 = 0x3f8,
    data = com1,
    interrupt_enable = com1 + 1,
    interrupt_identification = com1 + 2,
    fifo_control = com1 + 2,
    line_control = com1 + 3,
    modem_control = com1 + 4,
    line_status = com1 + 5,
    lsr_data_ready = 0x01,
    lsr_holding_empty = 0x20,
    iir_fifos_enabled = 0xc0,
    fifo_depth = 16,
};

static unsigned depth = 1;  // What an empty transmitter takes at once.
static unsigned room;

// Ports are slow to read, most of all on an emulator: look now and then only.
static void wait_for(u8 condition) {
    while ((in8(line_status) & condition) == 0) {
        unsigned count = 500;
        __asm__ volatile("1: dec %0; jnz 1b" : "+r"(count) : : "cc");
    }
}

void console_open(void) {
    out8(interrupt_enable, 0);
    out8(line_control, 0x80);  // DLAB: the divisor latches, 1 is 115200 baud
    out8(data, 1);
    out8(interrupt_enable, 0);
    out8(line_control, 0x03);  // 8N1
    out8(fifo_control, 0x07);
    out8(modem_control, 0x03);
    if ((in8(interrupt_identification) & iir_fifos_enabled) == iir_fifos_enabled)
        depth = fifo_depth;
}

void put_char(char character) {
    if (room == 0) {
        wait_for(lsr_holding_empty);
        room = depth;
    }
    out8(data, (u8)character);
    --room;
}

void put_text(const char* text) {
    for (; *text; ++text) {
        if (*text == '\n') put_char('\r');
        put_char(*text);
    }
}

void put_hex(u64 value, unsigned digits) {
    while (digits-- > 0) put_char("0123456789abcdef"[value >> (4 * digits) & 15]);
}

void put_decimal(u64 value, unsigned width) {
    char digits[20];
    unsigned count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    for (unsigned i = count; i < width; ++i) put_char(' ');
    while (count-- > 0) put_char(digits[count]);
}

u8 read_key(void) {
    wait_for(lsr_data_ready);
    return in8(data);
}
