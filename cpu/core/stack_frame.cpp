// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/core/stack_frame.hpp"

#include "cpu/arch/paging.hpp"
#include "cpu/core/segment_load.hpp"
#include "fabric/support/verify.hpp"

namespace cpu {

namespace {

u64 cut(u64 value, u8 address_size) {
    switch (address_size) {
        case 2: return value & 0xffff;
        case 4: return value & 0xffff'ffff;
        default: return value;
    }
}

bool within_limit(const Segment& segment, u64 offset, u8 bytes) {
    const u64 last = offset + bytes - 1;
    if (!segment.has(Segment::Code) && segment.has(Segment::ExpandDown)) {
        const u64 top = segment.has(Segment::Big) ? 0xffff'ffff : 0xffff;
        return offset > segment.limit && last <= top;
    }
    return last <= segment.limit || segment.limit == 0xffff'ffff;  // See cpu/mmu/access.cpp.
}

bool store_value(Vcpu& vcpu, u64 linear, u64 value, u8 bytes, Privilege who) {
    switch (bytes) {
        case 2: return write_linear_as(vcpu, linear, static_cast<u16>(value), who);
        case 4: return write_linear_as(vcpu, linear, static_cast<u32>(value), who);
        default: return write_linear_as(vcpu, linear, value, who);
    }
}

}  // namespace

Privilege privilege_at(const Vcpu& vcpu, u8 cpl) {
    if (cpl == 3) return Privilege::User;
    const bool smap = (vcpu.state.cr4 & cr4::SMAP) && !(vcpu.state.other_flags & rflags::AC);
    return smap ? Privilege::SupervisorNoUser : Privilege::Supervisor;
}

u64 moved_stack_pointer(u64 pointer, u64 distance, u8 address_size) {
    return cut(pointer + distance, address_size);
}

void set_stack_pointer(CpuState& state, u8 address_size, u64 pointer) {
    u64& rsp = state.reg(Gpr::Rsp);
    rsp =
        address_size == 2 ? (rsp & ~u64{0xffff}) | (pointer & 0xffff) : cut(pointer, address_size);
}

Stack current_stack(const Vcpu& vcpu) {
    return {.segment = vcpu.state.segment(SegReg::Ss),
            .pointer = vcpu.state.reg(Gpr::Rsp),
            .address_size = vcpu.stack_address_size(),
            .cpl = vcpu.state.cpl};
}

std::optional<u64> interrupt_stack_pointer(Vcpu& vcpu, u8 entry) {
    return read_tss<u64>(vcpu, 28u + 8u * entry);
}

namespace {

std::optional<Stack> inner_stack_of_long_mode(Vcpu& vcpu, u8 cpl) {
    const auto pointer = read_tss<u64>(vcpu, 4u + 8u * cpl);
    if (!pointer) return std::nullopt;
    return Stack{
        .segment = null_segment(cpl, cpl), .pointer = *pointer, .address_size = 8, .cpl = cpl};
}

}  // namespace

std::optional<Stack> inner_stack(Vcpu& vcpu, u8 cpl) {
    if (vcpu.long_mode()) return inner_stack_of_long_mode(vcpu, cpl);
    u64 pointer = 0;
    std::optional<u16> selector;
    if (is_16_bit_tss(vcpu.state.tr)) {
        selector = read_tss<u16>(vcpu, 4u + 4u * cpl);
        if (!selector) return std::nullopt;
        const auto sp = read_tss<u16>(vcpu, 2u + 4u * cpl);
        if (!sp) return std::nullopt;
        pointer = *sp;
    } else {
        selector = read_tss<u16>(vcpu, 8u + 8u * cpl);
        if (!selector) return std::nullopt;
        const auto esp = read_tss<u32>(vcpu, 4u + 8u * cpl);
        if (!esp) return std::nullopt;
        pointer = *esp;
    }
    if (is_null_selector(*selector)) {
        (void)raise_for(vcpu, Vector::TS, *selector);
        return std::nullopt;
    }
    const auto descriptor = stack_descriptor(vcpu, *selector, cpl, Vector::TS);
    if (!descriptor) return std::nullopt;
    return Stack{.segment = descriptor->segment(*selector),
                 .pointer = pointer,
                 .address_size = static_cast<u8>(descriptor->has(Segment::Big) ? 4 : 2),
                 .cpl = cpl,
                 .fault_selector = *selector,
                 .descriptor = descriptor};
}

std::optional<u64> StackFrame::slot_address(Vcpu& vcpu, u64 offset, u8 bytes) const {
    const Segment& segment = stack_.segment;
    const bool flat = stack_.address_size == 8;
    const bool fits = flat ? is_canonical(offset) && is_canonical(offset + bytes - 1)
                           : within_limit(segment, offset, bytes);
    if (!fits) {
        (void)raise_for(vcpu, Vector::SS, stack_.fault_selector);
        return std::nullopt;
    }
    return flat ? offset : (segment.base + offset) & 0xffff'ffff;
}

bool StackFrame::prepare(Vcpu& vcpu) {
    const Privilege who = privilege_at(vcpu, stack_.cpl);
    u64 probed = ~u64{0};
    pointer_ = stack_.pointer;
    for (usize i = 0; i < count_; ++i) {
        Slot& slot = slots_[i];
        pointer_ = cut(pointer_ - slot.bytes, stack_.address_size);
        const auto linear = slot_address(vcpu, pointer_, slot.bytes);
        if (!linear) return false;
        slot.linear = *linear;
        if (stack_.cpl == 3 && alignment_fault(vcpu, *linear, slot.bytes)) return false;
        const bool one_page = (*linear & page_mask) + slot.bytes <= page_size;
        if (one_page && (*linear >> 12) == probed) continue;
        if (!probe_linear(vcpu, *linear, slot.bytes, Access::Write, who)) return false;
        probed = *linear >> 12;
    }
    return true;
}

bool StackFrame::store(Vcpu& vcpu) {
    if (stack_.descriptor) {
        if (!mark_accessed(vcpu, *stack_.descriptor)) return false;
        stack_.segment.attributes |= Segment::Accessed;
    }
    const Privilege who = privilege_at(vcpu, stack_.cpl);
    for (usize i = 0; i < count_; ++i) {
        const Slot& slot = slots_[i];
        const bool stored = store_value(vcpu, slot.linear, slot.value, slot.bytes, who);
        VERIFY(stored);
    }
    return true;
}

void StackFrame::commit(Vcpu& vcpu) const {
    set_segment(vcpu, SegReg::Ss, stack_.segment);
    set_stack_pointer(vcpu.state, stack_.address_size, pointer_);
}

}  // namespace cpu
