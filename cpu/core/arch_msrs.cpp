// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/core/arch_msrs.hpp"

#include <utility>

#include "cpu/arch/paging.hpp"
#include "cpu/core/control_register_writes.hpp"
#include "cpu/core/models/cpu_model.hpp"
#include "cpu/core/msr_table.hpp"

namespace cpu {

namespace {

using Row = MsrEntry<Vcpu, Feature>;

constexpr u64 low_32 = 0xffff'ffff;

/// Rows of registers that keep whatever is written.
template <u64 MsrState::*Field>
u64 stored(const Vcpu& vcpu) {
    return vcpu.state.msr.*Field;
}
template <u64 MsrState::*Field>
MsrOutcome store(Vcpu& vcpu, u64 value) {
    vcpu.state.msr.*Field = value;
    return MsrOutcome::Done;
}
template <u64 MsrState::*Field>
MsrOutcome store_canonical(Vcpu& vcpu, u64 value) {
    if (!is_canonical(value)) return MsrOutcome::GeneralProtection;
    return store<Field>(vcpu, value);
}

template <SegReg Which>
u64 segment_base(const Vcpu& vcpu) {
    return vcpu.state.segment(Which).base;
}
template <SegReg Which>
MsrOutcome write_segment_base(Vcpu& vcpu, u64 value) {
    if (!is_canonical(value)) return MsrOutcome::GeneralProtection;
    vcpu.state.segment(Which).base = value;
    vcpu.attention |= attention::StateChanged;
    return MsrOutcome::Done;
}

u64 nothing(const Vcpu&) { return 0; }
MsrOutcome ignore(Vcpu&, u64) { return MsrOutcome::Done; }

u64 core_thread_count(const Vcpu& vcpu) {
    return u64{vcpu.topology.processors} << 16 | vcpu.topology.processors;
}

/// The highest and the lowest ratio of the TSC to 100 MHz are the same.
u64 platform_info(const Vcpu& vcpu) {
    const u64 ratio = vcpu.model.tsc_hz / 100'000'000;
    return ratio << 8 | ratio << 40;
}

/// SDM 3B 18.17.3: both show by how much software has moved the counter.
void move_tsc(Vcpu& vcpu, u64 by) {
    vcpu.state.msr.tsc_offset += by;
    vcpu.state.msr.tsc_adjust += by;
    if (vcpu.ports.interrupts) vcpu.ports.interrupts->tsc_moved();
}
MsrOutcome write_tsc(Vcpu& vcpu, u64 value) {
    move_tsc(vcpu, value - read_tsc(vcpu));
    return MsrOutcome::Done;
}
MsrOutcome write_tsc_adjust(Vcpu& vcpu, u64 value) {
    move_tsc(vcpu, value - vcpu.state.msr.tsc_adjust);
    return MsrOutcome::Done;
}

bool within_physical(const Vcpu& vcpu, u64 address) {
    return (address >> vcpu.model.physical_address_bits) == 0;
}

/// SDM 3A 10.4.4 and figure 10-27: x2APIC mode is entered from the enabled APIC, and left by
/// disabling it.
MsrOutcome write_apic_base(Vcpu& vcpu, u64 value) {
    using namespace apic_base;
    const u64 known = Bsp | Enabled | (vcpu.has(Feature::X2apic) ? Extended : 0) | ~page_mask;
    if ((value & ~known) || !within_physical(vcpu, value)) return MsrOutcome::GeneralProtection;
    const u64 now = vcpu.state.msr.apic_base & (Extended | Enabled);
    const u64 next = value & (Extended | Enabled);
    const bool illegal = next == Extended || (now == (Extended | Enabled) && next == Enabled) ||
                         (now == 0 && next == (Extended | Enabled));
    if (illegal) return MsrOutcome::GeneralProtection;
    const u64 before = std::exchange(vcpu.state.msr.apic_base, value);
    vcpu.first_level.flush();  // The APIC's page lies elsewhere.
    if (vcpu.ports.interrupts) vcpu.ports.interrupts->apic_base_written(before);
    vcpu.attention |= attention::StateChanged | attention::Events;
    return MsrOutcome::Done;
}

/// IA32_MISC_ENABLE: fast strings, SpeedStep, MONITOR, CPUID limit, xTPR, XD disable, turbo
/// disable. The rest is read-only: writing it back as it was read is no error.
constexpr u64 misc_enable_writable =
    1 | 1 << 16 | 1 << 18 | 1 << 22 | 1 << 23 | u64{1} << 34 | u64{1} << 38;
constexpr u64 misc_enable_read_only = 1 << 11 | 1 << 12;

MsrOutcome write_misc_enable(Vcpu& vcpu, u64 value) {
    vcpu.state.msr.misc_enable = (value & misc_enable_writable) | misc_enable_read_only;
    vcpu.attention |= attention::StateChanged;
    return MsrOutcome::Done;
}

// ---- memory types (SDM 3A 12.11, 12.12): checked and kept, without effect ----

bool is_mtrr_type(u64 type) { return type <= 6 && type != 2 && type != 3; }
bool is_pat_type(u64 type) { return is_mtrr_type(type) || type == 7; }

template <bool (*IsType)(u64)>
bool all_bytes_are_types(u64 value) {
    for (unsigned shift = 0; shift < 64; shift += 8) {
        if (!IsType((value >> shift) & 0xff)) return false;
    }
    return true;
}

MsrOutcome write_pat(Vcpu& vcpu, u64 value) {
    if (!all_bytes_are_types<is_pat_type>(value)) return MsrOutcome::GeneralProtection;
    return store<&MsrState::pat>(vcpu, value);
}

MsrOutcome write_mtrr_default_type(Vcpu& vcpu, u64 value) {
    if (!is_mtrr_type(value & 0xff)) return MsrOutcome::GeneralProtection;
    return store<&MsrState::mtrr_default_type>(vcpu, value);
}

constexpr u64 mtrr_mask_valid = 1 << 11;

template <usize Which>
u64 read_mtrr_variable(const Vcpu& vcpu) {
    return vcpu.state.msr.mtrr_variable[Which];
}
template <usize Which>
MsrOutcome write_mtrr_base(Vcpu& vcpu, u64 value) {
    if (!within_physical(vcpu, value) || !is_mtrr_type(value & 0xff)) {
        return MsrOutcome::GeneralProtection;
    }
    vcpu.state.msr.mtrr_variable[Which] = value;
    return MsrOutcome::Done;
}
template <usize Which>
MsrOutcome write_mtrr_mask(Vcpu& vcpu, u64 value) {
    if (!within_physical(vcpu, value)) return MsrOutcome::GeneralProtection;
    vcpu.state.msr.mtrr_variable[Which] = value;
    return MsrOutcome::Done;
}
template <usize Number>
constexpr Row mtrr_base(std::string_view name) {
    return {.index = 0x200 + 2 * Number,
            .name = name,
            .needs = Feature::Mtrr,
            .allowed = ~page_mask | 0xff,
            .read = read_mtrr_variable<2 * Number>,
            .write = write_mtrr_base<2 * Number>};
}
template <usize Number>
constexpr Row mtrr_mask(std::string_view name) {
    return {.index = 0x201 + 2 * Number,
            .name = name,
            .needs = Feature::Mtrr,
            .allowed = ~page_mask | mtrr_mask_valid,
            .read = read_mtrr_variable<2 * Number + 1>,
            .write = write_mtrr_mask<2 * Number + 1>};
}

template <usize Which>
u64 read_mtrr_fixed(const Vcpu& vcpu) {
    return vcpu.state.msr.mtrr_fixed[Which];
}
template <usize Which>
MsrOutcome write_mtrr_fixed(Vcpu& vcpu, u64 value) {
    if (!all_bytes_are_types<is_mtrr_type>(value)) return MsrOutcome::GeneralProtection;
    vcpu.state.msr.mtrr_fixed[Which] = value;
    return MsrOutcome::Done;
}
template <usize Which>
constexpr Row mtrr_fixed(u32 index, std::string_view name) {
    return {.index = index,
            .name = name,
            .needs = Feature::Mtrr,
            .read = read_mtrr_fixed<Which>,
            .write = write_mtrr_fixed<Which>};
}

// ---- machine check (SDM 3B 16.3): nothing ever fails ----

constexpr u64 machine_check_banks = 4;

template <usize Which>
u64 read_machine_check(const Vcpu& vcpu) {
    return vcpu.state.msr.machine_check[Which];
}
template <usize Which>
MsrOutcome write_machine_check(Vcpu& vcpu, u64 value) {
    vcpu.state.msr.machine_check[Which] = value;
    return MsrOutcome::Done;
}
/// CTL keeps what is written; STATUS, ADDR and MISC can only be cleared.
template <usize Which>
constexpr Row machine_check(std::string_view name) {
    return {.index = 0x400 + Which,
            .name = name,
            .needs = Feature::Mca,
            .allowed = Which % 4 == 0 ? ~u64{0} : u64{0},
            .read = read_machine_check<Which>,
            .write = write_machine_check<Which>};
}

// ---- speculation: the processor has no such flaws, see the model ----

/// RDCL_NO IBRS_ALL SKIP_L1DFL_VMENTRY SSB_NO MDS_NO PSCHANGE_MC_NO TAA_NO SBDR_SSDP_NO FBSDP_NO
/// PSDP_NO BHI_NO PBRSB_NO GDS_NO RFDS_NO ITS_NO.
constexpr u64 arch_capabilities = u64{1} << 0 | u64{1} << 1 | u64{1} << 3 | u64{1} << 4 |
                                  u64{1} << 5 | u64{1} << 6 | u64{1} << 8 | u64{1} << 13 |
                                  u64{1} << 14 | u64{1} << 15 | u64{1} << 20 | u64{1} << 24 |
                                  u64{1} << 26 | u64{1} << 27 | u64{1} << 62;

constexpr Row architectural_msrs[] = {
    {.index = 0x10,
     .name = "IA32_TIME_STAMP_COUNTER",
     .needs = Feature::Tsc,
     .read = read_tsc,
     .write = write_tsc},
    {.index = 0x1b,
     .name = "IA32_APIC_BASE",
     .needs = Feature::Apic,
     .read = stored<&MsrState::apic_base>,
     .write = write_apic_base},
    // Locked, with VMX and SGX off.
    {.index = 0x3a, .name = "IA32_FEATURE_CONTROL", .read = [](const Vcpu&) { return u64{1}; }},
    {.index = 0x35, .name = "MSR_CORE_THREAD_COUNT", .read = core_thread_count},
    {.index = 0x3b,
     .name = "IA32_TSC_ADJUST",
     .needs = Feature::TscAdjust,
     .read = stored<&MsrState::tsc_adjust>,
     .write = write_tsc_adjust},
    // IBRS and STIBP.
    {.index = 0x48,
     .name = "IA32_SPEC_CTRL",
     .needs = Feature::SpecCtrl,
     .allowed = 3,
     .read = stored<&MsrState::spec_control>,
     .write = store<&MsrState::spec_control>},
    {.index = 0x49,
     .name = "IA32_PRED_CMD",
     .needs = Feature::SpecCtrl,
     .allowed = 1,
     .write = ignore},
    // No update is ever loaded.
    {.index = 0x79, .name = "IA32_BIOS_UPDT_TRIG", .write = ignore},
    // CPUID leaf 1 puts the revision here (SDM 3A 10.11.7.1).
    {.index = 0x8b,
     .name = "IA32_BIOS_SIGN_ID",
     .read = stored<&MsrState::bios_signature>,
     .write = store<&MsrState::bios_signature>},
    {.index = 0xce, .name = "MSR_PLATFORM_INFO", .read = platform_info},
    // Eight variable ranges, the fixed ones, write-combining.
    {.index = 0xfe,
     .name = "IA32_MTRRCAP",
     .needs = Feature::Mtrr,
     .read = [](const Vcpu&) { return u64{0x508}; }},
    {.index = 0x10a,
     .name = "IA32_ARCH_CAPABILITIES",
     .needs = Feature::ArchCapabilities,
     .read = [](const Vcpu&) { return arch_capabilities; }},
    // No CPUID faulting.
    {.index = 0x140,
     .name = "MSR_MISC_FEATURES_ENABLES",
     .allowed = 0,
     .read = nothing,
     .write = ignore},
    {.index = 0x174,
     .name = "IA32_SYSENTER_CS",
     .needs = Feature::Sep,
     .allowed = low_32,
     .read = stored<&MsrState::sysenter_cs>,
     .write = store<&MsrState::sysenter_cs>},
    {.index = 0x175,
     .name = "IA32_SYSENTER_ESP",
     .needs = Feature::Sep,
     .read = stored<&MsrState::sysenter_esp>,
     .write = store_canonical<&MsrState::sysenter_esp>},
    {.index = 0x176,
     .name = "IA32_SYSENTER_EIP",
     .needs = Feature::Sep,
     .read = stored<&MsrState::sysenter_eip>,
     .write = store_canonical<&MsrState::sysenter_eip>},
    {.index = 0x179,
     .name = "IA32_MCG_CAP",
     .needs = Feature::Mca,
     .read = [](const Vcpu&) { return machine_check_banks; }},
    {.index = 0x17a,
     .name = "IA32_MCG_STATUS",
     .needs = Feature::Mca,
     .allowed = 7,
     .read = stored<&MsrState::mcg_status>,
     .write = store<&MsrState::mcg_status>},
    {.index = 0x1a0,
     .name = "IA32_MISC_ENABLE",
     .allowed = misc_enable_writable | misc_enable_read_only,
     .read = stored<&MsrState::misc_enable>,
     .write = write_misc_enable},
    {.index = 0x1d9,
     .name = "IA32_DEBUGCTL",
     .allowed = debugctl::LBR | debugctl::BTF,
     .read = stored<&MsrState::debug_control>,
     .write = store<&MsrState::debug_control>},
    {.index = 0x1db, .name = "MSR_LASTBRANCHFROMIP", .read = nothing},
    {.index = 0x1dc, .name = "MSR_LASTBRANCHTOIP", .read = nothing},
    {.index = 0x1dd, .name = "MSR_LASTINTFROMIP", .read = nothing},
    {.index = 0x1de, .name = "MSR_LASTINTTOIP", .read = nothing},
    mtrr_base<0>("IA32_MTRR_PHYSBASE0"),
    mtrr_mask<0>("IA32_MTRR_PHYSMASK0"),
    mtrr_base<1>("IA32_MTRR_PHYSBASE1"),
    mtrr_mask<1>("IA32_MTRR_PHYSMASK1"),
    mtrr_base<2>("IA32_MTRR_PHYSBASE2"),
    mtrr_mask<2>("IA32_MTRR_PHYSMASK2"),
    mtrr_base<3>("IA32_MTRR_PHYSBASE3"),
    mtrr_mask<3>("IA32_MTRR_PHYSMASK3"),
    mtrr_base<4>("IA32_MTRR_PHYSBASE4"),
    mtrr_mask<4>("IA32_MTRR_PHYSMASK4"),
    mtrr_base<5>("IA32_MTRR_PHYSBASE5"),
    mtrr_mask<5>("IA32_MTRR_PHYSMASK5"),
    mtrr_base<6>("IA32_MTRR_PHYSBASE6"),
    mtrr_mask<6>("IA32_MTRR_PHYSMASK6"),
    mtrr_base<7>("IA32_MTRR_PHYSBASE7"),
    mtrr_mask<7>("IA32_MTRR_PHYSMASK7"),
    mtrr_fixed<0>(0x250, "IA32_MTRR_FIX64K_00000"),
    mtrr_fixed<1>(0x258, "IA32_MTRR_FIX16K_80000"),
    mtrr_fixed<2>(0x259, "IA32_MTRR_FIX16K_A0000"),
    mtrr_fixed<3>(0x268, "IA32_MTRR_FIX4K_C0000"),
    mtrr_fixed<4>(0x269, "IA32_MTRR_FIX4K_C8000"),
    mtrr_fixed<5>(0x26a, "IA32_MTRR_FIX4K_D0000"),
    mtrr_fixed<6>(0x26b, "IA32_MTRR_FIX4K_D8000"),
    mtrr_fixed<7>(0x26c, "IA32_MTRR_FIX4K_E0000"),
    mtrr_fixed<8>(0x26d, "IA32_MTRR_FIX4K_E8000"),
    mtrr_fixed<9>(0x26e, "IA32_MTRR_FIX4K_F0000"),
    mtrr_fixed<10>(0x26f, "IA32_MTRR_FIX4K_F8000"),
    {.index = 0x277,
     .name = "IA32_PAT",
     .needs = Feature::Pat,
     .read = stored<&MsrState::pat>,
     .write = write_pat},
    {.index = 0x2ff,
     .name = "IA32_MTRR_DEF_TYPE",
     .needs = Feature::Mtrr,
     .allowed = 0xcff,
     .read = stored<&MsrState::mtrr_default_type>,
     .write = write_mtrr_default_type},
    machine_check<0>("IA32_MC0_CTL"),
    machine_check<1>("IA32_MC0_STATUS"),
    machine_check<2>("IA32_MC0_ADDR"),
    machine_check<3>("IA32_MC0_MISC"),
    machine_check<4>("IA32_MC1_CTL"),
    machine_check<5>("IA32_MC1_STATUS"),
    machine_check<6>("IA32_MC1_ADDR"),
    machine_check<7>("IA32_MC1_MISC"),
    machine_check<8>("IA32_MC2_CTL"),
    machine_check<9>("IA32_MC2_STATUS"),
    machine_check<10>("IA32_MC2_ADDR"),
    machine_check<11>("IA32_MC2_MISC"),
    machine_check<12>("IA32_MC3_CTL"),
    machine_check<13>("IA32_MC3_STATUS"),
    machine_check<14>("IA32_MC3_ADDR"),
    machine_check<15>("IA32_MC3_MISC"),
    {.index = 0xc000'0080,
     .name = "IA32_EFER",
     .needs = Feature::LongMode,
     .read = stored<&MsrState::efer>,
     .write = write_efer},
    {.index = 0xc000'0081,
     .name = "IA32_STAR",
     .needs = Feature::Syscall,
     .read = stored<&MsrState::star>,
     .write = store<&MsrState::star>},
    {.index = 0xc000'0082,
     .name = "IA32_LSTAR",
     .needs = Feature::LongMode,
     .read = stored<&MsrState::lstar>,
     .write = store_canonical<&MsrState::lstar>},
    {.index = 0xc000'0083,
     .name = "IA32_CSTAR",
     .needs = Feature::LongMode,
     .read = stored<&MsrState::cstar>,
     .write = store_canonical<&MsrState::cstar>},
    {.index = 0xc000'0084,
     .name = "IA32_FMASK",
     .needs = Feature::Syscall,
     .allowed = low_32,
     .read = stored<&MsrState::sfmask>,
     .write = store<&MsrState::sfmask>},
    {.index = 0xc000'0100,
     .name = "IA32_FS_BASE",
     .needs = Feature::LongMode,
     .read = segment_base<SegReg::Fs>,
     .write = write_segment_base<SegReg::Fs>},
    {.index = 0xc000'0101,
     .name = "IA32_GS_BASE",
     .needs = Feature::LongMode,
     .read = segment_base<SegReg::Gs>,
     .write = write_segment_base<SegReg::Gs>},
    {.index = 0xc000'0102,
     .name = "IA32_KERNEL_GS_BASE",
     .needs = Feature::LongMode,
     .read = stored<&MsrState::kernel_gs_base>,
     .write = store_canonical<&MsrState::kernel_gs_base>},
    {.index = 0xc000'0103,
     .name = "IA32_TSC_AUX",
     .needs = Feature::Rdtscp,
     .allowed = low_32,
     .read = stored<&MsrState::tsc_aux>,
     .write = store<&MsrState::tsc_aux>},
};

/// What the model lists.
class PlainMsrBank final : public MsrBank {
public:
    explicit PlainMsrBank(std::span<const PlainMsr> rows) : rows_(rows) {}

    bool contains(u32 index) const override { return find(index) != nullptr; }
    std::optional<u64> read(u32 index) const override {
        const PlainMsr* row = find(index);
        if (!row) return std::nullopt;
        return row->value;
    }
    MsrOutcome write(u32 index, u64) override {
        const PlainMsr* row = find(index);
        const bool ignored = row && row->write == PlainMsr::Write::Ignored;
        return ignored ? MsrOutcome::Done : MsrOutcome::GeneralProtection;
    }
    std::string_view name(u32 index) const override {
        const PlainMsr* row = find(index);
        return row ? row->name : std::string_view{};
    }
    std::vector<u32> indices() const override {
        std::vector<u32> all;
        for (const PlainMsr& row : rows_) all.push_back(row.index);
        return all;
    }

private:
    const PlainMsr* find(u32 index) const {
        for (const PlainMsr& row : rows_) {
            if (row.index == index) return &row;
        }
        return nullptr;
    }

    std::span<const PlainMsr> rows_;
};

}  // namespace

void add_architectural_msrs(Vcpu& vcpu) {
    vcpu.msrs.add(std::make_unique<TableMsrBank<Vcpu, Feature>>(vcpu, architectural_msrs));
    vcpu.msrs.add(std::make_unique<PlainMsrBank>(vcpu.model.plain_msrs));
}

}  // namespace cpu
