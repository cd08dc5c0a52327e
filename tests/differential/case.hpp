// SPDX-License-Identifier: BSD-2-Clause
//
// One test: a program of usually one instruction, the state it starts from, and what came of it.
#pragma once

#include <array>
#include <vector>

#include "cpu/arch/registers.hpp"
#include "cpu/decode/instruction.hpp"
#include "fabric/support/int_types.hpp"
#include "tests/differential/layout.hpp"

namespace test::differential {

/// The standard form of the XSAVE area with x87, SSE and AVX (SDM 1 13.4).
struct alignas(64) XsaveImage {
    struct Half {
        u64 low = 0;
        u64 high = 0;
        bool operator==(const Half&) const = default;
    };

    u16 fcw = 0x037f;
    u16 fsw = 0;
    u8 ftw = 0;
    u8 reserved = 0;
    u16 fop = 0;
    u64 fip = 0;
    u64 fdp = 0;
    u32 mxcsr = 0x1f80;
    u32 mxcsr_mask = 0xffff;
    std::array<Half, 8> st{};
    std::array<Half, 16> xmm{};
    std::array<u64, 12> unused{};
    u64 xstate_bv = 7;
    std::array<u64, 7> header{};
    std::array<Half, 16> ymm_high{};
};
static_assert(sizeof(XsaveImage) == 832);

struct Registers {
    std::array<u64, 16> gpr{};
    u64 rip = 0;
    u64 rflags = 0;
    std::array<u16, 6> selectors{};  // In the order of SegReg.
    u64 fs_base = 0;
    u64 gs_base = 0;
    XsaveImage extended;

    u64& reg(cpu::Gpr which) { return gpr[static_cast<u8>(which)]; }
    u64 reg(cpu::Gpr which) const { return gpr[static_cast<u8>(which)]; }
    u16& selector(cpu::SegReg which) { return selectors[static_cast<u8>(which)]; }
    u16 selector(cpu::SegReg which) const { return selectors[static_cast<u8>(which)]; }
};

/// How a test ended.
enum class Ending : u8 {
    Completed,  // `registers` are those after the last instruction.
    Fault,      // `vector` and its details; `registers` are what a handler would see.
    Hang,
};

struct Outcome {
    Registers registers;
    Ending ending = Ending::Completed;
    u8 vector = 0;
    u32 error_code = 0;
    u64 address = 0;  // CR2, of a page fault.
};

/// Bytes of the arena that differ from its usual contents.
struct MemoryPatch {
    u64 linear = 0;
    std::vector<u8> bytes;
};

struct Case {
    u64 seed = 0;
    u64 index = 0;
    cpu::CodeMode mode = cpu::CodeMode::Bits64;
    u16 form = 0;              // The row of the table that it is.
    u16 drafted = 0;           // The row that the last instruction was made from.
    cpu::Instruction decoded;  // Of the last instruction; `length` 0 if ours would not decode it.
    u64 code_address = 0;      // Linear, of the first byte.
    u8 code_size = 0;
    u8 last_instruction = 0;  // Offset of the last instruction within the code.
    std::array<u8, 128> code{};
    bool may_loop = false;  // There is room for a way around, and the count's register is free.
    bool ends_in_trap =
        false;      // Control may go elsewhere: breakpoints, not a way back, surround it.
    u32 steps = 0;  // Instructions to run.
    Registers before;
    std::vector<MemoryPatch> patches;
};

}  // namespace test::differential
