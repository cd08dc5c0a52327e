// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/interpreter/handler.hpp"

#include "cpu/core/breakpoints.hpp"
#include "cpu/interpreter/interpreter.hpp"

namespace cpu::interpreter {

namespace {

/// True: go on with the next operation; `status` is then what the instruction left.
bool run_slowly(const Op* op, Vcpu* vcpu, const Instruction* decoded, u32& status) {
    vcpu->state.status = static_cast<u16>(status);
    const bool go_on = engine_of(vcpu).execute_within_block(*vcpu, *op, decoded);
    status = vcpu->state.status;
    return go_on;
}

}  // namespace

Handled slow(HANDLER_ARGUMENTS) {
    if (!run_slowly(op, vcpu, nullptr, status)) LEAVE();
    CONTINUE_AT(op + 1);
}

Handled slow_last(HANDLER_ARGUMENTS) {
    if (run_slowly(op, vcpu, nullptr, status)) vcpu->budget += op->remaining - 1;
    LEAVE();
}

Handled generic(HANDLER_ARGUMENTS) {
    if (!run_slowly(op, vcpu, op->instruction, status)) LEAVE();
    CONTINUE_AT(op + 1);
}

Handled generic_last(HANDLER_ARGUMENTS) {
    (void)run_slowly(op, vcpu, op->instruction, status);
    LEAVE();
}

/// The engine's loop decides whether to stop; here only its attention is called.
Handled look_for_debugger(HANDLER_ARGUMENTS) {
    const Breakpoints* const debugger = vcpu->ports.breakpoints;
    vcpu->state.rip = rip_in(*vcpu, op->offset);
    if (!debugger || !debugger->stands_at(*vcpu, linear_rip(*vcpu))) CONTINUE_AT(op + 1);
    vcpu->budget += op->remaining;
    LEAVE();
}

Handled abandoned(HANDLER_ARGUMENTS) {
    vcpu->budget += op->remaining;
    vcpu->state.rip = rip_in(*vcpu, op->offset);
    LEAVE();
}

u64 general_address(const Op* op, Vcpu* vcpu, u64 offset, Access access) {
    const auto segment = static_cast<SegReg>(op->segment_rule & segment_rule::SegmentMask);
    const u64 cut = offset & 0xffff'ffff;
    u64 checked = cut;
    switch (op->segment_rule & segment_rule::KindMask) {
        case segment_rule::Flat32:
        case segment_rule::Cut64: return cut;
        case segment_rule::Based64: return offset + vcpu->state.segment(segment).base;
        case segment_rule::Based64Cut: return cut + vcpu->state.segment(segment).base;
        case segment_rule::Checked16: checked = offset & 0xffff; break;
        default: break;
    }
    return linear_address(*vcpu, segment, checked, op->size, access).value_or(forbidden_address);
}

namespace {

/// Walks no page tables: the slow road does, once.
u8* through_tlb(Vcpu* vcpu, u64 linear, u64 size, Access access) {
    return known_host_pointer(*vcpu, linear, size, access, data_privilege(*vcpu));
}

}  // namespace

template <Handler Otherwise>
Handled refill_for_read(HANDLER_ARGUMENTS) {
    const auto missed = engine_of(vcpu).missed;
    if (!through_tlb(vcpu, missed.linear, missed.size, Access::Read)) HAND_OVER_TO(Otherwise);
    CONTINUE_AT(op);
}

template <Handler Otherwise>
Handled refill_for_write(HANDLER_ARGUMENTS) {
    const auto missed = engine_of(vcpu).missed;
    if (!through_tlb(vcpu, missed.linear, missed.size, Access::Write)) HAND_OVER_TO(Otherwise);
    CONTINUE_AT(op);
}

template Handled refill_for_read<slow>(HANDLER_ARGUMENTS);
template Handled refill_for_read<slow_last>(HANDLER_ARGUMENTS);
template Handled refill_for_write<slow>(HANDLER_ARGUMENTS);
template Handled refill_for_write<slow_last>(HANDLER_ARGUMENTS);

const u8* find_readable(Vcpu* vcpu, const TlbEntry* tlb, u64 linear, u64 size) {
    const TlbEntry& entry = entry_of(tlb, linear);
    if (linear - entry.read_tag <= page_size - size) {
        return reinterpret_cast<const u8*>(linear + entry.addend);
    }
    return through_tlb(vcpu, linear, size, Access::Read);
}

u8* find_writable(Vcpu* vcpu, const TlbEntry* tlb, u64 linear, u64 size) {
    const TlbEntry& entry = entry_of(tlb, linear);
    if (linear - entry.write_tag <= page_size - size) {
        return reinterpret_cast<u8*>(linear + entry.addend);
    }
    return through_tlb(vcpu, linear, size, Access::Write);
}

}  // namespace cpu::interpreter
