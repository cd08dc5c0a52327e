// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/core/segment_load.hpp"

#include <algorithm>

namespace cpu {

namespace {

constexpr u16 legacy_attributes = 0x0093;        // Present, writable data, accessed.
constexpr u16 virtual_8086_attributes = 0x00f3;  // With DPL 3.

constexpr SegReg data_registers[] = {SegReg::Es, SegReg::Ds, SegReg::Fs, SegReg::Gs};

Step load_null(Vcpu& vcpu, SegReg which, u16 selector) {
    if (which != SegReg::Ss) {
        set_segment(vcpu, which, null_segment(selector));
        return Step::Next;
    }
    const u8 cpl = vcpu.state.cpl;
    if (vcpu.code_mode() != CodeMode::Bits64 || cpl == 3 || rpl_of(selector) != cpl) {
        return vcpu.raise(Vector::GP, 0);
    }
    set_segment(vcpu, which, null_segment(selector, cpl));
    return Step::Next;
}

}  // namespace

void set_segment(Vcpu& vcpu, SegReg which, const Segment& value) {
    Segment& hidden = vcpu.state.segment(which);
    Segment same = value;
    same.selector = hidden.selector;
    if (same != hidden) vcpu.attention |= attention::StateChanged;
    hidden = value;
}

void load_8086_segment(Vcpu& vcpu, SegReg which, u16 selector) {
    Segment loaded = vcpu.state.segment(which);
    loaded.selector = selector;
    loaded.base = u64{selector} << 4;
    if (vcpu.virtual_8086()) {
        loaded.attributes = virtual_8086_attributes;
        loaded.limit = 0xffff;
    } else if (!loaded.usable()) {
        loaded.attributes = legacy_attributes;
        loaded.limit = 0xffff;
    }
    set_segment(vcpu, which, loaded);
}

std::optional<Descriptor> stack_descriptor(Vcpu& vcpu, u16 selector, u8 cpl, Vector bad) {
    auto descriptor = read_descriptor(vcpu, selector, bad);
    if (!descriptor) return std::nullopt;
    if (rpl_of(selector) != cpl || !descriptor->is_writable_data() || descriptor->dpl() != cpl) {
        (void)raise_for(vcpu, bad, selector);
        return std::nullopt;
    }
    if (!descriptor->present()) {
        (void)raise_for(vcpu, Vector::SS, selector);
        return std::nullopt;
    }
    return descriptor;
}

std::optional<Descriptor> data_descriptor(Vcpu& vcpu, u16 selector, u8 cpl, Vector bad) {
    auto descriptor = read_descriptor(vcpu, selector, bad);
    if (!descriptor) return std::nullopt;
    const u8 weakest = std::max(cpl, rpl_of(selector));
    const bool privileged = descriptor->is_conforming_code() || weakest <= descriptor->dpl();
    if (!descriptor->is_readable() || !privileged) {
        (void)raise_for(vcpu, bad, selector);
        return std::nullopt;
    }
    if (!descriptor->present()) {
        (void)raise_for(vcpu, Vector::NP, selector);
        return std::nullopt;
    }
    return descriptor;
}

Step load_segment(Vcpu& vcpu, SegReg which, u16 selector) {
    if (!vcpu.protected_mode() || vcpu.virtual_8086()) {
        load_8086_segment(vcpu, which, selector);
        return Step::Next;
    }
    if (is_null_selector(selector)) return load_null(vcpu, which, selector);
    const u8 cpl = vcpu.state.cpl;
    auto descriptor = which == SegReg::Ss ? stack_descriptor(vcpu, selector, cpl, Vector::GP)
                                          : data_descriptor(vcpu, selector, cpl, Vector::GP);
    if (!descriptor || !mark_accessed(vcpu, *descriptor)) return Step::Fault;
    set_segment(vcpu, which, descriptor->segment(selector));
    return Step::Next;
}

void drop_inaccessible_segments(Vcpu& vcpu) {
    for (const SegReg which : data_registers) {
        Segment& segment = vcpu.state.segment(which);
        if (!segment.usable()) {
            // A null selector with RPL bits loses them; a base set through its MSR stays.
            segment.selector = 0;
            continue;
        }
        const bool conforming = segment.is_code() && segment.has(Segment::Conforming);
        if (!conforming && segment.dpl() < vcpu.state.cpl) {
            set_segment(vcpu, which, null_segment(0));
        }
    }
}

}  // namespace cpu
