// SPDX-License-Identifier: BSD-2-Clause
//
// Small features: NPIEP (TLFS 8.12), an invariant TSC on demand, spin notes (14.5).
#include "roms/tlfs/checks.hpp"
#include "roms/tlfs/groups.hpp"
#include "roms/tlfs/hypercall.hpp"

using tlfs::Feature;
namespace msr = tlfs::msr;

namespace groups {

namespace {

alignas(4096) u8 user_page[4096];

guest::Fault sgdt_in_ring_3() {
    guest::give_to_user(user_page);
    guest::give_to_user(reinterpret_cast<void*>(user_sgdt));
    return guest::guarded(
        [](void*) {
            enter_user_mode(reinterpret_cast<void*>(user_sgdt), user_page + 4000,
                            guest::address_of(user_page));
        },
        nullptr);
}

void check_npiep() {
    if (!tlfs::shows(Feature::Npiep)) {
        check::skip("NPIEP", "it is not shown");
        return;
    }
    check::faults("SGDT in ring 3 is allowed at first", sgdt_in_ring_3(), 6, "8.12");
    guest::try_wrmsr(msr::NpiepConfig, 1);
    check::faults("and not when it is prevented", sgdt_in_ring_3(), 13, "8.12");
    guest::try_wrmsr(msr::NpiepConfig, 0xe);
    check::faults("preventing the others leaves it", sgdt_in_ring_3(), 6, "8.12");
    guest::try_wrmsr(msr::NpiepConfig, 0);
}

bool tsc_is_invariant() { return (cpuid(0x80000007, 0).edx >> 8 & 1) != 0; }

void check_tsc_invariant() {
    if (!tlfs::shows(Feature::TscInvariant)) {
        check::read_faults("TSC_INVARIANT_CONTROL without its feature", msr::TscInvariantControl,
                           "4.2.2");
        check::write_faults("TSC_INVARIANT_CONTROL without its feature", msr::TscInvariantControl,
                            1, "4.2.2");
        return;
    }
    check::reads("TSC_INVARIANT_CONTROL at first", msr::TscInvariantControl, 0, "Linux");
    check::that("the TSC is not said to be invariant", !tsc_is_invariant(), "Linux");
    check::holds("TSC_INVARIANT_CONTROL", msr::TscInvariantControl, 1, "Linux");
    check::that("now it is", tsc_is_invariant(), "Linux");
}

}  // namespace

void odds() {
    if (without_hypervisor()) return;
    check_npiep();
    check_tsc_invariant();
    if (without_hypercalls() || !hypercall::known(tlfs::code::NotifyLongSpinWait)) return;
    for (const u64 count : {u64{0}, u64{1}, u64{0xffffffff}}) {
        check::status({"a note of spins:", count},
                      hypercall::call_fast(tlfs::code::NotifyLongSpinWait, count), tlfs::Success,
                      "14.5");
    }
}

}  // namespace groups
