// SPDX-License-Identifier: BSD-2-Clause
//
// The TLFS conformance guest: what the specification says a guest finds, checked from inside one.
// What CPUID shows must work; what it does not show must answer as the specification says. So the
// same image holds for every choice of features, and for bare hardware.
#include "roms/tlfs/checks.hpp"
#include "roms/tlfs/groups.hpp"
#include "roms/tlfs/hypercall.hpp"

namespace {

/// The ROM header's options: what the host has set up, so that its absence is not taken for a
/// choice.
constexpr u32 option_hypervisor = 1 << 0;
constexpr u32 option_bare = 1 << 1;

}  // namespace

namespace tlfs {

bool hypervisor_present() {
    constexpr u32 hv1 = 0x31237648;
    return (cpuid(1, 0).ecx >> 31 & 1) != 0 && cpuid(0x40000001, 0).eax == hv1;
}

bool shows(Feature feature) {
    if (!hypervisor_present()) return false;
    const struct cpuid_result leaf = cpuid(0x40000003, 0);
    const u32 registers[3] = {leaf.eax, leaf.ebx, leaf.edx};
    const u8 bit = static_cast<u8>(feature);
    return (registers[bit / 32] >> (bit % 32) & 1) != 0;
}

bool advises(Advice advice) {
    return hypervisor_present() && (cpuid(0x40000004, 0).eax >> static_cast<u8>(advice) & 1) != 0;
}

}  // namespace tlfs

namespace groups {

u64 seed = 1;

bool without_hypervisor() {
    if (tlfs::hypervisor_present()) return false;
    check::skip("all", "there is no hypervisor");
    return true;
}

bool without_hypercalls() {
    if (without_hypervisor()) return true;
    if (hypercall::establish()) return false;
    check::that("the hypercall page can be enabled", false, "3.13");
    return true;
}

namespace {

struct Group {
    const char* name;
    void (*run)();
};

constexpr Group all[] = {
#define TLFS_GROUP(name) {#name, name},
#include "roms/tlfs/groups.def"
#undef TLFS_GROUP
};

/// Back to where a group expects to begin, as far as this processor's registers go.
void settle() {
    using namespace tlfs;
    guest::forget_interrupts();
    guest::interrupts_off();
    for (u32 timer = 0; timer < 4 && shows(Feature::SyntheticTimers); ++timer) {
        guest::try_wrmsr(msr::Stimer0Config + 2 * timer, 0);
        guest::try_wrmsr(msr::Stimer0Count + 2 * timer, 0);
    }
    for (u32 sint = 0; sint < 16 && shows(Feature::Synic); ++sint) {
        guest::try_wrmsr(msr::Sint0 + sint, sint::Masked);
    }
    for (const u32 page : {msr::Scontrol, msr::Simp, msr::Siefp}) {
        if (shows(Feature::Synic)) guest::try_wrmsr(page, 0);
    }
    if (shows(Feature::InterruptControl)) guest::try_wrmsr(msr::VpAssistPage, 0);
    if (shows(Feature::ReferenceTsc)) guest::try_wrmsr(msr::ReferenceTsc, 0);
    guest::apic::at(guest::apic::LvtTimer) = 0x10000;
    guest::apic::at(guest::apic::Tpr) = 0;
}

}  // namespace

}  // namespace groups

void rom_main(const struct rom_header* header) {
    groups::seed = header->scale | 1;
    guest::start_processors();
    debug_print("processors ");
    debug_print_decimal(guest::processor_count());
    debug_print("\n");
    check::begin_group("presence");
    if ((header->options & option_hypervisor) != 0) {
        check::that("there is a hypervisor, its interface is Hv#1", tlfs::hypervisor_present(),
                    "2.2, 2.4.2");
    }
    if ((header->options & option_bare) != 0) {
        check::that("there is no hypervisor", (cpuid(1, 0).ecx >> 31 & 1) == 0, "2.2");
    }
    u64 bit = 1;
    for (const groups::Group& group : groups::all) {
        const bool chosen = groups::comes_from_reset() ? group.run == groups::reset
                                                       : (header->selection & bit) != 0;
        if (chosen) {
            check::begin_group(group.name);
            group.run();
            groups::settle();
        }
        bit <<= 1;
    }
    debug_print_decimal(check::passes());
    debug_print(" passed, ");
    debug_print_decimal(check::failures());
    debug_print(" failed\ndone\n");
    exit_machine(check::failures() == 0 ? 0 : 1);
}
