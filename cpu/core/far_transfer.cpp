// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/core/far_transfer.hpp"

#include "cpu/arch/paging.hpp"
#include "cpu/core/segment_load.hpp"
#include "cpu/core/stack_frame.hpp"
#include "cpu/core/task_switch.hpp"

namespace cpu {

namespace {

bool is_8086(const Vcpu& vcpu) { return !vcpu.protected_mode() || vcpu.virtual_8086(); }

/// Real and virtual-8086 mode. CS keeps its limit in real mode.
Step enter_8086_code(Vcpu& vcpu, u16 selector, u64 offset) {
    load_8086_segment(vcpu, SegReg::Cs, selector);
    vcpu.state.rip = offset;
    return Step::Jump;
}

bool within_8086_code(Vcpu& vcpu, u64 offset) {
    const u32 limit = vcpu.virtual_8086() ? 0xffff : vcpu.state.segment(SegReg::Cs).limit;
    if (offset <= limit) return true;
    (void)vcpu.raise(Vector::GP, 0);
    return false;
}

/// A selector as a far pointer or gate gives it: not null, and within its table.
std::optional<Descriptor> target_descriptor(Vcpu& vcpu, u16 selector) {
    if (is_null_selector(selector)) {
        (void)vcpu.raise(Vector::GP, 0);
        return std::nullopt;
    }
    return read_descriptor(vcpu, selector);
}

bool refuse(Vcpu& vcpu, Vector vector, u16 selector) {
    (void)raise_for(vcpu, vector, selector);
    return false;
}

/// 64-bit code has L = 1 and D = 0; both set is reserved (SDM 3A 5.2.1).
bool contradicts_itself(const Vcpu& vcpu, const Descriptor& code) {
    return vcpu.long_mode() && code.has(Segment::Long | Segment::Big);
}

/// Code reached without a gate, at the current level.
bool check_direct_code(Vcpu& vcpu, const Descriptor& code, u16 selector) {
    const u8 cpl = vcpu.state.cpl;
    const bool allowed = code.has(Segment::Conforming)
                             ? code.dpl() <= cpl
                             : code.dpl() == cpl && rpl_of(selector) <= cpl;
    if (!allowed || contradicts_itself(vcpu, code)) return refuse(vcpu, Vector::GP, selector);
    return code.present() || refuse(vcpu, Vector::NP, selector);
}

/// A gate, or a TSS used as one: those at CPL and RPL must be allowed to use it.
bool check_gate(Vcpu& vcpu, const Descriptor& gate, u16 selector) {
    if (gate.dpl() < vcpu.state.cpl || gate.dpl() < rpl_of(selector)) {
        return refuse(vcpu, Vector::GP, selector);
    }
    return gate.present() || refuse(vcpu, Vector::NP, selector);
}

/// The code segment that a call gate leads to.
std::optional<Descriptor> gate_target(Vcpu& vcpu, const Descriptor& gate, bool by_call) {
    const u16 selector = gate.gate_selector();
    const auto code = target_descriptor(vcpu, selector);
    if (!code) return std::nullopt;
    const u8 cpl = vcpu.state.cpl;
    const bool inward = by_call || code->has(Segment::Conforming);
    const bool allowed = inward ? code->dpl() <= cpl : code->dpl() == cpl;
    const bool right_size =
        !vcpu.long_mode() || (code->has(Segment::Long) && !code->has(Segment::Big));
    if (!code->is_code() || !allowed || !right_size) {
        (void)raise_for(vcpu, Vector::GP, selector);
        return std::nullopt;
    }
    if (!code->present()) {
        (void)raise_for(vcpu, Vector::NP, selector);
        return std::nullopt;
    }
    return code;
}

/// What a far pointer leads to by way of a system descriptor.
enum class Way : u8 { CallGate, TaskGate, Tss, None };

Way way_through(const Vcpu& vcpu, const Descriptor& descriptor) {
    switch (descriptor.system_type()) {
        case SystemType::CallGate: return Way::CallGate;
        case SystemType::CallGate16: return vcpu.long_mode() ? Way::None : Way::CallGate;
        case SystemType::TaskGate: return vcpu.long_mode() ? Way::None : Way::TaskGate;
        case SystemType::Tss16Available:
        case SystemType::TssAvailable: return vcpu.long_mode() ? Way::None : Way::Tss;
        default: return Way::None;
    }
}

/// In long mode the second half's type field must be zero (SDM 3A 5.8.3.1).
bool is_malformed_gate(const Descriptor& gate) { return ((gate.high >> 40) & 0x1f) != 0; }

Step switch_through(Vcpu& vcpu, u16 selector, const Descriptor& first, bool nested, u64 next_rip) {
    if (!check_gate(vcpu, first, selector)) return Step::Fault;
    const bool by_gate = first.system_type() == SystemType::TaskGate;
    const u16 tss_selector = by_gate ? first.gate_selector() : selector;
    std::optional<Descriptor> tss = first;
    if (by_gate || is_local_selector(selector)) tss = available_tss(vcpu, tss_selector);
    if (!tss) return Step::Fault;
    const TaskSwitch change{.selector = tss_selector,
                            .tss = *tss,
                            .cause = nested ? TaskSwitchCause::Call : TaskSwitchCause::Jump,
                            .saved_rip = next_rip,
                            .saved_rflags = vcpu.state.rflags()};
    if (!switch_task(vcpu, change) || !check_task_entry(vcpu)) return Step::Fault;
    return Step::Jump;
}

Step enter_code(Vcpu& vcpu, u16 selector, Descriptor& code, u64 offset) {
    offset = cut_to_code(vcpu, code, offset);
    if (!check_target(vcpu, code, offset) || !mark_accessed(vcpu, code)) return Step::Fault;
    set_code_segment(vcpu, selector, code, vcpu.state.cpl);
    vcpu.state.rip = offset;
    return Step::Jump;
}

Step jump_through_gate(Vcpu& vcpu, u16 selector, const Descriptor& gate) {
    if (!check_gate(vcpu, gate, selector)) return Step::Fault;
    auto code = gate_target(vcpu, gate, false);
    if (!code) return Step::Fault;
    return enter_code(vcpu, gate.gate_selector(), *code, gate.gate_offset());
}

Step finish_call(Vcpu& vcpu, CodeEntry& entry, StackFrame& frame) {
    entry.offset = cut_to_code(vcpu, entry.code, entry.offset);
    return enter_with_frame(vcpu, entry, frame) ? Step::Jump : Step::Fault;
}

void push_return_address(const Vcpu& vcpu, StackFrame& frame, u8 bytes, u64 next_rip) {
    frame.push(vcpu.state.segment(SegReg::Cs).selector, bytes);
    frame.push(next_rip, bytes);
}

/// Copies the gate's parameters from the caller's stack, the last pushed one last.
bool push_parameters(Vcpu& vcpu, StackFrame& frame, u8 count, u8 bytes) {
    for (u32 left = count; left > 0; --left) {
        const auto parameter = peek_stack(vcpu, (left - 1) * bytes, bytes);
        if (!parameter) return false;
        frame.push(*parameter, bytes);
    }
    return true;
}

Step call_inner_ring(Vcpu& vcpu, const Descriptor& gate, CodeEntry& call, u64 next_rip) {
    const u8 bytes = gate_bytes(vcpu, gate);
    const auto stack = inner_stack(vcpu, call.cpl);
    if (!stack) return Step::Fault;
    StackFrame frame(*stack);
    frame.push(vcpu.state.segment(SegReg::Ss).selector, bytes);
    frame.push(vcpu.state.reg(Gpr::Rsp), bytes);
    const u8 parameters = vcpu.long_mode() ? u8{0} : gate.gate_parameters();
    if (!push_parameters(vcpu, frame, parameters, bytes)) return Step::Fault;
    push_return_address(vcpu, frame, bytes, next_rip);
    return finish_call(vcpu, call, frame);
}

Step call_through_gate(Vcpu& vcpu, u16 selector, const Descriptor& gate, u64 next_rip) {
    if (!check_gate(vcpu, gate, selector)) return Step::Fault;
    const auto code = gate_target(vcpu, gate, true);
    if (!code) return Step::Fault;
    const u8 cpl = vcpu.state.cpl;
    CodeEntry call{gate.gate_selector(), *code, gate.gate_offset(), cpl};
    if (!code->has(Segment::Conforming) && code->dpl() < cpl) {
        call.cpl = code->dpl();
        return call_inner_ring(vcpu, gate, call, next_rip);
    }
    Stack stack = current_stack(vcpu);
    if (vcpu.long_mode()) stack.address_size = 8;  // The gate leads to 64-bit code.
    StackFrame frame(stack);
    push_return_address(vcpu, frame, gate_bytes(vcpu, gate), next_rip);
    return finish_call(vcpu, call, frame);
}

Step call_8086(Vcpu& vcpu, u16 selector, u64 offset, u8 operand_size, u64 next_rip) {
    StackFrame frame(current_stack(vcpu));
    push_return_address(vcpu, frame, operand_size, next_rip);
    if (!frame.prepare(vcpu) || !within_8086_code(vcpu, offset) || !frame.store(vcpu)) {
        return Step::Fault;
    }
    frame.commit(vcpu);
    return enter_8086_code(vcpu, selector, offset);
}

Step return_8086(Vcpu& vcpu, u8 operand_size, u16 released) {
    const auto offset = peek_stack(vcpu, 0, operand_size);
    if (!offset) return Step::Fault;
    const auto selector = peek_stack(vcpu, operand_size, operand_size);
    if (!selector || !within_8086_code(vcpu, *offset)) return Step::Fault;
    const u8 size = vcpu.stack_address_size();
    set_stack_pointer(vcpu.state, size, vcpu.state.reg(Gpr::Rsp) + 2u * operand_size + released);
    return enter_8086_code(vcpu, static_cast<u16>(*selector), *offset);
}

struct ReturnAddress {
    u16 selector;
    u64 offset;
};

/// To less privileged code, with a stack of its own beyond the parameters.
Step return_outward(Vcpu& vcpu, ReturnAddress address, Descriptor& code, u8 operand_size,
                    u16 released) {
    address.offset = cut_to_code(vcpu, code, address.offset);
    const u64 above = 2u * operand_size + released;
    const auto pointer = peek_stack(vcpu, above, operand_size);
    if (!pointer) return Step::Fault;
    const auto ss = peek_stack(vcpu, above + operand_size, 2);
    if (!ss) return Step::Fault;
    const u8 cpl = rpl_of(address.selector);
    const auto stack = return_stack_segment(vcpu, static_cast<u16>(*ss), code, cpl);
    if (!stack || !check_target(vcpu, code, address.offset) || !mark_accessed(vcpu, code)) {
        return Step::Fault;
    }
    const u8 address_size = stack_address_size_under(vcpu, code, *stack);
    set_code_segment(vcpu, address.selector, code, cpl);
    set_segment(vcpu, SegReg::Ss, *stack);
    set_stack_pointer(vcpu.state, address_size, *pointer + released);
    vcpu.state.rip = address.offset;
    drop_inaccessible_segments(vcpu);
    return Step::Jump;
}

}  // namespace

std::optional<u64> peek_stack(Vcpu& vcpu, u64 distance, u8 bytes) {
    const u64 offset =
        moved_stack_pointer(vcpu.state.reg(Gpr::Rsp), distance, vcpu.stack_address_size());
    switch (bytes) {
        case 2: return read<u16>(vcpu, SegReg::Ss, offset);
        case 4: return read<u32>(vcpu, SegReg::Ss, offset);
        default: return read<u64>(vcpu, SegReg::Ss, offset);
    }
}

void set_code_segment(Vcpu& vcpu, u16 selector, const Descriptor& code, u8 cpl) {
    set_segment(vcpu, SegReg::Cs, code.segment(with_rpl(selector, cpl)));
    if (vcpu.state.cpl != cpl) vcpu.attention |= attention::StateChanged;
    vcpu.state.cpl = cpl;
}

u8 gate_bytes(const Vcpu& vcpu, const Descriptor& gate) {
    if (vcpu.long_mode()) return 8;
    return gate.is_16_bit_gate() ? 2 : 4;
}

bool enter_with_frame(Vcpu& vcpu, CodeEntry& entry, StackFrame& frame) {
    if (!frame.prepare(vcpu) || !check_target(vcpu, entry.code, entry.offset) ||
        !mark_accessed(vcpu, entry.code) || !frame.store(vcpu)) {
        return false;
    }
    set_code_segment(vcpu, entry.selector, entry.code, entry.cpl);
    frame.commit(vcpu);
    vcpu.state.rip = entry.offset;
    return true;
}

u8 stack_address_size_under(const Vcpu& vcpu, const Descriptor& code, const Segment& stack) {
    if (is_long_code(vcpu, code)) return 8;
    return stack.has(Segment::Big) ? 4 : 2;
}

std::optional<Descriptor> return_code_descriptor(Vcpu& vcpu, u16 selector) {
    const auto code = target_descriptor(vcpu, selector);
    if (!code) return std::nullopt;
    const u8 rpl = rpl_of(selector);
    const bool allowed = code->is_code() && rpl >= vcpu.state.cpl &&
                         (code->has(Segment::Conforming) ? code->dpl() <= rpl : code->dpl() == rpl);
    if (!allowed || contradicts_itself(vcpu, *code)) {
        (void)raise_for(vcpu, Vector::GP, selector);
        return std::nullopt;
    }
    if (!code->present()) {
        (void)raise_for(vcpu, Vector::NP, selector);
        return std::nullopt;
    }
    return code;
}

std::optional<Segment> return_stack_segment(Vcpu& vcpu, u16 selector, const Descriptor& code,
                                            u8 new_cpl) {
    if (is_null_selector(selector)) {
        if (is_long_code(vcpu, code) && new_cpl != 3 && rpl_of(selector) == new_cpl) {
            return null_segment(selector, new_cpl);
        }
        (void)vcpu.raise(Vector::GP, 0);
        return std::nullopt;
    }
    auto stack = stack_descriptor(vcpu, selector, new_cpl, Vector::GP);
    if (!stack || !mark_accessed(vcpu, *stack)) return std::nullopt;
    return stack->segment(selector);
}

std::optional<Descriptor> available_tss(Vcpu& vcpu, u16 selector) {
    std::optional<Descriptor> tss;
    if (!is_local_selector(selector) && !is_null_selector(selector)) {
        tss = read_descriptor(vcpu, selector);
        if (!tss) return std::nullopt;
    }
    const bool available = tss && (tss->is_system(SystemType::TssAvailable) ||
                                   tss->is_system(SystemType::Tss16Available));
    if (!available) {
        (void)raise_for(vcpu, Vector::GP, selector);
        return std::nullopt;
    }
    if (!tss->present()) {
        (void)raise_for(vcpu, Vector::NP, selector);
        return std::nullopt;
    }
    return tss;
}

Step far_jump(Vcpu& vcpu, u16 selector, u64 offset, u64 next_rip) {
    if (is_8086(vcpu)) {
        if (!within_8086_code(vcpu, offset)) return Step::Fault;
        return enter_8086_code(vcpu, selector, offset);
    }
    auto target = target_descriptor(vcpu, selector);
    if (!target) return Step::Fault;
    if (target->is_code()) {
        if (!check_direct_code(vcpu, *target, selector)) return Step::Fault;
        return enter_code(vcpu, selector, *target, offset);
    }
    const Way way = target->is_system() ? way_through(vcpu, *target) : Way::None;
    switch (way) {
        case Way::CallGate:
            if (is_malformed_gate(*target)) break;
            return jump_through_gate(vcpu, selector, *target);
        case Way::TaskGate:
        case Way::Tss: return switch_through(vcpu, selector, *target, false, next_rip);
        case Way::None: break;
    }
    return raise_for(vcpu, Vector::GP, selector);
}

Step far_call(Vcpu& vcpu, u16 selector, u64 offset, u8 operand_size, u64 next_rip) {
    if (is_8086(vcpu)) return call_8086(vcpu, selector, offset, operand_size, next_rip);
    const auto target = target_descriptor(vcpu, selector);
    if (!target) return Step::Fault;
    if (target->is_code()) {
        if (!check_direct_code(vcpu, *target, selector)) return Step::Fault;
        CodeEntry call{selector, *target, offset, vcpu.state.cpl};
        Stack stack = current_stack(vcpu);
        // Pushes are made as the target would make them.
        stack.address_size = stack_address_size_under(vcpu, *target, stack.segment);
        StackFrame frame(stack);
        push_return_address(vcpu, frame, operand_size, next_rip);
        return finish_call(vcpu, call, frame);
    }
    const Way way = target->is_system() ? way_through(vcpu, *target) : Way::None;
    switch (way) {
        case Way::CallGate:
            if (is_malformed_gate(*target)) break;
            return call_through_gate(vcpu, selector, *target, next_rip);
        case Way::TaskGate:
        case Way::Tss: return switch_through(vcpu, selector, *target, true, next_rip);
        case Way::None: break;
    }
    return raise_for(vcpu, Vector::GP, selector);
}

Step far_return(Vcpu& vcpu, u8 operand_size, u16 released) {
    if (is_8086(vcpu)) return return_8086(vcpu, operand_size, released);
    // The selector comes first, and only its two bytes.
    const auto pushed = peek_stack(vcpu, operand_size, 2);
    if (!pushed) return Step::Fault;
    const auto offset = peek_stack(vcpu, 0, operand_size);
    if (!offset) return Step::Fault;
    const ReturnAddress address{static_cast<u16>(*pushed), *offset};
    auto code = return_code_descriptor(vcpu, address.selector);
    if (!code) return Step::Fault;
    if (rpl_of(address.selector) > vcpu.state.cpl) {
        return return_outward(vcpu, address, *code, operand_size, released);
    }
    // The distance is of the old stack's size, the sum of the new one's (measured on an Emerald
    // Rapids): they differ on the way from a 16-bit stack to 64-bit code.
    u32 distance = 2u * operand_size + released;
    if (vcpu.stack_address_size() == 2) distance = static_cast<u16>(distance);
    const u8 address_size = stack_address_size_under(vcpu, *code, vcpu.state.segment(SegReg::Ss));
    const Step entered = enter_code(vcpu, address.selector, *code, address.offset);
    if (entered == Step::Jump) {
        set_stack_pointer(vcpu.state, address_size, vcpu.state.reg(Gpr::Rsp) + distance);
    }
    return entered;
}

}  // namespace cpu
