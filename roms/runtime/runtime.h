// SPDX-License-Identifier: BSD-2-Clause
//
// What a 64-bit ROM program of ours stands on: text on the debug port, exit, exceptions that are
// reported. boot.asm brought us here; there is no C library.
#ifndef SATORI_ROMS_RUNTIME_H
#define SATORI_ROMS_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t i32;
typedef int64_t i64;

/// The first bytes of the ROM; the host may patch scale, options and selection in the image.
struct rom_header {
    char magic[8];
    u32 payload_offset;
    u32 payload_size;
    u32 scale;
    u32 options;
    u64 selection;
};

enum {
    debug_port = 0xe9,
    exit_port = 0xf4,
};

static inline void out8(u16 port, u8 value) {
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline u8 in8(u16 port) {
    u8 value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

struct cpuid_result {
    u32 eax, ebx, ecx, edx;
};

static inline struct cpuid_result cpuid(u32 leaf, u32 subleaf) {
    struct cpuid_result result;
    __asm__ volatile("cpuid"
                     : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
                     : "a"(leaf), "c"(subleaf));
    return result;
}

/// AVX2 and FMA, usable: CPUID shows them and XCR0 has the AVX state.
int has_avx2_fma(void);

void debug_print(const char* text);
void debug_print_hex(u64 value, unsigned digits);
void debug_print_decimal(u64 value);

/// Every vector below 32 prints what it found and ends the run with status 1.
void install_exception_reports(void);

/// Ends the run: isa-debug-exit (QEMU, Satori), then the shutdown port of Bochs, then a halt.
/// Before that the debug port says `exit STATUS`, for peers that cannot return one.
__attribute__((noreturn)) void exit_machine(u8 status);

/// The program.
__attribute__((noreturn)) void rom_main(const struct rom_header* header);

#ifdef __cplusplus
}
#endif

#endif
