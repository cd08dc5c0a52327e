// SPDX-License-Identifier: BSD-2-Clause
//
// A reset by RESET (TLFS 19), and what it clears: the identity, the hypercall page and its lock.
// The run that comes after it finds in the CMOS that it is the second.
#include "roms/tlfs/checks.hpp"
#include "roms/tlfs/groups.hpp"
#include "roms/tlfs/hypercall.hpp"

using tlfs::Feature;
namespace msr = tlfs::msr;

namespace groups {

namespace {

constexpr u8 cmos_cell = 0x7e;
constexpr u8 was_reset = 0xa7;

u8 read_cmos() {
    out8(0x70, cmos_cell);
    return in8(0x71);
}

void write_cmos(u8 value) {
    out8(0x70, cmos_cell);
    out8(0x71, value);
}

void check_lock() {
    if (!tlfs::shows(Feature::HypercallLock)) {
        check::skip("the lock of the hypercall page", "it is not shown");
        return;
    }
    constexpr u64 locked = 2;
    check::holds("locked", msr::Hypercall, hypercall::page_address | locked | tlfs::page_enable,
                 "3.13");
    guest::try_wrmsr(msr::Hypercall, 0x77000 | tlfs::page_enable);
    check::reads("a locked page does not move", msr::Hypercall,
                 hypercall::page_address | locked | tlfs::page_enable, "3.13");
    guest::try_wrmsr(msr::Hypercall, 0);
    check::reads("nor goes away", msr::Hypercall,
                 hypercall::page_address | locked | tlfs::page_enable, "3.13");
}

}  // namespace

bool comes_from_reset() { return read_cmos() == was_reset; }

void reset() {
    if (without_hypervisor()) return;
    if (!tlfs::shows(Feature::Reset)) {
        check::skip("all", "the reset register is not shown");
        return;
    }
    if (comes_from_reset()) {
        write_cmos(0);
        check::reads("after a reset, GUEST_OS_ID", msr::GuestOsId, 0, "2.6");
        check::reads("after a reset, HYPERCALL", msr::Hypercall, 0, "3.13");
        if (tlfs::shows(Feature::ReferenceTsc)) {
            check::reads("after a reset, REFERENCE_TSC", msr::ReferenceTsc, 0, "12.7.1");
        }
        check::that("RESET resets", true, "19");
        return;
    }
    if (!hypercall::establish()) return;
    if (tlfs::shows(Feature::ReferenceTsc))
        guest::try_wrmsr(msr::ReferenceTsc, 0x66000 | tlfs::page_enable);
    check_lock();
    check::writes("RESET of 0 does nothing", msr::Reset, 0, "19");
    write_cmos(was_reset);
    guest::try_wrmsr(msr::Reset, 1);
    const u64 end = guest::rdtsc() + 100'000'000;
    while (guest::rdtsc() < end) guest::pause();
    write_cmos(0);
    check::that("RESET resets", false, "19");
}

}  // namespace groups
