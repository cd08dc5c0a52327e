// SPDX-License-Identifier: BSD-2-Clause
//
// GUEST_OS_ID, and the hypercall page as an overlay (TLFS 3.13, 5.2.1).
#include "roms/tlfs/checks.hpp"
#include "roms/tlfs/groups.hpp"
#include "roms/tlfs/hypercall.hpp"

namespace msr = tlfs::msr;

namespace groups {

namespace {

constexpr u64 pattern = 0x5a5a5a5a'a5a5a5a5;
constexpr u64 hole = 0xd0000000;  // Neither RAM nor a device that was given an address.

alignas(4096) volatile u64 first_page[512];
alignas(4096) volatile u64 second_page[512];
u64 copy[512];

void fill(volatile u64* page) {
    for (u32 i = 0; i < 512; ++i) page[i] = pattern + i;
}

bool is_filled(const volatile u64* page) {
    for (u32 i = 0; i < 512; ++i) {
        if (page[i] != pattern + i) return false;
    }
    return true;
}

bool is_copy(const volatile u64* page) {
    for (u32 i = 0; i < 512; ++i) {
        if (page[i] != copy[i]) return false;
    }
    return true;
}

u64 enabled_at(const volatile void* page) { return guest::address_of(page) | tlfs::page_enable; }

void check_identity_first() {
    guest::try_wrmsr(msr::Hypercall, 0);
    check::holds("an identity can be reported", msr::GuestOsId, tlfs::guest_os_id, "2.6");
    check::holds("and withdrawn", msr::GuestOsId, 0, "2.6");
    fill(first_page);
    check::writes("enabling without an identity does not fault", msr::Hypercall,
                  enabled_at(first_page), "3.13");
    check::equal("but the enable bit stays clear", guest::try_rdmsr(msr::Hypercall).value & 1, 0,
                 "3.13");
    check::that("and no page appears", is_filled(first_page), "3.13");
}

void check_overlay() {
    guest::try_wrmsr(msr::GuestOsId, tlfs::guest_os_id);
    fill(first_page);
    fill(second_page);
    check::holds("enabled", msr::Hypercall, enabled_at(first_page), "3.13");
    check::that("the page hides what is beneath", first_page[0] != pattern, "5.2.1");
    for (u32 i = 0; i < 512; ++i) copy[i] = first_page[i];
    check::holds("moved", msr::Hypercall, enabled_at(second_page), "5.2.1");
    check::that("what was beneath is back", is_filled(first_page), "5.2.1");
    check::that("the page is where it was moved to, unchanged", is_copy(second_page), "5.2.1");
    check::holds("disabled", msr::Hypercall, guest::address_of(second_page), "3.13");
    check::that("what was beneath it there is back", is_filled(second_page), "5.2.1");
    guest::try_wrmsr(msr::Hypercall, enabled_at(second_page));
    check::that("its contents are the same when it is enabled again", is_copy(second_page), "HV#1");
}

void check_identity_withdrawn() {
    guest::try_wrmsr(msr::GuestOsId, tlfs::guest_os_id);
    guest::try_wrmsr(msr::Hypercall, enabled_at(first_page));
    guest::try_wrmsr(msr::GuestOsId, 0);
    check::equal("with the identity goes the enable bit",
                 guest::try_rdmsr(msr::Hypercall).value & 1, 0, "3.13");
    check::that("and the page", is_filled(first_page), "3.13");
    guest::try_wrmsr(msr::GuestOsId, tlfs::guest_os_id);
    check::that("which does not come back with it alone", is_filled(first_page), "3.13");
}

void check_places() {
    const u64 beyond = u64{1} << guest::physical_address_bits();
    guest::try_wrmsr(msr::Hypercall, enabled_at(first_page));
    if (guest::physical_address_bits() < 64) {
        check::write_faults("beyond the address space", msr::Hypercall, beyond | tlfs::page_enable,
                            "3.13");
        check::reads("which leaves the register", msr::Hypercall, enabled_at(first_page), "3.13");
    }
    check::holds("over a hole", msr::Hypercall, hole | tlfs::page_enable, "3.13");
    check::that("the page is there too", is_copy(reinterpret_cast<const volatile u64*>(hole)),
                "3.13");
    hypercall_target = hole;
    check::status("and can be called", hypercall::call(0x7fff, nullptr), tlfs::InvalidHypercallCode,
                  "3.12");
}

struct Sight {
    u64 id, hypercall;
    bool page_seen;
};

void look(void* argument) {
    Sight& sight = *static_cast<Sight*>(argument);
    sight.id = guest::try_rdmsr(msr::GuestOsId).value;
    sight.hypercall = guest::try_rdmsr(msr::Hypercall).value;
    sight.page_seen = is_copy(first_page);
}

void check_other_processors() {
    guest::try_wrmsr(msr::Hypercall, enabled_at(first_page));
    for (u32 i = 1; i < guest::processor_count(); ++i) {
        Sight sight;
        guest::run_on(i, look, &sight);
        check::equal({"GUEST_OS_ID is the partition's, processor", i}, sight.id, tlfs::guest_os_id,
                     "2.6");
        check::equal({"HYPERCALL is the partition's, processor", i}, sight.hypercall,
                     enabled_at(first_page), "3.13");
        check::that({"the page is seen by processor", i}, sight.page_seen, "3.13");
    }
}

}  // namespace

void hypercall_page() {
    if (without_hypervisor()) return;
    check_identity_first();
    check_overlay();
    check_identity_withdrawn();
    check_places();
    check_other_processors();
    hypercall::establish();
}

void page_protection() {
    if (without_hypervisor()) return;
    guest::try_wrmsr(msr::GuestOsId, tlfs::guest_os_id);
    fill(second_page);
    guest::try_wrmsr(msr::Hypercall, enabled_at(second_page));
    for (u32 i = 0; i < 512; ++i) copy[i] = second_page[i];
    const guest::Fault fault = guest::guarded([](void*) { second_page[511] = 0; }, nullptr);
    check::faults("a write to the page is #GP", fault, 13, "3.13");
    check::that("and changes nothing", is_copy(second_page), "3.13");
    guest::try_wrmsr(msr::Hypercall, 0);
    check::that("nor what is beneath", is_filled(second_page), "5.2.1");
    hypercall::establish();
}

}  // namespace groups
