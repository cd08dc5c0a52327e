// SPDX-License-Identifier: BSD-2-Clause
//
// Flag instructions, BOUND, and the few moves with implied operands.
#include <catch2/catch.hpp>

#include "tests/support/cpu_bench.hpp"

namespace test {

namespace {

using cpu::Gpr;
using cpu::Step;
using cpu::Vector;

TEST_CASE("LAHF and SAHF: all flags but OF", "[cpu][semantics]") {
    CpuBench bench;
    bench.long_mode();
    bench.state.status = cpu::status_flags::from_rflags(0x8d5);
    REQUIRE(bench.execute({0x9f}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rax) == 0xd700);
    bench.state.reg(Gpr::Rax) = 0x2a00;  // Reserved bits are not taken over.
    REQUIRE(bench.execute({0x9e}) == Step::Next);
    CHECK((bench.state.rflags() & cpu::rflags::Status) == cpu::rflags::OF);
    CHECK(bench.state.status == cpu::status_flags::from_rflags(cpu::rflags::OF));
}

TEST_CASE("CLC, STC, CMC, CLD, STD", "[cpu][semantics]") {
    CpuBench bench;
    bench.long_mode();
    REQUIRE(bench.execute({0xf9}) == Step::Next);
    CHECK((bench.state.rflags() & cpu::rflags::CF) != 0);
    REQUIRE(bench.execute({0xf5}) == Step::Next);
    CHECK((bench.state.rflags() & cpu::rflags::CF) == 0);
    REQUIRE(bench.execute({0xf5}) == Step::Next);
    REQUIRE(bench.execute({0xf8}) == Step::Next);
    CHECK((bench.state.rflags() & cpu::rflags::CF) == 0);
    REQUIRE(bench.execute({0xfd}) == Step::Next);
    CHECK((bench.state.rflags() & cpu::rflags::DF) != 0);
    REQUIRE(bench.execute({0xfc}) == Step::Next);
    CHECK((bench.state.rflags() & cpu::rflags::DF) == 0);
}

TEST_CASE("BOUND: both bounds are included", "[cpu][semantics]") {
    CpuBench bench;
    bench.protected_mode();
    bench.poke<u32>(0x5'0000, static_cast<u32>(-3));
    bench.poke<u32>(0x5'0004, 10);
    bench.state.reg(Gpr::Rbx) = 0x5'0000;
    for (const i32 index : {-4, -3, 0, 10, 11}) {
        bench.state.reg(Gpr::Rax) = static_cast<u32>(index);
        const bool inside = index >= -3 && index <= 10;
        CAPTURE(index);
        CHECK(bench.execute({0x62, 0x03}) == (inside ? Step::Next : Step::Fault));
        if (!inside) CHECK(bench.vcpu.exception == cpu::Exception{.vector = Vector::BR});
    }
}

TEST_CASE("XLAT, MOV from an absolute offset, MOVBE, BSWAP", "[cpu][semantics]") {
    CpuBench bench;
    bench.long_mode();
    bench.state.reg(Gpr::Rbx) = 0x5'0000;
    bench.state.reg(Gpr::Rax) = 0x77'0042;
    bench.poke<u8>(0x5'0042, 0x99);
    REQUIRE(bench.execute({0xd7}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rax) == 0x77'0099);

    bench.poke<u32>(0x5'0000, 0x1122'3344);
    REQUIRE(bench.execute({0xa1, 0x00, 0x00, 0x05, 0, 0, 0, 0, 0}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rax) == 0x1122'3344);
    REQUIRE(bench.execute({0x67, 0xa2, 0x10, 0x00, 0x05, 0x00}) == Step::Next);
    CHECK(bench.peek<u8>(0x5'0010) == 0x44);

    REQUIRE(bench.execute({0x0f, 0x38, 0xf0, 0x0b}) == Step::Next);  // movbe ecx, [rbx]
    CHECK(bench.state.reg(Gpr::Rcx) == 0x4433'2211);
    REQUIRE(bench.execute({0x48, 0x0f, 0xc9}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rcx) == 0x1122'3344'0000'0000);
    REQUIRE(bench.execute({0x66, 0x0f, 0x38, 0xf1, 0x03}) == Step::Next);  // movbe [rbx], ax
    CHECK(bench.peek<u16>(0x5'0000) == 0x4433);
}

}  // namespace

}  // namespace test
