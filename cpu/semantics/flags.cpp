// SPDX-License-Identifier: BSD-2-Clause
//
// Flags one by one, and BOUND and UD, which only ever fault.
#include "cpu/semantics/semantics.hpp"
#include "cpu/semantics/shapes.hpp"

namespace cpu::semantics {

namespace {

constexpr u8 ah = 4;  // The number of AH without REX.

/// SAHF's five, where they lie in CpuState::status.
constexpr u16 low_flags =
    status_flags::SF | status_flags::ZF | status_flags::AF | status_flags::PF | status_flags::CF;

}  // namespace

Step lahf(Vcpu& vcpu, const Instruction&) {
    write_gpr<u8>(vcpu.state, ah, false, static_cast<u8>(vcpu.state.status >> 8));
    return Step::Next;
}

Step sahf(Vcpu& vcpu, const Instruction&) {
    const auto loaded = static_cast<u16>(read_gpr<u8>(vcpu.state, ah, false) << 8 & low_flags);
    const u16 kept = vcpu.state.status & static_cast<u16>(~low_flags);
    vcpu.state.status = loaded | kept;
    return Step::Next;
}

Step clc(Vcpu& vcpu, const Instruction&) {
    vcpu.state.status &= static_cast<u16>(~status_flags::CF);
    return Step::Next;
}

Step stc(Vcpu& vcpu, const Instruction&) {
    vcpu.state.status |= status_flags::CF;
    return Step::Next;
}

Step cmc(Vcpu& vcpu, const Instruction&) {
    vcpu.state.status ^= status_flags::CF;
    return Step::Next;
}

Step cld(Vcpu& vcpu, const Instruction&) {
    vcpu.state.other_flags &= ~rflags::DF;
    return Step::Next;
}

Step std_(Vcpu& vcpu, const Instruction&) {
    vcpu.state.other_flags |= rflags::DF;
    return Step::Next;
}

/// Signed bounds, the lower one first, both included.
Step bound(Vcpu& vcpu, const Instruction& instruction) {
    return for_word_size(instruction.operand_size, [&]<class T>() {
        using Signed = std::make_signed_t<T>;
        const u64 offset = effective_offset(vcpu, instruction);
        u64 second = offset + sizeof(T);
        if (instruction.address_size == 2) second &= 0xffff;
        if (instruction.address_size == 4) second &= 0xffff'ffff;
        const auto index =
            static_cast<Signed>(read_gpr<T>(vcpu.state, instruction.reg, instruction.rex));
        const auto lower = read<T>(vcpu, instruction.segment, offset);
        if (!lower) return Step::Fault;
        // Below the lower bound nobody looks at the upper one.
        if (index < static_cast<Signed>(*lower)) return vcpu.raise(Vector::BR);
        const auto upper = read<T>(vcpu, instruction.segment, second);
        if (!upper) return Step::Fault;
        return index <= static_cast<Signed>(*upper) ? Step::Next : vcpu.raise(Vector::BR);
    });
}

Step ud(Vcpu& vcpu, const Instruction&) { return vcpu.raise(Vector::UD); }

}  // namespace cpu::semantics
