// SPDX-License-Identifier: BSD-2-Clause
//
// The machine code of a native thunk: the guest's own instruction, re-encoded for host registers,
// with loads of what it reads before it and stores of what it writes after it.
//
// In a thunk RDI is CpuState and RSI the memory operand; vector operands are in XMM1 to XMM4 by
// their place in the encoding, general registers in EAX and ECX; XMM0, EAX, ECX and EDX are
// implicit operands where the instruction has such. MMX and x87 registers are the host's own.
#pragma once

#include <array>
#include <span>

#include "cpu/decode/decoder.hpp"

namespace cpu {

class ThunkCode {
public:
    void bytes(std::initializer_list<u8> values) {
        for (const u8 value : values) byte(value);
    }
    void byte(u8 value);
    void u32_le(u32 value);
    std::span<const u8> view() const { return {bytes_.data(), size_}; }

private:
    std::array<u8, 160> bytes_{};
    usize size_ = 0;
};

/// The whole function. `instruction` has a row that says Native, or the semantic x87.
ThunkCode emit_thunk(const Instruction& instruction);

}  // namespace cpu
