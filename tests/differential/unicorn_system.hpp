// SPDX-License-Identifier: BSD-2-Clause
//
// The three machines in which Unicorn is asked for a second opinion: nothing is paged away,
// segments are flat (or selector times 16), and the privilege is the highest. Both sides have the
// same tables, the same memory and the same ports.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "tests/differential/case.hpp"
#include "tests/differential/layout.hpp"

namespace test::differential {

enum class FlatMode : u8 {
    Real,       // 16-bit code at CS = 3000, data at 2000.
    Protected,  // 32-bit code, ring 0, no paging.
    Long,       // 64-bit code, ring 0, memory mapped to itself.
};

/// Of the messages and of `--mode`.
std::string_view mode_name(FlatMode mode);
cpu::CodeMode code_mode_of(FlatMode mode);

namespace flat {
/// In real mode everything lies lower by this much.
constexpr u64 real_shift = data_base - 0x2'0000;
constexpr u16 real_data = 0x2000;
constexpr u16 real_code = 0x3000;
static_assert(code_base - real_shift == real_code * 16);

constexpr u16 code_32 = 0x08;
constexpr u16 code_64 = 0x10;
constexpr u16 data = 0x18;
constexpr u16 tss = 0x40;
constexpr u16 ldt = 0x50;
constexpr u16 code_16_based = 0x60;  // Over the code pages, as the LDT's are for users.
constexpr u16 code_32_based = 0x68;
constexpr u16 conforming_based = 0x70;

constexpr u64 pml4 = 0x1000;
constexpr u64 pdpt = 0x2000;
constexpr u64 directories = 0x3000;  // Four: 4 GiB, by pages of 2 MiB.
constexpr u64 gdt = 0x7000;
constexpr u16 gdt_limit = 0x77;
constexpr u64 ldt_table = 0x7800;
constexpr u64 idt = 0x8000;
constexpr u64 tss_image = 0x9000;
constexpr u64 bootstrap = 0xa000;
constexpr u64 tables_size = 0xc000;

/// Nothing is ever executed there.
constexpr u64 handlers = 0xe'0000;
constexpr u64 handler_size = 16;
}  // namespace flat

/// With a page behind them: what comes after an instruction is looked at before it is run.
constexpr usize code_pages_size = 6 * page;

/// Where the arena and the code pages lie.
u64 arena_of(FlatMode mode);
u64 code_pages_of(FlatMode mode);

/// The bytes below `flat::tables_size`: descriptor tables, page tables, vectors.
std::vector<u8> tables_for(FlatMode mode);

/// Of a selector in the GDT or the LDT above; 0 for what is not there.
u64 descriptor_at(std::span<const u8> tables, u16 selector);

/// Of one byte: a bus may take wider ones apart.
struct PortAccess {
    u16 port = 0;
    u8 value = 0;
    bool write = false;
    bool operator==(const PortAccess&) const = default;
};

/// What a port reads as: each byte a function of its number.
u32 port_value(u64 port, u32 size);
void note_port_access(std::vector<PortAccess>& seen, u64 port, u32 size, bool write, u64 value);

/// What user mode does not see.
struct SystemState {
    u64 cr0 = 0;
    u64 cr2 = 0;
    u64 cr3 = 0;
    u64 cr4 = 0;
    u64 gdt_base = 0;
    u64 idt_base = 0;
    u16 gdt_limit = 0;
    u16 idt_limit = 0;
    u16 ldt = 0;
    u16 tr = 0;
    std::array<u64, 8> dr{};
};

struct FlatOutcome : Outcome {
    SystemState system;
    u64 landing = 0;  // Linear, of the next instruction.
    bool halted = false;
    bool outside = false;  // It touched what is not memory.
    std::vector<PortAccess> ports;
};

}  // namespace test::differential
