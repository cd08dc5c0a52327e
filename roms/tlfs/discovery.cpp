// SPDX-License-Identifier: BSD-2-Clause
//
// CPUID's leaves (TLFS 2) and what they say of each other; what they promise is tried by the other
// groups. "HV#1" is the paper of what a hypervisor that is not Microsoft's has to have.
#include "roms/tlfs/checks.hpp"
#include "roms/tlfs/groups.hpp"

using tlfs::Advice;
using tlfs::Feature;

namespace groups {

namespace {

constexpr u32 first_leaf = 0x40000000;
constexpr u32 leaves_kept = 16;

struct Leaves {
    struct cpuid_result leaf[leaves_kept];
};

void read_leaves(void* leaves) {
    for (u32 i = 0; i < leaves_kept; ++i) {
        static_cast<Leaves*>(leaves)->leaf[i] = cpuid(first_leaf + i, 0);
    }
}

bool same(const Leaves& left, const Leaves& right, u32 count) {
    for (u32 i = 0; i < count; ++i) {
        const struct cpuid_result &a = left.leaf[i], &b = right.leaf[i];
        if (a.eax != b.eax || a.ebx != b.ebx || a.ecx != b.ecx || a.edx != b.edx) return false;
    }
    return true;
}

void identity() {
    const struct cpuid_result range = cpuid(first_leaf, 0);
    check::within("the last leaf", range.eax, 0x40000005, 0x400000ff, "2.4.1");
    check::equal("vendor, EBX", range.ebx, 0x7263694d, "2.4.1");
    check::equal("vendor, ECX", range.ecx, 0x666f736f, "2.4.1");
    check::equal("vendor, EDX", range.edx, 0x76482074, "2.4.1");
    const struct cpuid_result interface = cpuid(first_leaf + 1, 0);
    check::equal("the interface is Hv#1", interface.eax, 0x31237648, "2.4.2");
    check::equal("the interface's reserved registers",
                 interface.ebx | interface.ecx | interface.edx, 0, "2.4.2");
}

void features() {
    const struct cpuid_result leaf = cpuid(first_leaf + 3, 0);
    // Bits 12, 14 and from 16 on have no meaning that a guest could be given.
    check::equal("reserved privileges, EAX", leaf.eax & 0xffff5000, 0, "4.2.2");
    check::equal("reserved privileges, EBX", leaf.ebx & 0xffc0c608, 0, "4.2.2");
    check::that("the hypercall MSRs are there", tlfs::shows(Feature::HypercallMsrs), "HV#1");
    check::that("the VP index is there", tlfs::shows(Feature::VpIndex), "HV#1");
    check::equal("what only a root partition has, EBX", leaf.ebx & 0x314f, 0, "HV#1");
    check::equal("frequency MSRs: privilege and support agree", tlfs::shows(Feature::Frequencies),
                 tlfs::shows(Feature::FrequenciesShown), "2.4.4");
    if (tlfs::shows(Feature::ReferenceTsc)) {
        check::that("the reference TSC comes with the reference counter",
                    tlfs::shows(Feature::ReferenceCounter), "HV#1");
    }
    if (tlfs::shows(Feature::DirectTimers) || tlfs::shows(Feature::TimeUnhaltedTimer)) {
        check::that("kinds of timers come with timers", tlfs::shows(Feature::SyntheticTimers),
                    "12.2");
    }
    if (tlfs::shows(Feature::SyntheticTimers) && !tlfs::shows(Feature::DirectTimers)) {
        check::that("timers that send messages come with a SynIC", tlfs::shows(Feature::Synic),
                    "12.1");
    }
    if (tlfs::shows(Feature::SintPolling)) {
        check::that("polling comes with a SynIC", tlfs::shows(Feature::Synic), "11.8.6");
    }
}

void advice() {
    const struct cpuid_result leaf = cpuid(first_leaf + 4, 0);
    check::equal("reserved advice, EAX", leaf.eax & 0xfff10100, 0, "2.4.5");
    check::equal("reserved advice, EDX", leaf.edx, 0, "2.4.5");
    const u64 width = leaf.ecx & 0x7f;
    check::equal("physical address bits, or nothing", width,
                 width == 0 ? 0 : guest::physical_address_bits(), "2.4.5");
    if (tlfs::advises(Advice::ApicMsrs)) {
        check::that("advised APIC MSRs are there", tlfs::shows(Feature::InterruptControl), "2.4.5");
    }
    if (tlfs::advises(Advice::ResetMsr)) {
        check::that("the advised reset MSR is there", tlfs::shows(Feature::Reset), "2.4.5");
    }
    const u64 limit = cpuid(first_leaf + 5, 0).eax;
    if (limit == 0xffffffff) {
        check::that("no flushes by a mask of 64 where there may be more processors",
                    !tlfs::advises(Advice::LocalFlush) && !tlfs::advises(Advice::RemoteFlush),
                    "HV#1");
    }
    check::that("there are no more processors than the limit",
                limit == 0 || guest::processor_count() <= limit, "2.4.6");
}

}  // namespace

void discovery() {
    check::that("CPUID has a leaf 1", cpuid(0, 0).eax >= 1, "2.2");
    if (without_hypervisor()) return;
    identity();
    features();
    advice();
    check::equal("reserved hardware features", cpuid(first_leaf + 6, 0).eax & 0xfe000000, 0,
                 "2.4.7");

    Leaves here, there;
    read_leaves(&here);
    const u32 last = here.leaf[0].eax - first_leaf + 1;
    const u32 count = last < leaves_kept ? last : leaves_kept;
    for (u32 i = 1; i < guest::processor_count(); ++i) {
        guest::run_on(i, read_leaves, &there);
        check::that({"the leaves are the same on processor", i}, same(here, there, count), "HV#1");
    }
    guest::try_wrmsr(tlfs::msr::GuestOsId, tlfs::guest_os_id);
    read_leaves(&there);
    check::that("the leaves stay as they are", same(here, there, count), "HV#1");
}

}  // namespace groups
