// SPDX-License-Identifier: BSD-2-Clause
#include "roms/bench/kernels.h"

void platform_print(const char* text) { debug_print(text); }

int platform_has_avx2_fma(void) { return has_avx2_fma(); }

void rom_main(const struct rom_header* header) {
    install_exception_reports();
    run_kernels(header->selection, header->scale);
    exit_machine(0);
}
