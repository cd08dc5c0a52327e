// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/core/task_switch.hpp"

#include <catch2/catch.hpp>

#include "cpu/core/control_register_writes.hpp"
#include "cpu/core/exception_delivery.hpp"
#include "cpu/core/segment_load.hpp"
#include "tests/support/cpu_bench.hpp"

using cpu::Gpr;
using cpu::Segment;
using cpu::SegReg;
using cpu::Step;
using cpu::Vector;
using test::CpuBench;
namespace rflags = cpu::rflags;

namespace {

constexpr u16 old_selector = 0x28;
constexpr u16 new_selector = 0x30;
constexpr u64 old_tss = 0x3000;
constexpr u64 new_tss = 0x3100;

u8 access_byte(const CpuBench& bench, u16 selector) {
    return bench.peek<u8>(CpuBench::gdt + selector + 5);
}

/// Ring 0 in protected mode in one task, and another to go to: at 0x30000 in ring 3.
void two_tasks(CpuBench& bench) {
    bench.protected_mode(0);
    bench.set_gdt_entry(old_selector, test::descriptor(u32{old_tss}, 0x67, 0x008b));
    bench.set_gdt_entry(new_selector, test::descriptor(u32{new_tss}, 0x67, 0x0089));
    bench.state.tr = {.selector = old_selector, .attributes = 0x8b, .limit = 0x67, .base = old_tss};
    bench.poke<u32>(new_tss + 0x20, 0x30000);
    bench.poke<u32>(new_tss + 0x24, u32{rflags::IF | rflags::CF});
    for (u32 i = 0; i < 8; ++i) bench.poke<u32>(new_tss + 0x28 + 4 * i, 0x1000'0000 * (i + 1));
    const u16 segments[] = {0x23, 0x1b, 0x23, 0x23, 0, 0x23};
    for (u32 i = 0; i < 6; ++i) bench.poke<u16>(new_tss + 0x48 + 4 * i, segments[i]);
    bench.state.reg(Gpr::Rbx) = 0xabcd;
    bench.state.set_rflags(rflags::ZF);
}

/// Executes a direct far CALL or JMP to the new task.
Step go(CpuBench& bench, u8 opcode) {
    return bench.execute({opcode, 0, 0, 0, 0, u8{new_selector}, 0});
}

}  // namespace

TEST_CASE("Task switch: CALL saves, loads, links and nests", "[cpu][task]") {
    CpuBench bench;
    two_tasks(bench);
    bench.state.dr7 |= 0x1ff;
    REQUIRE(go(bench, 0x9a) == Step::Jump);
    CHECK(bench.state.rip == 0x30000);
    CHECK(bench.state.cpl == 3);
    CHECK(bench.state.rflags() == (rflags::IF | rflags::CF | rflags::NT | rflags::Fixed1));
    for (u32 i = 0; i < 8; ++i) CHECK(bench.state.gpr[i] == u64{0x1000'0000} * (i + 1));
    CHECK(bench.state.segment(SegReg::Cs).selector == 0x1b);
    CHECK(bench.state.segment(SegReg::Gs).selector == 0x23);
    CHECK_FALSE(bench.state.segment(SegReg::Fs).usable());
    CHECK(bench.state.tr.selector == new_selector);
    CHECK(bench.state.tr.attributes == 0x8b);
    CHECK((bench.state.cr0 & cpu::cr0::TS) != 0);
    CHECK((bench.state.dr7 & 0x3ff) == 0xaa);

    CHECK(bench.peek<u16>(new_tss) == old_selector);
    CHECK(access_byte(bench, old_selector) == 0x8b);
    CHECK(access_byte(bench, new_selector) == 0x8b);
    CHECK(bench.peek<u32>(old_tss + 0x20) == 0x10007);
    CHECK(bench.peek<u32>(old_tss + 0x24) == (rflags::ZF | rflags::Fixed1));
    CHECK(bench.peek<u32>(old_tss + 0x34) == 0xabcd);
    CHECK(bench.peek<u32>(old_tss + 0x38) == 0x9000);
    CHECK(bench.peek<u16>(old_tss + 0x4c) == 0x08);

    // And back again.
    REQUIRE(bench.execute({0xcf}) == Step::Jump);
    CHECK(bench.state.rip == 0x10007);
    CHECK(bench.state.cpl == 0);
    CHECK(bench.state.reg(Gpr::Rbx) == 0xabcd);
    CHECK(bench.state.rflags() == (rflags::ZF | rflags::Fixed1));
    CHECK(bench.state.tr.selector == old_selector);
    CHECK(access_byte(bench, new_selector) == 0x89);
    CHECK((bench.peek<u32>(new_tss + 0x24) & rflags::NT) == 0);
    CHECK(bench.peek<u32>(new_tss + 0x20) == 0x30001);
}

TEST_CASE("Task switch: JMP frees the old task", "[cpu][task]") {
    CpuBench bench;
    two_tasks(bench);
    REQUIRE(go(bench, 0xea) == Step::Jump);
    CHECK(access_byte(bench, old_selector) == 0x89);
    CHECK(access_byte(bench, new_selector) == 0x8b);
    CHECK((bench.state.rflags() & rflags::NT) == 0);
    CHECK(bench.peek<u16>(new_tss) == 0);
}

TEST_CASE("Task switch: what is found before the switch is the old task's", "[cpu][task]") {
    CpuBench bench;
    two_tasks(bench);
    const cpu::CpuState before = bench.state;
    SECTION("a busy task") {
        bench.set_gdt_entry(new_selector, test::descriptor(u32{new_tss}, 0x67, 0x008b));
        CHECK(go(bench, 0x9a) == Step::Fault);
        CHECK(bench.vcpu.exception.vector == Vector::GP);
    }
    SECTION("a short TSS") {
        bench.set_gdt_entry(new_selector, test::descriptor(u32{new_tss}, 0x66, 0x0089));
        CHECK(go(bench, 0x9a) == Step::Fault);
        CHECK(bench.vcpu.exception.vector == Vector::TS);
    }
    SECTION("an absent TSS") {
        bench.set_gdt_entry(new_selector, test::descriptor(u32{new_tss}, 0x67, 0x0009));
        CHECK(go(bench, 0x9a) == Step::Fault);
        CHECK(bench.vcpu.exception.vector == Vector::NP);
    }
    CHECK(bench.vcpu.exception.error_code == new_selector);
    CHECK(bench.state == before);
    CHECK(bench.peek<u32>(old_tss + 0x20) == 0);
}

TEST_CASE("Task switch: page tables that PAE cannot load are found before it", "[cpu][task]") {
    constexpr u64 tables = 0x40000;
    constexpr u64 new_tables = 0x42000;
    CpuBench bench;
    two_tasks(bench);
    bench.poke<u64>(tables, (tables + 0x1000) | 1);
    bench.poke<u64>(tables + 0x1000, 0x87);  // 2 MiB, to themselves.
    bench.state.cr4 |= cpu::cr4::PAE;
    bench.state.cr3 = tables;
    REQUIRE(cpu::load_pdptes(bench.vcpu, tables));
    bench.state.cr0 |= cpu::cr0::PG;
    bench.poke<u32>(new_tss + 0x1c, u32{new_tables});
    SECTION("reserved bits") {
        const cpu::CpuState before = bench.state;
        bench.poke<u64>(new_tables, (tables + 0x1000) | 3);
        CHECK(go(bench, 0xea) == Step::Fault);
        CHECK(bench.vcpu.exception.vector == Vector::GP);
        CHECK(bench.vcpu.exception.error_code == 0);
        CHECK(bench.state == before);
        CHECK(access_byte(bench, old_selector) == 0x8b);
        CHECK(access_byte(bench, new_selector) == 0x89);
        CHECK(bench.peek<u32>(old_tss + 0x34) == 0);
    }
    SECTION("good ones") {
        bench.poke<u64>(new_tables, (tables + 0x1000) | 1);
        REQUIRE(go(bench, 0xea) == Step::Jump);
        CHECK(bench.state.cr3 == new_tables);
        CHECK(bench.state.pdpte[0] == ((tables + 0x1000) | 1));
    }
}

TEST_CASE("Task switch: what is found after it is the new task's", "[cpu][task]") {
    CpuBench bench;
    two_tasks(bench);
    bench.poke<u16>(new_tss + 0x54, 0x13);  // DS of ring 0.
    CHECK(go(bench, 0x9a) == Step::Fault);
    CHECK(bench.vcpu.exception.vector == Vector::TS);
    CHECK(bench.vcpu.exception.error_code == 0x10);
    CHECK(bench.state.tr.selector == new_selector);
    CHECK(bench.state.rip == 0x30000);
    CHECK(bench.state.cpl == 3);
    CHECK(bench.peek<u32>(old_tss + 0x20) == 0x10007);
}

TEST_CASE("Task gate: an exception brings its code to the new task's stack", "[cpu][task]") {
    CpuBench bench;
    two_tasks(bench);
    bench.poke<u32>(new_tss + 0x38, 0xa000);
    bench.set_idt_entry(13, test::gate(new_selector, 0, 0x0085));
    (void)bench.vcpu.raise(Vector::GP, 0x44);
    cpu::deliver_exception(bench.vcpu);
    CHECK(bench.state.tr.selector == new_selector);
    CHECK(bench.state.rip == 0x30000);
    CHECK(bench.state.reg(Gpr::Rsp) == 0xa000 - 4);
    CHECK(bench.peek<u32>(0xa000 - 4) == 0x44);
    CHECK((bench.peek<u32>(old_tss + 0x24) & rflags::RF) != 0);
    CHECK(bench.peek<u32>(old_tss + 0x20) == 0x10000);
}

TEST_CASE("Task switch: the T bit traps in the new task", "[cpu][task]") {
    CpuBench bench;
    two_tasks(bench);
    bench.poke<u16>(new_tss + 0x64, 1);
    REQUIRE(go(bench, 0xea) == Step::Jump);
    CHECK(bench.state.events.debug_traps == cpu::dr6::BT);
}

TEST_CASE("Task switch: into virtual-8086 mode, with an LDT", "[cpu][task][v86]") {
    CpuBench bench;
    two_tasks(bench);
    bench.set_gdt_entry(0x38, test::descriptor(0x6000, 0xff, 0x0082));
    bench.poke<u16>(new_tss + 0x60, 0x38);
    bench.poke<u32>(new_tss + 0x24, u32{rflags::VM});
    bench.poke<u32>(new_tss + 0x20, 0x55);
    REQUIRE(go(bench, 0xea) == Step::Jump);
    CHECK(bench.vcpu.virtual_8086());
    CHECK(bench.state.cpl == 3);
    CHECK(bench.state.segment(SegReg::Cs).base == 0x1b0);
    CHECK(bench.state.ldtr.base == 0x6000);
}

TEST_CASE("Task switch: to a 16-bit task", "[cpu][task]") {
    CpuBench bench;
    two_tasks(bench);
    bench.set_gdt_entry(new_selector, test::descriptor(u32{new_tss}, 0x2b, 0x0081));
    for (u32 i = 0; i < 0x2c; ++i) bench.poke<u8>(new_tss + i, 0);
    bench.poke<u16>(new_tss + 0x0e, 0x4321);
    bench.poke<u16>(new_tss + 0x10, u16{rflags::CF});
    bench.poke<u16>(new_tss + 0x12, 0x1234);
    const u16 segments[] = {0x10, 0x08, 0x10, 0x10};
    for (u32 i = 0; i < 4; ++i) bench.poke<u16>(new_tss + 0x22 + 2 * i, segments[i]);
    REQUIRE(go(bench, 0x9a) == Step::Jump);
    CHECK(bench.state.rip == 0x4321);
    CHECK(static_cast<u16>(bench.state.reg(Gpr::Rax)) == 0x1234);
    CHECK(bench.state.cpl == 0);
    CHECK_FALSE(bench.state.segment(SegReg::Gs).usable());
    CHECK(bench.state.tr.attributes == 0x83);
    CHECK(bench.state.rflags() == (rflags::CF | rflags::NT | rflags::Fixed1));
}
