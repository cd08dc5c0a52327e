// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/semantics/stack.hpp"

#include <array>

#include "cpu/semantics/semantics.hpp"
#include "cpu/semantics/shapes.hpp"

namespace cpu::semantics {

namespace {

/// Raises what an access to the stack would raise.
[[nodiscard]] bool probe_stack(Vcpu& vcpu, u64 pointer, usize size, Access access) {
    const auto linear = linear_address(vcpu, SegReg::Ss, stack_offset(vcpu, pointer), size, access);
    return linear && probe_linear(vcpu, *linear, size, access, data_privilege(vcpu));
}

/// In real mode PUSHA with these pointers is a #GP, whatever the limit would say (SDM 2B, PUSHA).
bool odd_real_mode_pointer(const Vcpu& vcpu, u64 pointer) {
    if (vcpu.protected_mode() && !vcpu.virtual_8086()) return false;
    return pointer >= 7 && pointer <= 15 && (pointer & 1) != 0;
}

constexpr usize saved_registers = 8;  // rAX to rDI, in encoding order, rSP among them.

template <class T>
Step push_all(Vcpu& vcpu) {
    const u64 pointer = vcpu.state.reg(Gpr::Rsp);
    if (odd_real_mode_pointer(vcpu, stack_offset(vcpu, pointer))) return vcpu.raise(Vector::GP, 0);
    const auto place = [&](usize which) { return pointer - (which + 1) * sizeof(T); };
    for (usize which = 0; which < saved_registers; ++which) {
        if (!probe_stack(vcpu, place(which), sizeof(T), Access::Write)) return Step::Fault;
    }
    for (usize which = 0; which < saved_registers; ++which) {
        const auto value = static_cast<T>(vcpu.state.gpr[which]);
        if (!write_stack<T>(vcpu, place(which), value)) return Step::Fault;
    }
    set_stack_pointer(vcpu, pointer - saved_registers * sizeof(T));
    return Step::Next;
}

template <class T>
Step pop_all(Vcpu& vcpu) {
    const u64 pointer = vcpu.state.reg(Gpr::Rsp);
    constexpr auto rsp = static_cast<u8>(Gpr::Rsp);
    // In the order of the stack. A fault leaves those before it popped, as on Intel's processors:
    // the restart pops them again.
    for (u8 which = saved_registers; which-- > 0;) {
        const usize distance = (saved_registers - 1u - which) * sizeof(T);
        const auto value = read_stack<T>(vcpu, pointer + distance);
        if (!value) return Step::Fault;
        if (which != rsp) write_gpr<T>(vcpu.state, which, false, *value);
    }
    set_stack_pointer(vcpu, pointer + saved_registers * sizeof(T));
    return Step::Next;
}

/// In virtual-8086 mode with IOPL < 3 only the 16-bit forms work, and only under CR4.VME (SDM 3B
/// 20.3.3).
bool flags_are_virtual(const Vcpu& vcpu) { return vcpu.virtual_8086() && vcpu.iopl() < 3; }

bool flags_are_forbidden(const Vcpu& vcpu, const Instruction& instruction) {
    if (!flags_are_virtual(vcpu)) return false;
    return (vcpu.state.cr4 & cr4::VME) == 0 || instruction.operand_size != 2;
}

/// The flags that POPF may change (SDM 2B, POPF, table 4-16).
u64 writable_flags(const Vcpu& vcpu, u8 operand_size) {
    u64 mask = rflags::Status | rflags::TF | rflags::DF | rflags::NT;
    if (operand_size != 2) mask |= rflags::AC | rflags::ID;
    if (!flags_are_virtual(vcpu) && vcpu.state.cpl <= vcpu.iopl()) mask |= rflags::IF;
    if (vcpu.state.cpl == 0) mask |= rflags::IOPL;
    return mask;
}

/// Interrupts may come now, or code may run under other rules (TF), or SMAP and alignment checks
/// have been turned (AC).
void look_up_after_flag_change(Vcpu& vcpu, u64 before) {
    const u64 now = vcpu.state.other_flags;
    if ((now & (rflags::IF | rflags::TF)) != 0) vcpu.attention |= attention::Events;
    if (((now ^ before) & rflags::AC) != 0) vcpu.attention |= attention::StateChanged;
    if (((now ^ before) & rflags::VIF) != 0) vcpu.attention |= attention::Events;
}

/// POPF under CR4.VME with IOPL < 3: IF stands for VIF.
Step pop_virtual_flags(Vcpu& vcpu, u64 popped) {
    u64 flags = vcpu.state.rflags();
    const bool wants_pending = (popped & rflags::IF) != 0 && (flags & rflags::VIP) != 0;
    if (wants_pending || (popped & rflags::TF) != 0) return vcpu.raise(Vector::GP, 0);
    const u64 mask = writable_flags(vcpu, 2);
    flags = (flags & ~(mask | rflags::VIF)) | (popped & mask);
    if ((popped & rflags::IF) != 0) flags |= rflags::VIF;
    vcpu.state.set_rflags(flags & ~rflags::RF);
    return Step::Next;
}

template <class T>
Step enter_frame(Vcpu& vcpu, u64 allocated, usize level) {
    CpuState& state = vcpu.state;
    const u64 pointer = state.reg(Gpr::Rsp);
    const u64 outer = state.reg(Gpr::Rbp);
    const u64 frame = pointer - sizeof(T);
    const auto display = [&](usize which) { return outer - which * sizeof(T); };
    const auto place = [&](usize which) { return frame - which * sizeof(T); };
    const u64 last = place(level) - allocated;

    for (usize which = 0; which <= level; ++which) {
        if (which > 0 && which < level &&
            !probe_stack(vcpu, display(which), sizeof(T), Access::Read)) {
            return Step::Fault;
        }
        if (!probe_stack(vcpu, place(which), sizeof(T), Access::Write)) return Step::Fault;
    }
    // The manual's last check: a push after ENTER must not fault (SDM 2A, ENTER).
    if (!probe_stack(vcpu, last, sizeof(T), Access::Write)) return Step::Fault;

    // In this order, as the old display may overlap the new one.
    if (!write_stack<T>(vcpu, frame, static_cast<T>(outer))) return Step::Fault;
    for (usize which = 1; which < level; ++which) {
        const auto saved = read_stack<T>(vcpu, display(which));
        if (!saved || !write_stack<T>(vcpu, place(which), *saved)) return Step::Fault;
    }
    // All of rSP goes into the frame pointer, also above a 16-bit stack's SP, from which the push
    // may have borrowed.
    const auto own = static_cast<T>(frame);
    if (level > 0 && !write_stack<T>(vcpu, place(level), own)) return Step::Fault;

    write_gpr<T>(state, static_cast<u8>(Gpr::Rbp), false, own);
    set_stack_pointer(vcpu, last);
    return Step::Next;
}

}  // namespace

Step push(Vcpu& vcpu, const Instruction& instruction) {
    return for_word_size(instruction.operand_size, [&]<class T>() {
        const auto value = read_operand<T>(vcpu, instruction, 0);
        return value && push_value<T>(vcpu, *value) ? Step::Next : Step::Fault;
    });
}

/// A destination in memory is addressed with the rSP that POP leaves behind; rSP as destination
/// gets the popped value.
Step pop(Vcpu& vcpu, const Instruction& instruction) {
    return for_word_size(instruction.operand_size, [&]<class T>() {
        const u64 before = vcpu.state.reg(Gpr::Rsp);
        const auto value = read_stack<T>(vcpu, before);
        if (!value) return Step::Fault;
        set_stack_pointer(vcpu, before + sizeof(T));
        if (write_operand<T>(vcpu, instruction, 0, *value)) return Step::Next;
        vcpu.state.reg(Gpr::Rsp) = before;
        return Step::Fault;
    });
}

Step pusha(Vcpu& vcpu, const Instruction& instruction) {
    return instruction.operand_size == 2 ? push_all<u16>(vcpu) : push_all<u32>(vcpu);
}

Step popa(Vcpu& vcpu, const Instruction& instruction) {
    return instruction.operand_size == 2 ? pop_all<u16>(vcpu) : pop_all<u32>(vcpu);
}

Step pushf(Vcpu& vcpu, const Instruction& instruction) {
    if (flags_are_forbidden(vcpu, instruction)) return vcpu.raise(Vector::GP, 0);
    u64 flags = vcpu.state.rflags() & ~(rflags::VM | rflags::RF);
    if (flags_are_virtual(vcpu)) {
        const bool on = (flags & rflags::VIF) != 0;
        flags = (flags & ~rflags::IF) | rflags::IOPL | (on ? rflags::IF : 0);
    }
    return for_word_size(instruction.operand_size, [&]<class T>() {
        return push_value<T>(vcpu, static_cast<T>(flags)) ? Step::Next : Step::Fault;
    });
}

Step popf(Vcpu& vcpu, const Instruction& instruction) {
    if (flags_are_forbidden(vcpu, instruction)) return vcpu.raise(Vector::GP, 0);
    return for_word_size(instruction.operand_size, [&]<class T>() {
        const u64 pointer = vcpu.state.reg(Gpr::Rsp);
        const auto popped = read_stack<T>(vcpu, pointer);
        if (!popped) return Step::Fault;
        const u64 before = vcpu.state.other_flags;
        if (flags_are_virtual(vcpu)) {
            if (pop_virtual_flags(vcpu, *popped) == Step::Fault) return Step::Fault;
        } else {
            const u64 mask = writable_flags(vcpu, sizeof(T));
            const u64 flags = (vcpu.state.rflags() & ~mask) | (*popped & mask);
            vcpu.state.set_rflags(flags & ~rflags::RF);
        }
        set_stack_pointer(vcpu, pointer + sizeof(T));
        look_up_after_flag_change(vcpu, before);
        return Step::Next;
    });
}

Step enter(Vcpu& vcpu, const Instruction& instruction) {
    const u64 allocated = instruction.immediate & 0xffff;
    const usize level = instruction.second_immediate & 31;
    return for_word_size(instruction.operand_size,
                         [&]<class T>() { return enter_frame<T>(vcpu, allocated, level); });
}

Step leave(Vcpu& vcpu, const Instruction& instruction) {
    return for_word_size(instruction.operand_size, [&]<class T>() {
        const u64 pointer = vcpu.state.reg(Gpr::Rbp);
        const auto saved = read_stack<T>(vcpu, pointer);
        if (!saved) return Step::Fault;
        set_stack_pointer(vcpu, pointer + sizeof(T));
        write_gpr<T>(vcpu.state, static_cast<u8>(Gpr::Rbp), false, *saved);
        return Step::Next;
    });
}

}  // namespace cpu::semantics
