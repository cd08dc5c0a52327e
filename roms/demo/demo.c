// SPDX-License-Identifier: BSD-2-Clause
//
// A guest worth looking at: it tells on COM1 what machine it woke up in, then draws. It ends by
// itself. Options in the ROM header: bit 0 waits for a key at the end, bit 1 leaves out the
// animation.
#include "roms/demo/console.h"
#include "roms/demo/pictures.h"

enum {
    option_wait_for_key = 1,
    option_brief = 2,
    page_present = 1,
    page_size = 0x80,
    default_tsc_khz = 1000 * 1000,
};

static u64 read_tsc(void) {
    u32 low, high;
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (u64)high << 32 | low;
}

static u64 read_msr(u32 index) {
    u32 low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index));
    return (u64)high << 32 | low;
}

static void heading(const char* text) {
    put_text("\n\033[1;38;5;80m  ");
    put_text(text);
    put_text("\033[0m\n");
}

static void row(const char* name) {
    put_text("  \033[38;5;245m");
    unsigned width = 0;
    for (; name[width]; ++width) put_char(name[width]);
    for (; width < 14; ++width) put_char(' ');
    put_text("\033[0m");
}

static void print_banner(void) {
    static const char* const lines[5] = {
        " ____    _  _____ ___  ____  ___ ",      "/ ___|  / \\|_   _/ _ \\|  _ \\|_ _|",
        "\\___ \\ / _ \\ | || | | | |_) || | ",   " ___) / ___ \\| || |_| |  _ < | | ",
        "|____/_/   \\_\\_| \\___/|_| \\_\\___|",
    };
    static const u8 colours[5] = {159, 123, 87, 51, 45};
    put_char('\n');
    for (unsigned i = 0; i < 5; ++i) {
        put_text("  \033[1;38;5;");
        put_decimal(colours[i], 0);
        put_char('m');
        put_text(lines[i]);
        put_text("\033[0m\n");
    }
    put_text("\n  A 64-bit guest from ROM: reset vector, real mode, protected mode, long mode.\n");
}

static void put_register_text(u32 value) {
    for (unsigned i = 0; i < 4; ++i, value >>= 8)
        put_char(value & 0xff ? (char)(value & 0xff) : ' ');
}

static void print_brand(void) {
    if (cpuid(0x80000000, 0).eax < 0x80000004) {
        put_text("(no brand string)");
        return;
    }
    for (u32 leaf = 0x80000002; leaf <= 0x80000004; ++leaf) {
        const struct cpuid_result part = cpuid(leaf, 0);
        put_register_text(part.eax);
        put_register_text(part.ebx);
        put_register_text(part.ecx);
        put_register_text(part.edx);
    }
}

enum feature_word {
    leaf1_ecx,
    leaf1_edx,
    leaf7_ebx,
    leaf7_ecx,
    leaf8_1_ecx,
    leaf8_1_edx,
    feature_words
};

struct feature {
    char name[10];
    u8 word, bit;
};

// clang-format off
static const struct feature features[] = {
    {"fpu", leaf1_edx, 0},       {"mmx", leaf1_edx, 23},      {"sse", leaf1_edx, 25},      {"sse2", leaf1_edx, 26},
    {"sse3", leaf1_ecx, 0},      {"ssse3", leaf1_ecx, 9},     {"sse4.1", leaf1_ecx, 19},   {"sse4.2", leaf1_ecx, 20},
    {"avx", leaf1_ecx, 28},      {"avx2", leaf7_ebx, 5},      {"fma", leaf1_ecx, 12},      {"f16c", leaf1_ecx, 29},
    {"aes", leaf1_ecx, 25},      {"pclmulqdq", leaf1_ecx, 1}, {"sha", leaf7_ebx, 29},      {"popcnt", leaf1_ecx, 23},
    {"movbe", leaf1_ecx, 22},    {"bmi1", leaf7_ebx, 3},      {"bmi2", leaf7_ebx, 8},      {"adx", leaf7_ebx, 19},
    {"lzcnt", leaf8_1_ecx, 5},   {"cx16", leaf1_ecx, 13},     {"rdrand", leaf1_ecx, 30},   {"rdseed", leaf7_ebx, 18},
    {"rdtscp", leaf8_1_edx, 27}, {"rdpid", leaf7_ecx, 22},    {"xsave", leaf1_ecx, 26},    {"fsgsbase", leaf7_ebx, 0},
    {"pae", leaf1_edx, 6},       {"nx", leaf8_1_edx, 20},     {"1gib", leaf8_1_edx, 26},   {"pge", leaf1_edx, 13},
    {"pcid", leaf1_ecx, 17},     {"invpcid", leaf7_ebx, 10},  {"smep", leaf7_ebx, 7},      {"smap", leaf7_ebx, 20},
    {"umip", leaf7_ecx, 2},      {"pat", leaf1_edx, 16},      {"mtrr", leaf1_edx, 12},     {"x2apic", leaf1_ecx, 21},
    {"erms", leaf7_ebx, 9},      {"syscall", leaf8_1_edx, 11},
};
// clang-format on

static void print_features(void) {
    u32 words[feature_words] = {0};
    words[leaf1_ecx] = cpuid(1, 0).ecx;
    words[leaf1_edx] = cpuid(1, 0).edx;
    if (cpuid(0, 0).eax >= 7) {
        words[leaf7_ebx] = cpuid(7, 0).ebx;
        words[leaf7_ecx] = cpuid(7, 0).ecx;
    }
    words[leaf8_1_ecx] = cpuid(0x80000001, 0).ecx;
    words[leaf8_1_edx] = cpuid(0x80000001, 0).edx;
    row("features");
    for (unsigned i = 0; i < sizeof features / sizeof features[0]; ++i) {
        const int present = words[features[i].word] >> features[i].bit & 1;
        if (i > 0 && i % 12 == 0) {
            put_char('\n');
            row("");
        }
        put_text(present ? "\033[38;5;114m" : "\033[9;38;5;240m");
        put_text(features[i].name);
        put_text("\033[0m ");
    }
    put_char('\n');
}

static void print_processor(void) {
    const struct cpuid_result zero = cpuid(0, 0), one = cpuid(1, 0);
    heading("The processor");
    row("vendor");
    put_register_text(zero.ebx);
    put_register_text(zero.edx);
    put_register_text(zero.ecx);
    put_char('\n');
    row("name");
    print_brand();
    put_char('\n');
    row("family");
    put_decimal((one.eax >> 8 & 15) + (one.eax >> 20 & 255), 0);
    put_text(", model ");
    put_decimal((one.eax >> 4 & 15) | (one.eax >> 12 & 0xf0), 0);
    put_text(", stepping ");
    put_decimal(one.eax & 15, 0);
    put_char('\n');
    row("hypervisor");
    if (one.ecx >> 31 & 1) {
        const struct cpuid_result leaf = cpuid(0x40000000, 0);
        put_register_text(leaf.ebx);
        put_register_text(leaf.ecx);
        put_register_text(leaf.edx);
    } else {
        put_text("none shows itself");
    }
    put_char('\n');
    print_features();
}

// Walks the tables CR3 points to, as the processor does (SDM 3A 4.5).
static void print_mapping(const char* what, u64 address, u64 cr3) {
    static const char* const sizes[4] = {"4 KiB", "2 MiB", "1 GiB", "?"};
    u64 entry = cr3;
    unsigned level = 4;
    row(what);
    put_text("0x");
    put_hex(address, 12);
    do {
        --level;
        const u64* table = (const u64*)(uintptr_t)(entry & 0x000ffffffffff000);
        entry = table[address >> (12 + 9 * level) & 511];
        put_text(" > ");
        put_hex(entry & 0xffffffff, 8);
    } while (level > 0 && (entry & page_present) && !(entry & page_size));
    put_text(entry & page_present ? "  a page of " : "  not present at ");
    put_text(sizes[level]);
    put_text(entry & 0x40 ? ", written\n" : entry & 0x20 ? ", read\n" : ", untouched\n");
}

static void print_paging(const struct rom_header* header) {
    u64 cr0, cr3, cr4;
    __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
    __asm__ volatile("mov %%cr3, %0" : "=r"(cr3));
    __asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
    heading("The page tables: entry by entry from CR3");
    row("registers");
    put_text("CR0 ");
    put_hex(cr0, 8);
    put_text("  CR3 ");
    put_hex(cr3, 8);
    put_text("  CR4 ");
    put_hex(cr4, 8);
    put_text("  EFER ");
    put_hex(read_msr(0xc0000080), 8);
    put_char('\n');
    print_mapping("this code", (u64)(uintptr_t)print_paging, cr3);
    print_mapping("this stack", (u64)(uintptr_t)&cr0, cr3);
    print_mapping("the ROM", (u64)(uintptr_t)header, cr3);
    print_mapping("48 MiB", 48ull << 20, cr3);
}

static void print_timing(const char* what, u64 ticks) {
    put_text("  (");
    put_text(what);
    put_decimal(ticks / 1000, 0);
    put_text("k ticks of the TSC)\n");
}

static void print_primes(void) {
    enum { sieve_limit = 1000 * 1000 };
    static u8 composite[sieve_limit];
    heading("Some arithmetic");
    const u64 started = read_tsc();
    u64 count = 0, last = 0;
    for (u64 i = 2; i < sieve_limit; ++i) {
        if (composite[i]) continue;
        ++count, last = i;
        for (u64 multiple = i * i; multiple < sieve_limit; multiple += i) composite[multiple] = 1;
    }
    row("primes");
    put_decimal(count, 0);
    put_text(" below a million, the last is ");
    put_decimal(last, 0);
    print_timing("", read_tsc() - started);
    const u64 division_started = read_tsc();
    // Leibniz by x87: slow on purpose.
    long double pi = 0;
    for (unsigned i = 0; i < 200000; ++i) pi += (i & 1 ? -4.0L : 4.0L) / (2 * i + 1);
    row("pi");
    put_text("3.");
    put_decimal((u64)((pi - 3) * 100000), 5);
    put_text(" after 200000 terms of Leibniz, in 80 bits");
    print_timing("", read_tsc() - division_started);
}

// CPUID 15H where it is; else a guess, which only makes the animation faster or slower.
static u64 tsc_khz(void) {
    if (cpuid(0, 0).eax >= 0x15) {
        const struct cpuid_result leaf = cpuid(0x15, 0);
        if (leaf.eax != 0 && leaf.ebx != 0 && leaf.ecx != 0)
            return (u64)leaf.ecx * leaf.ebx / leaf.eax / 1000;
    }
    return default_tsc_khz;
}

void rom_main(const struct rom_header* header) {
    install_exception_reports();
    console_open();
    print_banner();
    print_processor();
    print_paging(header);
    print_primes();
    heading("Mandelbrot, in scalar SSE2");
    draw_mandelbrot();
    if (!(header->options & option_brief)) {
        heading("A torus");
        turn_torus(32, tsc_khz() * 33);
    }
    put_text("\n  That was all. ");
    if (header->options & option_wait_for_key) {
        put_text("Press any key here to switch the machine off.");
        read_key();
    } else {
        put_text("Switching the machine off (exit status 0 on port 0xF4).");
    }
    put_text("\n\n");
    exit_machine(0);
}
