// SPDX-License-Identifier: BSD-2-Clause
#include "tests/differential/descriptors.hpp"

#include <asm/ldt.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "tests/differential/layout.hpp"

namespace test::differential {

std::span<const LdtEntry> ldt_entries() {
    constexpr auto data = static_cast<u32>(data_base);
    constexpr auto code = static_cast<u32>(code_base);
    static const std::array<LdtEntry, 14> entries = {{
        {.base = data, .limit = 0xffff},
        {.base = code, .limit = 0xffff, .contents = LdtEntry::Code},
        {.base = code, .limit = 0xffff, .contents = LdtEntry::Code, .big = true},
        {.base = data, .limit = 0x8803, .big = true},
        {.base = data, .limit = 0x77f3, .contents = LdtEntry::ExpandDown},
        {.base = data, .limit = 0x7ff5, .contents = LdtEntry::ExpandDown, .big = true},
        {.base = data, .limit = 0xffff, .big = true, .restricted = true},
        {.base = data, .limit = 0xffff, .present = false},
        {.base = code,
         .limit = 0xffff,
         .contents = LdtEntry::Code,
         .big = true,
         .restricted = true},
        // Linux takes conforming code only if it is not present.
        {.base = code,
         .limit = 0xffff,
         .contents = LdtEntry::Conforming,
         .big = true,
         .present = false},
        {.base = 0, .limit = 0xfffff, .big = true, .in_pages = true},
        {.base = data - 0x8000, .limit = 0xffff},
        {.base = 0, .limit = 0xfffff, .contents = LdtEntry::Code, .big = true, .in_pages = true},
        {.base = data, .limit = 0x7, .big = true, .in_pages = true},
    }};
    return entries;
}

u64 descriptor_of(const LdtEntry& entry) {
    const u64 type = u64{entry.contents} << 2 | (entry.restricted ? 0u : 2u) | 1u;
    const u64 access = type | 0x10u | 0x60u | (entry.present ? 0x80u : 0u);
    // AVL is what Linux calls `useable`, which install_ldt() sets.
    const u64 flags = (entry.in_pages ? 8u : 0u) | (entry.big ? 4u : 0u) | 1u;
    const u64 limit = entry.limit;
    const u64 base = entry.base;
    return (limit & 0xffff) | (base & 0xff'ffff) << 16 | access << 40 | (limit >> 16) << 48 |
           flags << 52 | (base >> 24) << 56;
}

std::span<const u64> gdt_entries() {
    static constexpr std::array<u64, 8> entries = {
        0,
        0x00cf'9b00'0000'ffff,  // Kernel code, 32 bits.
        0x00af'9b00'0000'ffff,  // Kernel code.
        0x00cf'9300'0000'ffff,  // Kernel data.
        0x00cf'fb00'0000'ffff,  // User code, 32 bits.
        0x00cf'f300'0000'ffff,  // User data.
        0x00af'fb00'0000'ffff,  // User code.
        0,
    };
    return entries;
}

u64 processor_number_descriptor() {
    const u32 selector = processor_number_selector;
    u32 rights = 0;
    u32 limit = 0;
    asm("lar %1, %0" : "=r"(rights) : "r"(selector) : "cc");
    asm volatile("lsl %1, %0" : "=r"(limit) : "r"(selector) : "cc");
    return (limit & 0xffff) | u64{rights} << 32 | u64{limit & 0xf'0000} << 32;
}

u64 descriptor_base(u16 selector) {
    if ((selector & 4) == 0) return 0;
    const usize index = selector >> 3;
    return index < ldt_entries().size() ? ldt_entries()[index].base : 0;
}

bool descriptor_is_big(u16 selector) {
    if ((selector & 4) == 0) return true;
    const usize index = selector >> 3;
    return index < ldt_entries().size() && ldt_entries()[index].big;
}

bool install_ldt() {
    constexpr int write_entry = 0x11;  // Linux's newer form, which knows `useable`.
    u32 index = 0;
    for (const LdtEntry& entry : ldt_entries()) {
        user_desc request{};
        request.entry_number = index++;
        request.base_addr = entry.base;
        request.limit = entry.limit;
        request.seg_32bit = entry.big;
        request.contents = entry.contents & 3u;
        request.read_exec_only = entry.restricted;
        request.limit_in_pages = entry.in_pages;
        request.seg_not_present = !entry.present;
        request.useable = 1;
        if (syscall(SYS_modify_ldt, write_entry, &request, sizeof(request)) != 0) return false;
    }
    return true;
}

}  // namespace test::differential
