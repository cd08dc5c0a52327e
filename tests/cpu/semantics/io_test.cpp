// SPDX-License-Identifier: BSD-2-Clause
#include <catch2/catch.hpp>

#include <vector>

#include "cpu/semantics/io.hpp"
#include "tests/support/cpu_bench.hpp"

namespace test {

namespace {

using cpu::Gpr;
using cpu::Step;
using cpu::Vector;

/// Counts up with each read, keeps what is written.
class CountingPort final : public fabric::IoHandler {
public:
    u64 read(u64, u32) override { return ++reads; }
    void write(u64 offset, u32 size, u64 value) override {
        written.push_back({offset, size, value});
    }

    struct Write {
        u64 offset;
        u32 size;
        u64 value;
        bool operator==(const Write&) const = default;
    };
    u64 reads = 0;
    std::vector<Write> written;
};

constexpr u64 tss = 0x8000;

struct IoBench : CpuBench {
    IoBench() {
        VERIFY(io_ports.map(
            {.name = "counter", .first = 0x60, .length = 8, .widest_access = 4, .handler = &port}));
        state.reg(Gpr::Rdx) = 0x60;
    }
    /// A 32-bit TSS with the bitmap at 0x68, ports 0 to 7 * 8 and so on all forbidden.
    void set_task(u16 limit) {
        state.tr = {.selector = 0x28,
                    .attributes = cpu::Segment::Present | 11,
                    .limit = limit,
                    .base = tss};
        poke<u16>(tss + 102, 0x68);
        for (u64 offset = 0; offset < 32; ++offset) poke<u8>(tss + 0x68 + offset, 0xff);
    }
    void allow(u16 first, u8 mask) { poke<u8>(tss + 0x68 + first / 8, static_cast<u8>(~mask)); }

    CountingPort port;
};

TEST_CASE("IN and OUT: sizes, and what becomes of the rest of rAX", "[cpu][semantics][io]") {
    IoBench bench;
    bench.long_mode();
    bench.state.reg(Gpr::Rax) = ~u64{0};
    REQUIRE(bench.execute({0xec}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rax) == 0xffff'ffff'ffff'ff01);
    REQUIRE(bench.execute({0x66, 0xed}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rax) == 0xffff'ffff'ffff'0002);
    REQUIRE(bench.execute({0x48, 0xed}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rax) == 3);

    bench.state.reg(Gpr::Rax) = 0x8877'6655'4433'2211;
    REQUIRE(bench.execute({0xe6, 0x61}) == Step::Next);
    REQUIRE(bench.execute({0x48, 0xef}) == Step::Next);
    CHECK(bench.port.written ==
          std::vector<CountingPort::Write>{{1, 1, 0x11}, {0, 4, 0x4433'2211}});
}

TEST_CASE("Port permission: CPL against IOPL, then the bitmap", "[cpu][semantics][io]") {
    IoBench bench;
    bench.protected_mode(3);
    bench.set_task(0x68 + 31);
    CHECK(bench.execute({0xec}) == Step::Fault);
    CHECK(bench.vcpu.exception.vector == Vector::GP);
    CHECK(bench.port.reads == 0);

    bench.allow(0x60, 0b0000'0001);
    CHECK(bench.execute({0xec}) == Step::Next);
    CHECK(bench.execute({0x66, 0xed}) == Step::Fault);  // Needs port 61 too.

    // The bitmap must have a byte after the one asked about.
    bench.set_task(0x68 + 12);
    bench.allow(0x60, 0xff);
    CHECK(bench.execute({0xec}) == Step::Fault);
    bench.set_task(0x68 + 13);
    bench.allow(0x60, 0xff);
    CHECK(bench.execute({0xec}) == Step::Next);

    bench.state.tr.attributes = cpu::Segment::Present | 3;  // A 16-bit TSS has none.
    CHECK(bench.execute({0xec}) == Step::Fault);
    bench.state.other_flags |= cpu::rflags::IOPL;
    CHECK(bench.execute({0xec}) == Step::Next);
    bench.state.other_flags |= cpu::rflags::VM;  // There IOPL does not count.
    CHECK_FALSE(cpu::semantics::io_allowed(bench.vcpu, 0x60, 1));
}

TEST_CASE("REP INS and OUTS: element by element, checked before the port is touched",
          "[cpu][semantics][io]") {
    IoBench bench;
    bench.long_mode();
    bench.state.reg(Gpr::Rcx) = 5;
    bench.state.reg(Gpr::Rdi) = 0x5'0000;
    REQUIRE(bench.execute({0xf3, 0x6c}) == Step::Next);
    CHECK(bench.peek<u32>(0x5'0000) == 0x0403'0201);
    CHECK(bench.state.reg(Gpr::Rdi) == 0x5'0005);

    bench.state.reg(Gpr::Rcx) = 2;
    bench.state.reg(Gpr::Rsi) = 0x5'0001;
    REQUIRE(bench.execute({0xf3, 0x66, 0x6f}) == Step::Next);
    CHECK(bench.port.written == std::vector<CountingPort::Write>{{0, 2, 0x0302}, {0, 2, 0x0504}});

    bench.state.reg(Gpr::Rcx) = 4;
    bench.state.reg(Gpr::Rdi) = CpuBench::ram_bytes - 8;
    bench.port.reads = 0;
    REQUIRE(bench.execute({0xf3, 0x6d}) == Step::Fault);
    CHECK(bench.port.reads == 2);
    CHECK(bench.state.reg(Gpr::Rcx) == 2);
}

}  // namespace

}  // namespace test
