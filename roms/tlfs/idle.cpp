// SPDX-License-Identifier: BSD-2-Clause
//
// GUEST_IDLE (TLFS 7.5): a sleep that an interrupt ends though it is masked.
#include "roms/tlfs/checks.hpp"
#include "roms/tlfs/groups.hpp"
#include "roms/tlfs/reference_time.hpp"

using namespace guest;
namespace msr = tlfs::msr;

namespace groups {

namespace {

constexpr u8 vector = 0x58;
constexpr u32 apic_ticks = 2'000'000;

void arm_apic_timer() {
    apic::at(apic::Divide) = 0xb;
    apic::at(apic::LvtTimer) = vector;
    apic::at(apic::InitialCount) = apic_ticks;
}

u64 sleep() {
    const u64 start = rdtsc();
    arm_apic_timer();
    rdmsr(msr::GuestIdle);
    return rdtsc() - start;
}

}  // namespace

void idle() {
    if (without_hypervisor()) return;
    if (!tlfs::shows(tlfs::Feature::GuestIdle)) {
        check::skip("all", "the idle register is not shown");
        return;
    }
    forget_interrupts();
    interrupts_off();
    const u64 masked = sleep();
    check::that("a masked interrupt ends it", apic::requested(vector), "7.5");
    check::equal("and is not taken", self().taken_count, 0, "7.5");
    const u64 pending_still = rdtsc();
    rdmsr(msr::GuestIdle);
    check::within("with one pending it does not begin", rdtsc() - pending_still, 0, masked / 4,
                  "7.5");
    check::that("unmasked, it is taken", wait_for_interrupts(1, 100'000), "7.5");
    interrupts_on();
    const u64 unmasked = sleep();
    interrupts_off();
    check::equal("an unmasked interrupt ends it and is taken", self().taken_count, 2, "7.5");
    check::within("both slept as long as the timer ran", unmasked, masked / 2, masked * 2, "7.5");
    check::write_faults("it cannot be written", msr::GuestIdle, 0, "19");
}

}  // namespace groups
