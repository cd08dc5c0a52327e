// SPDX-License-Identifier: BSD-2-Clause
#include "roms/bench/kernels.h"

// The order is the order of the selection bits.
const struct kernel kernels[] = {
    {"integer.sha256", sha256_run, sha256_prepare, 600, 0},
    {"integer.crc32", crc32_run, crc32_prepare, 200, 0},
    {"integer.sieve", sieve_run, 0, 150, 0},
    {"integer.bigint", bigint_run, bigint_prepare, 600, 0},
    {"branchy.qsort", qsort_run, 0, 400, 0},
    {"branchy.collatz", collatz_run, 0, 200, 0},
    {"branchy.vm", vm_run, 0, 200, 0},
    {"branchy.lz", lz_run, lz_prepare, 1200, 0},
    {"calls.fib", fib_run, 0, 1600, 0},
    {"calls.virtual", virtual_run, virtual_prepare, 2400, 0},
    {"calls.tree", tree_run, 0, 4000, 0},
    {"memory.chase", chase_run, chase_prepare, 1000, 0},
    {"memory.hash", hash_run, 0, 2400, 0},
    {"memory.structs", structs_run, structs_prepare, 2400, 0},
    {"memory.copy_u64", copy_u64_run, copy_u64_prepare, 4000, 0},
    {"string.movsb", movsb_run, strings_prepare, 2000, 0},
    {"string.stosq", stosq_run, strings_prepare, 8000, 0},
    {"string.scasb", scasb_run, strings_prepare, 3000, 0},
    {"string.strlen", strlen_run, strings_prepare, 3000, 0},
    {"string.strcmp", strcmp_run, strings_prepare, 1600, 0},
    {"x87.nbody", nbody_x87_run, 0, 300, 0},
    {"x87.horner", horner_x87_run, 0, 400, 0},
    {"sse_scalar.matmul", matmul_run, matmul_prepare, 200, 0},
    {"sse_scalar.mandel", mandel_run, 0, 100, 0},
    {"sse_packed.float", sse_float_run, sse_float_prepare, 600, 0},
    {"sse_packed.int8", sse_int8_run, sse_int8_prepare, 10000, 0},
    {"avx2.fma", avx2_fma_run, avx2_fma_prepare, 60, 1},
    {"avx2.int", avx2_int_run, avx2_int_prepare, 2400, 1},
};

const unsigned kernel_count = sizeof kernels / sizeof kernels[0];

static void print_decimal(u64 value) {
    char text[21];
    char* first = text + sizeof text - 1;
    *first = 0;
    do {
        *--first = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    platform_print(first);
}

static void print_checksum(u64 value) {
    char text[17];
    for (int i = 0; i < 16; ++i) text[i] = "0123456789abcdef"[(value >> (60 - 4 * i)) & 15];
    text[16] = 0;
    platform_print(text);
}

static void print_event(const char* event, const char* name) {
    platform_print(event);
    platform_print(" ");
    platform_print(name);
}

static void run_kernel(const struct kernel* kernel, u32 scale) {
    u64 repetitions = (u64)kernel->repetitions * scale / 1000;
    if (repetitions == 0) repetitions = 1;
    if (kernel->prepare) kernel->prepare();
    print_event("begin", kernel->name);
    platform_print(" ");
    print_decimal(repetitions);
    platform_print("\n");
    const u64 checksum = kernel->run();
    int stable = 1;
    for (u64 i = 1; i < repetitions; ++i) stable &= kernel->run() == checksum;
    print_event(stable ? "end" : "unstable", kernel->name);
    platform_print(" ");
    print_checksum(checksum);
    platform_print("\n");
}

void run_kernels(u64 selection, u32 scale) {
    for (unsigned i = 0; i < kernel_count; ++i) {
        if ((selection >> i & 1) == 0) continue;
        if (kernels[i].needs_avx2 && !platform_has_avx2_fma()) {
            print_event("skip", kernels[i].name);
            platform_print(" no AVX2 and FMA\n");
            continue;
        }
        run_kernel(&kernels[i], scale);
    }
    platform_print("done\n");
}
