// SPDX-License-Identifier: BSD-2-Clause
//
// A selector and an offset in memory, as JMP, CALL, LDS and their kin take them: m16:16, 32 or 64.
#pragma once

#include "cpu/semantics/operands.hpp"

namespace cpu::semantics {

struct FarPointer {
    u16 selector = 0;
    u64 offset = 0;
};

inline std::optional<u64> read_unsigned(Vcpu& vcpu, SegReg segment, u64 offset, u8 bytes) {
    switch (bytes) {
        case 2: return read<u16>(vcpu, segment, offset);
        case 4: return read<u32>(vcpu, segment, offset);
        default: return read<u64>(vcpu, segment, offset);
    }
}

inline std::optional<FarPointer> read_far_pointer(Vcpu& vcpu, const Instruction& instruction) {
    const u64 where = effective_offset(vcpu, instruction);
    const u8 bytes = instruction.operand_size;
    const auto offset = read_unsigned(vcpu, instruction.segment, where, bytes);
    if (!offset) return std::nullopt;
    u64 above = where + bytes;
    if (instruction.address_size == 2) above = static_cast<u16>(above);
    if (instruction.address_size == 4) above = static_cast<u32>(above);
    const auto selector = read<u16>(vcpu, instruction.segment, above);
    if (!selector) return std::nullopt;
    return FarPointer{*selector, *offset};
}

}  // namespace cpu::semantics
