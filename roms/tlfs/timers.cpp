// SPDX-License-Identifier: BSD-2-Clause
//
// Synthetic timers (TLFS 12.1, 12.2, 12.5), by message and by interrupt.
#include "roms/tlfs/checks.hpp"
#include "roms/tlfs/groups.hpp"
#include "roms/tlfs/message_page.hpp"
#include "roms/tlfs/reference_time.hpp"

using namespace messages;
using tlfs::Feature;
namespace msr = tlfs::msr;
namespace stimer = tlfs::stimer;

namespace groups {

namespace {

constexpr u32 sint = 4;
constexpr u8 vector = 0x81;
constexpr u8 direct_vector = 0xa1;
constexpr u64 soon = 2'000;
constexpr u64 long_enough = 100'000;
constexpr u64 many_cycles = 1'000'000'000;
constexpr u64 to_sint = stimer::sint(sint);

void begin() {
    for (u32 timer = 0; timer < 4; ++timer) set_timer(timer, 0, 0);
    if (tlfs::shows(Feature::Synic)) {
        switch_on();
        set_sint(sint, vector);
    }
    guest::drain_interrupts();
}

bool enabled(u32 timer) { return (timer_config(timer) & stimer::Enabled) != 0; }

void check_one_shot() {
    for (u32 timer = 0; timer < 4; ++timer) {
        begin();
        const u64 time = reference::counter() + soon;
        arm(timer, sint, time);
        check::that({"enabled until it expires, timer", timer}, enabled(timer), "12.5.1");
        while (reference::counter() + 100 < time) guest::pause();
        check::that({"not before its time, timer", timer}, !arrived(sint), "12.1");
        check::that({"at its time, timer", timer}, wait_for_message(sint, long_enough), "12.1");
        check::that({"disabled by expiring, timer", timer}, !enabled(timer), "12.5.1");
        check::equal({"which leaves the rest of CONFIG, timer", timer}, timer_config(timer),
                     to_sint, "12.5.1");
        check::equal({"expired at what was asked for, timer", timer}, expiration(sint), time,
                     "13.3");
        empty(sint);
        reference::wait(2 * soon);
        guest::wrmsr(msr::Eom, 0);
        check::that({"once only, timer", timer}, !arrived(sint), "12.1");
    }
}

void check_past() {
    begin();
    arm(1, sint, reference::counter() - 1);
    check::that("a time in the past expires at once", wait_for_message(sint, 10), "12.5.1");
    empty(sint);
    arm(1, sint, 1);
    check::that("however long past", wait_for_message(sint, 10), "12.5.1");
    empty(sint);
}

void check_enabling() {
    begin();
    const u32 config = msr::Stimer0Config, count = msr::Stimer0Count;
    guest::wrmsr(config, to_sint);
    guest::wrmsr(count, reference::counter() + soon);
    check::that("COUNT alone does not enable", !enabled(0), "12.5.1");
    reference::wait(2 * soon);
    check::that("and nothing is sent", !arrived(sint), "12.5.1");
    guest::wrmsr(config, to_sint | stimer::AutoEnable);
    check::that("AutoEnable alone does not enable", !enabled(0), "12.5.1");
    guest::wrmsr(count, reference::counter() + soon);
    check::that("AutoEnable and COUNT do", enabled(0), "12.5.1");
    guest::wrmsr(count, 0);
    check::that("COUNT of 0 disables, AutoEnable or not", !enabled(0), "12.5.2");
    reference::wait(2 * soon);
    check::that("and stops the timer", !arrived(sint), "12.5.2");
    guest::wrmsr(count, reference::counter() + soon);
    check::that("armed by COUNT, it expires", wait_for_message(sint, long_enough), "12.5.1");
    empty(sint);
    arm(0, sint, reference::counter() + soon);
    guest::wrmsr(config, to_sint);
    reference::wait(2 * soon);
    check::that("disabled by CONFIG, it does not", !arrived(sint), "12.5.1");
    set_timer(0, stimer::Enabled, reference::counter() + soon);
    check::that("without a SINT it cannot be enabled", !enabled(0), "12.5.1");
}

void check_periodic(u64 kind, const char* name) {
    begin();
    const u64 start = reference::counter();
    set_timer(3, to_sint | stimer::Periodic | kind | stimer::Enabled, soon);
    const u64 latest_start = reference::counter();
    u64 last = 0;
    for (u32 i = 1; i <= 8; ++i) {
        check::that({name, i}, wait_for_message(sint, long_enough), "12.1.1");
        const u64 time = expiration(sint);
        if (i == 1) {
            check::within("the first period begins with enabling", time, start + soon,
                          latest_start + soon, "12.5.2");
        } else {
            check::equal({"a period after the last, number", i}, time - last, soon, "12.1.1");
        }
        check::that({"not before its time, number", i}, delivery(sint) >= time, "12.1");
        last = time;
        empty(sint);
    }
    check::that("it stays enabled", enabled(3), "12.5.1");
    check::equal("COUNT stays the period", guest::rdmsr(msr::Stimer0Count + 6), soon, "12.5.2");
    set_timer(3, 0, 0);
    empty(sint);
    guest::wrmsr(msr::Eom, 0);
    empty(sint);
    reference::wait(3 * soon);
    check::that("disabled, it is quiet", !arrived(sint), "12.5.1");
}

void check_extremes() {
    begin();
    arm(0, sint, ~u64{0});
    arm(1, sint, u64{1} << 63);
    reference::wait(soon);
    check::that("the last of all times is not now", !arrived(sint) && enabled(0) && enabled(1),
                "12.5.2");
    set_timer(0, 0, 0);
    set_timer(1, 0, 0);
    set_timer(2, to_sint | stimer::Periodic | stimer::Enabled, 1);
    reference::wait(soon);
    check::that("the shortest period sends", arrived(sint), "12.1.1");
    check::that("and lets us go on", enabled(2), "12.1.1");
    empty(sint);
    guest::wrmsr(msr::Eom, 0);
    empty(sint);
    guest::wrmsr(msr::Eom, 0);
    check::that("it sends for as long as it is enabled", wait_for_message(sint, soon), "12.1.1");
    set_timer(2, to_sint | stimer::Periodic | stimer::Enabled, ~u64{0});
    reference::wait(soon);
    check::that("the longest period is kept", enabled(2), "12.5.2");
    set_timer(2, 0, 0);
    begin();
}

void check_direct_one_shot() {
    begin();
    constexpr u64 config = stimer::Direct | stimer::vector(direct_vector) | stimer::Enabled;
    const u64 time = reference::counter() + soon;
    set_timer(0, config, time);
    check::that("direct, it needs no SINT", enabled(0), "12.5.1");
    check::that("it interrupts", guest::wait_for_interrupts(1, many_cycles), "12.2");
    check::that("not before its time", reference::counter() >= time, "12.1");
    check::equal("with its own vector", guest::self().taken[0].vector, direct_vector, "12.2");
    check::that("it is disabled by expiring", !enabled(0), "12.5.1");
    set_timer(0, config | to_sint, 1);
    check::that("a time in the past interrupts at once", guest::wait_for_interrupts(2, 100'000),
                "12.5.1");
    if (tlfs::shows(Feature::Synic)) check::that("no message is sent", !arrived(sint), "12.2");
}

void check_direct_periodic() {
    begin();
    set_timer(0,
              stimer::Direct | stimer::Periodic | stimer::vector(direct_vector) | stimer::Enabled,
              soon);
    const u64 start = reference::counter();
    check::that("direct and periodic", guest::wait_for_interrupts(5, many_cycles), "12.2");
    check::within("five periods", reference::counter() - start, 5 * soon - 100,
                  guest::processor_count() == 1 ? 6 * soon : 50 * soon, "12.1.1");
    set_timer(0, 0, 0);
    guest::wait_for_interrupts(6, 100'000);
    guest::forget_interrupts();
    check::that("disabled, it is quiet", !guest::wait_for_interrupts(1, 1'000'000), "12.5.1");
}

}  // namespace

void timers() {
    if (without_hypervisor()) return;
    if (!tlfs::shows(Feature::SyntheticTimers) || !tlfs::shows(Feature::ReferenceCounter)) {
        check::skip("all", "no timers are shown");
        return;
    }
    if (tlfs::shows(Feature::Synic)) {
        check_one_shot();
        check_past();
        check_enabling();
        check_periodic(0, "period");
        check_periodic(stimer::Lazy, "lazy period");
        check_extremes();
    } else {
        check::skip("messages", "no SynIC is shown");
    }
    if (tlfs::shows(Feature::DirectTimers)) {
        check_direct_one_shot();
        check_direct_periodic();
    } else {
        check::skip("direct mode", "it is not shown");
    }
}

}  // namespace groups
