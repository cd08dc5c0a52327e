// SPDX-License-Identifier: BSD-2-Clause
//
// Segment loads, far jumps, calls and returns, call gates, IRET, and the fast system calls.
#include <catch2/catch.hpp>

#include "cpu/core/far_transfer.hpp"
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

constexpr u64 tss_base = 0x3000;

void require_fault(const CpuBench& bench, Step step, Vector vector, u32 error_code) {
    REQUIRE(step == Step::Fault);
    CHECK(bench.vcpu.exception.vector == vector);
    CHECK(bench.vcpu.exception.has_error_code);
    CHECK(bench.vcpu.exception.error_code == error_code);
}

/// A 32-bit TSS in TR with a stack for ring 0; 64-bit with `wide`.
void load_tss(CpuBench& bench, bool wide = false) {
    bench.state.tr = {.selector = 0x28, .attributes = 0x8b, .limit = 0x67, .base = tss_base};
    if (wide) {
        bench.poke<u64>(tss_base + 4, 0x8ff8);
    } else {
        bench.poke<u32>(tss_base + 4, 0x9000);
        bench.poke<u16>(tss_base + 8, 0x10);
    }
}

constexpr u64 call_gate_32 = test::gate(0x08, 0x20000, 0x00ec);

}  // namespace

TEST_CASE("Segment load: real mode moves the base and nothing else", "[cpu][segment]") {
    CpuBench bench;
    bench.real_mode();
    bench.state.segment(SegReg::Ds).limit = 0xffff'ffff;  // "Unreal".
    REQUIRE(cpu::load_segment(bench.vcpu, SegReg::Ds, 0x1234) == Step::Next);
    CHECK(bench.state.segment(SegReg::Ds) ==
          Segment{.selector = 0x1234, .attributes = 0x93, .limit = 0xffff'ffff, .base = 0x12340});
}

TEST_CASE("Segment load: a data segment is checked and marked as accessed", "[cpu][segment]") {
    CpuBench bench;
    bench.protected_mode(3);
    bench.set_gdt_entry(0x30, test::descriptor(0x5000, 0xfff, 0x00f2));
    REQUIRE(cpu::load_segment(bench.vcpu, SegReg::Es, 0x33) == Step::Next);
    CHECK(bench.state.segment(SegReg::Es) ==
          Segment{.selector = 0x33, .attributes = 0x00f3, .limit = 0xfff, .base = 0x5000});
    CHECK(bench.peek<u8>(CpuBench::gdt + 0x35) == 0xf3);

    // Of ring 0; execute-only code; absent; outside of the table; in no LDT.
    const auto load = [&](u16 selector) {
        return cpu::load_segment(bench.vcpu, SegReg::Es, selector);
    };
    require_fault(bench, load(0x13), Vector::GP, 0x10);
    bench.set_gdt_entry(0x30, test::descriptor(0, 0xfff, 0x00f9));
    require_fault(bench, load(0x33), Vector::GP, 0x30);
    bench.set_gdt_entry(0x30, test::descriptor(0, 0xfff, 0x0072));
    require_fault(bench, load(0x33), Vector::NP, 0x30);
    require_fault(bench, load(0x2003), Vector::GP, 0x2000);
    bench.state.ldtr = cpu::null_segment(0);
    require_fault(bench, load(0x0f), Vector::GP, 0x0c);
    // Conforming code is open to all.
    bench.set_gdt_entry(0x30, test::descriptor(0, 0xfff, 0x009f));
    CHECK(load(0x33) == Step::Next);
    CHECK(load(3) == Step::Next);
    CHECK_FALSE(bench.state.segment(SegReg::Es).usable());
}

TEST_CASE("Segment load: SS wants writable data of exactly this ring", "[cpu][segment]") {
    CpuBench bench;
    bench.protected_mode(0);
    const auto load = [&](u16 selector) {
        return cpu::load_segment(bench.vcpu, SegReg::Ss, selector);
    };
    require_fault(bench, load(0), Vector::GP, 0);
    require_fault(bench, load(0x11), Vector::GP, 0x10);
    require_fault(bench, load(0x08), Vector::GP, 0x08);
    bench.set_gdt_entry(0x30, test::descriptor(0, 0xfff, 0x0012));
    require_fault(bench, load(0x30), Vector::SS, 0x30);
    CHECK(load(0x10) == Step::Next);

    bench.long_mode(0);
    CHECK(load(0) == Step::Next);
    require_fault(bench, load(3), Vector::GP, 0);
}

TEST_CASE("Segment load: MOV SS holds interrupts back, LSS does not", "[cpu][segment]") {
    CpuBench bench;
    bench.protected_mode(0);
    bench.state.reg(Gpr::Rax) = 0x10;
    CHECK(bench.execute({0x8e, 0xd0}) == Step::Next);  // mov ss, ax
    CHECK(bench.state.shadow == cpu::InterruptShadow::MovSs);
    bench.state.shadow = cpu::InterruptShadow::None;
    bench.poke<u32>(0x6000, 0x8000);
    bench.poke<u16>(0x6004, 0x10);
    CHECK(bench.execute({0x0f, 0xb2, 0x25, 0x00, 0x60, 0x00, 0x00}) ==
          Step::Next);  // lss esp, [..]
    CHECK(bench.state.reg(Gpr::Rsp) == 0x8000);
    CHECK(bench.state.shadow == cpu::InterruptShadow::None);
}

TEST_CASE("Descriptors: LAR, LSL, VERR and VERW see what they may", "[cpu][segment]") {
    CpuBench bench;
    bench.protected_mode(3);
    bench.state.reg(Gpr::Rcx) = 0x23;
    CHECK(bench.execute({0x0f, 0x02, 0xc1}) == Step::Next);  // lar eax, ecx
    CHECK(bench.state.reg(Gpr::Rax) == 0x00cf'f300);
    CHECK((bench.state.rflags() & rflags::ZF) != 0);
    CHECK(bench.execute({0x0f, 0x03, 0xc1}) == Step::Next);  // lsl eax, ecx
    CHECK(bench.state.reg(Gpr::Rax) == 0xffff'ffff);
    CHECK(bench.execute({0x0f, 0x00, 0xe9}) == Step::Next);  // verw cx
    CHECK((bench.state.rflags() & rflags::ZF) != 0);
    bench.state.reg(Gpr::Rcx) = 0x1b;
    CHECK(bench.execute({0x0f, 0x00, 0xe9}) == Step::Next);
    CHECK((bench.state.rflags() & rflags::ZF) == 0);
    CHECK(bench.execute({0x0f, 0x00, 0xe1}) == Step::Next);  // verr cx
    CHECK((bench.state.rflags() & rflags::ZF) != 0);
    bench.state.reg(Gpr::Rcx) = 0x10;  // Ring 0's.
    bench.state.reg(Gpr::Rax) = 5;
    CHECK(bench.execute({0x0f, 0x02, 0xc1}) == Step::Next);
    CHECK((bench.state.rflags() & rflags::ZF) == 0);
    CHECK(bench.state.reg(Gpr::Rax) == 5);
}

TEST_CASE("LTR: marks the TSS busy, and takes it once", "[cpu][segment]") {
    CpuBench bench;
    bench.protected_mode(0);
    bench.set_gdt_entry(0x28, test::descriptor(tss_base, 0x67, 0x0089));
    bench.state.reg(Gpr::Rax) = 0x28;
    CHECK(bench.execute({0x0f, 0x00, 0xd8}) == Step::Next);
    CHECK(bench.state.tr ==
          Segment{.selector = 0x28, .attributes = 0x8b, .limit = 0x67, .base = tss_base});
    CHECK(bench.peek<u8>(CpuBench::gdt + 0x2d) == 0x8b);
    require_fault(bench, bench.execute({0x0f, 0x00, 0xd8}), Vector::GP, 0x28);
}

TEST_CASE("Far jump: real mode keeps the limit", "[cpu][far]") {
    CpuBench bench;
    bench.real_mode();
    CHECK(bench.execute({0xea, 0x34, 0x12, 0x00, 0xf0}) == Step::Jump);
    CHECK(bench.state.segment(SegReg::Cs).base == 0xf0000);
    CHECK(bench.state.segment(SegReg::Cs).limit == 0xffff);
    CHECK(bench.state.rip == 0x1234);
    bench.real_mode();
    require_fault(bench, bench.execute({0x66, 0xea, 0, 0, 1, 0, 0, 0xf0}), Vector::GP, 0);
}

TEST_CASE("Far jump: only to code of this ring, or conforming", "[cpu][far]") {
    CpuBench bench;
    bench.protected_mode(3);
    const auto jump = [&](u16 selector, u64 offset = 0x100) {
        return cpu::far_jump(bench.vcpu, selector, offset, 0);
    };
    require_fault(bench, jump(0), Vector::GP, 0);
    require_fault(bench, jump(0x08), Vector::GP, 0x08);
    require_fault(bench, jump(0x20), Vector::GP, 0x20);
    bench.set_gdt_entry(0x30, test::descriptor(0, 0xff, 0x009f));
    require_fault(bench, jump(0x30), Vector::GP, 0);
    CHECK(jump(0x30, 0x80) == Step::Jump);
    CHECK(bench.state.segment(SegReg::Cs).selector == 0x33);
    CHECK(bench.state.cpl == 3);
    bench.set_gdt_entry(0x18, test::descriptor(0, 0xfffff, 0xc07b));
    require_fault(bench, jump(0x18), Vector::NP, 0x18);
}

TEST_CASE("Far jump: 32-bit code cuts an offset of 64 bits before its limit is looked at",
          "[cpu][far]") {
    CpuBench bench;
    bench.long_mode(0);
    bench.set_gdt_entry(0x30, test::descriptor(0, 0xffff, 0x409a));
    const auto jump = [&](u64 offset) { return cpu::far_jump(bench.vcpu, 0x30, offset, 0); };
    CHECK(jump(0x10'0000'1234) == Step::Jump);
    CHECK(bench.state.rip == 0x1234);
    bench.long_mode(0);
    require_fault(bench, jump(0x10'0001'0000), Vector::GP, 0);
}

TEST_CASE("Far return: from a 16-bit stack to 64-bit code", "[cpu][far]") {
    CpuBench bench;
    bench.long_mode(3, true);
    bench.set_gdt_entry(0x30, test::descriptor(0, 0xfffff, 0xa0fa));
    bench.state.segment(SegReg::Ss).attributes &= static_cast<u16>(~Segment::Big);
    bench.poke<u32>(0xfff8, 0x1234);
    bench.poke<u32>(0xfffc, 0x33);
    bench.state.reg(Gpr::Rsp) = 0x2'fff8;
    const auto [released, pointer] =
        GENERATE(std::pair<u8, u64>{0x00, 0x3'0000}, std::pair<u8, u64>{0xff, 0x2'ffff});
    CHECK(bench.execute({0xca, released, released}) == Step::Jump);
    CHECK(bench.vcpu.code_mode() == cpu::CodeMode::Bits64);
    CHECK(bench.state.rip == 0x1234);
    CHECK(bench.state.reg(Gpr::Rsp) == pointer);
}

TEST_CASE("Call gate: to an inner ring with parameters, and back", "[cpu][far][gate]") {
    CpuBench bench;
    bench.protected_mode(3);
    load_tss(bench);
    bench.set_gdt_entry(0x30, test::gate(0x08, 0x20000, 0x00ec, 2));
    bench.poke<u32>(0xa000 - 8, 0x1111);
    bench.poke<u32>(0xa000 - 4, 0x2222);
    bench.state.reg(Gpr::Rsp) = 0xa000 - 8;
    CHECK(bench.execute({0x9a, 0, 0, 0, 0, 0x33, 0}) == Step::Jump);
    CHECK(bench.state.cpl == 0);
    CHECK(bench.state.rip == 0x20000);
    CHECK(bench.state.segment(SegReg::Cs).selector == 0x08);
    CHECK(bench.state.segment(SegReg::Ss).selector == 0x10);
    CHECK(bench.state.reg(Gpr::Rsp) == 0x9000 - 24);
    const u32 expected[] = {0x10007, 0x1b, 0x1111, 0x2222, 0xa000 - 8, 0x23};
    for (usize i = 0; i < 6; ++i) CHECK(bench.peek<u32>(0x9000 - 24 + 4 * i) == expected[i]);

    bench.state.segment(SegReg::Ds) = bench.state.segment(SegReg::Ss);  // Ring 0's: must go.
    CHECK(bench.execute({0xca, 8, 0}) == Step::Jump);
    CHECK(bench.state.cpl == 3);
    CHECK(bench.state.rip == 0x10007);
    CHECK(bench.state.reg(Gpr::Rsp) == 0xa000);
    CHECK_FALSE(bench.state.segment(SegReg::Ds).usable());
    CHECK(bench.state.segment(SegReg::Es).selector == 0x23);
}

TEST_CASE("Call gate: a fault on the way leaves everything as it was", "[cpu][far][gate]") {
    CpuBench bench;
    bench.protected_mode(3);
    load_tss(bench);
    bench.set_gdt_entry(0x30, call_gate_32);
    const cpu::CpuState before = bench.state;
    const auto call = [&](u16 selector) {
        return cpu::far_call(bench.vcpu, selector, 0, 4, 0x10007);
    };

    bench.poke<u16>(tss_base + 8, 0);
    require_fault(bench, call(0x33), Vector::TS, 0);
    bench.poke<u16>(tss_base + 8, 0x20);
    require_fault(bench, call(0x33), Vector::TS, 0x20);
    bench.poke<u16>(tss_base + 8, 0x10);
    bench.set_gdt_entry(0x10, test::descriptor(0, 0xfffff, 0xc013));
    require_fault(bench, call(0x33), Vector::SS, 0x10);
    bench.set_gdt_entry(0x10, test::descriptor(0, 0x8fff - 16, 0x4093));
    require_fault(bench, call(0x33), Vector::SS, 0x10);
    bench.set_gdt_entry(0x30, test::gate(0x08, 0x20000, 0x008c));
    require_fault(bench, call(0x33), Vector::GP, 0x30);
    bench.set_gdt_entry(0x30, test::gate(0x08, 0x20000, 0x006c));
    require_fault(bench, call(0x33), Vector::NP, 0x30);
    bench.set_gdt_entry(0x30, test::gate(0, 0x20000, 0x00ec));
    require_fault(bench, call(0x33), Vector::GP, 0);
    bench.set_gdt_entry(0x30, call_gate_32);
    bench.state.tr.limit = 8;
    require_fault(bench, call(0x33), Vector::TS, 0x28);
    bench.state.tr.limit = before.tr.limit;
    CHECK(bench.state == before);
}

TEST_CASE("Call gate: in long mode it pushes four quadwords", "[cpu][far][gate]") {
    CpuBench bench;
    bench.long_mode(3);
    load_tss(bench, true);
    bench.set_gdt_entry(0x30, call_gate_32);
    bench.set_gdt_entry(0x38, 0);
    bench.poke<u32>(0xb000, 0);
    bench.poke<u16>(0xb004, 0x33);
    CHECK(bench.execute({0xff, 0x1c, 0x25, 0x00, 0xb0, 0x00, 0x00}) == Step::Jump);
    CHECK(bench.state.cpl == 0);
    CHECK(bench.state.rip == 0x20000);
    CHECK(bench.state.segment(SegReg::Ss).selector == 0);
    CHECK(bench.state.reg(Gpr::Rsp) == 0x8ff8 - 32);
    const u64 expected[] = {0x10007, 0x1b, 0xa000, 0x23};
    for (usize i = 0; i < 4; ++i) CHECK(bench.peek<u64>(0x8ff8 - 32 + 8 * i) == expected[i]);
    bench.set_gdt_entry(0x38, u64{1} << 40);  // A type in the second half.
    bench.long_mode(3);
    require_fault(bench, bench.execute(), Vector::GP, 0x30);
}

TEST_CASE("IRET: into virtual-8086 mode", "[cpu][far][iret][v86]") {
    CpuBench bench;
    bench.protected_mode(0);
    const u32 frame[] = {0x1234, 0x4000, 0x2'3202, 0xfff0, 0x5000, 1, 2, 3, 4};
    for (usize i = 0; i < 9; ++i) bench.poke<u32>(0x8f00 + 4 * i, frame[i]);
    bench.state.reg(Gpr::Rsp) = 0x8f00;
    CHECK(bench.execute({0xcf}) == Step::Jump);
    CHECK(bench.vcpu.virtual_8086());
    CHECK(bench.state.cpl == 3);
    CHECK(bench.vcpu.code_mode() == cpu::CodeMode::Bits16);
    CHECK(bench.state.segment(SegReg::Cs).base == 0x40000);
    CHECK(bench.state.segment(SegReg::Ss).base == 0x50000);
    CHECK(bench.state.segment(SegReg::Gs).selector == 4);
    CHECK(bench.state.segment(SegReg::Gs).limit == 0xffff);
    CHECK(bench.state.reg(Gpr::Rsp) == 0xfff0);
    CHECK(bench.state.rip == 0x1234);
}

TEST_CASE("IRET: a program cannot raise its IOPL or enable interrupts", "[cpu][far][iret]") {
    CpuBench bench;
    bench.protected_mode(3);
    const u32 frame[] = {0x1234, 0x1b, 0x3202 | 0x40'0000 | u32{rflags::VIP}};
    for (usize i = 0; i < 3; ++i) bench.poke<u32>(0x9f00 + 4 * i, frame[i]);
    bench.state.reg(Gpr::Rsp) = 0x9f00;
    bench.state.events.nmi_blocked = true;
    CHECK(bench.execute({0xcf}) == Step::Jump);
    CHECK(bench.state.rflags() == rflags::Fixed1);
    CHECK(bench.state.reg(Gpr::Rsp) == 0x9f0c);
    CHECK_FALSE(bench.state.events.nmi_blocked);
}

TEST_CASE("IRET: 64-bit mode always takes SS:RSP; NT is refused", "[cpu][far][iret]") {
    CpuBench bench;
    bench.long_mode(0);
    const u64 frame[] = {0x12345, 0x08, 0x202, 0x7654'3210, 0};
    for (usize i = 0; i < 5; ++i) bench.poke<u64>(0x8f00 + 8 * i, frame[i]);
    bench.state.reg(Gpr::Rsp) = 0x8f00;
    CHECK(bench.execute({0x48, 0xcf}) == Step::Jump);
    CHECK(bench.state.rip == 0x12345);
    CHECK(bench.state.reg(Gpr::Rsp) == 0x7654'3210);
    CHECK_FALSE(bench.state.segment(SegReg::Ss).usable());

    bench.long_mode(0);
    bench.poke<u64>(0x8f00, u64{1} << 47);
    bench.state.reg(Gpr::Rsp) = 0x8f00;
    require_fault(bench, bench.execute({0x48, 0xcf}), Vector::GP, 0);
    bench.state.other_flags |= rflags::NT;
    bench.poke<u64>(0x8f00, 0);
    require_fault(bench, bench.execute({0x48, 0xcf}), Vector::GP, 0);
}

TEST_CASE("IRET: a null selector loses its RPL on the way out, a base stays", "[cpu][far][iret]") {
    CpuBench bench;
    bench.long_mode(0);
    bench.state.segment(SegReg::Gs) = cpu::null_segment(2);
    bench.state.segment(SegReg::Gs).base = 0xffff'8000'0000'0000;
    const u64 frame[] = {0x12345, 0x1b, 0x202, 0xa000, 0x23};
    for (usize i = 0; i < 5; ++i) bench.poke<u64>(0x8f00 + 8 * i, frame[i]);
    bench.state.reg(Gpr::Rsp) = 0x8f00;
    CHECK(bench.execute({0x48, 0xcf}) == Step::Jump);
    CHECK(bench.state.cpl == 3);
    CHECK(bench.state.segment(SegReg::Gs).selector == 0);
    CHECK(bench.state.segment(SegReg::Gs).base == 0xffff'8000'0000'0000);
    CHECK(bench.state.segment(SegReg::Ds).selector == 0);
}

TEST_CASE("SYSCALL and SYSRET: there and back", "[cpu][far][syscall]") {
    CpuBench bench;
    bench.long_mode(3);
    bench.state.msr.star = u64{0x1b} << 48 | u64{0x08} << 32;
    bench.state.msr.lstar = 0xffff'8000'0000'1000;
    bench.state.msr.sfmask = rflags::IF | rflags::TF;
    bench.state.set_rflags(rflags::IF | rflags::CF | rflags::Fixed1);
    CHECK(bench.execute({0x0f, 0x05}) == Step::Jump);
    CHECK(bench.state.cpl == 0);
    CHECK(bench.state.rip == 0xffff'8000'0000'1000);
    CHECK(bench.state.reg(Gpr::Rcx) == 0x10002);
    CHECK(bench.state.reg(Gpr::R11) == (rflags::IF | rflags::CF | rflags::Fixed1));
    CHECK(bench.state.rflags() == (rflags::CF | rflags::Fixed1));
    CHECK(bench.state.segment(SegReg::Cs) ==
          Segment{.selector = 0x08, .attributes = 0xa09b, .limit = 0xffff'ffff});
    CHECK(bench.state.segment(SegReg::Ss) ==
          Segment{.selector = 0x10, .attributes = 0xc093, .limit = 0xffff'ffff});

    bench.state.rip = 0x10000;
    CHECK(bench.execute({0x48, 0x0f, 0x07}) == Step::Jump);
    CHECK(bench.state.cpl == 3);
    CHECK(bench.state.rip == 0x10002);
    CHECK(bench.state.segment(SegReg::Cs).selector == 0x2b);
    CHECK(bench.state.segment(SegReg::Ss).selector == 0x23);
    CHECK(bench.state.segment(SegReg::Ss).dpl() == 3);
    CHECK(bench.state.rflags() == (rflags::IF | rflags::CF | rflags::Fixed1));

    bench.long_mode(0);
    bench.state.reg(Gpr::Rcx) = u64{1} << 47;
    require_fault(bench, bench.execute({0x48, 0x0f, 0x07}), Vector::GP, 0);
    CHECK(bench.state.cpl == 0);
}

TEST_CASE("SYSENTER: from virtual-8086 mode to ring 0", "[cpu][far][syscall]") {
    CpuBench bench;
    bench.protected_mode(3);
    require_fault(bench, bench.execute({0x0f, 0x34}), Vector::GP, 0);
    bench.state.msr.sysenter_cs = 0x08;
    bench.state.msr.sysenter_eip = 0x1'2345'6789;
    bench.state.msr.sysenter_esp = 0x8000;
    bench.state.other_flags |= rflags::VM | rflags::IF;
    CHECK(bench.execute({0x0f, 0x34}) == Step::Jump);
    CHECK(bench.state.cpl == 0);
    CHECK(bench.state.rip == 0x2345'6789);
    CHECK(bench.state.reg(Gpr::Rsp) == 0x8000);
    CHECK(bench.state.rflags() == rflags::Fixed1);
    CHECK(bench.vcpu.code_mode() == cpu::CodeMode::Bits32);
}
