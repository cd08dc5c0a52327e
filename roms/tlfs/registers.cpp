// SPDX-License-Identifier: BSD-2-Clause
//
// Every synthetic MSR (TLFS 19, Appendix C): there if its feature is shown, else #GP; who may read
// and write it; what it holds at first. What writing one does is other groups' matter.
#include "roms/tlfs/checks.hpp"
#include "roms/tlfs/groups.hpp"

using tlfs::Feature;
namespace msr = tlfs::msr;

namespace groups {

namespace {

enum class Access : u8 { Full, ReadOnly, WriteOnly, WriteReadsZero };

constexpr u64 unknown = ~u64{0};

struct Row {
    const char* name;
    u32 number;
    Feature feature;
    Access access;
    u64 initial;  // On a processor that was just started; `unknown`: not fixed.
    u64 legal;    // A value that may be written and is read back.
    const char* section;
};

// SINTs and timers have rows of their own below.
constexpr Row rows[] = {
    {"GUEST_OS_ID", msr::GuestOsId, Feature::HypercallMsrs, Access::Full, unknown,
     tlfs::guest_os_id, "2.6"},
    {"HYPERCALL", msr::Hypercall, Feature::HypercallMsrs, Access::Full, unknown, 0, "3.13"},
    {"VP_INDEX", msr::VpIndex, Feature::VpIndex, Access::ReadOnly, unknown, 0, "7.2"},
    {"VP_RUNTIME", msr::VpRuntime, Feature::VpRuntime, Access::ReadOnly, unknown, 0, "14.3"},
    {"TIME_REF_COUNT", msr::TimeRefCount, Feature::ReferenceCounter, Access::ReadOnly, unknown, 0,
     "12.4"},
    {"REFERENCE_TSC", msr::ReferenceTsc, Feature::ReferenceTsc, Access::Full, 0, 0x123000,
     "12.7.1"},
    {"TSC_FREQUENCY", msr::TscFrequency, Feature::Frequencies, Access::ReadOnly, unknown, 0, "19"},
    {"APIC_FREQUENCY", msr::ApicFrequency, Feature::Frequencies, Access::ReadOnly, unknown, 0,
     "19"},
    {"NPIEP_CONFIG", msr::NpiepConfig, Feature::Npiep, Access::Full, 0, 0xf, "8.12"},
    {"EOI", msr::Eoi, Feature::InterruptControl, Access::WriteOnly, unknown, 0, "10.2.3.1"},
    {"ICR", msr::Icr, Feature::InterruptControl, Access::Full, unknown, unknown, "10.2.3.2"},
    {"TPR", msr::Tpr, Feature::InterruptControl, Access::Full, 0, 0x20, "10.2.3.3"},
    {"VP_ASSIST_PAGE", msr::VpAssistPage, Feature::InterruptControl, Access::Full, 0, 0x123000,
     "7.8.7"},
    {"SCONTROL", msr::Scontrol, Feature::Synic, Access::Full, 0, 1, "11.8.1"},
    {"SVERSION", msr::Sversion, Feature::Synic, Access::ReadOnly, 1, 0, "11.8.2"},
    {"SIEFP", msr::Siefp, Feature::Synic, Access::Full, 0, 0x123000, "11.8.3"},
    {"SIMP", msr::Simp, Feature::Synic, Access::Full, 0, 0x123000, "11.8.4"},
    {"EOM", msr::Eom, Feature::Synic, Access::WriteReadsZero, 0, 0, "11.8.6"},
    {"CRASH_P0", msr::CrashP0, Feature::GuestCrash, Access::Full, 0, 0x0123456789abcdef, "4.3"},
    {"CRASH_P1", msr::CrashP0 + 1, Feature::GuestCrash, Access::Full, 0, 0x1123456789abcdef, "4.3"},
    {"CRASH_P2", msr::CrashP0 + 2, Feature::GuestCrash, Access::Full, 0, 0x2123456789abcdef, "4.3"},
    {"CRASH_P3", msr::CrashP0 + 3, Feature::GuestCrash, Access::Full, 0, 0x3123456789abcdef, "4.3"},
    {"CRASH_P4", msr::CrashP0 + 4, Feature::GuestCrash, Access::Full, 0, 0x4123456789abcdef, "4.3"},
    {"TIME_UNHALTED_TIMER_CONFIG", msr::TimeUnhaltedConfig, Feature::TimeUnhaltedTimer,
     Access::Full, 0, 0x50, "12.6"},
    {"TIME_UNHALTED_TIMER_COUNT", msr::TimeUnhaltedCount, Feature::TimeUnhaltedTimer, Access::Full,
     0, 10000000, "12.6"},
    {"REENLIGHTENMENT_CONTROL", msr::ReenlightenmentControl, Feature::Reenlightenment, Access::Full,
     0, 0x100f1, "16.6"},
    {"TSC_EMULATION_CONTROL", msr::TscEmulationControl, Feature::Reenlightenment, Access::Full, 0,
     1, "16.6"},
    {"TSC_EMULATION_STATUS", msr::TscEmulationStatus, Feature::Reenlightenment, Access::Full, 0, 0,
     "16.6"},
};

// Of these only that they are not there without their feature.
constexpr struct {
    const char* name;
    u32 number;
    Feature feature;
} others[] = {
    {"RESET", msr::Reset, Feature::Reset},
    {"GUEST_IDLE", msr::GuestIdle, Feature::GuestIdle},
    {"CRASH_CTL", msr::CrashCtl, Feature::GuestCrash},
    {"STATS_PARTITION_RETAIL", msr::StatsPartitionRetail, Feature::Stats},
    {"STATS_PARTITION_INTERNAL", msr::StatsPartitionRetail + 1, Feature::Stats},
    {"STATS_VP_RETAIL", msr::StatsPartitionRetail + 2, Feature::Stats},
    {"STATS_VP_INTERNAL", msr::StatsPartitionRetail + 3, Feature::Stats},
    {"SYNDBG_CONTROL", msr::DebugControl, Feature::DebugMsrs},
    {"SYNDBG_STATUS", msr::DebugControl + 1, Feature::DebugMsrs},
    {"SYNDBG_SEND_BUFFER", msr::DebugControl + 2, Feature::DebugMsrs},
    {"SYNDBG_RECV_BUFFER", msr::DebugControl + 3, Feature::DebugMsrs},
    {"SYNDBG_PENDING_BUFFER", msr::DebugControl + 4, Feature::DebugMsrs},
};

// In the range of the specification, but nothing it gives to a guest.
constexpr u32 nowhere[] = {0x40000004, 0x40000011, 0x40000024, 0x40000041, 0x40000050, 0x40000074,
                           0x40000085, 0x4000008f, 0x400000a0, 0x400000b8, 0x40000120, 0x40000200,
                           0x40001002, 0x40001080, 0x40001090, 0x4fffffff};

void check_absent(const char* name, u32 number, const char* section) {
    check::read_faults({"without its feature, read of", number, true}, number, section);
    check::write_faults({name, number, true}, number, 0, section);
}

void check_present(const Row& row) {
    if (row.access == Access::WriteOnly) {
        check::read_faults(row.name, row.number, row.section);
        check::writes(row.name, row.number, 0, row.section);
        return;
    }
    const guest::MsrRead before = guest::try_rdmsr(row.number);
    check::that({row.name, row.number, true}, !before.fault.raised, row.section);
    if (row.access == Access::WriteReadsZero) {
        check::writes(row.name, row.number, 0, row.section);
        check::reads(row.name, row.number, 0, row.section);
    }
    if (row.access == Access::ReadOnly) {
        if (row.initial != unknown) check::equal(row.name, before.value, row.initial, row.section);
        check::write_faults(row.name, row.number, 0, row.section);
    }
    if (row.access == Access::Full && row.legal != unknown) {
        check::holds(row.name, row.number, row.legal, row.section);
        guest::try_wrmsr(row.number, row.initial == unknown ? row.legal : row.initial);
    }
}

void check_sints() {
    for (u32 sint = 0; sint < 16; ++sint) {
        const u32 number = msr::Sint0 + sint;
        if (!tlfs::shows(Feature::Synic)) {
            check_absent("without its feature, write of SINT", number, "4.2.2");
            continue;
        }
        check::holds({"an unmasked vector in SINT", sint}, number, 0x20 + sint, "11.8.5");
        check::holds({"AutoEOI in SINT", sint}, number, tlfs::sint::AutoEoi | 0xff, "11.8.5");
        check::holds({"the least vector in SINT", sint}, number, 16, "11.8.5");
        check::write_faults({"vector 15 unmasked in SINT", sint}, number, 15, "11.8.5");
        check::write_faults({"vector 0 unmasked in SINT", sint}, number, 0, "11.8.5");
        check::reads({"a refused write leaves SINT", sint}, number, 16, "11.8.5");
        check::holds({"masked, as at first, SINT", sint}, number, tlfs::sint::Masked, "11.8.5");
    }
}

void check_timers() {
    for (u32 timer = 0; timer < 4; ++timer) {
        const u32 config = msr::Stimer0Config + 2 * timer;
        if (!tlfs::shows(Feature::SyntheticTimers)) {
            check_absent("without its feature, write of a timer's", config, "4.2.2");
            check_absent("without its feature, write of a timer's", config + 1, "4.2.2");
            continue;
        }
        check::holds({"CONFIG of timer", timer}, config,
                     tlfs::stimer::sint(3) | tlfs::stimer::Periodic, "12.5.1");
        check::holds({"COUNT of timer", timer}, config + 1, 0x123456789, "12.5.2");
        check::holds({"COUNT 0 of timer", timer}, config + 1, 0, "12.5.2");
        check::holds({"CONFIG 0 of timer", timer}, config, 0, "12.5.1");
    }
}

/// What another processor finds in its own registers after its start.
struct FirstSight {
    u64 values[sizeof rows / sizeof rows[0]];
    u64 sint, timer_config, timer_count, vp_index;
};

u64 read_or_unknown(u32 number) {
    const guest::MsrRead read = guest::try_rdmsr(number);
    return read.fault.raised ? unknown : read.value;
}

void look_around(void* argument) {
    FirstSight& sight = *static_cast<FirstSight*>(argument);
    u32 i = 0;
    for (const Row& row : rows) sight.values[i++] = read_or_unknown(row.number);
    sight.sint = read_or_unknown(msr::Sint0 + 15);
    sight.timer_config = read_or_unknown(msr::Stimer0Config + 6);
    sight.timer_count = read_or_unknown(msr::Stimer0Count + 6);
    sight.vp_index = read_or_unknown(msr::VpIndex);
}

void check_first_sight(u32 processor, u64& indices_seen) {
    FirstSight sight;
    guest::send_init(processor);
    guest::restart(processor);
    guest::run_on(processor, look_around, &sight);
    u32 i = 0;
    for (const Row& row : rows) {
        const u64 value = sight.values[i++];
        if (row.initial == unknown || row.access == Access::WriteOnly || !tlfs::shows(row.feature))
            continue;
        check::equal({row.name, processor}, value, row.initial, row.section);
    }
    if (tlfs::shows(Feature::Synic)) {
        check::equal({"SINT15 at first, processor", processor}, sight.sint, tlfs::sint::Masked,
                     "11.8.5");
    }
    if (tlfs::shows(Feature::SyntheticTimers)) {
        check::equal({"STIMER3_CONFIG at first, processor", processor}, sight.timer_config, 0,
                     "12.5.1");
        check::equal({"STIMER3_COUNT at first, processor", processor}, sight.timer_count, 0,
                     "12.5.2");
    }
    if (tlfs::shows(Feature::VpIndex) && sight.vp_index < 64) {
        check::that({"VP_INDEX is nobody else's, processor", processor},
                    (indices_seen >> sight.vp_index & 1) == 0, "7.2");
        indices_seen |= u64{1} << sight.vp_index;
    }
}

}  // namespace

void registers() {
    for (const Row& row : rows) {
        if (row.initial != unknown && row.access == Access::Full && tlfs::shows(row.feature)) {
            check::reads({"initial value of", row.number, true}, row.number, row.initial,
                         row.section);
        }
        if (tlfs::shows(row.feature)) {
            check_present(row);
        } else {
            check_absent(row.name, row.number, "4.2.2");
        }
    }
    for (const auto& other : others) {
        if (!tlfs::shows(other.feature)) check_absent(other.name, other.number, "4.2.2");
    }
    check_sints();
    check_timers();
    for (const u32 number : nowhere) {
        check::read_faults({"no such MSR, read of", number, true}, number, "19");
        check::write_faults({"no such MSR, write of", number, true}, number, 0, "19");
    }
    u64 indices_seen = 0;
    if (tlfs::shows(Feature::VpIndex)) {
        const u64 index = guest::try_rdmsr(msr::VpIndex).value;
        check::within("VP_INDEX here", index, 0, guest::processor_count() - 1, "7.2");
        indices_seen = u64{1} << (index & 63);
    }
    for (u32 i = 1; i < guest::processor_count(); ++i) check_first_sight(i, indices_seen);
}

}  // namespace groups
