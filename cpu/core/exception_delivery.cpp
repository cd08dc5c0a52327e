// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/core/exception_delivery.hpp"

#include "cpu/core/cpu_trace.hpp"
#include "cpu/core/far_transfer.hpp"
#include "cpu/core/segment_load.hpp"
#include "cpu/core/stack_frame.hpp"
#include "cpu/core/task_switch.hpp"

namespace cpu {

namespace {

/// An interrupt or exception on its way.
struct Event {
    u8 vector = 0;
    bool has_error_code = false;
    u32 error_code = 0;
    bool by_program = false;  // INT n, INT3, INTO: gate privilege counts, EXT stays clear.
    u64 saved_rip = 0;
    u64 saved_rflags = 0;
};

// ---- Real mode, and virtual-8086 mode's own handlers ----

/// FLAGS, CS and IP onto the current stack, and on through the table of far pointers at `table`.
bool through_8086_table(Vcpu& vcpu, const Event& event, u64 table, u64 saved_flags,
                        u64 cleared_flags) {
    CpuState& state = vcpu.state;
    const auto handler = read_linear_as<u32>(vcpu, table_address(vcpu, table + 4u * event.vector),
                                             system_privilege(vcpu));
    if (!handler) return false;
    const u64 offset = *handler & 0xffff;
    StackFrame frame(current_stack(vcpu));
    frame.push(saved_flags, 2);
    frame.push(state.segment(SegReg::Cs).selector, 2);
    frame.push(event.saved_rip, 2);
    if (!frame.prepare(vcpu)) return false;
    if (!vcpu.virtual_8086() && offset > state.segment(SegReg::Cs).limit) {
        (void)vcpu.raise(Vector::GP, 0);
        return false;
    }
    if (!frame.store(vcpu)) return false;
    frame.commit(vcpu);
    load_8086_segment(vcpu, SegReg::Cs, static_cast<u16>(*handler >> 16));
    state.rip = offset;
    state.other_flags &= ~cleared_flags;
    return true;
}

bool in_real_mode(Vcpu& vcpu, const Event& event) {
    if (event.vector * 4u + 3 > vcpu.state.idtr.limit) {
        (void)vcpu.raise(Vector::GP, event.vector * 8u + selector_error::Idt);
        return false;
    }
    return through_8086_table(vcpu, event, vcpu.state.idtr.base, event.saved_rflags,
                              rflags::IF | rflags::TF | rflags::AC | rflags::RF);
}

/// INT n redirected to the virtual-8086 program's own table (SDM 3B 21.3.3.4, 21.3.3.5).
bool within_virtual_8086(Vcpu& vcpu, const Event& event) {
    u64 saved = event.saved_rflags;
    u64 cleared = rflags::TF | rflags::RF;
    if (vcpu.iopl() == 3) {
        cleared |= rflags::IF;
    } else {
        const bool enabled = (saved & rflags::VIF) != 0;
        saved = (saved & ~rflags::IF) | rflags::IOPL | (enabled ? rflags::IF : 0);
        cleared |= rflags::VIF;
    }
    return through_8086_table(vcpu, event, 0, saved, cleared);
}

// ---- Protected mode ----

bool raise_for_gate(Vcpu& vcpu, Vector vector, const Event& event) {
    (void)vcpu.raise(vector, event.vector * 8u + selector_error::Idt);
    return false;
}

bool is_gate(const Vcpu& vcpu, const Descriptor& gate) {
    if (!gate.is_system()) return false;
    switch (gate.system_type()) {
        case SystemType::InterruptGate:
        case SystemType::TrapGate: return true;
        case SystemType::InterruptGate16:
        case SystemType::TrapGate16:
        case SystemType::TaskGate: return !vcpu.long_mode();
        default: return false;
    }
}

std::optional<Descriptor> read_gate(Vcpu& vcpu, const Event& event) {
    const CpuState& state = vcpu.state;
    const u32 bytes = vcpu.long_mode() ? 16 : 8;
    if (event.vector * bytes + bytes - 1 > state.idtr.limit) {
        (void)raise_for_gate(vcpu, Vector::GP, event);
        return std::nullopt;
    }
    Descriptor gate{.address = table_address(vcpu, state.idtr.base + event.vector * bytes)};
    const Privilege who = system_privilege(vcpu);
    const auto low = read_linear_as<u64>(vcpu, gate.address, who);
    if (!low) return std::nullopt;
    gate.low = *low;
    if (vcpu.long_mode()) {
        const auto high = read_linear_as<u64>(vcpu, gate.address + 8, who);
        if (!high) return std::nullopt;
        gate.high = *high & 0xffff'ffff;
    }
    if (!is_gate(vcpu, gate) || (event.by_program && gate.dpl() < state.cpl)) {
        (void)raise_for_gate(vcpu, Vector::GP, event);
        return std::nullopt;
    }
    if (!gate.present()) {
        (void)raise_for_gate(vcpu, Vector::NP, event);
        return std::nullopt;
    }
    return gate;
}

bool through_task_gate(Vcpu& vcpu, const Event& event, const Descriptor& gate) {
    const auto tss = available_tss(vcpu, gate.gate_selector());
    if (!tss) return false;
    const TaskSwitch change{.selector = gate.gate_selector(),
                            .tss = *tss,
                            .cause = TaskSwitchCause::Call,
                            .saved_rip = event.saved_rip,
                            .saved_rflags = event.saved_rflags};
    if (!switch_task(vcpu, change)) return false;
    if (event.has_error_code) {
        StackFrame frame(current_stack(vcpu));
        frame.push(event.error_code, is_16_bit_tss(vcpu.state.tr) ? 2 : 4);
        if (!frame.prepare(vcpu) || !frame.store(vcpu)) return false;
        frame.commit(vcpu);
    }
    return check_task_entry(vcpu);
}

/// The code segment a gate leads to: as or more privileged than the interrupted program.
std::optional<Descriptor> handler_code(Vcpu& vcpu, u16 selector) {
    if (is_null_selector(selector)) {
        (void)vcpu.raise(Vector::GP, 0);
        return std::nullopt;
    }
    const auto code = read_descriptor(vcpu, selector);
    if (!code) return std::nullopt;
    const bool right_size =
        !vcpu.long_mode() || (code->has(Segment::Long) && !code->has(Segment::Big));
    // From virtual-8086 mode, only to ring 0.
    const bool from_8086 = vcpu.virtual_8086();
    const bool allowed = from_8086 ? code->dpl() == 0 && !code->has(Segment::Conforming)
                                   : code->dpl() <= vcpu.state.cpl;
    if (!code->is_code() || !right_size || !allowed) {
        (void)raise_for(vcpu, Vector::GP, selector);
        return std::nullopt;
    }
    if (!code->present()) {
        (void)raise_for(vcpu, Vector::NP, selector);
        return std::nullopt;
    }
    return code;
}

/// Long mode: IST, the TSS, or the current stack; aligned to 16 bytes (SDM 3A 6.14.2, 6.14.5).
std::optional<Stack> long_mode_stack(Vcpu& vcpu, const Descriptor& gate, u8 cpl) {
    Stack stack = current_stack(vcpu);
    if (cpl < vcpu.state.cpl) {
        stack.segment = null_segment(cpl, cpl);
        stack.cpl = cpl;
    }
    stack.address_size = 8;
    if (gate.interrupt_stack() != 0) {
        const auto pointer = interrupt_stack_pointer(vcpu, gate.interrupt_stack());
        if (!pointer) return std::nullopt;
        stack.pointer = *pointer;
    } else if (cpl < vcpu.state.cpl) {
        const auto inner = inner_stack(vcpu, cpl);
        if (!inner) return std::nullopt;
        stack.pointer = inner->pointer;
    }
    stack.pointer &= ~u64{15};
    return stack;
}

std::optional<Stack> handler_stack(Vcpu& vcpu, const Descriptor& gate, u8 cpl) {
    if (vcpu.long_mode()) return long_mode_stack(vcpu, gate, cpl);
    return cpl < vcpu.state.cpl ? inner_stack(vcpu, cpl) : current_stack(vcpu);
}

/// The order in which virtual-8086 mode's data segments go onto the stack.
constexpr SegReg saved_8086_segments[] = {SegReg::Gs, SegReg::Fs, SegReg::Ds, SegReg::Es};

void push_interrupted(const Vcpu& vcpu, const Event& event, StackFrame& frame, u8 bytes) {
    const CpuState& state = vcpu.state;
    if (vcpu.virtual_8086()) {
        for (const SegReg which : saved_8086_segments) {
            frame.push(state.segment(which).selector, bytes);
        }
    }
    if (frame.stack().cpl < state.cpl || vcpu.long_mode()) {
        frame.push(state.segment(SegReg::Ss).selector, bytes);
        frame.push(state.reg(Gpr::Rsp), bytes);
    }
    frame.push(event.saved_rflags, bytes);
    frame.push(state.segment(SegReg::Cs).selector, bytes);
    frame.push(event.saved_rip, bytes);
    if (event.has_error_code) frame.push(event.error_code, bytes);
}

bool is_interrupt_gate(const Descriptor& gate) {
    return (static_cast<u8>(gate.system_type()) & 1) == 0;
}

bool in_protected_mode(Vcpu& vcpu, const Event& event) {
    const auto gate = read_gate(vcpu, event);
    if (!gate) return false;
    if (gate->system_type() == SystemType::TaskGate) return through_task_gate(vcpu, event, *gate);

    CpuState& state = vcpu.state;
    const auto code = handler_code(vcpu, gate->gate_selector());
    if (!code) return false;
    const u8 cpl = code->has(Segment::Conforming) ? state.cpl : code->dpl();
    const auto stack = handler_stack(vcpu, *gate, cpl);
    if (!stack) return false;
    StackFrame frame(*stack);
    push_interrupted(vcpu, event, frame, gate_bytes(vcpu, *gate));
    CodeEntry entry{gate->gate_selector(), *code, gate->gate_offset(), cpl};
    if (!enter_with_frame(vcpu, entry, frame)) return false;
    if (vcpu.virtual_8086()) {
        for (const SegReg which : saved_8086_segments) set_segment(vcpu, which, null_segment(0));
    }
    state.other_flags &= ~(rflags::TF | rflags::NT | rflags::RF | rflags::VM);
    if (is_interrupt_gate(*gate)) state.other_flags &= ~rflags::IF;
    return true;
}

bool deliver(Vcpu& vcpu, const Event& event) {
    const bool delivered =
        vcpu.protected_mode() ? in_protected_mode(vcpu, event) : in_real_mode(vcpu, event);
    if (delivered) {
        vcpu.state.shadow = InterruptShadow::None;
        vcpu.state.activity = Activity::Running;
        vcpu.attention |= attention::StateChanged;
        return true;
    }
    const bool has_selector =
        vcpu.exception.vector >= Vector::TS && vcpu.exception.vector <= Vector::GP;
    if (has_selector && !event.by_program) vcpu.exception.error_code |= selector_error::External;
    return false;
}

// ---- Double faults ----

enum class Severity : u8 { Benign, Contributory, PageFault };

Severity severity(u8 vector) {
    switch (static_cast<Vector>(vector)) {
        case Vector::DE:
        case Vector::TS:
        case Vector::NP:
        case Vector::SS:
        case Vector::GP: return Severity::Contributory;
        case Vector::PF: return Severity::PageFault;
        default: return Severity::Benign;
    }
}

/// SDM 3A table 6-5.
bool makes_double_fault(Severity first, Severity second) {
    if (first == Severity::Benign || second == Severity::Benign) return false;
    return first == Severity::PageFault || second == Severity::Contributory;
}

/// A fault is pushed with RF set, so that its instruction's breakpoint does not hit twice; a trap,
/// an abort and an instruction breakpoint itself are not (SDM 3B 18.3.1.1).
bool sets_rf(const Exception& exception) {
    switch (exception.vector) {
        case Vector::DB: return (exception.dr6 & dr6::BD) != 0;
        case Vector::NMI:
        case Vector::BP:
        case Vector::OF:
        case Vector::DF:
        case Vector::MC: return false;
        default: return true;
    }
}

/// What the processor notes in its registers before the handler runs.
void note_cause(CpuState& state, const Exception& exception) {
    constexpr u64 breakpoint_bits = 0xf;
    if (exception.vector == Vector::PF) state.cr2 = exception.address;
    if (exception.vector == Vector::DB) {
        state.dr6 = (state.dr6 & ~breakpoint_bits) | exception.dr6;
        state.dr7 &= ~dr7::GD;
        state.msr.debug_control &= ~(debugctl::LBR | debugctl::BTF);
    }
}

Event event_of(const CpuState& state, const Exception& exception) {
    return {.vector = static_cast<u8>(exception.vector),
            .has_error_code = exception.has_error_code,
            .error_code = exception.error_code,
            .saved_rip = state.rip,
            .saved_rflags = state.rflags() | (sets_rf(exception) ? rflags::RF : 0)};
}

/// The delivery of an event has raised Vcpu::exception: what becomes of the two.
void deliver_second(Vcpu& vcpu, u8 first) {
    while (true) {
        Exception second = vcpu.exception;
        note_cause(vcpu.state, second);
        trace_exception(vcpu, second);
        const Severity severity_now = severity(static_cast<u8>(second.vector));
        if (first == static_cast<u8>(Vector::DF) && severity_now != Severity::Benign) {
            vcpu.state.activity = Activity::Shutdown;
            vcpu.attention |= attention::Events;
            trace_shutdown(vcpu);
            return;
        }
        if (makes_double_fault(severity(first), severity_now)) {
            second = {.vector = Vector::DF, .has_error_code = true};
            trace_exception(vcpu, second);
        }
        if (deliver(vcpu, event_of(vcpu.state, second))) return;
        first = static_cast<u8>(second.vector);
    }
}

void deliver_from_outside(Vcpu& vcpu, u8 vector) {
    const Event event{
        .vector = vector, .saved_rip = vcpu.state.rip, .saved_rflags = vcpu.state.rflags()};
    // Its number may be an exception's; its weight is that of an interrupt.
    if (!deliver(vcpu, event)) deliver_second(vcpu, static_cast<u8>(Vector::NMI));
}

/// Whether a virtual-8086 program's INT n goes to its own handler (SDM 3B 21.3.3).
std::optional<bool> redirected(Vcpu& vcpu, u8 vector) {
    constexpr u32 map_base_offset = 0x66;
    constexpr u32 bitmap_bytes = 32;
    const Segment& tr = vcpu.state.tr;
    const auto refused = [&]() -> std::optional<bool> {
        (void)vcpu.raise(Vector::GP, 0);
        return std::nullopt;
    };
    if (is_16_bit_tss(tr) || tr.limit < map_base_offset + 1) return refused();
    const auto base = read_tss<u16>(vcpu, map_base_offset);
    if (!base) return std::nullopt;
    const u32 offset = *base - bitmap_bytes + vector / 8u;
    if (*base < bitmap_bytes || offset > tr.limit) return refused();
    const auto bits = read_tss<u8>(vcpu, offset);
    if (!bits) return std::nullopt;
    return ((*bits >> (vector % 8)) & 1) == 0;
}

}  // namespace

void deliver_exception(Vcpu& vcpu) {
    const Exception exception = vcpu.exception;
    note_cause(vcpu.state, exception);
    trace_exception(vcpu, exception);
    if (deliver(vcpu, event_of(vcpu.state, exception))) return;
    deliver_second(vcpu, static_cast<u8>(exception.vector));
}

void deliver_interrupt(Vcpu& vcpu, u8 vector) {
    trace_interrupt(vcpu, vector);
    deliver_from_outside(vcpu, vector);
}

void deliver_nmi(Vcpu& vcpu) {
    trace_signal(vcpu, Signal::Nmi);
    vcpu.state.events.nmi_blocked = true;
    deliver_from_outside(vcpu, static_cast<u8>(Vector::NMI));
}

Step software_interrupt(Vcpu& vcpu, u8 vector, SoftwareInterrupt kind, u64 next_rip) {
    trace_software_interrupt(vcpu, vector);
    const Event event{.vector = vector,
                      .by_program = kind != SoftwareInterrupt::Int1,
                      .saved_rip = next_rip,
                      .saved_rflags = vcpu.state.rflags()};
    if (vcpu.virtual_8086() && kind == SoftwareInterrupt::IntN) {
        if (vcpu.state.cr4 & cr4::VME) {
            const auto inside = redirected(vcpu, vector);
            if (!inside) return Step::Fault;
            if (*inside) return within_virtual_8086(vcpu, event) ? Step::Jump : Step::Fault;
        }
        if (vcpu.iopl() < 3) return vcpu.raise(Vector::GP, 0);
    }
    return deliver(vcpu, event) ? Step::Jump : Step::Fault;
}

}  // namespace cpu
