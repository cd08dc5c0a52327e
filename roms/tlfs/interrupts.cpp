// SPDX-License-Identifier: BSD-2-Clause
//
// The local APIC by MSRs (TLFS 10.2.3), and interrupts to oneself (HV#1).
#include "roms/tlfs/checks.hpp"
#include "roms/tlfs/groups.hpp"

using namespace guest;
namespace msr = tlfs::msr;

namespace groups {

namespace {

constexpr u8 vector = 0x61;
constexpr u64 long_enough = 10'000'000;

/// Where the instruction after the WRMSR was, in a write that is to interrupt.
u64 write_icr_and_note_next(u64 value) {
    u64 next;
    __asm__ volatile(
        "lea 1f(%%rip), %0\n"
        "wrmsr\n"
        "1: nop\n"
        : "=&r"(next)
        : "c"(u32{msr::Icr}), "a"(static_cast<u32>(value)), "d"(static_cast<u32>(value >> 32))
        : "memory");
    return next;
}

void check_icr() {
    forget_interrupts();
    interrupts_on();
    const u64 next = write_icr_and_note_next(apic::to_self | vector);
    interrupts_off();
    check::equal("an interrupt to oneself is taken", self().taken_count, 1, "10.2.3.2");
    check::equal("before the next instruction", self().taken[0].rip, next, "HV#1");
    check::equal("with its vector", self().taken[0].vector, vector, "10.2.3.2");
    check::equal("ICR low is the APIC's", apic::at(apic::IcrLow) & 0xc00ff, apic::to_self | vector,
                 "10.2.3.2");
    apic::at(apic::IcrHigh) = 0x05000000;
    check::equal("ICR high is the APIC's", rdmsr(msr::Icr) >> 32, 0x05000000, "10.2.3.2");

    forget_interrupts();
    wrmsr(msr::Icr, u64{self().apic_id} << 56 | vector);
    check::that("to its own APIC ID: taken", wait_for_interrupts(1, long_enough), "10.2.3.2");
}

void check_eoi() {
    forget_interrupts();
    self().eoi = Eoi::None;
    interrupts_on();
    wrmsr(msr::Icr, apic::to_self | vector);
    interrupts_off();
    check::that("in service until its end", apic::in_service(vector), "10.2.3.1");
    check::writes("EOI", msr::Eoi, 0, "10.2.3.1");
    check::that("which ends it", !apic::in_service(vector), "10.2.3.1");
}

void check_tpr() {
    check::holds("TPR", msr::Tpr, 0x70, "10.2.3.3");
    check::equal("TPR is the APIC's", apic::at(apic::Tpr), 0x70, "10.2.3.3");
    u64 cr8;
    __asm__ volatile("mov %%cr8, %0" : "=r"(cr8));
    check::equal("and CR8's", cr8, 7, "10.2.3.3");
    forget_interrupts();
    wrmsr(msr::Icr, apic::to_self | vector);
    check::that("TPR holds back what is below it", !wait_for_interrupts(1, 100'000), "10.2.3.3");
    wrmsr(msr::Tpr, 0);
    check::that("until it is lowered", wait_for_interrupts(1, long_enough), "10.2.3.3");
    __asm__ volatile("mov %0, %%cr8" : : "r"(u64{5}));
    check::reads("CR8 is TPR's", msr::Tpr, 0x50, "10.2.3.3");
    wrmsr(msr::Tpr, 0);
}

void count_one(void* argument) {
    forget_interrupts();
    *static_cast<volatile bool*>(argument) = true;
    const u64 end = rdtsc() + long_enough;
    interrupts_on();
    while (self().taken_count == 0 && rdtsc() < end) pause();
}

void check_other_processors() {
    for (u32 i = 1; i < processor_count(); ++i) {
        forget_interrupts();
        volatile bool ready = false;
        processors[i].work_argument = const_cast<bool*>(&ready);
        processors[i].work = count_one;
        while (!ready) pause();
        wrmsr(msr::Icr, u64{processors[i].apic_id} << 56 | vector);
        while (processors[i].work != nullptr) pause();
        check::equal({"by ICR to processor", i}, processors[i].taken_count, 1, "10.2.3.2");
    }
}

}  // namespace

void interrupts() {
    if (without_hypervisor()) return;
    if (!tlfs::shows(tlfs::Feature::InterruptControl)) {
        check::skip("all", "the APIC's MSRs are not shown");
        return;
    }
    check_icr();
    check_eoi();
    check_tpr();
    check_other_processors();
}

}  // namespace groups
