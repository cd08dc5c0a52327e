// SPDX-License-Identifier: BSD-2-Clause
//
// Segment registers, LDTR and TR, and the instructions that look at descriptors.
#include "cpu/arch/paging.hpp"
#include "cpu/core/segment_load.hpp"
#include "cpu/semantics/far_pointer.hpp"
#include "cpu/semantics/semantics.hpp"
#include "cpu/semantics/stack.hpp"

namespace cpu::semantics {

namespace {

/// ModRM.reg without REX.R: there are eight names, two of them of nothing.
u8 named_segment(const Instruction& instruction) { return (instruction.mod_rm >> 3) & 7; }

void inhibit_interrupts(Vcpu& vcpu) {
    vcpu.state.shadow = InterruptShadow::MovSs;
    vcpu.attention |= attention::Events;
}

/// A selector to a register, zero-extended, or as a word to memory.
Step store_selector(Vcpu& vcpu, const Instruction& instruction, u16 selector) {
    CpuState& state = vcpu.state;
    if (instruction.is_memory()) {
        const u64 offset = effective_offset(vcpu, instruction);
        return write<u16>(vcpu, instruction.segment, offset, selector) ? Step::Next : Step::Fault;
    }
    if (instruction.operand_size == 2) {
        write_gpr<u16>(state, instruction.rm, instruction.rex, selector);
    } else {
        write_gpr<u64>(state, instruction.rm, instruction.rex, selector);
    }
    return Step::Next;
}

bool hidden_by_umip(const Vcpu& vcpu) {
    return (vcpu.state.cr4 & cr4::UMIP) && vcpu.state.cpl != 0;
}

void set_zf(Vcpu& vcpu, bool on) {
    u16& status = vcpu.state.status;
    status = on ? status | status_flags::ZF : status & static_cast<u16>(~status_flags::ZF);
}

/// LLDT and LTR: a descriptor of the global table. #GP(selector) for others.
std::optional<Descriptor> system_segment(Vcpu& vcpu, u16 selector) {
    if (is_local_selector(selector)) {
        (void)raise_for(vcpu, Vector::GP, selector);
        return std::nullopt;
    }
    return read_descriptor(vcpu, selector);
}

/// In long mode these have sixteen bytes: a type field above, which must be zero, and a whole base.
bool is_malformed_system_segment(const Vcpu& vcpu, const Descriptor& descriptor) {
    return vcpu.long_mode() &&
           (((descriptor.high >> 40) & 0x1f) != 0 || !is_canonical(descriptor.base()));
}

constexpr u32 type_bit(SystemType type) { return 1u << static_cast<u8>(type); }

/// SDM 2A, tables of LAR and LSL: the system descriptors that they know.
constexpr u32 lsl_types_in_long_mode =
    type_bit(SystemType::Ldt) | type_bit(SystemType::TssAvailable) | type_bit(SystemType::TssBusy);
constexpr u32 lsl_types =
    lsl_types_in_long_mode | type_bit(SystemType::Tss16Available) | type_bit(SystemType::Tss16Busy);
constexpr u32 lar_types_in_long_mode = lsl_types_in_long_mode | type_bit(SystemType::CallGate);
constexpr u32 lar_types = lsl_types | type_bit(SystemType::CallGate) |
                          type_bit(SystemType::CallGate16) | type_bit(SystemType::TaskGate);

bool may_be_seen(const Vcpu& vcpu, const Descriptor& descriptor, u16 selector) {
    if (descriptor.is_conforming_code()) return true;
    return vcpu.state.cpl <= descriptor.dpl() && rpl_of(selector) <= descriptor.dpl();
}

enum class Sight : u8 { Seen, Unseen, Fault };

/// The descriptor, if the program may know of it.
Sight look_at(Vcpu& vcpu, u16 selector, Descriptor& into) {
    if (is_null_selector(selector)) return Sight::Unseen;
    switch (look_up_descriptor(vcpu, selector, into)) {
        case Lookup::Found: break;
        case Lookup::Outside: return Sight::Unseen;
        case Lookup::Fault: return Sight::Fault;
    }
    return may_be_seen(vcpu, into, selector) ? Sight::Seen : Sight::Unseen;
}

bool has_type(const Descriptor& descriptor, u32 system_types) {
    if (!descriptor.is_system()) return true;
    return ((system_types >> static_cast<u8>(descriptor.system_type())) & 1) != 0;
}

/// LAR and LSL: `value` of the descriptor goes to the register, or only ZF says no.
template <class Value>
Step load_from_descriptor(Vcpu& vcpu, const Instruction& instruction, u32 types, Value value) {
    const auto selector = read_operand<u16>(vcpu, instruction, 1);
    if (!selector) return Step::Fault;
    Descriptor descriptor;
    const Sight sight = look_at(vcpu, *selector, descriptor);
    if (sight == Sight::Fault) return Step::Fault;
    const bool good = sight == Sight::Seen && has_type(descriptor, types);
    set_zf(vcpu, good);
    if (!good) return Step::Next;
    const u32 result = value(descriptor);
    if (instruction.operand_size == 2) {
        write_gpr<u16>(vcpu.state, instruction.reg, instruction.rex, static_cast<u16>(result));
    } else {
        write_gpr<u64>(vcpu.state, instruction.reg, instruction.rex, result);
    }
    return Step::Next;
}

template <class Allows>
Step verify(Vcpu& vcpu, const Instruction& instruction, Allows allows) {
    const auto selector = read_operand<u16>(vcpu, instruction, 0);
    if (!selector) return Step::Fault;
    Descriptor descriptor;
    const Sight sight = look_at(vcpu, *selector, descriptor);
    if (sight == Sight::Fault) return Step::Fault;
    set_zf(vcpu, sight == Sight::Seen && allows(descriptor));
    return Step::Next;
}

}  // namespace

Step mov_from_segment(Vcpu& vcpu, const Instruction& instruction) {
    const u8 number = named_segment(instruction);
    if (number > 5) return vcpu.raise(Vector::UD);
    return store_selector(vcpu, instruction, vcpu.state.segments[number].selector);
}

Step mov_to_segment(Vcpu& vcpu, const Instruction& instruction) {
    const u8 number = named_segment(instruction);
    if (number > 5 || number == static_cast<u8>(SegReg::Cs)) return vcpu.raise(Vector::UD);
    const auto selector = read_operand<u16>(vcpu, instruction, 1);
    if (!selector) return Step::Fault;
    const auto which = static_cast<SegReg>(number);
    const Step loaded = load_segment(vcpu, which, *selector);
    if (loaded == Step::Next && which == SegReg::Ss) inhibit_interrupts(vcpu);
    return loaded;
}

Step push_segment(Vcpu& vcpu, const Instruction& instruction) {
    const u8 number = form_of(instruction).operands[0].fixed;
    const u16 selector = vcpu.state.segments[number].selector;
    switch (instruction.operand_size) {
        case 2: return push_value<u16>(vcpu, selector) ? Step::Next : Step::Fault;
        case 8: return push_value<u64>(vcpu, selector) ? Step::Next : Step::Fault;
        default: break;
    }
    // Processors store a word and leave the upper half of the slot alone (SDM 2B PUSH).
    const u64 pointer = vcpu.state.reg(Gpr::Rsp) - 4;
    if (!write_stack<u16>(vcpu, pointer, selector)) return Step::Fault;
    set_stack_pointer(vcpu, pointer);
    return Step::Next;
}

Step pop_segment(Vcpu& vcpu, const Instruction& instruction) {
    const auto which = static_cast<SegReg>(form_of(instruction).operands[0].fixed);
    const u64 pointer = vcpu.state.reg(Gpr::Rsp);
    const auto selector = read_stack<u16>(vcpu, pointer);
    if (!selector) return Step::Fault;
    // Moved by the size of the stack that it was on.
    const u64 moved = stack_pointer_at(vcpu, pointer + instruction.operand_size);
    const Step loaded = load_segment(vcpu, which, *selector);
    if (loaded != Step::Next) return loaded;
    vcpu.state.reg(Gpr::Rsp) = moved;
    if (which == SegReg::Ss) inhibit_interrupts(vcpu);
    return Step::Next;
}

Step load_far_pointer(Vcpu& vcpu, const Instruction& instruction) {
    const auto segment_of = [&]() -> SegReg {
        if (instruction.map == 0) return instruction.opcode == 0xc4 ? SegReg::Es : SegReg::Ds;
        switch (instruction.opcode) {
            case 0xb2: return SegReg::Ss;
            case 0xb4: return SegReg::Fs;
            default: return SegReg::Gs;
        }
    };
    const auto pointer = read_far_pointer(vcpu, instruction);
    if (!pointer) return Step::Fault;
    const Step loaded = load_segment(vcpu, segment_of(), pointer->selector);
    if (loaded != Step::Next) return loaded;
    return for_word_size(instruction.operand_size, [&]<class T>() {
        write_gpr<T>(vcpu.state, instruction.reg, instruction.rex, static_cast<T>(pointer->offset));
        return Step::Next;
    });
}

Step lldt(Vcpu& vcpu, const Instruction& instruction) {
    const auto selector = read_operand<u16>(vcpu, instruction, 0);
    if (!selector) return Step::Fault;
    if (is_null_selector(*selector)) {
        vcpu.state.ldtr = null_segment(*selector);
        return Step::Next;
    }
    const auto ldt = system_segment(vcpu, *selector);
    if (!ldt) return Step::Fault;
    if (!ldt->is_system(SystemType::Ldt) || is_malformed_system_segment(vcpu, *ldt)) {
        return raise_for(vcpu, Vector::GP, *selector);
    }
    if (!ldt->present()) return raise_for(vcpu, Vector::NP, *selector);
    vcpu.state.ldtr = ldt->segment(*selector);
    return Step::Next;
}

Step ltr(Vcpu& vcpu, const Instruction& instruction) {
    const auto selector = read_operand<u16>(vcpu, instruction, 0);
    if (!selector) return Step::Fault;
    if (is_null_selector(*selector)) return vcpu.raise(Vector::GP, 0);
    auto tss = system_segment(vcpu, *selector);
    if (!tss) return Step::Fault;
    const bool known = tss->is_system(SystemType::TssAvailable) ||
                       (!vcpu.long_mode() && tss->is_system(SystemType::Tss16Available));
    if (!known || is_malformed_system_segment(vcpu, *tss)) {
        return raise_for(vcpu, Vector::GP, *selector);
    }
    if (!tss->present()) return raise_for(vcpu, Vector::NP, *selector);
    if (!mark_busy(vcpu, *tss, true)) return Step::Fault;
    vcpu.state.tr = tss->segment(*selector);
    return Step::Next;
}

Step sldt(Vcpu& vcpu, const Instruction& instruction) {
    if (hidden_by_umip(vcpu)) return vcpu.raise(Vector::GP, 0);
    return store_selector(vcpu, instruction, vcpu.state.ldtr.selector);
}

Step str(Vcpu& vcpu, const Instruction& instruction) {
    if (hidden_by_umip(vcpu)) return vcpu.raise(Vector::GP, 0);
    return store_selector(vcpu, instruction, vcpu.state.tr.selector);
}

Step lar(Vcpu& vcpu, const Instruction& instruction) {
    const u32 types = vcpu.long_mode() ? lar_types_in_long_mode : lar_types;
    // The manual leaves bits 19:16 open; processors show the limit that is there.
    return load_from_descriptor(vcpu, instruction, types, [](const Descriptor& descriptor) {
        return static_cast<u32>(descriptor.low >> 32) & 0x00ff'ff00;
    });
}

Step lsl(Vcpu& vcpu, const Instruction& instruction) {
    const u32 types = vcpu.long_mode() ? lsl_types_in_long_mode : lsl_types;
    return load_from_descriptor(vcpu, instruction, types,
                                [](const Descriptor& descriptor) { return descriptor.limit(); });
}

Step verr(Vcpu& vcpu, const Instruction& instruction) {
    return verify(vcpu, instruction,
                  [](const Descriptor& descriptor) { return descriptor.is_readable(); });
}

Step verw(Vcpu& vcpu, const Instruction& instruction) {
    return verify(vcpu, instruction,
                  [](const Descriptor& descriptor) { return descriptor.is_writable_data(); });
}

Step arpl(Vcpu& vcpu, const Instruction& instruction) {
    const auto source = read_operand<u16>(vcpu, instruction, 1);
    if (!source) return Step::Fault;
    const auto selector = read_operand<u16>(vcpu, instruction, 0);
    if (!selector) return Step::Fault;
    // Memory need not be writable when there is nothing to write.
    const bool raised = rpl_of(*selector) < rpl_of(*source);
    const u16 adjusted = with_rpl(*selector, rpl_of(*source));
    if (raised && !write_operand<u16>(vcpu, instruction, 0, adjusted)) return Step::Fault;
    set_zf(vcpu, raised);
    return Step::Next;
}

Step rdsegbase(Vcpu& vcpu, const Instruction& instruction) {
    if ((vcpu.state.cr4 & cr4::FSGSBASE) == 0) return vcpu.raise(Vector::UD);
    const SegReg which = named_segment(instruction) == 0 ? SegReg::Fs : SegReg::Gs;
    const u64 base = vcpu.state.segment(which).base;
    const u64 cut = instruction.operand_size == 8 ? base : static_cast<u32>(base);
    write_gpr<u64>(vcpu.state, instruction.rm, instruction.rex, cut);
    return Step::Next;
}

Step wrsegbase(Vcpu& vcpu, const Instruction& instruction) {
    if ((vcpu.state.cr4 & cr4::FSGSBASE) == 0) return vcpu.raise(Vector::UD);
    const SegReg which = named_segment(instruction) == 2 ? SegReg::Fs : SegReg::Gs;
    u64 base = vcpu.state.gpr[instruction.rm];
    if (instruction.operand_size != 8) base = static_cast<u32>(base);
    if (!is_canonical(base)) return vcpu.raise(Vector::GP, 0);
    vcpu.state.segment(which).base = base;
    return Step::Next;
}

Step swapgs(Vcpu& vcpu, const Instruction&) {
    std::swap(vcpu.state.segment(SegReg::Gs).base, vcpu.state.msr.kernel_gs_base);
    return Step::Next;
}

}  // namespace cpu::semantics
