// SPDX-License-Identifier: BSD-2-Clause
#include "tests/differential/unicorn_system.hpp"

#include <cstring>

#include "cpu/arch/paging.hpp"
#include "tests/differential/descriptors.hpp"

namespace test::differential {

std::string_view mode_name(FlatMode mode) {
    switch (mode) {
        case FlatMode::Real: return "real";
        case FlatMode::Protected: return "protected";
        case FlatMode::Long: return "long";
    }
    return {};
}

cpu::CodeMode code_mode_of(FlatMode mode) {
    switch (mode) {
        case FlatMode::Real: return cpu::CodeMode::Bits16;
        case FlatMode::Protected: return cpu::CodeMode::Bits32;
        case FlatMode::Long: break;
    }
    return cpu::CodeMode::Bits64;
}

u64 arena_of(FlatMode mode) { return arena - (mode == FlatMode::Real ? flat::real_shift : 0); }
u64 code_pages_of(FlatMode mode) {
    return code_base - (mode == FlatMode::Real ? flat::real_shift : 0);
}

namespace {
class Tables {
public:
    Tables() : bytes_(flat::tables_size) {}

    void put(u64 at, u64 value, usize size = 8) { std::memcpy(bytes_.data() + at, &value, size); }
    std::vector<u8> take() { return std::move(bytes_); }

    void descriptor_tables(FlatMode mode) {
        u64 at = flat::gdt;
        for (const u64 descriptor : gdt_entries()) {
            put(at, descriptor);
            at += 8;
        }
        const u64 based = (code_base & 0xff'ffff) << 16 | (code_base >> 24) << 56 | 0xffff;
        put(flat::gdt + flat::code_16_based, based | u64{0x009b} << 40);
        put(flat::gdt + flat::code_32_based, based | u64{0x409b} << 40);
        put(flat::gdt + flat::conforming_based, based | u64{0x409f} << 40);
        put(flat::gdt + flat::tss, 0x67 | flat::tss_image << 16 | u64{0x89} << 40);
        const u64 ldt_limit = ldt_entries().size() * 8 - 1;
        put(flat::gdt + flat::ldt, ldt_limit | flat::ldt_table << 16 | u64{0x82} << 40);
        at = flat::ldt_table;
        for (const LdtEntry& entry : ldt_entries()) {
            put(at, descriptor_of(entry));
            at += 8;
        }
        put(flat::tss_image + 0x66, 0x68, 2);
        gates(mode);
    }

    void gates(FlatMode mode) {
        const bool wide = mode == FlatMode::Long;
        for (u64 vector = 0; vector < 256; ++vector) {
            const u64 offset = flat::handlers + vector * flat::handler_size;
            const u64 selector = wide ? flat::code_64 : flat::code_32;
            put(flat::idt + vector * (wide ? 16 : 8),
                (offset & 0xffff) | selector << 16 | u64{0x8e} << 40 | (offset >> 16) << 48);
        }
    }

    void vectors() {
        for (u64 vector = 0; vector < 256; ++vector) {
            put(vector * 4, (flat::handlers >> 4) << 16 | vector * flat::handler_size, 4);
        }
    }

    void page_tables() {
        using namespace cpu::pte;
        constexpr u64 entry = Present | Writable | Accessed;
        put(flat::pml4, flat::pdpt | entry);
        for (u64 i = 0; i < 4; ++i) put(flat::pdpt + i * 8, (flat::directories + i * page) | entry);
        for (u64 i = 0; i < 4 * 512; ++i) {
            put(flat::directories + i * 8, i << 21 | entry | Dirty | Large);
        }
    }

private:
    std::vector<u8> bytes_;
};
}  // namespace

std::vector<u8> tables_for(FlatMode mode) {
    Tables tables;
    if (mode == FlatMode::Real) {
        tables.vectors();
        return tables.take();
    }
    tables.descriptor_tables(mode);
    if (mode == FlatMode::Long) tables.page_tables();
    return tables.take();
}

u64 descriptor_at(std::span<const u8> tables, u16 selector) {
    const u64 table = (selector & 4) != 0 ? flat::ldt_table : flat::gdt;
    const u64 limit = (selector & 4) != 0 ? ldt_entries().size() * 8 : flat::gdt_limit + 1u;
    const u64 at = selector & ~7u;
    u64 descriptor = 0;
    if (at < limit) std::memcpy(&descriptor, tables.data() + table + at, sizeof(descriptor));
    return descriptor;
}

u32 port_value(u64 port, u32 size) {
    u32 value = 0;
    for (u32 i = 0; i < size; ++i) {
        const u64 byte = (((port + i + 1) & 0xffff) * 0x9e37'79b9'7f4a'7c15) >> 56;
        value |= static_cast<u32>(byte) << (8 * i);
    }
    return value;
}

void note_port_access(std::vector<PortAccess>& seen, u64 port, u32 size, bool write, u64 value) {
    for (u32 i = 0; i < size; ++i) {
        seen.push_back(
            {static_cast<u16>(port + i), static_cast<u8>(value >> (8 * i) & 0xff), write});
    }
}

}  // namespace test::differential
