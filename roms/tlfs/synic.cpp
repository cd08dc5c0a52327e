// SPDX-License-Identifier: BSD-2-Clause
//
// Messages as they come into the SIM page (TLFS 11.4, 11.8, 11.10): slots, interrupts, the queue
// behind a full slot, EOM. The messages are timers'.
#include "roms/tlfs/checks.hpp"
#include "roms/tlfs/groups.hpp"
#include "roms/tlfs/message_page.hpp"
#include "roms/tlfs/reference_time.hpp"

using namespace messages;
using guest::apic::in_service;
using guest::apic::requested;
using tlfs::Feature;
namespace msr = tlfs::msr;

namespace groups {

namespace {

constexpr u32 sint = 5;
constexpr u8 vector = 0x71;
constexpr u64 soon = 1'000;           // 100 us
constexpr u64 long_enough = 100'000;  // 10 ms
constexpr u64 many_cycles = 1'000'000'000;

void begin() {
    switch_on();
    set_sint(sint, vector);
    guest::drain_interrupts();
}

void check_layout() {
    begin();
    const u64 time = reference::counter() + soon;
    arm(2, sint, time);
    check::that("the slot is empty before", !arrived(sint), "11.4");
    check::that("a message arrives", wait_for_message(sint, long_enough), "11.4");
    const volatile tlfs::Message& message = slots[sint];
    check::equal("type", message.type, tlfs::message_timer_expired, "11.10");
    check::equal("payload size", message.payload_size, 24, "13.3");
    check::equal("flags, nothing being pending", message.flags, 0, "11.10");
    check::equal("origination: none", message.origination, 0, "11.10");
    check::equal("timer index", message.payload[0], 2, "13.3");
    check::equal("expiration time", expiration(sint), time, "13.3");
    check::within("delivery time", delivery(sint), time, reference::counter(), "13.3");
    bool others_empty = true;
    for (u32 other = 0; other < 16; ++other)
        others_empty = others_empty && (other == sint || !arrived(other));
    check::that("no other slot is touched", others_empty, "11.4");
    check::that("its interrupt is pending", requested(vector), "11.4");
    check::that("and comes", guest::wait_for_interrupts(1, many_cycles), "11.4");
    check::equal("with the SINT's vector", guest::self().taken[0].vector, vector, "11.8.5");
    check::equal("once", guest::self().taken_count, 1, "11.4");
    empty(sint);
}

void check_masked() {
    begin();
    set_sint(sint, tlfs::sint::Masked | vector);
    arm(0, sint, reference::counter());
    check::that("masked, the message arrives", wait_for_message(sint, long_enough), "11.4");
    check::that("without an interrupt", !requested(vector), "11.4");
    set_sint(sint, vector);
    check::that("which is lost, not late", !requested(vector), "11.4");
    empty(sint);
}

void check_queue() {
    begin();
    const u64 now = reference::counter();
    for (u32 timer = 0; timer < 4; ++timer) arm(timer, sint, now + soon + 100 * timer);
    check::that("the first of four", wait_for_message(sint, long_enough), "11.4");
    reference::wait(2 * soon);
    check::equal("a full slot stays as it is", timer_index(sint), 0, "11.4");
    check::that("that there is more is noted in it", pending(sint), "11.10");
    guest::wait_for_interrupts(1, many_cycles);
    check::equal("one interrupt so far", guest::self().taken_count, 1, "11.4");
    for (u32 timer = 1; timer < 4; ++timer) {
        empty(sint);
        guest::wrmsr(msr::Eom, 0);
        check::that({"EOM brings message", timer}, arrived(sint), "11.8.6");
        check::equal({"in order, message", timer}, timer_index(sint), timer, "11.4");
        check::equal({"with the time of its own, message", timer}, expiration(sint),
                     now + soon + 100 * timer, "13.3");
        check::equal({"with what is still pending, message", timer}, pending(sint), timer < 3,
                     "11.10");
        check::that({"and an interrupt, message", timer},
                    guest::wait_for_interrupts(1 + timer, many_cycles), "11.8.6");
    }
    empty(sint);
    guest::wrmsr(msr::Eom, 0);
    check::that("then there is nothing more", !arrived(sint), "11.8.6");
    guest::wrmsr(msr::Eom, 0);
    check::that("EOM with empty queues does nothing", !arrived(sint) && !requested(vector),
                "11.8.6");
}

void check_eoi_scans() {
    begin();
    guest::self().eoi = guest::Eoi::None;
    arm(0, sint, reference::counter());
    arm(1, sint, reference::counter());
    reference::wait(soon);
    guest::wait_for_interrupts(1, many_cycles);
    check::that("in service", in_service(vector), "11.4");
    empty(sint);
    check::that("an empty slot alone brings no message", !arrived(sint), "11.4");
    guest::apic::end_of_interrupt();
    check::that("an EOI brings the queued one", arrived(sint), "11.4");
    check::equal("which is the second", timer_index(sint), 1, "11.4");
    check::that("and its interrupt", requested(vector), "11.4");
    guest::wait_for_interrupts(2, many_cycles);
    guest::apic::end_of_interrupt();
    empty(sint);
}

bool was_in_service;
void note_service(u8) { was_in_service = in_service(vector); }

void check_auto_eoi() {
    begin();
    set_sint(sint, vector | tlfs::sint::AutoEoi);
    guest::self().eoi = guest::Eoi::None;
    guest::self().on_interrupt = note_service;
    was_in_service = true;
    arm(0, sint, reference::counter());
    check::that("with AutoEOI the interrupt comes", guest::wait_for_interrupts(1, many_cycles),
                "11.8.5");
    check::that("and is not in service in its handler", !was_in_service, "11.8.5");
    empty(sint);
    arm(0, sint, reference::counter());
    check::that("nor hinders the next", guest::wait_for_interrupts(2, many_cycles), "11.8.5");
    empty(sint);
    set_sint(sint, vector);
    arm(0, sint, reference::counter());
    check::that("without AutoEOI it comes", guest::wait_for_interrupts(3, many_cycles), "11.8.5");
    check::that("and is in service", was_in_service && in_service(vector), "11.8.5");
    guest::apic::end_of_interrupt();
    empty(sint);
}

void check_polling() {
    if (!tlfs::shows(Feature::SintPolling)) {
        check::skip("polling", "it is not shown");
        return;
    }
    begin();
    check::holds("polling", msr::Sint0 + sint, vector | tlfs::sint::Polling, "11.8.5");
    arm(0, sint, reference::counter());
    check::that("polling, the message arrives", wait_for_message(sint, long_enough), "11.8.5");
    check::that("and no interrupt", !requested(vector), "11.8.5");
    empty(sint);
    set_sint(sint, vector);
}

void check_off() {
    begin();
    guest::wrmsr(msr::Scontrol, 0);
    arm(0, sint, reference::counter());
    reference::wait(soon);
    check::that("with the SynIC off no message arrives", !arrived(sint), "11.8.1");
    check::that("nor an interrupt", !requested(vector), "11.8.1");
    set_timer(0, 0, 0);
    guest::wrmsr(msr::Scontrol, 1);
    guest::wrmsr(msr::Eom, 0);
    empty(sint);
    guest::wrmsr(msr::Eom, 0);
    empty(sint);
    guest::wait_for_interrupts(2, 10'000);
}

void check_every_sint() {
    begin();
    for (u32 each = 1; each < 16; ++each) {
        guest::forget_interrupts();
        set_sint(each, 0x60 + each);
        arm(each & 3, each, reference::counter());
        check::that({"a message in slot", each}, wait_for_message(each, long_enough), "11.4");
        guest::wait_for_interrupts(1, many_cycles);
        check::equal({"the vector of SINT", each}, guest::self().taken[0].vector, 0x60 + each,
                     "11.8.5");
        empty(each);
        set_sint(each, tlfs::sint::Masked);
    }
}

struct Sight {
    bool arrived;
    u32 interrupts;
    u64 index;
};

void take_own_message(void* argument) {
    Sight& sight = *static_cast<Sight*>(argument);
    begin();
    arm(3, sint, reference::counter() + soon);
    sight.arrived = wait_for_message(sint, 10 * long_enough);
    guest::wait_for_interrupts(1, many_cycles);
    sight.index = timer_index(sint);
    sight.interrupts = guest::self().taken_count;
    empty(sint);
    guest::wrmsr(msr::Scontrol, 0);
    guest::wrmsr(msr::Simp, 0);
    guest::interrupts_on();
}

void check_other_processors() {
    guest::wrmsr(msr::Simp, 0);
    for (u32 i = 1; i < guest::processor_count(); ++i) {
        guest::forget_interrupts();
        Sight sight;
        guest::run_on(i, take_own_message, &sight);
        check::that({"a message of its own, processor", i}, sight.arrived, "11.4");
        check::equal({"by its own timer, processor", i}, sight.index, 3, "11.4");
        check::equal({"and an interrupt, processor", i}, sight.interrupts, 1, "11.4");
        check::equal({"none for this one, processor", i}, guest::self().taken_count, 0, "11.4");
    }
}

}  // namespace

void synic() {
    if (without_hypervisor()) return;
    if (!tlfs::shows(Feature::Synic) || !tlfs::shows(Feature::SyntheticTimers) ||
        !tlfs::shows(Feature::ReferenceCounter)) {
        check::skip("all", "no SynIC, or no timers to send it messages, are shown");
        return;
    }
    check_layout();
    check_masked();
    check_queue();
    check_eoi_scans();
    check_auto_eoi();
    check_polling();
    check_off();
    check_every_sint();
    check_other_processors();
}

}  // namespace groups
