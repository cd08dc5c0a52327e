// SPDX-License-Identifier: BSD-2-Clause
//
// Far transfers, software interrupts and the fast system calls. What they do is in cpu/core; here
// is where their operands come from.
#include "cpu/arch/paging.hpp"
#include "cpu/core/exception_delivery.hpp"
#include "cpu/core/far_transfer.hpp"
#include "cpu/core/segment_load.hpp"
#include "cpu/core/smm.hpp"
#include "cpu/semantics/far_pointer.hpp"
#include "cpu/semantics/operands.hpp"
#include "cpu/semantics/semantics.hpp"

namespace cpu::semantics {

namespace {

std::optional<FarPointer> far_target(Vcpu& vcpu, const Instruction& instruction) {
    if (form_of(instruction).operands[0].kind != OperandKind::FarPointer) {
        return read_far_pointer(vcpu, instruction);
    }
    u64 offset = instruction.immediate;
    if (instruction.operand_size == 2) offset = static_cast<u16>(offset);
    return FarPointer{instruction.second_immediate, offset};
}

// What the fast system calls load, without looking at any table (SDM 2B SYSCALL, SYSENTER).
constexpr u16 flat = Segment::Granular | Segment::Present | Segment::NonSystem | Segment::Accessed;
constexpr u16 flat_data = flat | Segment::Big | Segment::Writable;
constexpr u16 flat_code = flat | Segment::Code | Segment::Readable;

enum class CodeSize : u8 { Bits32, Bits64 };

void enter_flat(Vcpu& vcpu, u16 cs, u16 ss, u8 cpl, CodeSize size) {
    const auto privilege = static_cast<u16>(cpl << 5);
    const u16 width = size == CodeSize::Bits64 ? Segment::Long : Segment::Big;
    const auto load = [&](SegReg which, u16 selector, u16 attributes) {
        set_segment(vcpu, which,
                    {.selector = static_cast<u16>((selector & 0xfffc) | cpl),
                     .attributes = static_cast<u16>(attributes | privilege),
                     .limit = 0xffff'ffff});
    };
    load(SegReg::Cs, cs, flat_code | width);
    load(SegReg::Ss, ss, flat_data);
    vcpu.state.cpl = cpl;
    vcpu.attention |= attention::StateChanged;
}

bool system_calls_enabled(const Vcpu& vcpu) {
    return (vcpu.state.msr.efer & efer::SCE) && vcpu.code_mode() == CodeMode::Bits64;
}

}  // namespace

Step jmp_far(Vcpu& vcpu, const Instruction& instruction) {
    const auto target = far_target(vcpu, instruction);
    if (!target) return Step::Fault;
    return far_jump(vcpu, target->selector, target->offset, next_rip(vcpu, instruction));
}

Step call_far(Vcpu& vcpu, const Instruction& instruction) {
    const auto target = far_target(vcpu, instruction);
    if (!target) return Step::Fault;
    return far_call(vcpu, target->selector, target->offset, instruction.operand_size,
                    next_rip(vcpu, instruction));
}

Step ret_far(Vcpu& vcpu, const Instruction& instruction) {
    return far_return(vcpu, instruction.operand_size, static_cast<u16>(instruction.immediate));
}

Step iret(Vcpu& vcpu, const Instruction& instruction) {
    return interrupt_return(vcpu, instruction.operand_size, next_rip(vcpu, instruction));
}

Step int_n(Vcpu& vcpu, const Instruction& instruction) {
    return software_interrupt(vcpu, static_cast<u8>(instruction.immediate), SoftwareInterrupt::IntN,
                              next_rip(vcpu, instruction));
}

Step int3(Vcpu& vcpu, const Instruction& instruction) {
    return software_interrupt(vcpu, static_cast<u8>(Vector::BP), SoftwareInterrupt::Int3,
                              next_rip(vcpu, instruction));
}

Step into(Vcpu& vcpu, const Instruction& instruction) {
    if ((vcpu.state.status & status_flags::OF) == 0) return Step::Next;
    return software_interrupt(vcpu, static_cast<u8>(Vector::OF), SoftwareInterrupt::Into,
                              next_rip(vcpu, instruction));
}

Step int1(Vcpu& vcpu, const Instruction& instruction) {
    return software_interrupt(vcpu, static_cast<u8>(Vector::DB), SoftwareInterrupt::Int1,
                              next_rip(vcpu, instruction));
}

/// As Intel has it: in 64-bit mode alone.
Step syscall(Vcpu& vcpu, const Instruction& instruction) {
    if (!system_calls_enabled(vcpu)) return vcpu.raise(Vector::UD);
    CpuState& state = vcpu.state;
    const u64 flags = state.rflags() & ~rflags::RF;
    state.reg(Gpr::Rcx) = next_rip(vcpu, instruction);
    state.reg(Gpr::R11) = flags;
    state.rip = state.msr.lstar;
    state.set_rflags(flags & ~state.msr.sfmask);
    const auto cs = static_cast<u16>(state.msr.star >> 32);
    enter_flat(vcpu, cs, static_cast<u16>((cs & 0xfffc) + 8), 0, CodeSize::Bits64);
    return Step::Jump;
}

/// As Intel has it: a return address that is not canonical faults here, still at CPL 0.
Step sysret(Vcpu& vcpu, const Instruction& instruction) {
    if (!system_calls_enabled(vcpu)) return vcpu.raise(Vector::UD);
    CpuState& state = vcpu.state;
    if (state.cpl != 0) return vcpu.raise(Vector::GP, 0);
    const bool wide = instruction.operand_size == 8;
    const u64 target = state.reg(Gpr::Rcx);
    if (wide && !is_canonical(target)) return vcpu.raise(Vector::GP, 0);
    constexpr u64 restored = rflags::Defined & ~(rflags::RF | rflags::VM);
    state.set_rflags((state.reg(Gpr::R11) & restored) | rflags::Fixed1);
    state.rip = wide ? target : static_cast<u32>(target);
    const auto selector = static_cast<u16>(state.msr.star >> 48);
    enter_flat(vcpu, static_cast<u16>(selector + (wide ? 16 : 0)), static_cast<u16>(selector + 8),
               3, wide ? CodeSize::Bits64 : CodeSize::Bits32);
    return Step::Jump;
}

Step sysenter(Vcpu& vcpu, const Instruction&) {
    CpuState& state = vcpu.state;
    const auto cs = static_cast<u16>(state.msr.sysenter_cs & 0xfffc);
    if (!vcpu.protected_mode() || cs == 0) return vcpu.raise(Vector::GP, 0);
    const bool wide = vcpu.long_mode();
    const u64 mask = wide ? ~u64{0} : 0xffff'ffff;
    state.other_flags &= ~(rflags::VM | rflags::IF | rflags::RF);
    state.rip = state.msr.sysenter_eip & mask;
    state.reg(Gpr::Rsp) = state.msr.sysenter_esp & mask;
    enter_flat(vcpu, cs, static_cast<u16>(cs + 8), 0, wide ? CodeSize::Bits64 : CodeSize::Bits32);
    return Step::Jump;
}

Step sysexit(Vcpu& vcpu, const Instruction& instruction) {
    CpuState& state = vcpu.state;
    const auto cs = static_cast<u16>(state.msr.sysenter_cs & 0xfffc);
    if (!vcpu.protected_mode() || cs == 0 || state.cpl != 0) return vcpu.raise(Vector::GP, 0);
    const bool wide = vcpu.code_mode() == CodeMode::Bits64 && instruction.operand_size == 8;
    const u64 rip = state.reg(Gpr::Rdx);
    const u64 rsp = state.reg(Gpr::Rcx);
    if (wide && (!is_canonical(rip) || !is_canonical(rsp))) return vcpu.raise(Vector::GP, 0);
    state.rip = wide ? rip : static_cast<u32>(rip);
    state.reg(Gpr::Rsp) = wide ? rsp : static_cast<u32>(rsp);
    enter_flat(vcpu, static_cast<u16>(cs + (wide ? 32 : 16)),
               static_cast<u16>(cs + (wide ? 40 : 24)), 3,
               wide ? CodeSize::Bits64 : CodeSize::Bits32);
    return Step::Jump;
}

Step rsm(Vcpu& vcpu, const Instruction&) {
    if (!vcpu.state.smm) return vcpu.raise(Vector::UD);
    leave_smm(vcpu);
    return Step::Jump;
}

}  // namespace cpu::semantics
