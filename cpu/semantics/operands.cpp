// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/semantics/operands.hpp"

#include "fabric/support/verify.hpp"

namespace cpu {

namespace {

/// MOV AL, moffs and its kin: the offset stands in the instruction, as wide as an address.
bool has_absolute_offset(const Instruction& instruction) {
    return instruction.map == 0 && !instruction.vex && (instruction.opcode & 0xfc) == 0xa0;
}

u64 cut_to(u8 bytes, u64 value) {
    switch (bytes) {
        case 2: return static_cast<u16>(value);
        case 4: return static_cast<u32>(value);
        default: return value;
    }
}

}  // namespace

u64 effective_offset(const Vcpu& vcpu, const Instruction& instruction) {
    if (has_absolute_offset(instruction)) {
        return cut_to(instruction.address_size, instruction.immediate);
    }
    const CpuState& state = vcpu.state;
    u64 offset = static_cast<u64>(i64{instruction.displacement}) + state.gpr[instruction.base] +
                 (state.gpr[instruction.index] << instruction.scale);
    if (instruction.rip_relative) offset += state.rip + instruction.length;
    return cut_to(instruction.address_size, offset);
}

u64 segment_base(const Vcpu& vcpu, SegReg segment) {
    const bool flat = vcpu.code_mode() == CodeMode::Bits64 && segment < SegReg::Fs;
    return flat ? 0 : vcpu.state.segment(segment).base;
}

u64 next_rip(const Vcpu& vcpu, const Instruction& instruction) {
    const u64 next = vcpu.state.rip + instruction.length;
    // Running on, 16-bit code does not wrap at 64 KiB: it meets its limit there.
    return instruction.mode == CodeMode::Bits64 ? next : static_cast<u32>(next);
}

}  // namespace cpu
