// SPDX-License-Identifier: BSD-2-Clause
//
// A processor on a bench: 2 MiB of memory at address zero, no devices, no engine. Instructions are
// executed one at a time through cpu::execute, or the functions of cpu/core are called directly.
#pragma once

#include <array>
#include <initializer_list>
#include <memory>
#include <vector>

#include "cpu/arch/paging.hpp"
#include "cpu/core/models/cpu_model.hpp"
#include "cpu/core/vcpu.hpp"
#include "cpu/decode/decoder.hpp"
#include "cpu/mmu/access.hpp"
#include "cpu/semantics/semantics.hpp"
#include "fabric/support/verify.hpp"

namespace test {

/// The last model has everything.
inline const cpu::CpuModel& richest_model() { return cpu::cpu_models().back(); }

/// A code or data descriptor; `attributes` as in cpu::Segment. With G the limit counts pages.
constexpr u64 descriptor(u32 base, u32 limit, u16 attributes) {
    return (limit & 0xffff) | u64{limit & 0xf0000} << 32 | u64{base & 0xff'ffff} << 16 |
           u64{base >> 24} << 56 | u64{attributes} << 40;
}
/// A gate of any type, or its first half in long mode.
constexpr u64 gate(u16 selector, u32 offset, u16 attributes, u8 parameters = 0) {
    return (offset & 0xffff) | u64{selector} << 16 | u64{parameters} << 32 | u64{attributes} << 40 |
           u64{offset >> 16} << 48;
}

class CpuBench {
public:
    static constexpr u64 ram_bytes = 2 << 20;
    static constexpr u64 gdt = 0x1000;
    static constexpr u64 idt = 0x2000;
    static constexpr u64 page_tables = 0x4000;  // Of long mode: identity, one large page.

    CpuBench() : CpuBench(richest_model()) {}
    explicit CpuBench(const cpu::CpuModel& model)
        : memory(create_memory()),
          vcpu(model, {.memory = *memory, .io_ports = io_ports, .mmio = mmio}) {
        vcpu.budget = 1 << 20;
    }

    std::unique_ptr<fabric::GuestMemory> memory;
    fabric::IoSpace io_ports{"ports"};
    fabric::IoSpace mmio{"memory"};
    cpu::Vcpu vcpu;
    cpu::CpuState& state = vcpu.state;

    // Memory, by physical address.

    template <class T>
    void poke(u64 address, T value) {
        VERIFY(
            memory->write(fabric::Gpa{address}, {reinterpret_cast<const u8*>(&value), sizeof(T)}));
    }
    void poke_bytes(u64 address, std::initializer_list<u8> bytes) {
        const std::vector<u8> copy(bytes);
        VERIFY(memory->write(fabric::Gpa{address}, copy));
    }
    template <class T>
    T peek(u64 address) const {
        T value;
        VERIFY(memory->read(fabric::Gpa{address}, {reinterpret_cast<u8*>(&value), sizeof(T)}));
        return value;
    }

    void set_gdt_entry(u16 selector, u64 low) { poke<u64>(gdt + (selector & 0xfff8u), low); }
    void set_idt_entry(u8 vector, u64 low) { poke<u64>(idt + vector * u64{8}, low); }
    void set_long_idt_entry(u8 vector, u64 low, u32 offset_high = 0) {
        poke<u64>(idt + vector * u64{16}, low);
        poke<u64>(idt + vector * u64{16} + 8, offset_high);
    }

    // Modes, as if firmware had set them up. Selectors: ring 0 code 08, data 10; ring 3 code 1b,
    // data 23. Code stands at 0x10000, the stack below 0x9000 and 0xa000.

    void real_mode() {
        for (cpu::Segment& each : state.segments) each = {.attributes = 0x93, .limit = 0xffff};
        state.segment(cpu::SegReg::Cs) = {
            .selector = 0x1000, .attributes = 0x9b, .limit = 0xffff, .base = 0x10000};
        state.rip = 0;
        state.reg(cpu::Gpr::Rsp) = 0x7000;
        state.idtr = {0, 0x3ff};
        vcpu.attention = 0;
    }

    /// `big`: 32-bit segments; else 16-bit ones.
    void protected_mode(u8 cpl = 0, bool big = true) {
        const u16 size = big ? cpu::Segment::Big | cpu::Segment::Granular : cpu::Segment::Granular;
        fill_gdt(size, size);
        state.cr0 |= cpu::cr0::PE;
        load_ring(cpl);
    }

    /// 64-bit mode, or with `compatibility` 32-bit code under it.
    void long_mode(u8 cpl = 0, bool compatibility = false) {
        using cpu::Segment;
        constexpr u16 legacy = Segment::Big | Segment::Granular;
        constexpr u16 code_64 = Segment::Long | Segment::Granular;
        fill_gdt(compatibility ? legacy : code_64, legacy);
        constexpr u64 table = cpu::pte::Present | cpu::pte::Writable | cpu::pte::User;
        poke<u64>(page_tables, (page_tables + 0x1000) | table);
        poke<u64>(page_tables + 0x1000, (page_tables + 0x2000) | table);
        poke<u64>(page_tables + 0x2000, table | cpu::pte::Large);
        state.cr3 = page_tables;
        state.cr4 |= cpu::cr4::PAE;
        state.msr.efer |= cpu::efer::LME | cpu::efer::LMA | cpu::efer::SCE;
        state.cr0 |= cpu::cr0::PE | cpu::cr0::PG;
        load_ring(cpl);
    }

    /// Decodes at CS:RIP and executes; on Step::Next moves RIP, as an engine does.
    cpu::Step execute() {
        const u64 base =
            vcpu.code_mode() == cpu::CodeMode::Bits64 ? 0 : state.segment(cpu::SegReg::Cs).base;
        const auto bytes = peek<std::array<u8, 15>>(base + state.rip);
        cpu::Instruction instruction;
        const auto status = cpu::decode(bytes, vcpu.code_mode(), vcpu.features, instruction);
        if (status != cpu::DecodeStatus::Ok) return vcpu.raise(cpu::Vector::UD);
        state.other_flags &= ~cpu::rflags::RF;
        const cpu::Step step = cpu::execute(vcpu, instruction);
        if (step == cpu::Step::Next) state.rip += instruction.length;
        if (step == cpu::Step::Next || step == cpu::Step::Jump) ++state.retired;
        return step;
    }
    /// The same, of these bytes put where RIP is.
    cpu::Step execute(std::initializer_list<u8> bytes) {
        const u64 base =
            vcpu.code_mode() == cpu::CodeMode::Bits64 ? 0 : state.segment(cpu::SegReg::Cs).base;
        poke_bytes(base + state.rip, bytes);
        return execute();
    }

private:
    static std::unique_ptr<fabric::GuestMemory> create_memory() {
        auto created = fabric::GuestMemory::create(ram_bytes).value();
        created->map_ram(fabric::Gpa{0}, ram_bytes, 0).value();
        return created;
    }

    void fill_gdt(u16 code_size, u16 data_size) {
        const auto with = [](u16 attributes, u16 size) {
            return static_cast<u16>(attributes | size);
        };
        set_gdt_entry(0x08, descriptor(0, 0xfffff, with(0x9b, code_size)));
        set_gdt_entry(0x10, descriptor(0, 0xfffff, with(0x93, data_size)));
        set_gdt_entry(0x18, descriptor(0, 0xfffff, with(0xfb, code_size)));
        set_gdt_entry(0x20, descriptor(0, 0xfffff, with(0xf3, data_size)));
        state.gdtr = {gdt, 0xfff};
        state.idtr = {idt, 0xfff};
    }

    void load_ring(u8 cpl) {
        using cpu::SegReg;
        const auto hidden = [&](u16 selector) {
            const u64 raw = peek<u64>(gdt + (selector & 0xfff8u));
            return cpu::Segment{.selector = selector,
                                .attributes = static_cast<u16>((raw >> 40) & 0xf0ff),
                                .limit = 0xffff'ffff};
        };
        const cpu::Segment data = hidden(cpl == 3 ? 0x23 : 0x10);
        for (cpu::Segment& each : state.segments) each = data;
        state.segment(SegReg::Cs) = hidden(cpl == 3 ? 0x1b : 0x08);
        state.cpl = cpl;
        state.rip = 0x10000;
        state.reg(cpu::Gpr::Rsp) = cpl == 3 ? 0xa000 : 0x9000;
        vcpu.attention = 0;
    }
};

}  // namespace test
