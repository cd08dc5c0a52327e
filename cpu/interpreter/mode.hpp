// SPDX-License-Identifier: BSD-2-Clause
//
// What decoded code depends on besides its bytes, in one word: part of a block's key, so that no
// handler has to ask. What is not in here, handlers look up as they run.
#pragma once

#include "cpu/core/vcpu.hpp"

namespace cpu::interpreter {

namespace mode {
constexpr u32 CodeBits = 3;             // CodeMode.
constexpr u32 User = 1 << 2;            // CPL 3.
constexpr u32 AlignmentCheck = 1 << 3;  // Every access is checked: none takes a fast path.
constexpr u32 FlatCode = 1 << 4;        // CS: no limit to run into.
constexpr u32 FlatData = 1 << 5;        // DS and ES: base 0, limit 4 GiB, writable; or 64-bit code.
constexpr u32 FlatStack = 1 << 6;       // SS likewise, and a stack pointer as wide as the code.
constexpr u32 X87 = 1 << 7;             // Instructions of the kind do not raise #NM or #UD.
constexpr u32 Sse = 1 << 8;
constexpr u32 Avx = 1 << 9;
constexpr u32 Legacy8086 = 1 << 10;  // Real or virtual-8086 mode.
constexpr u32 width = 12;
}  // namespace mode

u32 mode_of(const Vcpu& vcpu);

inline CodeMode code_mode_in(u32 mode) { return static_cast<CodeMode>(mode & mode::CodeBits); }

/// Names code as found under the present translations and mode; never zero.
inline u64 code_context(const Vcpu& vcpu, u32 mode) {
    return vcpu.tlb.generation() << mode::width | mode;
}

}  // namespace cpu::interpreter
