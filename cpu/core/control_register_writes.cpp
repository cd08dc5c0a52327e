// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/core/control_register_writes.hpp"

#include <array>

#include "cpu/arch/paging.hpp"
#include "cpu/core/cpu_trace.hpp"
#include "cpu/core/models/cpu_model.hpp"
#include "cpu/mmu/access.hpp"
#include "cpu/mmu/translation_control.hpp"

namespace cpu {

namespace {

Step refuse(Vcpu& vcpu) { return vcpu.raise(Vector::GP, 0); }

u64 beyond_physical(const Vcpu& vcpu) {
    return ~((u64{1} << vcpu.model.physical_address_bits) - 1);
}

bool is_16_bit_tss(const Segment& tr) {
    const auto type = static_cast<SystemType>(tr.type());
    return type == SystemType::Tss16Available || type == SystemType::Tss16Busy;
}

/// SDM 3A 9.8.5: what must hold where paging begins under EFER.LME.
bool may_enter_long_mode(const Vcpu& vcpu) {
    return (vcpu.state.cr4 & cr4::PAE) && !vcpu.state.segment(SegReg::Cs).has(Segment::Long) &&
           !is_16_bit_tss(vcpu.state.tr);
}

bool may_leave_paging(const Vcpu& vcpu) {
    return vcpu.code_mode() != CodeMode::Bits64 && (vcpu.state.cr4 & cr4::PCIDE) == 0;
}

bool cr0_is_consistent(u64 value) {
    if ((value & cr0::PG) && !(value & cr0::PE)) return false;
    return !((value & cr0::NW) && !(value & cr0::CD));
}

/// Reloads the PDPTEs if PAE paging is in use after the write and one of `watched` changes.
bool reload_pdptes(Vcpu& vcpu, u64 changed, u64 watched, bool pae) {
    return !pae || (changed & watched) == 0 || load_pdptes(vcpu, vcpu.state.cr3);
}

void set_long_mode_active(CpuState& state, bool active) {
    state.msr.efer = active ? state.msr.efer | efer::LMA : state.msr.efer & ~efer::LMA;
}

struct FeatureOfCr4 {
    u64 bits;
    Feature feature;
};

constexpr FeatureOfCr4 cr4_bits[] = {
    {cr4::VME | cr4::PVI, Feature::Vme},
    {cr4::TSD, Feature::Tsc},
    {cr4::DE, Feature::Always},
    {cr4::PSE, Feature::Pse},
    {cr4::PAE, Feature::Pae},
    {cr4::MCE, Feature::Mce},
    {cr4::PGE, Feature::Pge},
    {cr4::PCE, Feature::Always},
    {cr4::OSFXSR, Feature::Fxsr},
    {cr4::OSXMMEXCPT, Feature::Sse},
    {cr4::UMIP, Feature::Umip},
    {cr4::FSGSBASE, Feature::Fsgsbase},
    {cr4::PCIDE, Feature::Pcid},
    {cr4::OSXSAVE, Feature::Xsave},
    {cr4::SMEP, Feature::Smep},
    {cr4::SMAP, Feature::Smap},
};

}  // namespace

bool pae_paging(u64 cr0, u64 cr4, u64 efer) {
    return (cr0 & cr0::PG) && (cr4 & cr4::PAE) && !(efer & efer::LME);
}

std::optional<std::array<u64, 4>> read_pdptes(Vcpu& vcpu, u64 cr3) {
    constexpr u64 reserved_low = 0x1e6;  // Bits 2:1 and 8:5.
    const u64 reserved = reserved_low | beyond_physical(vcpu);
    const u64 table = cr3 & 0xffff'ffe0;
    std::array<u64, 4> loaded;
    for (usize i = 0; i < loaded.size(); ++i) {
        loaded[i] = read_physical(vcpu, table + 8 * i, 8);
        if ((loaded[i] & pte::Present) && (loaded[i] & reserved)) return std::nullopt;
    }
    return loaded;
}

bool load_pdptes(Vcpu& vcpu, u64 cr3) {
    const auto loaded = read_pdptes(vcpu, cr3);
    if (loaded) vcpu.state.pdpte = *loaded;
    return loaded.has_value();
}

Step write_cr0(Vcpu& vcpu, u64 value) {
    CpuState& state = vcpu.state;
    if ((value >> 32) != 0) return refuse(vcpu);
    value = (value & cr0::Defined) | cr0::ET;
    const u64 changed = value ^ state.cr0;
    if (!cr0_is_consistent(value)) return refuse(vcpu);
    const bool paging_begins = (changed & value & cr0::PG) != 0;
    const bool paging_ends = (changed & ~value & cr0::PG) != 0;
    const bool into_long = paging_begins && (state.msr.efer & efer::LME);
    if (into_long && !may_enter_long_mode(vcpu)) return refuse(vcpu);
    if (paging_ends && !may_leave_paging(vcpu)) return refuse(vcpu);
    const bool pae = pae_paging(value, state.cr4, state.msr.efer);
    if (!reload_pdptes(vcpu, changed, cr0::CD | cr0::NW | cr0::PG, pae)) return refuse(vcpu);

    trace_control_write(vcpu, "CR0", value);
    if (paging_begins || paging_ends) set_long_mode_active(state, into_long);
    state.cr0 = value;
    if (changed & cr0::PG) {
        flush_translations(vcpu);
    } else if (changed & (cr0::WP | cr0::PE)) {
        switch_address_space(vcpu);
    }
    vcpu.attention |= attention::StateChanged;
    return Step::Next;
}

Step write_cr3(Vcpu& vcpu, u64 value) {
    CpuState& state = vcpu.state;
    const bool tagged = (state.cr4 & cr4::PCIDE) != 0;
    const bool keep = tagged && (value & cr3::NoFlush);
    if (tagged) value &= ~cr3::NoFlush;
    if (vcpu.long_mode()) {
        if (value & beyond_physical(vcpu)) return refuse(vcpu);
    } else {
        value &= 0xffff'ffff;
    }
    const bool pae = pae_paging(state.cr0, state.cr4, state.msr.efer);
    if (pae && !load_pdptes(vcpu, value)) return refuse(vcpu);

    trace_control_write(vcpu, "CR3", value);
    state.cr3 = value;
    if (keep) {
        switch_address_space(vcpu);
    } else {
        flush_address_space(vcpu, current_asid(vcpu));
    }
    return Step::Next;
}

u64 cr4_allowed(const FeatureSet& features) {
    u64 allowed = 0;
    for (const FeatureOfCr4& each : cr4_bits) {
        if (features.has(each.feature)) allowed |= each.bits;
    }
    return allowed;
}

Step write_cr4(Vcpu& vcpu, u64 value) {
    CpuState& state = vcpu.state;
    if (value & ~cr4_allowed(vcpu.features)) return refuse(vcpu);
    const u64 changed = value ^ state.cr4;
    const u64 begun = changed & value;
    if ((changed & ~value & cr4::PAE) && vcpu.long_mode()) return refuse(vcpu);
    if (begun & cr4::PCIDE) {
        if (!vcpu.long_mode() || (state.cr3 & cr3::PcidMask)) return refuse(vcpu);
    }
    const bool pae = pae_paging(state.cr0, value, state.msr.efer);
    const u64 reloading = cr4::PAE | cr4::PGE | cr4::PSE | cr4::SMEP;
    if (!reload_pdptes(vcpu, changed, reloading, pae)) return refuse(vcpu);

    trace_control_write(vcpu, "CR4", value);
    state.cr4 = value;
    if (changed & (cr4::PGE | cr4::PCIDE | cr4::PAE | cr4::PSE | cr4::SMEP)) {
        flush_translations(vcpu);
    } else if (changed & cr4::SMAP) {
        switch_address_space(vcpu);
    }
    vcpu.attention |= attention::StateChanged;
    return Step::Next;
}

Step write_cr8(Vcpu& vcpu, u64 value) {
    if (value > 15) return refuse(vcpu);
    trace_control_write(vcpu, "CR8", value);
    vcpu.state.cr8 = value;
    if (vcpu.ports.interrupts) vcpu.ports.interrupts->task_priority_written();
    vcpu.attention |= attention::Events;  // What was held back may now be taken.
    return Step::Next;
}

MsrOutcome write_efer(Vcpu& vcpu, u64 value) {
    constexpr u64 xd_disable = u64{1} << 34;  // Of IA32_MISC_ENABLE.
    CpuState& state = vcpu.state;
    u64 allowed = efer::LMA;
    if (vcpu.has(Feature::Syscall)) allowed |= efer::SCE;
    if (vcpu.has(Feature::LongMode)) allowed |= efer::LME;
    if (vcpu.has(Feature::Nx) && !(state.msr.misc_enable & xd_disable)) allowed |= efer::NXE;
    if (value & ~allowed) return MsrOutcome::GeneralProtection;
    // LMA follows CR0.PG; what is written to it does not count.
    value = (value & ~efer::LMA) | (state.msr.efer & efer::LMA);
    const u64 changed = value ^ state.msr.efer;
    if ((changed & efer::LME) && vcpu.paging()) return MsrOutcome::GeneralProtection;
    state.msr.efer = value;
    if (changed & efer::NXE) flush_translations(vcpu);
    vcpu.attention |= attention::StateChanged;
    return MsrOutcome::Done;
}

}  // namespace cpu
