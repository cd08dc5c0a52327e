// SPDX-License-Identifier: BSD-2-Clause
//
// Any bytes as a guest, in every mode: see tests/cpu/interpreter/arbitrary_code.hpp.
#include "tests/cpu/interpreter/arbitrary_code.hpp"

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size) {
    if (size <= 2048) static_cast<void>(test::run_arbitrary_code({data, size}));
    return 0;
}
