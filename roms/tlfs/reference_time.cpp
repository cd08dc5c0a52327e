// SPDX-License-Identifier: BSD-2-Clause
//
// The reference counter, the reference TSC page and the frequencies (TLFS 12.4, 12.7): one time, in
// units of 100 ns, by whatever way it is read.
#include "roms/tlfs/reference_time.hpp"

#include "roms/tlfs/checks.hpp"
#include "roms/tlfs/groups.hpp"

using tlfs::Feature;
namespace msr = tlfs::msr;

namespace reference {

alignas(4096) volatile tlfs::ReferenceTscPage page;

bool enable_page() {
    if (!tlfs::shows(Feature::ReferenceTsc) || !tlfs::shows(Feature::ReferenceCounter))
        return false;
    guest::try_wrmsr(msr::ReferenceTsc, guest::address_of(&page) | tlfs::page_enable);
    return page.sequence != 0;
}

u64 at_tsc(u64 tsc) {
    u64 low, high;
    __asm__("mul %3" : "=a"(low), "=d"(high) : "a"(tsc), "r"(page.scale));
    return high + static_cast<u64>(page.offset);
}

u64 counter() { return guest::rdmsr(msr::TimeRefCount); }

void wait(u64 ticks) {
    const u64 end = counter() + ticks;
    while (counter() < end) guest::pause();
}

}  // namespace reference

namespace groups {

namespace {

constexpr u64 one_second = 10'000'000;

void check_counter() {
    u64 last = reference::counter();
    bool forward = true;
    for (u32 i = 0; i < 1000; ++i) {
        const u64 now = reference::counter();
        forward = forward && now >= last;
        last = now;
    }
    check::that("the counter never goes back", forward, "12.1");
    const u64 before = reference::counter();
    const u64 tsc = guest::rdtsc();
    while (guest::rdtsc() < tsc + 1'000'000) guest::pause();
    check::that("the counter advances", reference::counter() > before, "12.1");
}

void check_page() {
    if (!reference::enable_page()) {
        check::that("the reference TSC page has a sequence", false, "12.7.3");
        return;
    }
    check::that("the sequence is a valid one", reference::page.sequence != 0xffffffff, "12.7.3");
    check::equal("reserved word", reference::page.reserved, 0, "12.7.3");
    bool clear = true;
    for (const volatile u64& word : reference::page.zero) clear = clear && word == 0;
    check::that("reserved rest of the page", clear, "12.7.3");
    bool between = true;
    for (u32 i = 0; i < 2000; ++i) {
        const u64 before = reference::counter();
        const u64 tsc = guest::rdtsc();
        const u64 after = reference::counter();
        const u64 time = reference::at_tsc(tsc);
        between = between && before <= time && time <= after;
    }
    check::that("the page's formula gives the counter's time", between, "12.7.3");
    const u64 sequence = reference::page.sequence;
    reference::wait(100'000);
    check::equal("the sequence stays without a reason to change", reference::page.sequence,
                 sequence, "12.7.3");
}

void check_frequencies() {
    const u64 tsc_hz = guest::try_rdmsr(msr::TscFrequency).value;
    const u64 apic_hz = guest::try_rdmsr(msr::ApicFrequency).value;
    const u64 start = reference::counter(), start_tsc = guest::rdtsc();
    reference::wait(one_second / 100);
    const u64 ticks = reference::counter() - start, cycles = guest::rdtsc() - start_tsc;
    const u64 measured = cycles * one_second / ticks;
    check::within("TSC frequency, as the counter measures it", tsc_hz, measured - measured / 1000,
                  measured + measured / 1000, "19");
    using namespace guest;
    apic::at(apic::Divide) = 0xb;  // By 1
    apic::at(apic::LvtTimer) = 0x10000;
    const u64 begin = reference::counter();
    apic::at(apic::InitialCount) = 0xffffffff;
    reference::wait(one_second / 100);
    const u64 counted = 0xffffffff - apic::at(apic::CurrentCount);
    const u64 apic_measured = counted * one_second / (reference::counter() - begin);
    apic::at(apic::InitialCount) = 0;
    check::within("APIC frequency, as the counter measures it", apic_hz,
                  apic_measured - apic_measured / 1000, apic_measured + apic_measured / 1000, "19");
}

void check_scale() {
    if (!tlfs::shows(Feature::Frequencies) || reference::page.sequence == 0) return;
    const u64 tsc_hz = guest::try_rdmsr(msr::TscFrequency).value;
    u64 low, high;
    __asm__("mul %3" : "=a"(low), "=d"(high) : "a"(tsc_hz), "r"(reference::page.scale));
    check::within("a second's worth of TSC is a second", high, one_second - 1, one_second,
                  "12.7.3");
}

void check_run_time() {
    const u64 first = guest::try_rdmsr(msr::VpRuntime).value;
    const u64 start = reference::counter();
    // Without PAUSE, in which a processor may be taken for idle.
    while (reference::counter() < start + 10'000) {
    }
    const u64 passed = reference::counter() - start;
    const u64 ran = guest::try_rdmsr(msr::VpRuntime).value - first;
    // With several processors on one host thread this one may have run for a part of the time only.
    check::within("run time of a processor that does not halt", ran,
                  passed / guest::processor_count() / 2, passed + 1, "14.3");
    check::that("run time is not more than there was", first <= start, "14.3");
}

void read_counter(void* result) { *static_cast<u64*>(result) = reference::counter(); }

void check_other_processors() {
    for (u32 i = 1; i < guest::processor_count(); ++i) {
        u64 there = 0;
        const u64 before = reference::counter();
        guest::run_on(i, read_counter, &there);
        check::within({"the counter is the partition's, processor", i}, there, before,
                      reference::counter(), "12.1");
    }
}

}  // namespace

void reference_time() {
    if (without_hypervisor()) return;
    if (!tlfs::shows(Feature::ReferenceCounter)) {
        check::skip("all", "no reference counter is shown");
        return;
    }
    check_counter();
    check_other_processors();
    if (tlfs::shows(Feature::ReferenceTsc)) {
        check_page();
        check_scale();
    }
    if (tlfs::shows(Feature::Frequencies)) check_frequencies();
    if (tlfs::shows(Feature::VpRuntime)) check_run_time();
}

}  // namespace groups
