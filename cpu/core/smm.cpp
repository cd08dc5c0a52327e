// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/core/smm.hpp"

#include "cpu/core/control_register_writes.hpp"
#include "cpu/core/cpu_trace.hpp"
#include "cpu/core/segment_load.hpp"
#include "cpu/mmu/access.hpp"
#include "cpu/mmu/translation_control.hpp"

namespace cpu {

namespace {

/// Offsets from SMBASE.
namespace save {
constexpr u64 entry_point = 0x8000;
constexpr u64 segments = 0xfe00;  // ES CS SS DS FS GS, sixteen bytes each.
constexpr u64 gdtr = 0xfe60;
constexpr u64 ldtr = 0xfe70;
constexpr u64 idtr = 0xfe80;
constexpr u64 tr = 0xfe90;
constexpr u64 auto_halt_restart = 0xfec9;
constexpr u64 cpl = 0xfecb;  // Reserved there; what the segments alone do not always say.
constexpr u64 efer = 0xfed0;
constexpr u64 revision = 0xfefc;
constexpr u64 smbase = 0xff00;
constexpr u64 cr4 = 0xff48;
constexpr u64 cr3 = 0xff50;
constexpr u64 cr0 = 0xff58;
constexpr u64 dr7 = 0xff60;
constexpr u64 dr6 = 0xff68;
constexpr u64 rflags = 0xff70;
constexpr u64 rip = 0xff78;
constexpr u64 rax = 0xfff8;  // The others follow downwards, in encoding order.
}  // namespace save

constexpr u32 revision_id = 0x0002'0064;  // SMBASE relocation; 64-bit layout.

class SaveArea {
public:
    SaveArea(Vcpu& vcpu, u64 smbase) : vcpu_(vcpu), base_(smbase) {}

    void put(u64 offset, usize size, u64 value) { write_physical(vcpu_, at(offset), size, value); }
    u64 get(u64 offset, usize size) const { return read_physical(vcpu_, at(offset), size); }

    void put_segment(u64 offset, const Segment& segment) {
        put(offset, 2, segment.selector);
        put(offset + 2, 2, segment.attributes & 0xf0ff);
        put(offset + 4, 4, segment.limit);
        put(offset + 8, 8, segment.base);
    }
    /// Bits 15:12 of the attributes stay; a segment that is not present cannot be used.
    Segment get_segment(u64 offset) const {
        auto attributes = static_cast<u16>(get(offset + 2, 2) & 0xf0ff);
        if ((attributes & Segment::Present) == 0) attributes |= Segment::Unusable;
        return {.selector = static_cast<u16>(get(offset, 2)),
                .attributes = attributes,
                .limit = static_cast<u32>(get(offset + 4, 4)),
                .base = get(offset + 8, 8)};
    }
    void put_table(u64 offset, const TableRegister& table) {
        put(offset + 4, 2, table.limit);
        put(offset + 8, 8, table.base);
    }
    TableRegister get_table(u64 offset) const {
        return {.base = get(offset + 8, 8), .limit = static_cast<u16>(get(offset + 4, 2))};
    }

private:
    u64 at(u64 offset) const { return (base_ + offset) & 0xffff'ffff; }

    Vcpu& vcpu_;
    u64 base_;
};

void save_state(const CpuState& state, SaveArea& area) {
    for (usize i = 0; i < state.segments.size(); ++i) {
        area.put_segment(save::segments + 16 * i, state.segments[i]);
    }
    area.put_table(save::gdtr, state.gdtr);
    area.put_segment(save::ldtr, state.ldtr);
    area.put_table(save::idtr, state.idtr);
    area.put_segment(save::tr, state.tr);
    area.put(save::auto_halt_restart, 1, state.activity == Activity::Halted ? 1 : 0);
    area.put(save::cpl, 1, state.cpl);
    area.put(save::efer, 8, state.msr.efer);
    area.put(save::revision, 4, revision_id);
    area.put(save::smbase, 4, state.msr.smbase);
    area.put(save::cr4, 8, state.cr4);
    area.put(save::cr3, 8, state.cr3);
    area.put(save::cr0, 8, state.cr0);
    area.put(save::dr7, 8, state.dr7);
    area.put(save::dr6, 8, state.dr6);
    area.put(save::rflags, 8, state.rflags());
    area.put(save::rip, 8, state.rip);
    for (usize i = 0; i < 16; ++i) area.put(save::rax - 8 * i, 8, state.gpr[i]);
}

/// SDM 3C table 32-4.
void set_entry_state(CpuState& state) {
    const u64 smbase = state.msr.smbase;
    constexpr u16 data_attributes = 0x8093;
    for (Segment& each : state.segments) {
        each = {.attributes = data_attributes, .limit = 0xffff'ffff};
    }
    Segment& code = state.segment(SegReg::Cs);
    code.selector = static_cast<u16>(smbase >> 4);
    code.base = smbase;
    state.rip = save::entry_point;
    state.set_rflags(rflags::Fixed1);
    state.cr0 &= ~(cr0::PE | cr0::EM | cr0::TS | cr0::PG);
    state.cr4 = 0;
    state.msr.efer = 0;
    state.dr7 = dr7::PowerOn;
    state.cpl = 0;
    state.activity = Activity::Running;
    state.shadow = InterruptShadow::None;
}

void tell_board(const Vcpu& vcpu, bool entered) {
    if (vcpu.ports.pins) vcpu.ports.pins->smm_acknowledged(entered);
}

void shut_down(Vcpu& vcpu) {
    vcpu.state.activity = Activity::Shutdown;
    vcpu.attention |= attention::Events;
}

/// Combinations that RSM refuses (SDM 3C 32.4.2).
bool can_resume(const Vcpu& vcpu, u64 cr0, u64 cr4, u64 efer) {
    if ((cr0 & cr0::PG) && !(cr0 & cr0::PE)) return false;
    if ((cr0 & cr0::NW) && !(cr0 & cr0::CD)) return false;
    if (cr4 & ~cr4_allowed(vcpu.features)) return false;
    const bool long_mode = (cr0 & cr0::PG) && (efer & efer::LME);
    return !long_mode || (cr4 & cr4::PAE);
}

void restore_registers(CpuState& state, const SaveArea& area) {
    for (usize i = 0; i < 16; ++i) state.gpr[i] = area.get(save::rax - 8 * i, 8);
    state.rip = area.get(save::rip, 8);
    state.set_rflags(area.get(save::rflags, 8));
    state.dr6 = (area.get(save::dr6, 8) & 0xe00f) | dr6::PowerOn;
    state.dr7 = (area.get(save::dr7, 8) & 0xffff'23ff) | dr7::PowerOn;
    for (usize i = 0; i < state.segments.size(); ++i) {
        state.segments[i] = area.get_segment(save::segments + 16 * i);
    }
    state.gdtr = area.get_table(save::gdtr);
    state.ldtr = area.get_segment(save::ldtr);
    state.idtr = area.get_table(save::idtr);
    state.tr = area.get_segment(save::tr);
    state.cpl = area.get(save::cpl, 1) & 3;
    if ((area.get(save::revision, 4) & 0x2'0000) != 0) {
        state.msr.smbase = area.get(save::smbase, 4);
    }
}

}  // namespace

void enter_smm(Vcpu& vcpu) {
    CpuState& state = vcpu.state;
    trace_signal(vcpu, Signal::Smi);
    // First, so that SMRAM is there to save into.
    tell_board(vcpu, true);
    SaveArea area(vcpu, state.msr.smbase);
    save_state(state, area);
    state.smm = true;
    state.events.nmi_was_blocked = state.events.nmi_blocked;
    state.events.nmi_blocked = true;
    set_entry_state(state);
    flush_translations(vcpu);
}

void leave_smm(Vcpu& vcpu) {
    CpuState& state = vcpu.state;
    const SaveArea area(vcpu, state.msr.smbase);
    const u64 cr0 = (area.get(save::cr0, 8) & cr0::Defined) | cr0::ET;
    const u64 cr4 = area.get(save::cr4, 8);
    const u64 efer = area.get(save::efer, 8) & (efer::SCE | efer::LME | efer::LMA | efer::NXE);
    const u64 cr3 = area.get(save::cr3, 8);
    if (!can_resume(vcpu, cr0, cr4, efer)) return shut_down(vcpu);
    const bool halted = (area.get(save::auto_halt_restart, 1) & 1) != 0;
    restore_registers(state, area);
    state.cr0 = cr0;
    state.cr4 = cr4;
    state.cr3 = cr3;
    state.msr.efer = efer;
    state.smm = false;
    state.events.nmi_blocked = state.events.nmi_was_blocked;
    state.activity = halted ? Activity::Halted : Activity::Running;
    flush_translations(vcpu);
    vcpu.attention |= attention::Events;
    if (pae_paging(cr0, cr4, efer) && !load_pdptes(vcpu, cr3)) shut_down(vcpu);
    tell_board(vcpu, false);
    trace_smm_left(vcpu);
}

}  // namespace cpu
