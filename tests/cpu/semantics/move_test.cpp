// SPDX-License-Identifier: BSD-2-Clause
//
// Moves, exchanges and bit strings: what their operands do besides the arithmetic.
#include <catch2/catch.hpp>

#include "cpu/arch/paging.hpp"
#include "cpu/mmu/translation_control.hpp"
#include "tests/support/cpu_bench.hpp"

namespace test {

namespace {

using cpu::Gpr;
using cpu::Step;
using cpu::Vector;

struct MoveBench : CpuBench {
    MoveBench() { long_mode(); }

    /// All memory read-only, for the supervisor too.
    void forbid_writes() {
        const u64 entry = peek<u64>(page_tables + 0x2000);
        poke<u64>(page_tables + 0x2000, entry & ~cpu::pte::Writable);
        state.cr0 |= cpu::cr0::WP;
        cpu::flush_translations(vcpu);
    }
};

TEST_CASE("CMPXCHG writes memory even when it does not match", "[cpu][semantics]") {
    MoveBench bench;
    bench.poke<u32>(0x5'0000, 7);
    bench.state.reg(Gpr::Rbx) = 0x5'0000;
    bench.state.reg(Gpr::Rax) = 0xffff'ffff'0000'0008;
    bench.state.reg(Gpr::Rcx) = 9;
    REQUIRE(bench.execute({0xf0, 0x0f, 0xb1, 0x0b}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rax) == 7);
    CHECK((bench.state.status & cpu::status_flags::ZF) == 0);
    REQUIRE(bench.execute({0x0f, 0xb1, 0x0b}) == Step::Next);
    CHECK(bench.peek<u32>(0x5'0000) == 9);
    CHECK((bench.state.status & cpu::status_flags::ZF) != 0);

    bench.forbid_writes();
    bench.state.reg(Gpr::Rax) = 0x1'0000'0001;
    REQUIRE(bench.execute({0x0f, 0xb1, 0x0b}) == Step::Fault);
    CHECK(bench.vcpu.exception.error_code == (cpu::page_fault::Present | cpu::page_fault::Write));
    CHECK(bench.state.reg(Gpr::Rax) == 0x1'0000'0001);
}

TEST_CASE("Bit strings: the most negative index is one like any other", "[cpu][semantics]") {
    MoveBench bench;
    // bts qword [ebx+ecx*8], rdx: the distance of -2^60 bytes is cut to 32 bits, and nothing is
    // left.
    bench.state.reg(Gpr::Rbx) = 0x5'0000;
    bench.state.reg(Gpr::Rcx) = 0;
    bench.state.reg(Gpr::Rdx) = u64{1} << 63;
    REQUIRE(bench.execute({0x67, 0x48, 0x0f, 0xab, 0x14, 0xcb}) == Step::Next);
    CHECK(bench.peek<u64>(0x5'0000) == 1);
}

TEST_CASE("CMPXCHG of registers: only the one that gets a value is zero-extended",
          "[cpu][semantics]") {
    constexpr u64 upper = 0x1234'5678'0000'0000;
    MoveBench bench;
    bench.state.reg(Gpr::Rax) = upper | 5;
    bench.state.reg(Gpr::Rbx) = upper | 7;
    bench.state.reg(Gpr::Rcx) = upper | 9;
    REQUIRE(bench.execute({0x0f, 0xb1, 0xcb}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rax) == 7);
    CHECK(bench.state.reg(Gpr::Rbx) == (upper | 7));
    bench.state.reg(Gpr::Rax) = upper | 7;
    REQUIRE(bench.execute({0x0f, 0xb1, 0xcb}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rax) == (upper | 7));
    CHECK(bench.state.reg(Gpr::Rbx) == 9);
}

TEST_CASE("CMPXCHG16B: sixteen bytes, aligned", "[cpu][semantics]") {
    MoveBench bench;
    bench.poke<u64>(0x5'0000, 1);
    bench.poke<u64>(0x5'0008, 2);
    bench.state.reg(Gpr::Rsi) = 0x5'0000;
    bench.state.reg(Gpr::Rax) = 1;
    bench.state.reg(Gpr::Rdx) = 2;
    bench.state.reg(Gpr::Rbx) = 3;
    bench.state.reg(Gpr::Rcx) = 4;
    REQUIRE(bench.execute({0x48, 0x0f, 0xc7, 0x0e}) == Step::Next);
    CHECK(bench.peek<u64>(0x5'0000) == 3);
    CHECK(bench.peek<u64>(0x5'0008) == 4);
    CHECK((bench.state.status & cpu::status_flags::ZF) != 0);
    REQUIRE(bench.execute({0x48, 0x0f, 0xc7, 0x0e}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rax) == 3);
    CHECK(bench.state.reg(Gpr::Rdx) == 4);
    bench.state.reg(Gpr::Rsi) = 0x5'0008;
    REQUIRE(bench.execute({0x48, 0x0f, 0xc7, 0x0e}) == Step::Fault);
    CHECK(bench.vcpu.exception == cpu::Exception{.vector = Vector::GP, .has_error_code = true});
}

TEST_CASE("XADD and XCHG: one register twice", "[cpu][semantics]") {
    MoveBench bench;
    bench.state.reg(Gpr::Rbx) = 21;
    REQUIRE(bench.execute({0x0f, 0xc1, 0xdb}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rbx) == 42);
    REQUIRE(bench.execute({0x87, 0xdb}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rbx) == 42);
}

TEST_CASE("BT with a register: the index reaches beyond the operand, both ways",
          "[cpu][semantics]") {
    MoveBench bench;
    bench.state.reg(Gpr::Rbx) = 0x5'0000;
    bench.state.reg(Gpr::Rcx) = static_cast<u64>(-33);
    REQUIRE(bench.execute({0x0f, 0xab, 0x0b}) == Step::Next);  // bts [rbx], ecx
    CHECK(bench.peek<u32>(0x5'0000 - 8) == 0x8000'0000);
    CHECK((bench.state.status & cpu::status_flags::CF) == 0);
    REQUIRE(bench.execute({0x0f, 0xa3, 0x0b}) == Step::Next);
    CHECK((bench.state.status & cpu::status_flags::CF) != 0);

    bench.state.reg(Gpr::Rcx) = 8 * 0x1000 + 5;
    REQUIRE(bench.execute({0x48, 0x0f, 0xbb, 0x0b}) == Step::Next);  // btc qword
    CHECK(bench.peek<u64>(0x5'1000) == 1 << 5);
    REQUIRE(bench.execute({0x0f, 0xba, 0x2b, 0x45}) == Step::Next);  // bts dword [rbx], 45h
    CHECK(bench.peek<u32>(0x5'0000) == 1 << 5);                      // Modulo 32.
}

TEST_CASE("CMOVcc reads and zero-extends also when the condition is false", "[cpu][semantics]") {
    MoveBench bench;
    bench.state.status = cpu::status_flags::Fixed1;
    bench.state.reg(Gpr::Rax) = ~u64{0};
    REQUIRE(bench.execute({0x0f, 0x44, 0xc3}) == Step::Next);  // cmovz eax, ebx
    CHECK(bench.state.reg(Gpr::Rax) == 0xffff'ffff);
    bench.state.reg(Gpr::Rbx) = CpuBench::ram_bytes;
    CHECK(bench.execute({0x0f, 0x44, 0x03}) == Step::Fault);
}

TEST_CASE("MOVSXD, CBW and CWD at every size", "[cpu][semantics]") {
    MoveBench bench;
    bench.state.reg(Gpr::Rbx) = 0x8000'8080;
    REQUIRE(bench.execute({0x48, 0x63, 0xc3}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rax) == 0xffff'ffff'8000'8080);
    bench.state.reg(Gpr::Rax) = 0x1122'3344'5566'7788;
    REQUIRE(bench.execute({0x66, 0x63, 0xc3}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rax) == 0x1122'3344'5566'8080);
    REQUIRE(bench.execute({0x66, 0x98}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rax) == 0x1122'3344'5566'ff80);
    REQUIRE(bench.execute({0x98}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rax) == 0xffff'ff80);
    REQUIRE(bench.execute({0x48, 0x98}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rax) == 0xffff'ffff'ffff'ff80);
    REQUIRE(bench.execute({0x99}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rdx) == 0xffff'ffff);
}

TEST_CASE("LEA: address size, then operand size", "[cpu][semantics]") {
    MoveBench bench;
    bench.state.reg(Gpr::Rbx) = 0x1'ffff'fff0;
    bench.state.reg(Gpr::Rax) = ~u64{0};
    REQUIRE(bench.execute({0x48, 0x8d, 0x43, 0x20}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rax) == 0x2'0000'0010);
    REQUIRE(bench.execute({0x67, 0x48, 0x8d, 0x43, 0x20}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rax) == 0x10);
    bench.state.reg(Gpr::Rax) = ~u64{0};
    REQUIRE(bench.execute({0x66, 0x8d, 0x43, 0x20}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rax) == 0xffff'ffff'ffff'0010);
}

TEST_CASE("DIV that overflows: #DE, and registers and flags stay", "[cpu][semantics]") {
    MoveBench bench;
    bench.state.reg(Gpr::Rdx) = 1;
    bench.state.reg(Gpr::Rax) = 0;
    bench.state.reg(Gpr::Rbx) = 1;
    bench.state.status = 0xd701;
    REQUIRE(bench.execute({0xf7, 0xf3}) == Step::Fault);
    CHECK(bench.vcpu.exception == cpu::Exception{.vector = Vector::DE});
    CHECK(bench.state.reg(Gpr::Rdx) == 1);
    CHECK(bench.state.status == 0xd701);
    bench.state.reg(Gpr::Rdx) = 0;
    bench.state.reg(Gpr::Rax) = 100;
    bench.state.reg(Gpr::Rbx) = 7;
    REQUIRE(bench.execute({0xf7, 0xf3}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rax) == 14);
    CHECK(bench.state.reg(Gpr::Rdx) == 2);
}

TEST_CASE("Decimal adjustment: as a processor does it", "[cpu][semantics]") {
    CpuBench bench;
    bench.protected_mode();
    const auto run = [&](std::initializer_list<u8> bytes, u64 ax, u64 flags) {
        bench.state.reg(Gpr::Rax) = ax;
        bench.state.status = cpu::status_flags::from_rflags(flags);
        CHECK(bench.execute(bytes) == Step::Next);
        return bench.state.reg(Gpr::Rax) << 16 | (bench.state.rflags() & cpu::rflags::Status);
    };
    CHECK(run({0x27}, 0x001a, 0x001) == 0x0080'0091);
    CHECK(run({0x2f}, 0x0080, 0x001) == 0x0020'0001);
    CHECK(run({0x2f}, 0x0080, 0x010) == 0x007a'0010);
    CHECK(run({0x37}, 0x0000, 0x001) == 0x0000'0044);
    CHECK(run({0x37}, 0x00fa, 0x000) == 0x0200'0055);
    CHECK(run({0xd4, 0x0a}, 0x0063, 0x8d5) == 0x0909'0004);
    CHECK(run({0xd5, 0x0a}, 0x0909, 0x000) == 0x0063'0014);
    CHECK(run({0xd6}, 0x1200, 0x001) == 0x12ff'0001);
    CHECK(bench.execute({0xd4, 0x00}) == Step::Fault);
    CHECK(bench.vcpu.exception.vector == Vector::DE);
}

}  // namespace

}  // namespace test
