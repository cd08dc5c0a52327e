// SPDX-License-Identifier: BSD-2-Clause
//
// The extended hypercalls, from 0x8001 on (TLFS 3.14, 9.4).
#include "roms/tlfs/checks.hpp"
#include "roms/tlfs/groups.hpp"
#include "roms/tlfs/hypercall.hpp"

using namespace hypercall;
namespace code = tlfs::code;

namespace groups {

namespace {

constexpr u64 boot_zeroed_memory = 1 << 0;

void check_zeroed_memory() {
    const u64* output = cleared_output();
    check::status("zeroed memory", call(code::ExtGetBootZeroedMemory, cleared_input(), output),
                  tlfs::Success, "9.4.9");
    check::within("ranges", output[0], 0, 255, "9.4.9");
    bool zero = true;
    for (u64 i = 0; i < output[0] && i < 255; ++i) {
        const u64 first = output[1 + 2 * i], count = output[2 + 2 * i];
        // Beyond what is mapped one to one there is nothing to look at; the pages at the ends will
        // do.
        for (const u64 page : {first, first + count - 1}) {
            if (count == 0 || page >= 0x100000) continue;
            const volatile u64* words =
                reinterpret_cast<const volatile u64*>(page * guest::page_size);
            for (u32 word = 0; word < 512; ++word) zero = zero && words[word] == 0;
        }
    }
    check::that("they are zero", zero, "9.4.9");
}

}  // namespace

void extended_calls() {
    if (without_hypercalls()) return;
    const u64* output = cleared_output();
    const u64 result = call(code::ExtQueryCapabilities, cleared_input(), output);
    if (!tlfs::shows(tlfs::Feature::ExtendedHypercalls)) {
        check::status("capabilities without the privilege", result, tlfs::AccessDenied,
                      tlfs::InvalidHypercallCode, "3.14");
        return;
    }
    check::status("capabilities", result, tlfs::Success, "3.14.1");
    const u64 capabilities = output[0];
    check::equal("reserved capabilities", capabilities & ~u64{0x11f}, 0, "3.14.1");
    check::status("output at an address of 4 modulo 8",
                  call(code::ExtQueryCapabilities, input_page, output_page + 4),
                  tlfs::InvalidAlignment, "3.6");
    check::status("a rep count",
                  call(code::ExtQueryCapabilities | rep_count(1), input_page, output_page),
                  tlfs::InvalidHypercallInput, "3.12");
    if ((capabilities & boot_zeroed_memory) != 0) {
        check_zeroed_memory();
    } else {
        check::that("zeroed memory, which is not among them",
                    !succeeded(call(code::ExtGetBootZeroedMemory, input_page, output_page)),
                    "3.14.1");
    }
}

}  // namespace groups
