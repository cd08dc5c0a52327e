// SPDX-License-Identifier: BSD-2-Clause
#include "roms/runtime/runtime.h"

enum {
    bochs_shutdown_port = 0x8900,
    exception_vectors = 32,
    code_selector = 0x18,
    interrupt_gate = 0x8e,
};

struct gate {
    u16 offset_low, selector;
    u8 ist, type;
    u16 offset_middle;
    u32 offset_high, reserved;
};

struct __attribute__((packed)) table_pointer {
    u16 limit;
    u64 base;
};

struct exception_frame {
    u64 registers[15];
    u64 vector, error_code, rip, cs, rflags, rsp, ss;
};

extern const u64 exception_entries[exception_vectors];
void exception_report(const struct exception_frame* frame);

static struct gate idt[exception_vectors];

void debug_print(const char* text) {
    for (; *text; ++text) out8(debug_port, (u8)*text);
}

void debug_print_hex(u64 value, unsigned digits) {
    while (digits-- > 0) out8(debug_port, (u8) "0123456789abcdef"[(value >> (4 * digits)) & 15]);
}

void debug_print_decimal(u64 value) {
    char text[21];
    char* first = text + sizeof text - 1;
    *first = 0;
    do {
        *--first = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    debug_print(first);
}

int has_avx2_fma(void) {
    const u32 needed = 1u << 12 | 1u << 27 | 1u << 28;  // FMA, OSXSAVE, AVX
    if (cpuid(0, 0).eax < 7 || (cpuid(1, 0).ecx & needed) != needed) return 0;
    u32 xcr0, high;
    __asm__ volatile("xgetbv" : "=a"(xcr0), "=d"(high) : "c"(0));
    return (xcr0 & 6) == 6 && (cpuid(7, 0).ebx >> 5 & 1) != 0;
}

void install_exception_reports(void) {
    for (unsigned vector = 0; vector < exception_vectors; ++vector) {
        const u64 entry = exception_entries[vector];
        idt[vector] = (struct gate){(u16)entry,         code_selector,      0, interrupt_gate,
                                    (u16)(entry >> 16), (u32)(entry >> 32), 0};
    }
    const struct table_pointer pointer = {sizeof idt - 1, (u64)(uintptr_t)idt};
    __asm__ volatile("lidt %0" : : "m"(pointer));
}

static void print_register(const char* name, u64 value) {
    debug_print(name);
    debug_print_hex(value, 16);
}

void exception_report(const struct exception_frame* frame) {
    static const char names[15][5] = {" rax", " rcx", " rdx", " rbx", " rbp",
                                      " rsi", " rdi", " r8 ", " r9 ", " r10",
                                      " r11", " r12", " r13", " r14", " r15"};
    u64 cr2;
    __asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
    debug_print("exception ");
    debug_print_decimal(frame->vector);
    debug_print(" error ");
    debug_print_hex(frame->error_code, 8);
    print_register(" rip ", frame->rip);
    print_register(" cr2 ", cr2);
    print_register(" rsp ", frame->rsp);
    print_register(" rflags ", frame->rflags);
    for (unsigned i = 0; i < 15; ++i) {
        debug_print(i % 5 == 0 ? "\n" : "");
        debug_print(names[i]);
        print_register(" ", frame->registers[i]);
    }
    debug_print("\n");
    exit_machine(1);
}

void exit_machine(u8 status) {
    debug_print("exit ");
    debug_print_decimal(status);
    debug_print("\n");
    out8(exit_port, status);
    for (const char* text = "Shutdown"; *text; ++text) out8(bochs_shutdown_port, (u8)*text);
    for (;;) __asm__ volatile("cli; hlt");
}
