// SPDX-License-Identifier: BSD-2-Clause
//
// Decimal adjustment (SDM 1 7.3.4). A host in 64-bit mode has none of these, so they are computed
// here. Undocumented: the flags that the manual leaves open are as an Emerald Rapids was seen to
// set them, for every AL and every setting of the flags: SF, ZF and PF follow AL, the others are
// clear, and AAD sets CF, AF and OF as the addition it ends with does.
#include "cpu/semantics/integer.hpp"
#include "cpu/semantics/semantics.hpp"
#include "cpu/semantics/shapes.hpp"

namespace cpu::semantics {

namespace {

using namespace status_flags;

constexpr u8 rax = static_cast<u8>(Gpr::Rax);

u8 al_of(const CpuState& state) { return static_cast<u8>(state.reg(Gpr::Rax)); }
void set_al(CpuState& state, u8 value) { write_gpr<u8>(state, rax, false, value); }
u16 ax_of(const CpuState& state) { return static_cast<u16>(state.reg(Gpr::Rax)); }
void set_ax(CpuState& state, u32 value) {
    write_gpr<u16>(state, rax, false, static_cast<u16>(value));
}

/// SF, ZF and PF of AL; CF, AF and OF as given.
void set_status(CpuState& state, u16 others) {
    const u8 al = al_of(state);
    alu::test(al, al, state.status);
    state.status = static_cast<u16>((state.status & (SF | ZF | PF | Fixed1)) | others);
}

bool low_digit_overflows(const CpuState& state) {
    return (al_of(state) & 0xf) > 9 || (state.status & AF) != 0;
}

bool high_digit_overflows(const CpuState& state) {
    return al_of(state) > 0x99 || (state.status & CF) != 0;
}

}  // namespace

Step daa(Vcpu& vcpu, const Instruction&) {
    CpuState& state = vcpu.state;
    const bool low = low_digit_overflows(state);
    const bool high = high_digit_overflows(state);
    set_al(state, static_cast<u8>(al_of(state) + (low ? 0x06 : 0) + (high ? 0x60 : 0)));
    set_status(state, static_cast<u16>((low ? AF : 0) | (high ? CF : 0)));
    return Step::Next;
}

/// The borrow out of the first of its two subtractions counts too.
Step das(Vcpu& vcpu, const Instruction&) {
    CpuState& state = vcpu.state;
    const bool low = low_digit_overflows(state);
    const bool high = high_digit_overflows(state);
    const bool borrow = high || (low && al_of(state) < 6);
    set_al(state, static_cast<u8>(al_of(state) - (low ? 0x06 : 0) - (high ? 0x60 : 0)));
    set_status(state, static_cast<u16>((low ? AF : 0) | (borrow ? CF : 0)));
    return Step::Next;
}

Step aaa(Vcpu& vcpu, const Instruction&) {
    CpuState& state = vcpu.state;
    const bool adjust = low_digit_overflows(state);
    set_ax(state, (ax_of(state) + (adjust ? 0x106u : 0u)) & 0xff0f);
    set_status(state, adjust ? AF | CF : 0);
    return Step::Next;
}

Step aas(Vcpu& vcpu, const Instruction&) {
    CpuState& state = vcpu.state;
    const bool adjust = low_digit_overflows(state);
    set_ax(state, (ax_of(state) - (adjust ? 0x106u : 0u)) & 0xff0f);
    set_status(state, adjust ? AF | CF : 0);
    return Step::Next;
}

Step aam(Vcpu& vcpu, const Instruction& instruction) {
    CpuState& state = vcpu.state;
    const auto number_base = static_cast<u8>(instruction.immediate);
    if (number_base == 0) return vcpu.raise(Vector::DE);
    const u8 al = al_of(state);
    set_ax(state, static_cast<u32>(al / number_base) << 8 | static_cast<u32>(al % number_base));
    set_status(state, 0);
    return Step::Next;
}

Step aad(Vcpu& vcpu, const Instruction& instruction) {
    CpuState& state = vcpu.state;
    const auto high_digit = static_cast<u8>((ax_of(state) >> 8) * (instruction.immediate & 0xff));
    set_ax(state, alu::add(al_of(state), high_digit, state.status));
    return Step::Next;
}

/// Undocumented: SETALC, AL = CF ? FF : 00.
Step salc(Vcpu& vcpu, const Instruction&) {
    set_al(vcpu.state, (vcpu.state.status & CF) != 0 ? 0xff : 0);
    return Step::Next;
}

}  // namespace cpu::semantics
