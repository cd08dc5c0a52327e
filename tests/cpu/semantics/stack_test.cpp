// SPDX-License-Identifier: BSD-2-Clause
#include <catch2/catch.hpp>

#include "tests/support/cpu_bench.hpp"

namespace test {

namespace {

using cpu::Gpr;
using cpu::Step;
using cpu::Vector;
namespace rflags = cpu::rflags;

TEST_CASE("PUSH rSP pushes the old value, POP rSP keeps the popped one",
          "[cpu][semantics][stack]") {
    CpuBench bench;
    bench.long_mode();
    REQUIRE(bench.execute({0x54}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rsp) == 0x8ff8);
    CHECK(bench.peek<u64>(0x8ff8) == 0x9000);
    bench.poke<u64>(0x8ff8, 0x1'2345'6789);
    REQUIRE(bench.execute({0x5c}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rsp) == 0x1'2345'6789);
}

TEST_CASE("POP to memory: addressed with the rSP it leaves behind", "[cpu][semantics][stack]") {
    CpuBench bench;
    bench.long_mode();
    bench.poke<u64>(0x9000, 0x1122'3344'5566'7788);
    REQUIRE(bench.execute({0x8f, 0x44, 0x24, 0x10}) == Step::Next);  // pop qword [rsp + 16]
    CHECK(bench.peek<u64>(0x9018) == 0x1122'3344'5566'7788);
    CHECK(bench.state.reg(Gpr::Rsp) == 0x9008);

    bench.state.reg(Gpr::Rax) = CpuBench::ram_bytes;
    REQUIRE(bench.execute({0x8f, 0x00}) == Step::Fault);
    CHECK(bench.vcpu.exception.vector == Vector::PF);
    CHECK(bench.state.reg(Gpr::Rsp) == 0x9008);
}

TEST_CASE("PUSH: immediates are extended to the operand size", "[cpu][semantics][stack]") {
    CpuBench bench;
    bench.long_mode();
    REQUIRE(bench.execute({0x6a, 0xfe}) == Step::Next);
    CHECK(bench.peek<u64>(0x8ff8) == ~u64{1});
    REQUIRE(bench.execute({0x68, 0x00, 0x00, 0x00, 0x80}) == Step::Next);
    CHECK(bench.peek<u64>(0x8ff0) == 0xffff'ffff'8000'0000);
    REQUIRE(bench.execute({0x66, 0x6a, 0xfe}) == Step::Next);
    CHECK(bench.peek<u16>(0x8fee) == 0xfffe);
    CHECK(bench.state.reg(Gpr::Rsp) == 0x8fee);
}

TEST_CASE("A 16-bit stack wraps, and leaves the upper half of ESP alone",
          "[cpu][semantics][stack]") {
    CpuBench bench;
    bench.protected_mode(0, false);
    bench.state.segment(cpu::SegReg::Ss).base = 0x3'0000;
    bench.state.reg(Gpr::Rsp) = 0xdead'0000;
    bench.state.reg(Gpr::Rax) = 0x1234'5678;
    REQUIRE(bench.execute({0x66, 0x50}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rsp) == 0xdead'fffc);
    CHECK(bench.peek<u32>(0x3'fffc) == 0x1234'5678);
    REQUIRE(bench.execute({0x66, 0x5b}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rsp) == 0xdead'0000);
    CHECK(bench.state.reg(Gpr::Rbx) == 0x1234'5678);
}

TEST_CASE("PUSH beyond the stack's limit: #SS(0), and rSP stays", "[cpu][semantics][stack]") {
    CpuBench bench;
    bench.protected_mode();
    bench.state.segment(cpu::SegReg::Ss).limit = 0x7fff;
    REQUIRE(bench.execute({0x50}) == Step::Fault);
    CHECK(bench.vcpu.exception == cpu::Exception{.vector = Vector::SS, .has_error_code = true});
    CHECK(bench.state.reg(Gpr::Rsp) == 0x9000);
}

TEST_CASE("PUSHA and POPA: all or nothing, ESP as it was", "[cpu][semantics][stack]") {
    CpuBench bench;
    bench.protected_mode();
    for (u32 which = 0; which < 8; ++which) {
        if (which != 4) bench.state.gpr[which] = 0x100 + which;
    }
    const auto before = bench.state.gpr;
    REQUIRE(bench.execute({0x60}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rsp) == 0x9000 - 32);
    CHECK(bench.peek<u32>(0x9000 - 4) == 0x100);
    CHECK(bench.peek<u32>(0x9000 - 20) == 0x9000);
    CHECK(bench.peek<u32>(0x9000 - 32) == 0x107);
    for (u32 which = 0; which < 8; ++which) {
        if (which != 4) bench.state.gpr[which] = 0;
    }
    REQUIRE(bench.execute({0x61}) == Step::Next);
    CHECK(bench.state.gpr == before);

    bench.state.segment(cpu::SegReg::Ss).attributes |= cpu::Segment::ExpandDown;
    bench.state.segment(cpu::SegReg::Ss).limit = 0x9000 - 32;  // The last dword is below it.
    bench.poke<u32>(0x9000 - 4, 0x5555'5555);
    REQUIRE(bench.execute({0x60}) == Step::Fault);
    CHECK(bench.vcpu.exception.vector == Vector::SS);
    CHECK(bench.peek<u32>(0x9000 - 4) == 0x5555'5555);
    CHECK(bench.state.gpr == before);
}

TEST_CASE("PUSHA in real mode: odd small pointers are #GP", "[cpu][semantics][stack]") {
    CpuBench bench;
    bench.real_mode();
    for (const u64 pointer : {7u, 9u, 11u, 13u, 15u}) {
        bench.state.reg(Gpr::Rsp) = pointer;
        CHECK(bench.execute({0x60}) == Step::Fault);
        CHECK(bench.vcpu.exception.vector == Vector::GP);
    }
}

TEST_CASE("ENTER: nested frames copy the display", "[cpu][semantics][stack]") {
    CpuBench bench;
    bench.long_mode();
    bench.state.reg(Gpr::Rbp) = 0x5'0000;
    bench.poke<u64>(0x5'0000 - 8, 0xaaaa);
    bench.poke<u64>(0x5'0000 - 16, 0xbbbb);
    REQUIRE(bench.execute({0xc8, 0x20, 0x00, 0x03}) == Step::Next);
    CHECK(bench.peek<u64>(0x8ff8) == 0x5'0000);
    CHECK(bench.peek<u64>(0x8ff0) == 0xaaaa);
    CHECK(bench.peek<u64>(0x8fe8) == 0xbbbb);
    CHECK(bench.peek<u64>(0x8fe0) == 0x8ff8);
    CHECK(bench.state.reg(Gpr::Rbp) == 0x8ff8);
    CHECK(bench.state.reg(Gpr::Rsp) == 0x8fe0 - 0x20);
    REQUIRE(bench.execute({0xc9}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rbp) == 0x5'0000);
    CHECK(bench.state.reg(Gpr::Rsp) == 0x9000);
}

TEST_CASE("ENTER: faults before it writes, also for the stack it would leave",
          "[cpu][semantics][stack]") {
    CpuBench bench;
    bench.long_mode();
    bench.state.reg(Gpr::Rbp) = CpuBench::ram_bytes + 8;  // The display is not mapped.
    bench.poke<u64>(0x8ff8, 0x77);
    REQUIRE(bench.execute({0xc8, 0x00, 0x00, 0x02}) == Step::Fault);
    CHECK(bench.peek<u64>(0x8ff8) == 0x77);
    CHECK(bench.state.reg(Gpr::Rsp) == 0x9000);

    bench.state.reg(Gpr::Rsp) = 0x1000;
    REQUIRE(bench.execute({0xc8, 0x00, 0x20, 0x00}) == Step::Fault);
    CHECK(bench.state.reg(Gpr::Rsp) == 0x1000);
    CHECK(bench.state.reg(Gpr::Rbp) == CpuBench::ram_bytes + 8);
}

TEST_CASE("ENTER and LEAVE with a 16-bit operand in 64-bit code keep the upper part of RBP",
          "[cpu][semantics][stack]") {
    CpuBench bench;
    bench.long_mode();
    bench.state.reg(Gpr::Rbp) = 0x1122'3344'5566'7788;
    REQUIRE(bench.execute({0x66, 0xc8, 0x10, 0x00, 0x00}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rbp) == 0x1122'3344'5566'8ffe);
    CHECK(bench.state.reg(Gpr::Rsp) == 0x8fee);
}

TEST_CASE("PUSHF: VM and RF are not pushed", "[cpu][semantics][stack]") {
    CpuBench bench;
    bench.protected_mode();
    bench.state.set_rflags(rflags::Fixed1 | rflags::ID | rflags::AC | rflags::OF | rflags::CF);
    bench.state.other_flags |= rflags::RF;
    REQUIRE(bench.execute({0x9c}) == Step::Next);
    CHECK(bench.peek<u32>(0x8ffc) ==
          (rflags::Fixed1 | rflags::ID | rflags::AC | rflags::OF | rflags::CF));
}

TEST_CASE("POPF: what may change depends on CPL and IOPL", "[cpu][semantics][stack]") {
    struct Case {
        u8 cpl;
        u64 iopl;
        u64 changed;
    };
    constexpr u64 always =
        rflags::Status | rflags::TF | rflags::DF | rflags::NT | rflags::AC | rflags::ID;
    const Case cases[] = {
        {0, 0, always | rflags::IF | rflags::IOPL}, {3, 0, always}, {3, 3, always | rflags::IF}};
    for (const Case& each : cases) {
        CpuBench bench;
        bench.protected_mode(each.cpl);
        const u64 before = rflags::Fixed1 | each.iopl << 12;
        bench.state.set_rflags(before);
        const u64 pointer = bench.state.reg(Gpr::Rsp);
        bench.poke<u32>(pointer, 0xffff'ffff);
        REQUIRE(bench.execute({0x9d}) == Step::Next);
        CAPTURE(each.cpl, each.iopl);
        CHECK(bench.state.rflags() == (before | each.changed));
        CHECK((bench.vcpu.attention & cpu::attention::Events) != 0);
        CHECK((bench.vcpu.attention & cpu::attention::StateChanged) != 0);
        CHECK(bench.state.reg(Gpr::Rsp) == pointer + 4);
    }
}

TEST_CASE("POPF with 16 bits leaves the upper flags alone", "[cpu][semantics][stack]") {
    CpuBench bench;
    bench.long_mode();
    bench.state.set_rflags(rflags::Fixed1 | rflags::AC | rflags::ID);
    bench.poke<u16>(0x9000, static_cast<u16>(rflags::CF));
    REQUIRE(bench.execute({0x66, 0x9d}) == Step::Next);
    CHECK(bench.state.rflags() == (rflags::Fixed1 | rflags::AC | rflags::ID | rflags::CF));
    CHECK(bench.state.reg(Gpr::Rsp) == 0x9002);
}

/// Virtual-8086 mode with IOPL < 3.
struct Virtual8086Bench : CpuBench {
    Virtual8086Bench() {
        protected_mode(3, false);
        state.other_flags |= rflags::VM;
        for (cpu::Segment& each : state.segments) {
            each = {.attributes = 0xf3, .limit = 0xffff};
        }
        state.segment(cpu::SegReg::Cs).base = 0x1'0000;
        state.rip = 0;
        state.reg(Gpr::Rsp) = 0x7000;
    }
};

TEST_CASE("PUSHF and POPF in virtual-8086 mode: #GP below IOPL 3, unless VME lends VIF",
          "[cpu][semantics][stack]") {
    Virtual8086Bench bench;
    CHECK(bench.execute({0x9c}) == Step::Fault);
    CHECK(bench.execute({0x9d}) == Step::Fault);
    CHECK(bench.vcpu.exception.vector == Vector::GP);

    bench.state.cr4 |= cpu::cr4::VME;
    bench.state.other_flags |= rflags::VIF;
    REQUIRE(bench.execute({0x9c}) == Step::Next);
    CHECK(bench.peek<u16>(0x6ffe) == (rflags::Fixed1 | rflags::IOPL | rflags::IF));
    bench.poke<u16>(0x6ffe, static_cast<u16>(rflags::ZF));
    REQUIRE(bench.execute({0x9d}) == Step::Next);
    CHECK((bench.state.other_flags & (rflags::VIF | rflags::IF)) == 0);
    CHECK((bench.state.rflags() & rflags::ZF) != 0);

    bench.state.other_flags |= rflags::VIP;
    bench.poke<u16>(0x7000, static_cast<u16>(rflags::IF));
    CHECK(bench.execute({0x9d}) == Step::Fault);
    CHECK(bench.state.reg(Gpr::Rsp) == 0x7000);
    CHECK(bench.execute({0x66, 0x9d}) == Step::Fault);  // No 32-bit form.
}

}  // namespace

}  // namespace test
