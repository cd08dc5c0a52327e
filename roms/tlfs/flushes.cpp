// SPDX-License-Identifier: BSD-2-Clause
//
// HvCallFlushVirtualAddressSpace, -List and their Ex forms (TLFS 9.4): what they refuse, and that
// afterwards no processor they name still has the old translation.
#include "roms/tlfs/checks.hpp"
#include "roms/tlfs/groups.hpp"
#include "roms/tlfs/hypercall.hpp"

using namespace hypercall;
using tlfs::Advice;
namespace code = tlfs::code;

namespace groups {

namespace {

constexpr u64 all_processors = 1;
constexpr u64 all_spaces = 2;
constexpr u64 non_global_only = 4;
constexpr u64 sparse = 0;
constexpr u64 everybody = 1;

alignas(4096) volatile u64 window[512];  // The page whose translation changes.
alignas(4096) volatile u64 old_page[512];
alignas(4096) volatile u64 new_page[512];

u64 address_space() {
    u64 cr3;
    __asm__ volatile("mov %%cr3, %0" : "=r"(cr3));
    return cr3;
}

void look_through_window(void* seen) { *static_cast<u64*>(seen) = window[0]; }

void map_window(const volatile u64* page) {
    guest::page_entry(window) = guest::address_of(page) | 3;
}

u64 flush_space(u64 space, u64 flags, u64 mask) {
    u64* input = cleared_input();
    input[0] = space;
    input[1] = flags;
    input[2] = mask;
    return call(code::FlushVirtualAddressSpace, input);
}

u64 flush_list(u64 flags, u64 mask, u64 range) {
    u64* input = cleared_input();
    input[0] = address_space();
    input[1] = flags;
    input[2] = mask;
    input[3] = range;
    return call(code::FlushVirtualAddressList | rep_count(1), input);
}

u64 flush_space_ex(u64 flags, u64 format, u64 banks, u64 members, u64 header) {
    u64* input = cleared_input();
    input[0] = address_space();
    input[1] = flags;
    input[2] = format;
    input[3] = banks;
    input[4] = members;
    return call(code::FlushVirtualAddressSpaceEx | variable_header(header), input);
}

u64 flush_list_ex(u64 flags, u64 format, u64 banks, u64 members, u64 range) {
    u64* input = cleared_input();
    input[0] = address_space();
    input[1] = flags;
    input[2] = format;
    input[3] = banks;
    const u64 header = format == sparse ? 1 : 0;
    if (header != 0) input[4] = members;
    input[4 + header] = range;
    return call(code::FlushVirtualAddressListEx | variable_header(header) | rep_count(1), input);
}

u64 vp_mask(u32 processor) { return u64{1} << processor; }
u64 window_range(u64 more_pages) { return guest::address_of(window) | more_pages; }

/// Whether `flush`, given the bit of a processor, does away with what it has cached. Processor 0 is
/// this one.
void check_effect(const char* name, u64 (*flush)(u64 mask), const char* section) {
    for (u32 i = 0; i < guest::processor_count(); ++i) {
        u64 before = 0, after = 0;
        const auto look = [i](u64& seen) {
            if (i == 0) {
                look_through_window(&seen);
            } else {
                guest::run_on(i, look_through_window, &seen);
            }
        };
        map_window(old_page);
        guest::invalidate(window);
        if (i != 0) {
            guest::run_on(
                i, [](void*) { guest::invalidate(window); }, nullptr);
        }
        look(before);
        map_window(new_page);
        const u64 result = flush(vp_mask(i));
        look(after);
        check::status({name, i}, result, tlfs::Success, section);
        check::that({"the translations differ, for processor", i}, before != after, section);
        check::equal({"no old translation is left on processor", i}, after, new_page[0], section);
    }
}

void check_spaces() {
    check_effect(
        "address space, by mask, processor",
        [](u64 mask) { return flush_space(address_space(), 0, mask); }, "9.4.2");
    check_effect(
        "all address spaces, by mask, processor",
        [](u64 mask) { return flush_space(0, all_spaces, mask); }, "9.4.2");
    check_effect(
        "what is not global, by mask, processor",
        [](u64 mask) { return flush_space(address_space(), non_global_only, mask); }, "9.4.2");
    check_effect(
        "address space, all processors",
        [](u64) { return flush_space(address_space(), all_processors, 0); }, "9.4.2");
    for (const u64 bit : {4, 5, 31, 32, 63}) {
        check::status({"reserved flag", bit},
                      flush_space(address_space(), u64{1} << bit | all_processors, 1),
                      tlfs::InvalidParameter, "9.4.2");
    }
}

void check_lists() {
    check_effect(
        "list, by mask, processor", [](u64 mask) { return flush_list(0, mask, window_range(0)); },
        "9.4.4");
    check_effect(
        "list, all processors", [](u64) { return flush_list(all_processors, 0, window_range(0)); },
        "9.4.4");
    check_effect(
        "in the middle of a range, processor",
        [](u64 mask) { return flush_list(0, mask, window_range(0) - 3 * guest::page_size + 7); },
        "9.4.4");
    check_effect(
        "at the end of 200 pages, processor",
        [](u64 mask) {
            return flush_list(0, mask, window_range(0) - 199 * guest::page_size + 199);
        },
        "9.4.4");
    check::reps("an address that is not canonical is ignored",
                flush_list(all_processors, 0, u64{0x0008} << 48), tlfs::Success, 1, "9.4.4");
    check::status("what is not global is no option here",
                  flush_list(non_global_only, 1, window_range(0)), tlfs::InvalidParameter, "9.4.4");
    check::status("a reserved flag", flush_list(1 << 8, 1, window_range(0)), tlfs::InvalidParameter,
                  "9.4.4");
}

void check_ex() {
    check_effect(
        "sparse set, processor", [](u64 mask) { return flush_space_ex(0, sparse, 1, mask, 1); },
        "9.4.3");
    check_effect(
        "all of the set", [](u64) { return flush_space_ex(0, everybody, 0, 0, 0); }, "9.4.3");
    check_effect(
        "list, sparse set, processor",
        [](u64 mask) { return flush_list_ex(0, sparse, 1, mask, window_range(0)); }, "9.4.5");
    check_effect(
        "list, all of the set",
        [](u64) { return flush_list_ex(0, everybody, 0, 0, window_range(0)); }, "9.4.5");
    check::status("no such format of a set", flush_space_ex(0, 2, 1, 1, 1), tlfs::InvalidParameter,
                  "9.4.3");
    check::status("a bank that is said to be there and is not", flush_space_ex(0, sparse, 1, 1, 0),
                  tlfs::InvalidParameter, tlfs::InvalidHypercallInput, "7.8.7.3");
    check::status("two banks said to be there, one given", flush_space_ex(0, sparse, 3, 1, 1),
                  tlfs::InvalidParameter, tlfs::InvalidHypercallInput, "7.8.7.3");
    check::status("a bank without members is allowed",
                  flush_space_ex(all_processors, sparse, 1, 0, 1), tlfs::Success, "7.8.7.3");
    check::status("a reserved flag", flush_space_ex(1 << 9, everybody, 0, 0, 0),
                  tlfs::InvalidParameter, "9.4.3");
}

}  // namespace

void flushes() {
    if (without_hypercalls()) return;
    old_page[0] = 0x01d;
    new_page[0] = 0x2e3;
    const bool advised = tlfs::advises(Advice::RemoteFlush) || tlfs::advises(Advice::LocalFlush);
    if (advised || known(code::FlushVirtualAddressSpace)) {
        check_spaces();
        check_lists();
    } else {
        check::skip("by mask", "not advised, not known");
    }
    if ((advised && tlfs::advises(Advice::ExProcessorMasks)) ||
        known(code::FlushVirtualAddressSpaceEx)) {
        check_ex();
    } else {
        check::skip("by set", "not advised, not known");
    }
    map_window(window);
    guest::invalidate(window);
}

void flush_spaces() {
    if (without_hypercalls()) return;
    if (!known(code::FlushVirtualAddressSpace)) {
        check::skip("all", "the call is not known");
        return;
    }
    check::status("an address space that cannot be CR3",
                  flush_space(u64{1} << 62, all_processors, 1), tlfs::InvalidParameter, "9.4.2");
    check::status("which is not looked at if all are meant",
                  flush_space(u64{1} << 62, all_processors | all_spaces, 1), tlfs::Success,
                  "9.4.2");
}

}  // namespace groups
