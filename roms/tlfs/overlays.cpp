// SPDX-License-Identifier: BSD-2-Clause
//
// The pages that a guest lays over its memory by an MSR (TLFS 5.2.1): each hides what is beneath,
// follows its register, and gives the place back. The hypercall page has a group of its own.
#include "roms/tlfs/checks.hpp"
#include "roms/tlfs/groups.hpp"

using tlfs::Feature;
namespace msr = tlfs::msr;

namespace groups {

namespace {

constexpr u64 pattern = 0x7171717171717171;
constexpr u64 mark = 0x0123456789abcdef;
constexpr u32 mark_at = 500;  // In qwords; no hypervisor writes there of its own accord.

alignas(4096) volatile u64 first_page[512];
alignas(4096) volatile u64 second_page[512];

struct Overlay {
    const char* name;
    u32 number;
    Feature feature;
    bool writable;
    bool cleared_at_start;
    const char* section;
};

constexpr Overlay overlays_there_are[] = {
    {"VP_ASSIST_PAGE", msr::VpAssistPage, Feature::InterruptControl, true, true, "7.8.7"},
    {"SIEFP", msr::Siefp, Feature::Synic, true, true, "11.9"},
    {"SIMP", msr::Simp, Feature::Synic, true, true, "11.9"},
    {"REFERENCE_TSC", msr::ReferenceTsc, Feature::ReferenceTsc, false, false, "12.7"},
};

u64 enabled_at(const volatile void* page) { return guest::address_of(page) | tlfs::page_enable; }

bool all_are(const volatile u64* page, u64 value) {
    for (u32 i = 0; i < 512; ++i) {
        if (page[i] != value) return false;
    }
    return true;
}

void fill_both() {
    for (u32 i = 0; i < 512; ++i) {
        first_page[i] = pattern;
        second_page[i] = pattern;
    }
}

void check_one(const Overlay& overlay) {
    fill_both();
    check::holds({overlay.name, overlay.number, true}, overlay.number, enabled_at(first_page),
                 overlay.section);
    check::that({"hides what is beneath:", overlay.number, true}, first_page[mark_at] != pattern,
                "5.2.1");
    if (overlay.cleared_at_start) {
        check::that({"is clear at first:", overlay.number, true}, all_are(first_page, 0),
                    overlay.section);
    }
    if (overlay.writable) first_page[mark_at] = mark;
    const u64 seen = first_page[mark_at];
    guest::try_wrmsr(overlay.number, enabled_at(second_page));
    check::that({"moved away, gives the place back:", overlay.number, true},
                all_are(first_page, pattern), "5.2.1");
    check::equal({"is what has moved:", overlay.number, true}, second_page[mark_at], seen, "5.2.1");
    guest::try_wrmsr(overlay.number, guest::address_of(second_page));
    check::that({"disabled, gives the place back:", overlay.number, true},
                all_are(second_page, pattern), "5.2.1");
    second_page[mark_at] = ~mark;
    guest::try_wrmsr(overlay.number, enabled_at(second_page));
    check::that({"does not take on what is beneath:", overlay.number, true},
                second_page[mark_at] != ~mark, "5.2.1");
    if (overlay.writable) second_page[mark_at] = 0;
    guest::try_wrmsr(overlay.number, 0);
    check::equal({"what is written to it stays out of memory:", overlay.number, true},
                 second_page[mark_at], ~mark, "5.2.1");
    if (overlay.number != msr::VpAssistPage && guest::physical_address_bits() < 64) {
        const u64 beyond = u64{1} << guest::physical_address_bits();
        check::writes({"beyond the address space does not fault:", overlay.number, true},
                      overlay.number, beyond | tlfs::page_enable, overlay.section);
        guest::try_wrmsr(overlay.number, 0);
    }
}

/// Two at one place: one is seen; when that goes, the other; then memory.
void check_stacked(const Overlay& lower, const Overlay& upper) {
    fill_both();
    guest::try_wrmsr(lower.number, enabled_at(first_page));
    guest::try_wrmsr(upper.number, enabled_at(second_page));
    const u64 of_lower = first_page[1], of_upper = second_page[1];
    guest::try_wrmsr(upper.number, enabled_at(first_page));
    const u64 seen = first_page[1];
    check::that("of two overlays at one place one is seen", seen == of_lower || seen == of_upper,
                "5.2.1");
    check::that("and memory is back where the second one was", all_are(second_page, pattern),
                "5.2.1");
    guest::try_wrmsr(upper.number, 0);
    check::equal("when one is taken away the other is seen", first_page[1], of_lower, "5.2.1");
    guest::try_wrmsr(upper.number, enabled_at(first_page));
    guest::try_wrmsr(lower.number, 0);
    check::equal("either way round", first_page[1], of_upper, "5.2.1");
    guest::try_wrmsr(upper.number, 0);
    check::that("and memory beneath both", all_are(first_page, pattern), "5.2.1");
}

struct Own {
    u32 number;
    volatile u64* page;
    u64 before, after;
};

void enable_own(void* argument) {
    Own& own = *static_cast<Own*>(argument);
    own.before = guest::try_rdmsr(own.number).value;
    guest::try_wrmsr(own.number, enabled_at(own.page));
    own.after = own.page[mark_at];
    guest::try_wrmsr(own.number, 0);
}

void check_per_processor(const Overlay& overlay) {
    fill_both();
    guest::try_wrmsr(overlay.number, enabled_at(first_page));
    first_page[mark_at] = mark;
    for (u32 i = 1; i < guest::processor_count(); ++i) {
        Own own{overlay.number, second_page, 0, 0};
        guest::run_on(i, enable_own, &own);
        check::equal({"its register is its own, processor", i}, own.before & tlfs::page_enable, 0,
                     overlay.section);
        check::equal({"its page is its own, processor", i}, own.after, 0, overlay.section);
        check::equal({"which leaves this one's, processor", i}, first_page[mark_at], mark,
                     overlay.section);
    }
    first_page[mark_at] = 0;
    guest::try_wrmsr(overlay.number, 0);
}

}  // namespace

void overlays() {
    if (without_hypervisor()) return;
    const Overlay* shown[4];
    u32 count = 0;
    for (const Overlay& overlay : overlays_there_are) {
        if (!tlfs::shows(overlay.feature)) continue;
        shown[count++] = &overlay;
        check_one(overlay);
        if (overlay.writable) check_per_processor(overlay);
    }
    if (count == 0) check::skip("all", "no overlay is shown");
    // SIEF and SIM pages at one place are undefined (11.9); an assist page and a time page are not.
    if (count >= 2 && tlfs::shows(Feature::ReferenceTsc))
        check_stacked(*shown[0], *shown[count - 1]);
}

}  // namespace groups
