// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/core/register_table.hpp"

#include <algorithm>

#include "cpu/arch/paging.hpp"
#include "cpu/core/breakpoints.hpp"
#include "cpu/core/control_register_writes.hpp"
#include "cpu/core/segment_load.hpp"
#include "cpu/fpu/x87_image.hpp"

namespace cpu {

namespace {

using Kind = RegisterKind;

constexpr u32 mxcsr_bits = 0xffff;

/// Numbers of RegisterKind::X87Control, in the order GDB wants.
enum class X87Word : u8 {
    Control,
    Status,
    Tags,
    InstructionSelector,
    InstructionOffset,
    DataSelector,
    DataOffset,
    Opcode
};

constexpr u8 number_of(SegReg which) { return static_cast<u8>(which); }
constexpr u8 number_of(Gpr which) { return static_cast<u8>(which); }

// clang-format off
constexpr NamedRegister rows[] = {
    {"rax", Kind::General, number_of(Gpr::Rax)}, {"rbx", Kind::General, number_of(Gpr::Rbx)},
    {"rcx", Kind::General, number_of(Gpr::Rcx)}, {"rdx", Kind::General, number_of(Gpr::Rdx)},
    {"rsi", Kind::General, number_of(Gpr::Rsi)}, {"rdi", Kind::General, number_of(Gpr::Rdi)},
    {"rbp", Kind::General, number_of(Gpr::Rbp)}, {"rsp", Kind::General, number_of(Gpr::Rsp)},
    {"r8", Kind::General, 8},   {"r9", Kind::General, 9},   {"r10", Kind::General, 10},
    {"r11", Kind::General, 11}, {"r12", Kind::General, 12}, {"r13", Kind::General, 13},
    {"r14", Kind::General, 14}, {"r15", Kind::General, 15},
    {"rip", Kind::Pc}, {"eflags", Kind::Flags, 0, 4},
    {"cs", Kind::Selector, number_of(SegReg::Cs), 4}, {"ss", Kind::Selector, number_of(SegReg::Ss), 4},
    {"ds", Kind::Selector, number_of(SegReg::Ds), 4}, {"es", Kind::Selector, number_of(SegReg::Es), 4},
    {"fs", Kind::Selector, number_of(SegReg::Fs), 4}, {"gs", Kind::Selector, number_of(SegReg::Gs), 4},
    {"st0", Kind::X87Data, 0, 10}, {"st1", Kind::X87Data, 1, 10}, {"st2", Kind::X87Data, 2, 10},
    {"st3", Kind::X87Data, 3, 10}, {"st4", Kind::X87Data, 4, 10}, {"st5", Kind::X87Data, 5, 10},
    {"st6", Kind::X87Data, 6, 10}, {"st7", Kind::X87Data, 7, 10},
    {"fctrl", Kind::X87Control, 0, 4}, {"fstat", Kind::X87Control, 1, 4},
    {"ftag", Kind::X87Control, 2, 4},  {"fiseg", Kind::X87Control, 3, 4},
    {"fioff", Kind::X87Control, 4, 4}, {"foseg", Kind::X87Control, 5, 4},
    {"fooff", Kind::X87Control, 6, 4}, {"fop", Kind::X87Control, 7, 4},
    {"xmm0", Kind::Vector, 0, 16},   {"xmm1", Kind::Vector, 1, 16},   {"xmm2", Kind::Vector, 2, 16},
    {"xmm3", Kind::Vector, 3, 16},   {"xmm4", Kind::Vector, 4, 16},   {"xmm5", Kind::Vector, 5, 16},
    {"xmm6", Kind::Vector, 6, 16},   {"xmm7", Kind::Vector, 7, 16},   {"xmm8", Kind::Vector, 8, 16},
    {"xmm9", Kind::Vector, 9, 16},   {"xmm10", Kind::Vector, 10, 16}, {"xmm11", Kind::Vector, 11, 16},
    {"xmm12", Kind::Vector, 12, 16}, {"xmm13", Kind::Vector, 13, 16}, {"xmm14", Kind::Vector, 14, 16},
    {"xmm15", Kind::Vector, 15, 16}, {"mxcsr", Kind::Mxcsr, 0, 4},
    {"ymm0h", Kind::VectorUpper, 0, 16},   {"ymm1h", Kind::VectorUpper, 1, 16},
    {"ymm2h", Kind::VectorUpper, 2, 16},   {"ymm3h", Kind::VectorUpper, 3, 16},
    {"ymm4h", Kind::VectorUpper, 4, 16},   {"ymm5h", Kind::VectorUpper, 5, 16},
    {"ymm6h", Kind::VectorUpper, 6, 16},   {"ymm7h", Kind::VectorUpper, 7, 16},
    {"ymm8h", Kind::VectorUpper, 8, 16},   {"ymm9h", Kind::VectorUpper, 9, 16},
    {"ymm10h", Kind::VectorUpper, 10, 16}, {"ymm11h", Kind::VectorUpper, 11, 16},
    {"ymm12h", Kind::VectorUpper, 12, 16}, {"ymm13h", Kind::VectorUpper, 13, 16},
    {"ymm14h", Kind::VectorUpper, 14, 16}, {"ymm15h", Kind::VectorUpper, 15, 16},
    {"fs_base", Kind::SegmentBase, number_of(SegReg::Fs)},
    {"gs_base", Kind::SegmentBase, number_of(SegReg::Gs)},
    {"k_gs_base", Kind::KernelGsBase},
    {"es_base", Kind::SegmentBase, number_of(SegReg::Es)},
    {"cs_base", Kind::SegmentBase, number_of(SegReg::Cs)},
    {"ss_base", Kind::SegmentBase, number_of(SegReg::Ss)},
    {"ds_base", Kind::SegmentBase, number_of(SegReg::Ds)},
    {"cr0", Kind::Control, 0}, {"cr2", Kind::Control, 2}, {"cr3", Kind::Control, 3},
    {"cr4", Kind::Control, 4}, {"cr8", Kind::Control, 8}, {"efer", Kind::ExtendedFeatures},
};
// clang-format on

u64 read_x87_word(const X87State& x87, X87Word which) {
    switch (which) {
        case X87Word::Control: return x87.control;
        case X87Word::Status: return x87.status;
        case X87Word::Tags: return full_tags(x87);
        case X87Word::InstructionSelector: return x87.instruction_selector;
        case X87Word::InstructionOffset: return x87.instruction_pointer;
        case X87Word::DataSelector: return x87.data_selector;
        case X87Word::DataOffset: return x87.data_pointer;
        case X87Word::Opcode: return x87.opcode;
    }
    UNREACHABLE();
}

void write_x87_word(X87State& x87, X87Word which, u64 value) {
    const auto word = static_cast<u16>(value);
    switch (which) {
        case X87Word::Control: x87.control = valid_x87_control(word); break;
        case X87Word::Status: x87.status = word; break;
        case X87Word::Tags: x87.tags = abridged_tags(word); break;
        case X87Word::InstructionSelector: x87.instruction_selector = word; break;
        case X87Word::InstructionOffset: x87.instruction_pointer = value; break;
        case X87Word::DataSelector: x87.data_selector = word; break;
        case X87Word::DataOffset: x87.data_pointer = value; break;
        case X87Word::Opcode: x87.opcode = word & 0x7ff; break;
    }
    x87.status = with_error_summary(x87.status, x87.control);
}

u64 read_control(const CpuState& state, u8 number) {
    switch (number) {
        case 0: return state.cr0;
        case 2: return state.cr2;
        case 3: return state.cr3;
        case 4: return state.cr4;
        default: return state.cr8;
    }
}

void write_control(Vcpu& vcpu, u8 number, u64 value) {
    switch (number) {
        case 0: (void)write_cr0(vcpu, value); break;
        case 2: vcpu.state.cr2 = value; break;
        case 3: (void)write_cr3(vcpu, value); break;
        case 4: (void)write_cr4(vcpu, value); break;
        default: (void)write_cr8(vcpu, value); break;
    }
}

void write_selector(Vcpu& vcpu, SegReg which, u64 value) {
    const auto selector = static_cast<u16>(value);
    if (!vcpu.protected_mode() || vcpu.virtual_8086()) {
        load_8086_segment(vcpu, which, selector);
    } else if (which != SegReg::Cs) {  // That takes a far transfer.
        (void)load_segment(vcpu, which, selector);
    }
}

/// FS and GS alone have a base that programs write by itself, and only in long mode.
void write_base(Vcpu& vcpu, SegReg which, u64 value) {
    const bool has_one = which == SegReg::Fs || which == SegReg::Gs;
    if (!has_one || !vcpu.long_mode() || !is_canonical(value)) return;
    Segment changed = vcpu.state.segment(which);
    changed.base = value;
    set_segment(vcpu, which, changed);
}

/// To GDB, memory is flat: RIP is where the next instruction is in memory, so that breakpoints are
/// recognised and code is disassembled in 16-bit code too.
void write_pc(Vcpu& vcpu, u64 value) {
    const bool flat = vcpu.code_mode() == CodeMode::Bits64;
    const u64 base = vcpu.state.segment(SegReg::Cs).base;
    vcpu.state.rip = flat ? value : (value - base) & 0xffff'ffff;
}

/// Virtual-8086 mode is no flag to be switched: segments go with it.
void write_flags(Vcpu& vcpu, u64 value) {
    const u64 kept = vcpu.state.other_flags & rflags::VM;
    vcpu.state.set_rflags((value & ~u64{rflags::VM}) | kept);
}

}  // namespace

std::span<const NamedRegister> register_table() { return rows; }

const NamedRegister* find_register(std::string_view name) {
    const auto found = std::ranges::find(rows, name, &NamedRegister::name);
    return found == std::end(rows) ? nullptr : found;
}

RegisterValue read_register(const Vcpu& vcpu, const NamedRegister& which) {
    const CpuState& state = vcpu.state;
    switch (which.kind) {
        case Kind::General: return {state.gpr[which.number], 0};
        case Kind::Pc: return {linear_rip(vcpu), 0};
        case Kind::Flags: return {state.rflags(), 0};
        case Kind::Selector: return {state.segments[which.number].selector, 0};
        case Kind::X87Data: {
            const X87Register& st = state.x87.st[which.number];
            return {st.significand, st.sign_exponent};
        }
        case Kind::X87Control:
            return {read_x87_word(state.x87, static_cast<X87Word>(which.number)), 0};
        case Kind::Vector: {
            const auto& lanes = state.vector[which.number].lanes;
            return {lanes[0], lanes[1]};
        }
        case Kind::Mxcsr: return {state.mxcsr, 0};
        case Kind::VectorUpper: {
            const auto& lanes = state.vector[which.number].lanes;
            return {lanes[2], lanes[3]};
        }
        case Kind::SegmentBase: return {state.segments[which.number].base, 0};
        case Kind::KernelGsBase: return {state.msr.kernel_gs_base, 0};
        case Kind::Control: return {read_control(state, which.number), 0};
        case Kind::ExtendedFeatures: return {state.msr.efer, 0};
    }
    UNREACHABLE();
}

void write_register(Vcpu& vcpu, const NamedRegister& which, const RegisterValue& value) {
    CpuState& state = vcpu.state;
    const auto segment = static_cast<SegReg>(which.number);
    switch (which.kind) {
        case Kind::General: state.gpr[which.number] = value[0]; break;
        case Kind::Pc: write_pc(vcpu, value[0]); break;
        case Kind::Flags: write_flags(vcpu, value[0]); break;
        case Kind::Selector: write_selector(vcpu, segment, value[0]); break;
        case Kind::X87Data:
            state.x87.st[which.number] = {value[0], static_cast<u16>(value[1])};
            break;
        case Kind::X87Control:
            write_x87_word(state.x87, static_cast<X87Word>(which.number), value[0]);
            break;
        case Kind::Vector:
            std::ranges::copy(value, state.vector[which.number].lanes.begin());
            break;
        case Kind::Mxcsr: state.mxcsr = static_cast<u32>(value[0]) & mxcsr_bits; break;
        case Kind::VectorUpper:
            std::ranges::copy(value, state.vector[which.number].lanes.begin() + 2);
            break;
        case Kind::SegmentBase: write_base(vcpu, segment, value[0]); break;
        case Kind::KernelGsBase:
            if (is_canonical(value[0])) state.msr.kernel_gs_base = value[0];
            break;
        case Kind::Control: write_control(vcpu, which.number, value[0]); break;
        case Kind::ExtendedFeatures: (void)write_efer(vcpu, value[0]); break;
    }
    vcpu.attention |= attention::StateChanged | attention::Events;
}

}  // namespace cpu
