// SPDX-License-Identifier: BSD-2-Clause
//
// Segments of the tests: Linux's own GDT as user mode meets it, and an LDT that modify_ldt(2) makes
// on the host. The guest gets tables with the same contents.
#pragma once

#include <span>

#include "fabric/support/int_types.hpp"

namespace test::differential {

/// The arguments of modify_ldt, which always sets DPL 3 and the accessed bit.
struct LdtEntry {
    enum Contents : u8 { Data, ExpandDown, Code, Conforming };
    u32 base = 0;
    u32 limit = 0;
    Contents contents = Data;
    bool big = false;         // D or B.
    bool restricted = false;  // Read-only data or execute-only code.
    bool in_pages = false;
    bool present = true;
};

std::span<const LdtEntry> ldt_entries();
u64 descriptor_of(const LdtEntry& entry);
/// Linux's GDT up to what it has for itself.
std::span<const u64> gdt_entries();

/// The last entry of Linux's GDT: a segment for user mode whose limit is the processor's number.
constexpr u16 processor_number_selector = 0x7b;
/// As it is on the processor that this runs on; a test stays there (stay_on_one_processor()).
u64 processor_number_descriptor();

constexpr u16 ldt_selector(u16 index) { return static_cast<u16>(index << 3 | 7); }

namespace selectors {
constexpr u16 Code32 = 0x23;
constexpr u16 Data = 0x2b;
constexpr u16 Code64 = 0x33;
constexpr u16 Data16 = ldt_selector(0);
constexpr u16 LdtCode16 = ldt_selector(1);
constexpr u16 LdtCode32 = ldt_selector(2);
constexpr u16 Data32Short = ldt_selector(3);
constexpr u16 Data16Down = ldt_selector(4);
constexpr u16 Data32Down = ldt_selector(5);
constexpr u16 DataReadOnly = ldt_selector(6);
constexpr u16 DataAtTop = ldt_selector(11);
constexpr u16 Data32Flat = ldt_selector(10);
}  // namespace selectors

/// Of a selector that can be loaded.
u64 descriptor_base(u16 selector);
bool descriptor_is_big(u16 selector);

/// Installs the LDT in this process. False if the system will not.
bool install_ldt();

}  // namespace test::differential
