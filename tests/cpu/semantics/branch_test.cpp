// SPDX-License-Identifier: BSD-2-Clause
#include <catch2/catch.hpp>

#include "tests/support/cpu_bench.hpp"

namespace test {

namespace {

using cpu::Gpr;
using cpu::Step;
using cpu::Vector;

TEST_CASE("Near branches: a target beyond the limit is #GP(0), and nothing changes",
          "[cpu][semantics][branch]") {
    CpuBench bench;
    bench.protected_mode();
    bench.state.segment(cpu::SegReg::Cs).limit = 0x1'0fff;
    REQUIRE(bench.execute({0xe8, 0x00, 0x10, 0x00, 0x00}) == Step::Fault);  // call +1000
    CHECK(bench.vcpu.exception == cpu::Exception{.vector = Vector::GP, .has_error_code = true});
    CHECK(bench.state.reg(Gpr::Rsp) == 0x9000);
    CHECK(bench.state.rip == 0x1'0000);

    bench.poke<u32>(0x9000, 0x1'1000);
    CHECK(bench.execute({0xc3}) == Step::Fault);
    CHECK(bench.state.reg(Gpr::Rsp) == 0x9000);
    bench.poke<u32>(0x9000, 0x1'0fff);
    CHECK(bench.execute({0xc3}) == Step::Jump);
    CHECK(bench.state.rip == 0x1'0fff);
}

TEST_CASE("Near branches in 64-bit code: the target must be canonical",
          "[cpu][semantics][branch]") {
    CpuBench bench;
    bench.long_mode();
    bench.state.reg(Gpr::Rax) = 0x8000'0000'0000;
    CHECK(bench.execute({0xff, 0xe0}) == Step::Fault);
    CHECK(bench.execute({0xff, 0xd0}) == Step::Fault);
    CHECK(bench.vcpu.exception.vector == Vector::GP);
    CHECK(bench.state.reg(Gpr::Rsp) == 0x9000);
    bench.state.reg(Gpr::Rax) = 0xffff'8000'0000'0000;
    CHECK(bench.execute({0xff, 0xd0}) == Step::Jump);
    CHECK(bench.state.rip == 0xffff'8000'0000'0000);
    CHECK(bench.peek<u64>(0x8ff8) == 0x1'0002);
}

TEST_CASE("A 16-bit operand size cuts the target", "[cpu][semantics][branch]") {
    CpuBench bench;
    bench.protected_mode();
    REQUIRE(bench.execute({0x66, 0xe9, 0x00, 0x12}) == Step::Jump);  // At 10000: 1204 is left.
    CHECK(bench.state.rip == 0x1204);
}

TEST_CASE("RET imm16 drops arguments within the stack's width", "[cpu][semantics][branch]") {
    CpuBench bench;
    bench.protected_mode(0, false);
    bench.state.segment(cpu::SegReg::Cs).base = 0x1'0000;
    bench.state.rip = 0;
    bench.state.reg(Gpr::Rsp) = 0xaaaa'fff0;
    bench.poke<u16>(0xfff0, 0x4321);
    REQUIRE(bench.execute({0xc2, 0x20, 0x00}) == Step::Jump);
    CHECK(bench.state.rip == 0x4321);
    CHECK(bench.state.reg(Gpr::Rsp) == 0xaaaa'0012);
}

TEST_CASE("LOOP counts in the address size", "[cpu][semantics][branch]") {
    CpuBench bench;
    bench.long_mode();
    bench.state.reg(Gpr::Rcx) = 0xffff'ffff'0000'0001;
    REQUIRE(bench.execute({0x67, 0xe2, 0x10}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rcx) == 0);
    bench.state.reg(Gpr::Rcx) = 0xffff'ffff'0000'0001;
    REQUIRE(bench.execute({0xe2, 0x10}) == Step::Jump);
    CHECK(bench.state.reg(Gpr::Rcx) == 0xffff'ffff'0000'0000);
    REQUIRE(bench.execute({0x67, 0xe3, 0x10}) == Step::Jump);
    REQUIRE(bench.execute({0xe3, 0x10}) == Step::Next);
}

TEST_CASE("LOOPE and LOOPNE look at ZF; a forbidden target leaves the counter",
          "[cpu][semantics][branch]") {
    CpuBench bench;
    bench.protected_mode();
    bench.state.reg(Gpr::Rcx) = 5;
    bench.state.status |= cpu::status_flags::ZF;
    CHECK(bench.execute({0xe0, 0x10}) == Step::Next);
    CHECK(bench.execute({0xe1, 0x10}) == Step::Jump);
    CHECK(bench.state.reg(Gpr::Rcx) == 3);
    bench.state.segment(cpu::SegReg::Cs).limit = static_cast<u32>(bench.state.rip) + 8;
    CHECK(bench.execute({0xe1, 0x10}) == Step::Fault);
    CHECK(bench.state.reg(Gpr::Rcx) == 3);
}

}  // namespace

}  // namespace test
