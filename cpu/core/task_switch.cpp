// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/core/task_switch.hpp"

#include <array>
#include <cstring>

#include "cpu/core/control_register_writes.hpp"
#include "cpu/core/segment_load.hpp"
#include "cpu/core/stack_frame.hpp"
#include "cpu/mmu/translation_control.hpp"

namespace cpu {

namespace {

/// Where the fields of a TSS are (SDM 3A figures 7-2 and 7-10). Registers are in encoding order.
struct TssLayout {
    u32 bytes;        // The least a TSS may have.
    u32 dynamic;      // The first field that is saved...
    u32 dynamic_end;  // ...and the end of the last one.
    u32 ip;
    u32 flags;
    u32 registers;
    u32 segments;
    u32 segment_stride;
    u32 segment_count;
    u32 ldt;
    u32 width;  // Of a register.
};

constexpr TssLayout layout_32{.bytes = 0x68,
                              .dynamic = 0x20,
                              .dynamic_end = 0x60,
                              .ip = 0x20,
                              .flags = 0x24,
                              .registers = 0x28,
                              .segments = 0x48,
                              .segment_stride = 4,
                              .segment_count = 6,
                              .ldt = 0x60,
                              .width = 4};
constexpr TssLayout layout_16{.bytes = 0x2c,
                              .dynamic = 0x0e,
                              .dynamic_end = 0x2a,
                              .ip = 0x0e,
                              .flags = 0x10,
                              .registers = 0x12,
                              .segments = 0x22,
                              .segment_stride = 2,
                              .segment_count = 4,
                              .ldt = 0x2a,
                              .width = 2};

constexpr u32 cr3_offset = 0x1c;
constexpr u32 trap_offset = 0x64;
constexpr u64 local_breakpoint_enables = 0x155;  // L0 to L3 and LE of DR7.

using TssBytes = std::array<u8, 0x68>;

u32 field(const TssBytes& bytes, u32 offset, u32 width) {
    u32 value = 0;
    std::memcpy(&value, bytes.data() + offset, width);
    return value;
}

void set_field(TssBytes& bytes, u32 offset, u32 width, u64 value) {
    std::memcpy(bytes.data() + offset, &value, width);
}

const TssLayout& layout_of(const Segment& tss) {
    return is_16_bit_tss(tss) ? layout_16 : layout_32;
}

/// Puts the old task's registers over those of its TSS.
void save_registers(const CpuState& state, const TaskSwitch& change, const TssLayout& layout,
                    TssBytes& into) {
    set_field(into, layout.ip, layout.width, change.saved_rip);
    set_field(into, layout.flags, layout.width, change.saved_rflags);
    for (u32 i = 0; i < 8; ++i) {
        set_field(into, layout.registers + i * layout.width, layout.width, state.gpr[i]);
    }
    for (u32 i = 0; i < layout.segment_count; ++i) {
        set_field(into, layout.segments + i * layout.segment_stride, 2, state.segments[i].selector);
    }
}

bool check_size(Vcpu& vcpu, const Segment& tss, const TssLayout& layout) {
    if (tss.limit >= layout.bytes - 1) return true;
    (void)raise_for(vcpu, Vector::TS, tss.selector);
    return false;
}

/// The state on its way from one TSS to the other.
struct Switch {
    const TaskSwitch& change;
    Segment from;
    Segment to;
    TssBytes old_tss{};
    TssBytes new_tss{};
    Descriptor old_descriptor;
    std::optional<std::array<u64, 4>> new_pdptes;  // Under PAE paging.

    u64 new_cr3() const { return field(new_tss, cr3_offset, 4); }
};

bool changes_page_tables(const Vcpu& vcpu, const Switch& tasks) {
    return vcpu.paging() && !is_16_bit_tss(tasks.to);
}

/// Looked at while the old task can still be told: later its state would have been left behind (SDM
/// 3A 7.3 step 12 would let it be corrupted).
bool prepare_page_tables(Vcpu& vcpu, Switch& tasks) {
    const CpuState& state = vcpu.state;
    if (!changes_page_tables(vcpu, tasks)) return true;
    if (!pae_paging(state.cr0, state.cr4, state.msr.efer)) return true;
    tasks.new_pdptes = read_pdptes(vcpu, tasks.new_cr3());
    if (!tasks.new_pdptes) (void)vcpu.raise(Vector::GP, 0);
    return tasks.new_pdptes.has_value();
}

/// Everything that can fault while the old task still is the current one.
bool prepare(Vcpu& vcpu, Switch& tasks) {
    const Privilege who = system_privilege(vcpu);
    const TssLayout& old_layout = layout_of(tasks.from);
    const TssLayout& new_layout = layout_of(tasks.to);
    if (!check_size(vcpu, tasks.to, new_layout)) return false;
    if (!check_size(vcpu, tasks.from, old_layout)) return false;
    const std::span new_bytes = std::span(tasks.new_tss).first(new_layout.bytes);
    const std::span old_bytes = std::span(tasks.old_tss).first(old_layout.bytes);
    if (!read_linear(vcpu, tasks.to.base, new_bytes, who)) return false;
    if (!read_linear(vcpu, tasks.from.base, old_bytes, who)) return false;
    if (!prepare_page_tables(vcpu, tasks)) return false;
    const u32 saved = old_layout.dynamic_end - old_layout.dynamic;
    if (!probe_linear(vcpu, tasks.from.base + old_layout.dynamic, saved, Access::Write, who)) {
        return false;
    }
    if (tasks.change.cause == TaskSwitchCause::Call) {
        if (!probe_linear(vcpu, tasks.to.base, 2, Access::Write, who)) return false;
    }
    if (tasks.change.cause != TaskSwitchCause::Return) {
        if (!probe_linear(vcpu, tasks.change.tss.address, 8, Access::Write, who)) return false;
    }
    if (tasks.change.cause == TaskSwitchCause::Call) return true;
    const auto old_descriptor = read_descriptor(vcpu, tasks.from.selector, Vector::TS);
    if (!old_descriptor) return false;
    tasks.old_descriptor = *old_descriptor;
    return probe_linear(vcpu, old_descriptor->address, 8, Access::Write, who);
}

/// Stores the old task and moves the busy bits and the link.
bool leave_old_task(Vcpu& vcpu, Switch& tasks) {
    const Privilege who = system_privilege(vcpu);
    const TssLayout& layout = layout_of(tasks.from);
    save_registers(vcpu.state, tasks.change, layout, tasks.old_tss);
    if (tasks.change.cause != TaskSwitchCause::Call &&
        !mark_busy(vcpu, tasks.old_descriptor, false)) {
        return false;
    }
    const auto saved = std::span<const u8>(tasks.old_tss)
                           .subspan(layout.dynamic, layout.dynamic_end - layout.dynamic);
    if (!write_linear(vcpu, tasks.from.base + layout.dynamic, saved, who)) return false;
    if (tasks.change.cause == TaskSwitchCause::Call &&
        !write_linear_as<u16>(vcpu, tasks.to.base, tasks.from.selector, who)) {
        return false;
    }
    if (tasks.change.cause == TaskSwitchCause::Return) return true;
    Descriptor now_busy = tasks.change.tss;
    return mark_busy(vcpu, now_busy, true);
}

void load_page_tables(Vcpu& vcpu, const Switch& tasks) {
    if (!changes_page_tables(vcpu, tasks)) return;
    if (tasks.new_pdptes) vcpu.state.pdpte = *tasks.new_pdptes;
    vcpu.state.cr3 = tasks.new_cr3();
    flush_address_space(vcpu, current_asid(vcpu));
}

/// Registers and selectors; the hidden parts of the segments are still to come.
void load_registers(Vcpu& vcpu, const Switch& tasks) {
    CpuState& state = vcpu.state;
    const TssLayout& layout = layout_of(tasks.to);
    // SDM leaves the upper halves open for 16-bit tasks; processors set them.
    const u64 upper = layout.width == 2 ? 0xffff'0000 : 0;
    for (u32 i = 0; i < 8; ++i) {
        state.gpr[i] =
            field(tasks.new_tss, layout.registers + i * layout.width, layout.width) | upper;
    }
    for (u32 i = 0; i < state.segments.size(); ++i) {
        const u32 at = layout.segments + i * layout.segment_stride;
        const auto selector =
            i < layout.segment_count ? static_cast<u16>(field(tasks.new_tss, at, 2)) : u16{0};
        state.segments[i] = null_segment(selector);
    }
    state.rip = field(tasks.new_tss, layout.ip, layout.width);
    const u64 nested = tasks.change.cause == TaskSwitchCause::Call ? rflags::NT : 0;
    state.set_rflags(field(tasks.new_tss, layout.flags, layout.width) | nested);
    state.cpl = (state.other_flags & rflags::VM) ? 3 : state.segment(SegReg::Cs).rpl();
    state.tr = tasks.to;
    state.tr.attributes |= 2;  // Busy.
    state.cr0 |= cr0::TS;
    state.dr7 &= ~local_breakpoint_enables;
    state.shadow = InterruptShadow::None;
    vcpu.attention |= attention::StateChanged;
}

bool load_ldt(Vcpu& vcpu, u16 selector) {
    vcpu.state.ldtr = null_segment(selector);
    if (is_null_selector(selector)) return true;
    std::optional<Descriptor> ldt;
    if (!is_local_selector(selector)) {
        ldt = read_descriptor(vcpu, selector, Vector::TS);
        if (!ldt) return false;
    }
    if (!ldt || !ldt->is_system(SystemType::Ldt) || !ldt->present()) {
        (void)raise_for(vcpu, Vector::TS, selector);
        return false;
    }
    vcpu.state.ldtr = ldt->segment(selector);
    return true;
}

bool load_code(Vcpu& vcpu, u16 selector) {
    std::optional<Descriptor> code;
    if (!is_null_selector(selector)) {
        code = read_descriptor(vcpu, selector, Vector::TS);
        if (!code) return false;
    }
    const u8 rpl = rpl_of(selector);
    const bool allowed = code && code->is_code() &&
                         (code->has(Segment::Conforming) ? code->dpl() <= rpl : code->dpl() == rpl);
    if (!allowed) {
        (void)raise_for(vcpu, Vector::TS, selector);
        return false;
    }
    if (!code->present()) {
        (void)raise_for(vcpu, Vector::NP, selector);
        return false;
    }
    if (!mark_accessed(vcpu, *code)) return false;
    set_segment(vcpu, SegReg::Cs, code->segment(selector));
    return true;
}

bool load_stack(Vcpu& vcpu, u16 selector) {
    if (is_null_selector(selector)) {
        (void)raise_for(vcpu, Vector::TS, selector);
        return false;
    }
    auto stack = stack_descriptor(vcpu, selector, vcpu.state.cpl, Vector::TS);
    if (!stack || !mark_accessed(vcpu, *stack)) return false;
    set_segment(vcpu, SegReg::Ss, stack->segment(selector));
    return true;
}

bool load_data(Vcpu& vcpu, SegReg which) {
    const u16 selector = vcpu.state.segment(which).selector;
    if (is_null_selector(selector)) return true;
    auto data = data_descriptor(vcpu, selector, vcpu.state.cpl, Vector::TS);
    if (!data || !mark_accessed(vcpu, *data)) return false;
    set_segment(vcpu, which, data->segment(selector));
    return true;
}

/// In the context of the new task: what fails here is its fault.
bool load_segments(Vcpu& vcpu, u16 ldt) {
    if (!load_ldt(vcpu, ldt)) return false;
    CpuState& state = vcpu.state;
    if (vcpu.virtual_8086()) {
        for (usize i = 0; i < state.segments.size(); ++i) {
            load_8086_segment(vcpu, static_cast<SegReg>(i), state.segments[i].selector);
        }
        return true;
    }
    return load_stack(vcpu, state.segment(SegReg::Ss).selector) &&
           load_code(vcpu, state.segment(SegReg::Cs).selector) && load_data(vcpu, SegReg::Es) &&
           load_data(vcpu, SegReg::Ds) && load_data(vcpu, SegReg::Fs) &&
           load_data(vcpu, SegReg::Gs);
}

}  // namespace

bool switch_task(Vcpu& vcpu, const TaskSwitch& change) {
    Switch tasks{.change = change,
                 .from = vcpu.state.tr,
                 .to = change.tss.segment(change.selector),
                 .old_descriptor = {},
                 .new_pdptes = {}};
    if (!prepare(vcpu, tasks) || !leave_old_task(vcpu, tasks)) return false;
    load_page_tables(vcpu, tasks);
    load_registers(vcpu, tasks);
    const TssLayout& layout = layout_of(tasks.to);
    if (!load_segments(vcpu, static_cast<u16>(field(tasks.new_tss, layout.ldt, 2)))) return false;
    if (!is_16_bit_tss(tasks.to) && (field(tasks.new_tss, trap_offset, 2) & 1)) {
        vcpu.state.events.debug_traps |= dr6::BT;
        vcpu.attention |= attention::Events;
    }
    return true;
}

bool check_task_entry(Vcpu& vcpu) {
    if (vcpu.state.rip <= vcpu.state.segment(SegReg::Cs).limit) return true;
    (void)vcpu.raise(Vector::GP, 0);
    return false;
}

}  // namespace cpu
