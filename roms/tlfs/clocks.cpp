// SPDX-License-Identifier: BSD-2-Clause
//
// The clocks of the machine against each other: a timer by message, one in direct mode, the local
// APIC's and the HPET all measure the same time, and each is on time. Exact where one processor
// runs; with more, each is a part of the time not running.
#include "roms/tlfs/checks.hpp"
#include "roms/tlfs/groups.hpp"
#include "roms/tlfs/message_page.hpp"
#include "roms/tlfs/reference_time.hpp"

using tlfs::Feature;
namespace msr = tlfs::msr;
namespace stimer = tlfs::stimer;

namespace groups {

namespace {

constexpr u64 hpet_address = 0xfed00000;
constexpr u32 sint = 6;
constexpr u8 message_vector = 0xb1;
constexpr u8 direct_vector = 0xb2;
constexpr u8 apic_vector = 0xb3;
constexpr u64 ahead = 50'000;  // 5 ms
constexpr u64 many_cycles = 1'000'000'000;

volatile u64& hpet(u32 offset) { return *reinterpret_cast<volatile u64*>(hpet_address + offset); }

/// The HPET's time in units of 100 ns, and what it takes to be one.
u64 hpet_unit_fs() { return hpet(0) >> 32; }
u64 hpet_time() {
    u64 low, high;
    const u64 counter = hpet(0xf0), unit = hpet_unit_fs();
    __asm__("mul %3" : "=a"(low), "=d"(high) : "a"(counter), "r"(unit));
    u64 quotient, rest;
    __asm__("divq %4" : "=a"(quotient), "=d"(rest) : "a"(low), "d"(high), "r"(u64{100'000'000}));
    return quotient;
}

bool has_hpet() {
    const u64 unit = hpet_unit_fs();
    return unit != 0 && unit <= 0x05f5e100 && (hpet(0) & 0xff) != 0xff;
}

/// How late interrupts may be, in units of 100 ns: those that come together wait for each other's
/// handlers, and with several processors for the turns of the others.
u64 tolerance() { return guest::processor_count() == 1 ? 20 : 50'000; }

struct Event {
    u8 vector;
    u64 reference, hpet;
};
Event events[4];
volatile u32 event_count;

void note_event(u8 vector) {
    const u32 number = event_count;
    if (number < 4) events[number] = {vector, reference::counter(), hpet_time()};
    event_count = number + 1;
}

void check_hpet() {
    hpet(0x10) = hpet(0x10) | 1;
    const u64 reference_start = reference::counter(), hpet_start = hpet_time();
    reference::wait(100'000);
    const u64 by_hpet = hpet_time() - hpet_start,
              by_reference = reference::counter() - reference_start;
    check::within("the HPET measures what the counter does", by_hpet, by_reference - 5,
                  by_reference + 5, "12");
}

/// All three at one time: in which order they come is open, when is not.
void check_together() {
    guest::forget_interrupts();
    guest::interrupts_off();
    event_count = 0;
    guest::self().on_interrupt = note_event;
    messages::switch_on();
    messages::set_sint(sint, message_vector);
    using namespace guest;
    apic::at(apic::Divide) = 0xb;
    apic::at(apic::LvtTimer) = apic_vector;
    const u64 hpet_offset = hpet_time() - reference::counter();
    const u64 start = reference::counter();
    const u64 time = start + ahead;
    const u64 apic_hz = rdmsr(msr::ApicFrequency);
    apic::at(apic::InitialCount) = static_cast<u32>(ahead * apic_hz / 10'000'000);
    messages::arm(0, sint, time);
    messages::set_timer(1, stimer::Direct | stimer::vector(direct_vector) | stimer::Enabled, time);
    check::that("three timers, three interrupts", wait_for_interrupts(3, many_cycles), "12.2");
    for (u32 i = 0; i < 3 && i < event_count; ++i) {
        const Event& event = events[i];
        const u64 early = event.vector == apic_vector ? 1 : 0;  // Its count is rounded down.
        check::within({"on time, vector", event.vector, true}, event.reference, time - early,
                      time + tolerance(), "12.1");
        check::within({"by the HPET too, vector", event.vector, true}, event.hpet - hpet_offset,
                      event.reference - 3, event.reference + 30, "12.1");
    }
    check::within("delivered when it expired", messages::delivery(sint), time, time + tolerance(),
                  "13.3");
    messages::empty(sint);
    apic::at(apic::LvtTimer) = 0x10000;
}

/// The interrupt comes at the first instruction at which the time has come.
void check_to_the_instruction() {
    if (guest::processor_count() != 1 || !reference::enable_page()) return;
    u64 worst = 0;
    for (u32 round = 0; round < 50; ++round) {
        guest::forget_interrupts();
        const u64 time = reference::counter() + 500 + 37 * round;
        messages::set_timer(1, stimer::Direct | stimer::vector(direct_vector) | stimer::Enabled,
                            time);
        guest::wait_for_interrupts(1, many_cycles);
        const u64 late = reference::at_tsc(guest::self().taken[0].tsc) - time;
        if (late > worst) worst = late;
    }
    check::within("fifty timers, the worst of them late by", worst, 0, 5, "12.1");
}

}  // namespace

void clocks() {
    if (without_hypervisor()) return;
    if (!tlfs::shows(Feature::ReferenceCounter) || !has_hpet()) {
        check::skip("all", "no reference counter, or no HPET, to compare with");
        return;
    }
    check_hpet();
    if (!tlfs::shows(Feature::DirectTimers) || !tlfs::shows(Feature::Synic) ||
        !tlfs::shows(Feature::Frequencies)) {
        check::skip("timers together", "not all of them are shown");
        return;
    }
    check_together();
    check_to_the_instruction();
}

}  // namespace groups
