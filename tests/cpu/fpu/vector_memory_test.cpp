// SPDX-License-Identifier: BSD-2-Clause
//
// Vector instructions whose memory is more than one plain operand, and faults on the way there. The
// bench maps the first 2 MiB: what is above is a page fault.
#include <catch2/catch.hpp>

#include "tests/cpu/fpu/vector_bench.hpp"

using cpu::Gpr;
using cpu::Step;
using cpu::Vector;
using test::VectorBench;

namespace {

constexpr u64 end_of_memory = test::CpuBench::ram_bytes;
constexpr u64 on = 0x8000'0000;

}  // namespace

TEST_CASE("Vector memory: legacy 16-byte operands are aligned, VEX ones need not be",
          "[cpu][fpu]") {
    VectorBench bench;
    bench.state.reg(Gpr::Rsi) = VectorBench::data + 4;
    CHECK(bench.execute({0x66, 0x0f, 0xfc, 0x0e}) == Step::Fault);  // PADDB xmm1, [rsi]
    CHECK(bench.vcpu.exception.vector == Vector::GP);
    CHECK(bench.execute({0x0f, 0x10, 0x0e}) == Step::Next);         // MOVUPS
    CHECK(bench.execute({0xc5, 0xf1, 0xfc, 0x0e}) == Step::Next);   // VPADDB xmm1, xmm1, [rsi]
    CHECK(bench.execute({0xc5, 0xf9, 0x6f, 0x0e}) == Step::Fault);  // VMOVDQA
    CHECK(bench.vcpu.exception.vector == Vector::GP);
}

TEST_CASE("Vector memory: operands over a page boundary", "[cpu][fpu]") {
    VectorBench bench;
    const u64 address = VectorBench::data + 0xff9;
    const std::array<u64, 2> value{0x1122'3344'5566'7788, 0x99aa'bbcc'ddee'ff00};
    bench.poke(address, value);
    bench.state.reg(Gpr::Rsi) = address;
    bench.run({{0x0f, 0x10, 0x0e}});  // MOVUPS xmm1, [rsi]
    CHECK(bench.state.vector[1].lanes[1] == value[1]);
    bench.state.reg(Gpr::Rsi) = address + 0x1000;
    bench.run({{0x0f, 0x11, 0x0e}});  // MOVUPS [rsi], xmm1
    CHECK(bench.peek<std::array<u64, 2>>(address + 0x1000) == value);
}

TEST_CASE("Vector memory: a store that faults has stored nothing", "[cpu][fpu]") {
    VectorBench bench;
    bench.state.reg(Gpr::Rsi) = end_of_memory - 8;
    bench.state.vector[1].lanes = {1, 2, 3, 4};
    CHECK(bench.execute({0x0f, 0x11, 0x0e}) == Step::Fault);
    CHECK(bench.vcpu.exception.vector == Vector::PF);
    CHECK(bench.vcpu.exception.address == end_of_memory);
    CHECK(bench.peek<u64>(end_of_memory - 8) == 0);
}

TEST_CASE("Vector memory: MASKMOVDQU stores bytes, and checks all sixteen", "[cpu][fpu]") {
    VectorBench bench;
    bench.state.reg(Gpr::Rdi) = end_of_memory - 16;
    bench.state.vector[1].lanes = {0x8877'6655'4433'2211, 0, 0, 0};
    bench.state.vector[2].lanes = {0x80'00'80'00, 0, 0, 0};
    CHECK(bench.execute({0x66, 0x0f, 0xf7, 0xca}) == Step::Next);
    CHECK(bench.peek<u64>(end_of_memory - 16) == 0x4400'2200);
    bench.state.reg(Gpr::Rdi) += 1;
    CHECK(bench.execute({0x66, 0x0f, 0xf7, 0xca}) == Step::Fault);
    CHECK(bench.vcpu.exception.vector == Vector::PF);
}

TEST_CASE("Vector memory: MASKMOVQ and the registers it reads", "[cpu][fpu]") {
    VectorBench bench;
    bench.state.reg(Gpr::Rdi) = VectorBench::data + 64;
    bench.poke<u64>(VectorBench::data, 0x8877'6655'4433'2211);
    bench.poke<u64>(VectorBench::data + 8, 0x8000'0000'0000'80ff);
    bench.run({{0x0f, 0x6f, 0x0e},        // MOVQ mm1, [rsi]
               {0x0f, 0x6f, 0x56, 0x08},  // MOVQ mm2, [rsi+8]
               {0x0f, 0xf7, 0xca}});      // MASKMOVQ mm1, mm2
    CHECK(bench.peek<u64>(VectorBench::data + 64) == 0x8800'0000'0000'2211);
}

TEST_CASE("Vector memory: VMASKMOV and VPMASKMOV leave masked elements alone", "[cpu][fpu]") {
    VectorBench bench;
    bench.poke<u64>(end_of_memory - 8, 0x2222'2222'1111'1111);
    bench.state.reg(Gpr::Rsi) = end_of_memory - 8;
    bench.state.vector[2].lanes = {on << 32, 0, 0, 0};
    bench.state.vector[1].lanes = {9, 9, 9, 9};
    CHECK(bench.execute({0xc4, 0xe2, 0x6d, 0x2c, 0x0e}) == Step::Next);  // VMASKMOVPS ymm1, ymm2
    CHECK(bench.state.vector[1].lanes == std::array<u64, 4>{0x2222'2222'0000'0000, 0, 0, 0});
    bench.state.vector[1].lanes = {0x4444'4444'3333'3333, 5, 6, 7};
    CHECK(bench.execute({0xc4, 0xe2, 0x6d, 0x8e, 0x0e}) == Step::Next);  // VPMASKMOVD [rsi], ymm2
    CHECK(bench.peek<u64>(end_of_memory - 8) == 0x4444'4444'1111'1111);
    bench.state.vector[2].lanes[3] = on << 32;
    CHECK(bench.execute({0xc4, 0xe2, 0x6d, 0x8e, 0x0e}) == Step::Fault);
    CHECK(bench.vcpu.exception.vector == Vector::PF);
}

TEST_CASE("Vector memory: a gather that faults has done the elements before", "[cpu][fpu]") {
    VectorBench bench;
    for (u32 i = 0; i < 8; ++i) bench.poke<u32>(VectorBench::data + i * 4, 0x100 + i);
    bench.state.vector[3].lanes = {u64{1} << 32, u64{7} << 32 | 0x10'0000, 0, 0};    // Indices
    bench.state.vector[2].lanes = {on << 32 | on, on << 32 | on, ~u64{0}, ~u64{0}};  // Mask
    bench.state.vector[1].lanes = {~u64{0}, ~u64{0}, ~u64{0}, ~u64{0}};
    // VPGATHERDD xmm1, [rsi + xmm3 * 4], xmm2
    CHECK(bench.execute({0xc4, 0xe2, 0x69, 0x90, 0x0c, 0x9e}) == Step::Fault);
    CHECK(bench.vcpu.exception.vector == Vector::PF);
    CHECK(bench.state.vector[1].lanes[0] == 0x0000'0101'0000'0100);
    CHECK(bench.state.vector[2].lanes == std::array<u64, 4>{0, ~u64{0}, 0, 0});

    bench.state.vector[3].lanes[1] = u64{7} << 32 | 5;
    CHECK(bench.execute() == Step::Next);
    CHECK(bench.state.vector[1].lanes ==
          std::array<u64, 4>{0x0000'0101'0000'0100, 0x0000'0107'0000'0105, 0, 0});
    CHECK(bench.state.vector[2].lanes == std::array<u64, 4>{});
}

TEST_CASE("Vector memory: a gather's three registers differ", "[cpu][fpu]") {
    VectorBench bench;
    CHECK(bench.execute({0xc4, 0xe2, 0x69, 0x90, 0x14, 0x9e}) == Step::Fault);  // xmm2, xmm3, xmm2
    CHECK(bench.vcpu.exception.vector == Vector::UD);
}

TEST_CASE("Vector memory: VZEROUPPER and VZEROALL", "[cpu][fpu]") {
    VectorBench bench;
    for (auto& each : bench.state.vector) each.lanes = {1, 2, 3, 4};
    bench.run({{0xc5, 0xf8, 0x77}});
    CHECK(bench.state.vector[15].lanes == std::array<u64, 4>{1, 2, 0, 0});
    bench.run({{0xc5, 0xfc, 0x77}});
    CHECK(bench.state.vector[15].lanes == std::array<u64, 4>{});
}
