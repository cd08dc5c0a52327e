// SPDX-License-Identifier: BSD-2-Clause
//
// The EOI assist of the VP assist page (TLFS 10.3.5): an interrupt that needs no EOI says so there.
#include "roms/tlfs/checks.hpp"
#include "roms/tlfs/groups.hpp"

using namespace guest;
namespace msr = tlfs::msr;

namespace groups {

namespace {

constexpr u8 low_vector = 0x51;
constexpr u8 high_vector = 0x91;
constexpr u64 long_enough = 10'000'000;

alignas(4096) volatile u32 assist[1024];
volatile u32 seen[8];

bool take_mark() {
    bool was_set;
    __asm__ volatile("lock btrl $0, %0" : "+m"(assist[0]), "=@ccc"(was_set));
    return was_set;
}

/// As the specification recommends.
void end_by_assist(u8) {
    Processor& me = self();
    seen[me.taken_count & 7] = assist[0];
    if (!take_mark()) wrmsr(msr::Eoi, 0);
}

void end_by_apic(u8) {
    seen[self().taken_count & 7] = assist[0];
    apic::end_of_interrupt();
}

void begin(void (*handler)(u8)) {
    forget_interrupts();
    self().eoi = Eoi::None;
    self().on_interrupt = handler;
    for (volatile u32& each : seen) each = 0xffffffff;
    assist[0] = 0;
}

void send(u8 vector) { wrmsr(msr::Icr, apic::to_self | vector); }

void check_alone() {
    begin(end_by_assist);
    interrupts_on();
    send(high_vector);
    check::equal("an edge-triggered interrupt alone needs no EOI", seen[1], 1, "10.3.5");
    check::equal("the guest has cleared the mark", assist[0], 0, "10.3.5");
    send(high_vector);
    check::equal("the next one of the same vector comes", self().taken_count, 2, "10.3.5");
    check::equal("and needs none either", seen[2], 1, "10.3.5");
    send(low_vector);
    check::equal("and one of a lower vector", self().taken_count, 3, "10.3.5");
    interrupts_off();
    check::that("nothing is left in service",
                !apic::in_service(high_vector) && !apic::in_service(low_vector), "10.3.5");
}

void check_ordinary_end() {
    begin(end_by_apic);
    interrupts_on();
    send(high_vector);
    send(high_vector);
    interrupts_off();
    check::equal("an EOI by the APIC may be done all the same", self().taken_count, 2, "10.3.5");
    check::that("and ends it", !apic::in_service(high_vector), "10.3.5");
}

void check_lower_pending() {
    begin(end_by_assist);
    interrupts_off();
    send(low_vector);
    send(high_vector);
    wait_for_interrupts(2, long_enough);
    check::equal("with a lower one pending, both come", self().taken_count, 2, "10.3.5");
    check::equal("the higher first", self().taken[0].vector, high_vector, "10.3.5");
    check::equal("with a lower one pending, an EOI is needed", seen[1] & 1, 0, "10.3.5");
    check::equal("the lower one, alone then, needs none", seen[2] & 1, 1, "10.3.5");
}

void request_lower(u8 vector) {
    if (vector == high_vector) {
        const u32 before = assist[0];
        wrmsr(msr::Icr, apic::to_self | low_vector);
        seen[6] = before;
        seen[7] = assist[0];
    }
    if (!take_mark()) wrmsr(msr::Eoi, 0);
}

void check_lower_later() {
    begin(request_lower);
    interrupts_off();
    send(high_vector);
    wait_for_interrupts(2, long_enough);
    check::equal("no EOI needed", seen[6] & 1, 1, "10.3.5");
    check::equal("until a lower one is requested", seen[7] & 1, 0, "10.3.5");
    check::equal("which then comes", self().taken_count, 2, "10.3.5");
}

void check_disabled() {
    begin(end_by_apic);
    wrmsr(msr::VpAssistPage, 0);
    for (volatile u32& each : assist) each = 0x40404040;
    interrupts_on();
    send(high_vector);
    interrupts_off();
    check::equal("disabled, memory is left alone", assist[0], 0x40404040, "10.3.5");
}

}  // namespace

void assist_page() {
    if (without_hypervisor()) return;
    if (!tlfs::shows(tlfs::Feature::InterruptControl)) {
        check::skip("all", "the APIC's MSRs are not shown");
        return;
    }
    wrmsr(msr::VpAssistPage, address_of(assist) | tlfs::page_enable);
    check_alone();
    check_ordinary_end();
    check_lower_pending();
    check_lower_later();
    check_disabled();
}

}  // namespace groups
