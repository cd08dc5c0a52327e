// SPDX-License-Identifier: BSD-2-Clause
//
// The guest crash registers (TLFS 4.3). A report is logged; the guest goes on.
#include "roms/tlfs/checks.hpp"
#include "roms/tlfs/groups.hpp"

namespace msr = tlfs::msr;

namespace groups {

namespace {

constexpr u64 notify = u64{1} << 63;
constexpr u64 with_message = u64{1} << 62;
constexpr char text[] = "the conformance guest tries its crash registers";

void set_parameters(u64 p3, u64 p4) {
    for (u32 i = 0; i < 3; ++i) guest::try_wrmsr(msr::CrashP0 + i, 0xc0de0 + i);
    guest::try_wrmsr(msr::CrashP0 + 3, p3);
    guest::try_wrmsr(msr::CrashP0 + 4, p4);
}

}  // namespace

void crash() {
    if (without_hypervisor()) return;
    if (!tlfs::shows(tlfs::Feature::GuestCrash)) {
        check::skip("all", "the crash registers are not shown");
        return;
    }
    const guest::MsrRead capabilities = guest::try_rdmsr(msr::CrashCtl);
    check::that("CRASH_CTL can be read", !capabilities.fault.raised, "4.3");
    check::equal("it can notify", capabilities.value & notify, notify, "4.3");
    check::equal("it promises nothing unknown", capabilities.value & ((u64{1} << 58) - 1), 0,
                 "4.3");
    set_parameters(guest::address_of(text), sizeof text - 1);
    check::writes("notify", msr::CrashCtl, notify, "4.3");
    check::reads("the registers keep what they had", msr::CrashP0 + 1, 0xc0de1, "4.3");
    check::equal("CRASH_CTL still says what can be done", guest::try_rdmsr(msr::CrashCtl).value,
                 capabilities.value, "4.3");
    if ((capabilities.value & with_message) == 0) return;
    check::writes("notify with a message", msr::CrashCtl, notify | with_message, "4.3");
    set_parameters(guest::address_of(text), 0xffffffff);
    check::writes("with a message that is too long", msr::CrashCtl, notify | with_message, "4.3");
    set_parameters(~u64{0} - 4, 4096);
    check::writes("with a message that is nowhere", msr::CrashCtl, notify | with_message, "4.3");
    check::reads("the guest goes on", msr::CrashP0, 0xc0de0, "4.3");
}

}  // namespace groups
