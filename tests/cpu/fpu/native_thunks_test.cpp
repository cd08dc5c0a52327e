// SPDX-License-Identifier: BSD-2-Clause
//
// An instruction of each kind, through a thunk and on the host itself, with values that round,
// overflow, and are no numbers.
#include <catch2/catch.hpp>

#include <string>

#include "cpu/fpu/native_thunks.hpp"
#include "tests/cpu/fpu/host_program.hpp"
#include "tests/cpu/fpu/vector_bench.hpp"

using cpu::Gpr;
using cpu::Step;
using test::HostRegisters;
using test::VectorBench;

namespace {

struct Sample {
    const char* name;
    std::vector<u8> bytes;
};

// Memory operands are at [RSI].
const std::vector<Sample> samples{
    {"PADDB xmm1, xmm2", {0x66, 0x0f, 0xfc, 0xca}},
    {"PXOR xmm15, xmm15", {0x66, 0x45, 0x0f, 0xef, 0xff}},
    {"PADDW xmm9, [rsi]", {0x66, 0x44, 0x0f, 0xfd, 0x0e}},
    {"PSRLW xmm3, 5", {0x66, 0x0f, 0x71, 0xd3, 5}},
    {"PSHUFD xmm2, [rsi], 1B", {0x66, 0x0f, 0x70, 0x16, 0x1b}},
    {"MOVSS xmm1, xmm2", {0xf3, 0x0f, 0x10, 0xca}},
    {"MOVSS xmm1, [rsi]", {0xf3, 0x0f, 0x10, 0x0e}},
    {"MOVSD [rsi], xmm2", {0xf2, 0x0f, 0x11, 0x16}},
    {"MOVHPS xmm4, [rsi]", {0x0f, 0x16, 0x26}},
    {"MOVQ xmm1, xmm3", {0xf3, 0x0f, 0x7e, 0xcb}},
    {"MOVD xmm1, ecx", {0x66, 0x0f, 0x6e, 0xc9}},
    {"MOVQ rdx, xmm8", {0x66, 0x4c, 0x0f, 0x7e, 0xc2}},
    {"MOVAPS [rsi], xmm7", {0x0f, 0x29, 0x3e}},
    {"ADDPS xmm1, xmm2", {0x0f, 0x58, 0xca}},
    {"DIVPD xmm1, [rsi]", {0x66, 0x0f, 0x5e, 0x0e}},
    {"SQRTSS xmm5, xmm6", {0xf3, 0x0f, 0x51, 0xee}},
    {"RCPPS xmm5, xmm6", {0x0f, 0x53, 0xee}},
    {"CVTSI2SD xmm1, rax", {0xf2, 0x48, 0x0f, 0x2a, 0xc8}},
    {"CVTTSD2SI ecx, xmm3", {0xf2, 0x0f, 0x2c, 0xcb}},
    {"CVTPS2PD xmm1, [rsi]", {0x0f, 0x5a, 0x0e}},
    {"UCOMISD xmm1, xmm2", {0x66, 0x0f, 0x2e, 0xca}},
    {"CMPPS xmm1, xmm2, 4", {0x0f, 0xc2, 0xca, 4}},
    {"PMOVMSKB eax, xmm2", {0x66, 0x0f, 0xd7, 0xc2}},
    {"PSHUFB xmm1, xmm2", {0x66, 0x0f, 0x38, 0x00, 0xca}},
    {"PBLENDVB xmm1, xmm2", {0x66, 0x0f, 0x38, 0x10, 0xca}},
    {"BLENDVPS xmm0, xmm2", {0x66, 0x0f, 0x38, 0x14, 0xc2}},
    {"PTEST xmm1, [rsi]", {0x66, 0x0f, 0x38, 0x17, 0x0e}},
    {"PMOVZXBQ xmm1, [rsi]", {0x66, 0x0f, 0x38, 0x32, 0x0e}},
    {"ROUNDSD xmm1, xmm2, 3", {0x66, 0x0f, 0x3a, 0x0b, 0xca, 3}},
    {"PEXTRB [rsi], xmm1, 3", {0x66, 0x0f, 0x3a, 0x14, 0x0e, 3}},
    {"PEXTRQ rcx, xmm1, 1", {0x66, 0x48, 0x0f, 0x3a, 0x16, 0xc9, 1}},
    {"PINSRW xmm1, edx, 6", {0x66, 0x0f, 0xc4, 0xca, 6}},
    {"PCMPESTRI xmm1, xmm2, 0C", {0x66, 0x0f, 0x3a, 0x61, 0xca, 0x0c}},
    {"PCMPISTRM xmm1, [rsi], 40", {0x66, 0x0f, 0x3a, 0x62, 0x0e, 0x40}},
    {"AESENC xmm1, xmm2", {0x66, 0x0f, 0x38, 0xdc, 0xca}},
    {"PCLMULQDQ xmm1, xmm2, 10", {0x66, 0x0f, 0x3a, 0x44, 0xca, 0x10}},
    {"SHA256RNDS2 xmm1, xmm2", {0x0f, 0x38, 0xcb, 0xca}},
    {"VADDPS ymm1, ymm2, ymm3", {0xc5, 0xec, 0x58, 0xcb}},
    {"VADDPS xmm1, xmm2, [rsi]", {0xc5, 0xe8, 0x58, 0x0e}},
    {"VADDSS xmm1, xmm2, xmm3", {0xc5, 0xea, 0x58, 0xcb}},
    {"VPADDD ymm9, ymm14, [rsi]", {0xc5, 0x0d, 0xfe, 0x0e}},
    {"VPSRLDQ ymm1, ymm2, 3", {0xc5, 0xf5, 0x73, 0xda, 3}},
    {"VPBLENDVB ymm1, ymm2, ymm3, ymm12", {0xc4, 0xe3, 0x6d, 0x4c, 0xcb, 0xc0}},
    {"VFMADD231PD ymm1, ymm2, ymm3", {0xc4, 0xe2, 0xed, 0xb8, 0xcb}},
    {"VFMADD213SS xmm1, xmm2, xmm3", {0xc4, 0xe2, 0x69, 0xa9, 0xcb}},
    {"VCVTPH2PS ymm1, [rsi]", {0xc4, 0xe2, 0x7d, 0x13, 0x0e}},
    {"VCVTPS2PH [rsi], ymm1, 0", {0xc4, 0xe3, 0x7d, 0x1d, 0x0e, 0}},
    {"VEXTRACTI128 xmm3, ymm4, 1", {0xc4, 0xe3, 0x7d, 0x39, 0xe3, 1}},
    {"VPERMQ ymm3, ymm4, 4E", {0xc4, 0xe3, 0xfd, 0x00, 0xdc, 0x4e}},
    {"VBROADCASTSS ymm3, [rsi]", {0xc4, 0xe2, 0x7d, 0x18, 0x1e}},
    {"VPMOVMSKB ecx, ymm4", {0xc5, 0xfd, 0xd7, 0xcc}},
    {"VTESTPS ymm1, ymm2", {0xc4, 0xe2, 0x7d, 0x0e, 0xca}},
    {"VMOVQ xmm1, rax", {0xc4, 0xe1, 0xf9, 0x6e, 0xc8}},
    {"VCVTSI2SD xmm1, xmm2, rcx", {0xc4, 0xe1, 0xeb, 0x2a, 0xc9}},
    {"VMOVDQA [rsi], ymm3", {0xc5, 0xfd, 0x7f, 0x1e}},
    {"VPSRLVQ ymm1, ymm2, ymm3", {0xc4, 0xe2, 0xed, 0x45, 0xcb}},
};

/// Numbers that make trouble, and the same every time.
class Values {
public:
    explicit Values(u64 seed) : state_(seed * 0x9e37'79b9'7f4a'7c15 + 1) {}

    u64 next() {
        constexpr std::array<u64, 12> special{0,
                                              0x8000'0000'0000'0000,
                                              0x3ff0'0000'0000'0000,
                                              0x7ff0'0000'0000'0000,
                                              0x7ff0'0000'0000'0001,
                                              0x7ff8'0000'0000'1234,
                                              0x0000'0000'0000'0001,
                                              0x7f80'0000'ff80'0000,
                                              0x7fa0'0001'0000'0001,
                                              0x3f80'0000'4040'0000,
                                              0x7f7f'ffff'0080'0000,
                                              0x4330'0000'4b00'0001};
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return state_ % 3 == 0 ? state_ : special[(state_ >> 8) % special.size()];
    }

private:
    u64 state_;
};

HostRegisters random_registers(Values& values, u64 mxcsr) {
    HostRegisters registers;
    for (auto& each : registers.vector) {
        for (u64& lane : each.lanes) lane = values.next();
    }
    registers.rax = values.next() & 0xffff'ffff'0000'001f;
    registers.rcx = values.next();
    registers.rdx = values.next() & 0xffff'ffff'0000'001f;
    registers.mxcsr = mxcsr;
    return registers;
}

void check_sample(const Sample& sample, u64 seed) {
    constexpr std::array<u64, 4> modes{0x1f80, 0x7f80, 0x5fc0, 0x9f80};
    Values values(seed);
    HostRegisters host = random_registers(values, modes[seed % modes.size()]);
    alignas(32) std::array<u64, 4> memory{values.next(), values.next(), values.next(),
                                          values.next()};
    VectorBench bench;
    bench.poke(VectorBench::data, memory);
    bench.state.vector = host.vector;
    bench.state.reg(Gpr::Rax) = host.rax;
    bench.state.reg(Gpr::Rcx) = host.rcx;
    bench.state.reg(Gpr::Rdx) = host.rdx;
    bench.state.mxcsr = static_cast<u32>(host.mxcsr);
    host.rsi = reinterpret_cast<u64>(memory.data());

    for (usize i = 0; i < sample.bytes.size(); ++i) {
        bench.poke<u8>(bench.state.rip + i, sample.bytes[i]);
    }
    INFO(sample.name << ", seed " << seed);
    REQUIRE(bench.execute() == Step::Next);
    test::run_on_host(sample.bytes, host);
    CHECK(bench.state.vector == host.vector);
    CHECK(bench.state.reg(Gpr::Rax) == host.rax);
    CHECK(bench.state.reg(Gpr::Rcx) == host.rcx);
    CHECK(bench.state.reg(Gpr::Rdx) == host.rdx);
    CHECK((bench.state.rflags() & cpu::rflags::Status) == (host.rflags & cpu::rflags::Status));
    CHECK(bench.state.mxcsr == host.mxcsr);
    CHECK(bench.peek<std::array<u64, 4>>(VectorBench::data) == memory);
}

}  // namespace

TEST_CASE("Thunks: the host's own results, flags and MXCSR", "[cpu][fpu]") {
    if (!cpu::host_has_avx()) return;
    for (const Sample& sample : samples) {
        for (u64 seed = 0; seed < 50; ++seed) check_sample(sample, seed);
    }
}

TEST_CASE("Thunks: an unmasked error changes nothing but MXCSR", "[cpu][fpu]") {
    VectorBench bench;
    bench.state.mxcsr = 0x1f80 & ~u32{0x200};  // Division by zero.
    bench.state.vector[1].lanes = {0x3f80'0000, 7, 8, 9};
    const auto before = bench.state.vector;
    // DIVSS xmm1, xmm2
    CHECK(bench.execute({0xf3, 0x0f, 0x5e, 0xca}) == Step::Fault);
    CHECK(bench.vcpu.exception.vector == cpu::Vector::XM);
    CHECK(bench.state.vector == before);
    CHECK(bench.state.mxcsr == 0x1d84);

    SECTION("#UD where the system does not ask for #XM") {
        bench.state.cr4 &= ~cpu::cr4::OSXMMEXCPT;
        CHECK(bench.execute({0xf3, 0x0f, 0x5e, 0xca}) == Step::Fault);
        CHECK(bench.vcpu.exception.vector == cpu::Vector::UD);
    }
    SECTION("VEX.256 alike") {
        // VDIVPS ymm1, ymm1, ymm2
        CHECK(bench.execute({0xc5, 0xf4, 0x5e, 0xca}) == Step::Fault);
        CHECK(bench.vcpu.exception.vector == cpu::Vector::XM);
        CHECK(bench.state.vector == before);
    }
}

TEST_CASE("Thunks: one for each encoding, none for MMX and x87", "[cpu][fpu]") {
    const auto decode = [](std::initializer_list<u8> bytes) {
        const std::vector<u8> copy(bytes);
        cpu::Instruction instruction;
        REQUIRE(cpu::decode(copy, cpu::CodeMode::Bits64, cpu::FeatureSet::all(), instruction) ==
                cpu::DecodeStatus::Ok);
        return instruction;
    };
    const auto first = cpu::native_thunk(decode({0x66, 0x0f, 0xfc, 0x0e}));
    CHECK(first != nullptr);
    CHECK(first == cpu::native_thunk(decode({0x66, 0x0f, 0xfc, 0x4f, 0x10})));  // Another address.
    CHECK(first != cpu::native_thunk(decode({0x66, 0x0f, 0xfc, 0x16})));
    CHECK(cpu::native_thunk(decode({0x0f, 0xfc, 0xca})) == nullptr);
    CHECK(cpu::native_thunk(decode({0xd9, 0xe8})) == nullptr);
}
