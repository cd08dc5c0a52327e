// SPDX-License-Identifier: BSD-2-Clause
//
// The kernels as a program of the host: bench_native [SCALE [SELECTION]], or --list for their
// names.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "roms/bench/kernels.h"

void platform_print(const char* text) {
    fputs(text, stdout);
    if (strchr(text, '\n')) fflush(stdout);
}

int platform_has_avx2_fma(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static int parse(const char* text, unsigned long long* value) {
    char* end;
    *value = strtoull(text, &end, 0);
    return *text != 0 && *end == 0;
}

int main(int argc, char** argv) {
    unsigned long long scale = 1000;
    unsigned long long selection = ~0ull;
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        for (unsigned i = 0; i < kernel_count; ++i) puts(kernels[i].name);
        return 0;
    }
    if (argc > 3 || (argc > 1 && (!parse(argv[1], &scale) || scale > 1000000)) ||
        (argc > 2 && !parse(argv[2], &selection))) {
        fputs("usage: bench_native [SCALE in thousandths [SELECTION mask]] | --list\n", stderr);
        return 2;
    }
    run_kernels(selection, (u32)scale);
    return 0;
}
