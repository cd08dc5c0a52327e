// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/core/exception_delivery.hpp"

#include <catch2/catch.hpp>

#include "cpu/core/segment_load.hpp"
#include "tests/support/cpu_bench.hpp"

using cpu::Activity;
using cpu::Gpr;
using cpu::Segment;
using cpu::SegReg;
using cpu::SoftwareInterrupt;
using cpu::Step;
using cpu::Vector;
using test::CpuBench;
namespace rflags = cpu::rflags;

namespace {

constexpr u64 tss_base = 0x3000;
constexpr u16 interrupt_gate = 0x8e;
constexpr u16 trap_gate = 0x8f;

void load_tss(CpuBench& bench, u32 limit = 0x67) {
    bench.state.tr = {.selector = 0x28, .attributes = 0x8b, .limit = limit, .base = tss_base};
}

void load_tss_32(CpuBench& bench, u32 limit = 0x67) {
    load_tss(bench, limit);
    bench.poke<u32>(tss_base + 4, 0x9000);
    bench.poke<u16>(tss_base + 8, 0x10);
}

/// Handlers of all vectors at 0x20000 + 16 * vector.
void fill_idt(CpuBench& bench, u16 attributes) {
    for (u32 vector = 0; vector < 256; ++vector) {
        bench.set_idt_entry(static_cast<u8>(vector),
                            test::gate(0x08, 0x20000 + 16 * vector, attributes));
    }
}

void raise(CpuBench& bench, Vector vector, u32 error_code) {
    (void)bench.vcpu.raise(vector, error_code);
    cpu::deliver_exception(bench.vcpu);
}

template <class T>
T stack_word(const CpuBench& bench, usize index) {
    return bench.peek<T>(bench.state.segment(SegReg::Ss).base + bench.state.gpr[4] +
                         index * sizeof(T));
}

}  // namespace

TEST_CASE("Real mode: a fault goes through the table of far pointers", "[cpu][interrupt]") {
    CpuBench bench;
    bench.real_mode();
    bench.poke<u32>(13 * 4, 0xf000'1234);
    bench.state.rip = 0x77;
    bench.state.set_rflags(rflags::IF | rflags::TF | rflags::AC | rflags::CF);
    raise(bench, Vector::GP, 0);
    CHECK(bench.state.rip == 0x1234);
    CHECK(bench.state.segment(SegReg::Cs).base == 0xf0000);
    CHECK(bench.state.gpr[4] == 0x7000 - 6);
    CHECK(stack_word<u16>(bench, 0) == 0x77);
    CHECK(stack_word<u16>(bench, 1) == 0x1000);
    CHECK(stack_word<u16>(bench, 2) == (rflags::IF | rflags::TF | rflags::CF | rflags::Fixed1));
    CHECK(bench.state.rflags() == (rflags::CF | rflags::Fixed1));
}

TEST_CASE("Real mode: beyond the table's limit it ends in a shutdown", "[cpu][interrupt]") {
    CpuBench bench;
    bench.real_mode();
    bench.state.idtr.limit = 8 * 4 - 1;  // Not even #DF has a place.
    raise(bench, Vector::GP, 0);
    CHECK(bench.state.activity == Activity::Shutdown);
}

TEST_CASE("Protected mode: a fault within the ring pushes its code and RF", "[cpu][interrupt]") {
    CpuBench bench;
    bench.protected_mode(0);
    fill_idt(bench, interrupt_gate);
    bench.state.set_rflags(rflags::IF | rflags::TF | rflags::NT);
    raise(bench, Vector::GP, 0x1234);
    CHECK(bench.state.rip == 0x20000 + 13 * 16);
    CHECK(bench.state.gpr[4] == 0x9000 - 16);
    CHECK(stack_word<u32>(bench, 0) == 0x1234);
    CHECK(stack_word<u32>(bench, 1) == 0x10000);
    CHECK(stack_word<u32>(bench, 2) == 0x08);
    CHECK(stack_word<u32>(bench, 3) ==
          (rflags::IF | rflags::TF | rflags::NT | rflags::RF | rflags::Fixed1));
    CHECK(bench.state.rflags() == rflags::Fixed1);
}

TEST_CASE("Protected mode: from ring 3 the TSS has the stack", "[cpu][interrupt]") {
    CpuBench bench;
    bench.protected_mode(3);
    load_tss_32(bench);
    fill_idt(bench, trap_gate);
    bench.state.set_rflags(rflags::IF);
    cpu::deliver_interrupt(bench.vcpu, 0x40);
    CHECK(bench.state.cpl == 0);
    CHECK(bench.state.rip == 0x20000 + 0x400);
    CHECK(bench.state.segment(SegReg::Ss).selector == 0x10);
    const u32 expected[] = {0x10000, 0x1b, u32{rflags::IF} | 2, 0xa000, 0x23};
    for (usize i = 0; i < 5; ++i) CHECK(stack_word<u32>(bench, i) == expected[i]);
    CHECK(bench.state.rflags() == (rflags::IF | rflags::Fixed1));  // A trap gate leaves IF alone.
}

TEST_CASE("Protected mode: 16-bit gates push words", "[cpu][interrupt]") {
    CpuBench bench;
    bench.protected_mode(3);
    load_tss_32(bench);
    fill_idt(bench, 0x86);
    raise(bench, Vector::NP, 0x18);
    CHECK(bench.state.rip == 0xd0 - 0x20);  // Vector 11; the upper half of the offset is not there.
    CHECK(bench.state.gpr[4] == 0x9000 - 12);
    CHECK(stack_word<u16>(bench, 0) == 0x18);
    CHECK(stack_word<u16>(bench, 5) == 0x23);
}

TEST_CASE("Software interrupts: the gate's privilege counts, EXT does not", "[cpu][interrupt]") {
    CpuBench bench;
    bench.protected_mode(3);
    load_tss_32(bench);
    fill_idt(bench, interrupt_gate);
    const cpu::CpuState before = bench.state;
    CHECK(bench.execute({0xcd, 0x80}) == Step::Fault);
    CHECK(bench.vcpu.exception.vector == Vector::GP);
    CHECK(bench.vcpu.exception.error_code == 0x80 * 8 + 2);
    CHECK(bench.state == before);
    CHECK(bench.execute({0xf1}) == Step::Jump);  // INT1 is let through.

    bench.protected_mode(3);
    bench.set_idt_entry(0x80, test::gate(0x08, 0x20000, 0x006e));
    CHECK(bench.execute({0xcd, 0x80}) == Step::Fault);
    CHECK(bench.vcpu.exception.vector == Vector::NP);
    CHECK(bench.vcpu.exception.error_code == 0x80 * 8 + 2);
    bench.set_idt_entry(0x80, test::gate(0x08, 0x20000, 0x00ee));
    CHECK(bench.execute({0xcd, 0x80}) == Step::Jump);
    CHECK(stack_word<u32>(bench, 0) == 0x10002);
}

TEST_CASE("Exceptions on the way: EXT is set, and table 6-5 holds", "[cpu][interrupt][double]") {
    CpuBench bench;
    bench.protected_mode(0);
    fill_idt(bench, interrupt_gate);

    SECTION("an interrupt without a gate becomes #GP with EXT and IDT") {
        bench.set_idt_entry(0x40, 0);
        cpu::deliver_interrupt(bench.vcpu, 0x40);
        CHECK(bench.state.rip == 0x20000 + 13 * 16);
        CHECK(stack_word<u32>(bench, 0) == 0x40 * 8 + 3);
    }
    SECTION("a benign one and a contributory one are handled one after the other") {
        bench.set_idt_entry(6, 0);
        (void)bench.vcpu.raise(Vector::UD);
        cpu::deliver_exception(bench.vcpu);
        CHECK(bench.state.rip == 0x20000 + 13 * 16);
        CHECK(stack_word<u32>(bench, 0) == 6 * 8 + 3);
    }
    SECTION("two contributory ones make a double fault") {
        bench.set_idt_entry(13, 0);
        raise(bench, Vector::GP, 0x1234);
        CHECK(bench.state.rip == 0x20000 + 8 * 16);
        CHECK(stack_word<u32>(bench, 0) == 0);
        CHECK(stack_word<u32>(bench, 1) == 0x10000);
    }
    SECTION("a page fault and a contributory one do, too") {
        bench.set_idt_entry(14, 0);
        bench.vcpu.exception = {.vector = Vector::PF, .has_error_code = true, .address = 0x5678};
        cpu::deliver_exception(bench.vcpu);
        CHECK(bench.state.rip == 0x20000 + 8 * 16);
        CHECK(bench.state.cr2 == 0x5678);
    }
    SECTION("a contributory one within a double fault is the end") {
        bench.set_idt_entry(13, 0);
        bench.set_idt_entry(8, 0);
        raise(bench, Vector::GP, 0);
        CHECK(bench.state.activity == Activity::Shutdown);
    }
}

TEST_CASE("Virtual-8086: an interrupt leaves with all segments saved", "[cpu][interrupt][v86]") {
    CpuBench bench;
    bench.protected_mode(3);
    load_tss_32(bench);
    fill_idt(bench, interrupt_gate);
    bench.state.other_flags |= rflags::VM | rflags::IF;
    for (u8 i = 0; i < 6; ++i) {
        cpu::load_8086_segment(bench.vcpu, static_cast<SegReg>(i), static_cast<u16>(0x100 + i));
    }
    bench.state.rip = 0x55;
    bench.state.gpr[4] = 0xfff0;
    cpu::deliver_interrupt(bench.vcpu, 0x40);
    CHECK_FALSE(bench.vcpu.virtual_8086());
    CHECK(bench.state.cpl == 0);
    const u32 expected[] = {
        0x55, 0x101, u32{rflags::VM | rflags::IF} | 2, 0xfff0, 0x102, 0x100, 0x103, 0x104, 0x105};
    for (usize i = 0; i < 9; ++i) CHECK(stack_word<u32>(bench, i) == expected[i]);
    CHECK_FALSE(bench.state.segment(SegReg::Ds).usable());
    CHECK_FALSE(bench.state.segment(SegReg::Gs).usable());
}

TEST_CASE("Virtual-8086: INT n by IOPL, VME and the bitmap", "[cpu][interrupt][v86]") {
    CpuBench bench;
    bench.protected_mode(3);
    load_tss_32(bench, 0x67 + 32 + 16);
    bench.poke<u16>(tss_base + 0x66, 0x68 + 32);
    fill_idt(bench, 0xee);
    bench.state.other_flags |= rflags::VM;
    for (u8 i = 0; i < 6; ++i) {
        cpu::load_8086_segment(bench.vcpu, static_cast<SegReg>(i), 0x1000);
    }
    bench.state.rip = 0x55;
    bench.state.gpr[4] = 0x7000;
    const auto interrupt = [&] {
        return cpu::software_interrupt(bench.vcpu, 0x21, SoftwareInterrupt::IntN, 0x57);
    };

    SECTION("IOPL < 3 without VME: #GP(0)") {
        CHECK(interrupt() == Step::Fault);
        CHECK(bench.vcpu.exception.vector == Vector::GP);
        CHECK(bench.vcpu.exception.error_code == 0);
    }
    SECTION("IOPL 3: the monitor's handler") {
        bench.state.other_flags |= rflags::IOPL;
        CHECK(interrupt() == Step::Jump);
        CHECK(bench.state.cpl == 0);
    }
    SECTION("VME with the bit clear: the program's own, with a virtual IF") {
        bench.state.cr4 |= cpu::cr4::VME;
        bench.state.other_flags |= rflags::VIF;
        bench.poke<u32>(0x21 * 4, 0x2000'0123);
        CHECK(interrupt() == Step::Jump);
        CHECK(bench.vcpu.virtual_8086());
        CHECK(bench.state.segment(SegReg::Cs).base == 0x20000);
        CHECK(bench.state.rip == 0x123);
        CHECK(stack_word<u16>(bench, 0) == 0x57);
        CHECK(stack_word<u16>(bench, 2) == (rflags::IF | rflags::IOPL | rflags::Fixed1));
        CHECK((bench.state.rflags() & rflags::VIF) == 0);

        // And back: IF of the image is VIF.
        CHECK(bench.execute({0xcf}) == Step::Jump);
        CHECK((bench.state.rflags() & (rflags::VIF | rflags::IF | rflags::IOPL)) == rflags::VIF);
        CHECK(bench.state.rip == 0x57);
    }
    SECTION("VME with the bit set: as without") {
        bench.state.cr4 |= cpu::cr4::VME;
        bench.poke<u8>(tss_base + 0x68 + 0x21 / 8, 1 << (0x21 % 8));
        CHECK(interrupt() == Step::Fault);
        CHECK(bench.vcpu.exception.vector == Vector::GP);
    }
}

TEST_CASE("Long mode: every frame has SS:RSP, and is aligned", "[cpu][interrupt][long]") {
    CpuBench bench;
    bench.long_mode(0);
    bench.set_long_idt_entry(14, test::gate(0x08, 0x20000, interrupt_gate), 0xffff'8000);
    bench.state.gpr[4] = 0x8ffb;
    bench.vcpu.exception = {
        .vector = Vector::PF, .has_error_code = true, .error_code = 2, .address = 0x99};
    cpu::deliver_exception(bench.vcpu);
    CHECK(bench.state.rip == 0xffff'8000'0002'0000);
    CHECK(bench.state.gpr[4] == 0x8ff0 - 48);
    const u64 expected[] = {2, 0x10000, 0x08, rflags::RF | 2, 0x8ffb, 0x10};
    for (usize i = 0; i < 6; ++i) CHECK(bench.peek<u64>(bench.state.gpr[4] + 8 * i) == expected[i]);
    CHECK(bench.state.segment(SegReg::Ss).selector == 0x10);
    CHECK(bench.state.cr2 == 0x99);
}

TEST_CASE("Long mode: the interrupt stack table, and a null SS", "[cpu][interrupt][long]") {
    CpuBench bench;
    bench.long_mode(3, true);  // From compatibility mode.
    bench.set_gdt_entry(0x08, test::descriptor(0, 0xfffff, 0xa09b));
    load_tss(bench);
    bench.poke<u64>(tss_base + 28 + 8 * 3, 0x8808);
    bench.set_long_idt_entry(2, test::gate(0x08, 0x20000, interrupt_gate, 3));
    cpu::deliver_nmi(bench.vcpu);
    CHECK(bench.state.events.nmi_blocked);
    CHECK(bench.vcpu.code_mode() == cpu::CodeMode::Bits64);
    CHECK(bench.state.gpr[4] == 0x8800 - 40);
    CHECK(bench.state.segment(SegReg::Ss).selector == 0);
    CHECK_FALSE(bench.state.segment(SegReg::Ss).usable());
    CHECK(bench.peek<u64>(0x8800 - 8) == 0x23);

    bench.state.tr.limit = 28 + 8 * 3;  // Too short: #TS, whose gate is missing: #GP, so #DF.
    bench.state.idtr.limit = 16 * 8 - 1;
    bench.long_mode(3, true);
    bench.state.idtr.limit = 16 * 8 - 1;
    cpu::deliver_nmi(bench.vcpu);
    CHECK(bench.state.activity == Activity::Shutdown);
}

TEST_CASE("Long mode: code without L is no handler", "[cpu][interrupt][long]") {
    CpuBench bench;
    bench.long_mode(0, true);
    bench.set_long_idt_entry(3, test::gate(0x08, 0x20000, 0x00ee));
    CHECK(bench.execute({0xcc}) == Step::Fault);
    CHECK(bench.vcpu.exception.vector == Vector::GP);
    CHECK(bench.vcpu.exception.error_code == 0x08);
}

TEST_CASE("Delivery: a page fault on the handler's stack changes nothing", "[cpu][interrupt]") {
    CpuBench bench;
    bench.long_mode(3);
    load_tss(bench);
    bench.poke<u64>(tss_base + 4, 0x20'0010);  // The frame would end in a page that is not there.
    bench.set_long_idt_entry(0x80, test::gate(0x08, 0x20000, 0x00ee));
    const cpu::CpuState before = bench.state;
    CHECK(bench.execute({0xcd, 0x80}) == Step::Fault);
    CHECK(bench.vcpu.exception.vector == Vector::PF);
    CHECK(bench.vcpu.exception.error_code == cpu::page_fault::Write);
    CHECK(bench.vcpu.exception.address == 0x20'0008);
    CHECK(bench.state == before);
}

TEST_CASE("Debug exceptions: DR6 tells, GD goes, and RF is for faults", "[cpu][interrupt]") {
    CpuBench bench;
    bench.protected_mode(0);
    fill_idt(bench, interrupt_gate);
    bench.state.dr6 |= 0x1;
    bench.state.dr7 |= cpu::dr7::GD;
    bench.vcpu.exception = {.vector = Vector::DB, .dr6 = 0x4};
    cpu::deliver_exception(bench.vcpu);
    CHECK(bench.state.dr6 == (cpu::dr6::PowerOn | 0x4));
    CHECK((bench.state.dr7 & cpu::dr7::GD) == 0);
    CHECK(stack_word<u32>(bench, 2) == 2);
}
