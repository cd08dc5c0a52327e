// SPDX-License-Identifier: BSD-2-Clause
//
// x87 programs on the bench and on the host, compared by what they leave in memory; errors,
// pointers, and the layouts of the environment.
#include <catch2/catch.hpp>

#include "cpu/fpu/guest_fp_scope.hpp"
#include "cpu/fpu/host_features.hpp"
#include "cpu/fpu/x87_environment.hpp"
#include "tests/cpu/fpu/host_program.hpp"
#include "tests/cpu/fpu/vector_bench.hpp"

using cpu::Gpr;
using cpu::Step;
using cpu::Vector;
using test::VectorBench;

namespace {

using Bytes = std::vector<u8>;
using Program = std::vector<Bytes>;
using Memory = std::array<u8, 256>;

constexpr usize image = 64;             // Where programs store the whole state: FNSAVE [rsi+64].
constexpr usize pointers = image + 12;  // FIP to FDS, which differ.
constexpr usize pointers_size = 16;

const Bytes fnsave{0xdd, 0x76, 0x40};

// At [rsi]: 1.5, a denormal, 2^70 (double); 3, -7 (word, dword); a signalling NaN (single).
Memory initial_memory() {
    Memory memory{};
    const std::array<u64, 3> doubles{0x3ff8'0000'0000'0000, 0x0000'0000'0000'1234,
                                     0x4450'0000'0000'0000};
    const u16 word = 3;
    const u32 dword = static_cast<u32>(-7);
    const u32 nan = 0x7fa0'0001;
    const u16 control = 0x0c7f;  // Single precision, towards zero.
    std::memcpy(memory.data(), doubles.data(), sizeof(doubles));
    std::memcpy(memory.data() + 24, &word, sizeof(word));
    std::memcpy(memory.data() + 28, &dword, sizeof(dword));
    std::memcpy(memory.data() + 32, &nan, sizeof(nan));
    std::memcpy(memory.data() + 36, &control, sizeof(control));
    return memory;
}

const Bytes fninit{0xdb, 0xe3};
const Bytes fld_1_5{0xdd, 0x06};  // FLD qword [rsi]
const Bytes fld_denormal{0xdd, 0x46, 8};
const Bytes fld_huge{0xdd, 0x46, 16};
const Bytes fild_3{0xdf, 0x46, 24};
const Bytes fild_minus_7{0xdb, 0x46, 28};
const Bytes fld_nan{0xd9, 0x46, 32};
const Bytes fldcw{0xd9, 0x6e, 36};
const Bytes fld1{0xd9, 0xe8};
const Bytes fldz{0xd9, 0xee};

const std::vector<Program> programs{
    {fld_1_5, fild_3, {0xde, 0xc1}},                         // FADDP
    {fld1, fild_3, {0xde, 0xf9}, {0xd9, 0xfa}},              // FDIVP, FSQRT
    {fld1, fldz, {0xde, 0xf9}, {0xd9, 0xe5}},                // 1/0, FXAM
    {fld_denormal, fld_huge, {0xde, 0xc9}},                  // FMULP
    {fld_nan, {0xd9, 0xe1}},                                 // FABS
    {fld_huge, {0xdb, 0x5e, 40}},                            // FISTP dword: does not fit
    {fild_minus_7, {0xdf, 0x76, 40}},                        // FBSTP
    {fld_1_5, {0xdb, 0x7e, 40}, {0xdb, 0x6e, 40}},           // FSTP, FLD m80
    {fld_1_5, {0xd9, 0xfe}, {0xd9, 0xf3}},                   // FSIN; FPATAN underflows the stack
    {fldcw, fld1, fild_3, {0xd8, 0xf1}, {0xd9, 0x56, 40}},   // FDIV; FST dword
    {fld1, fld1, fld1, fld1, fld1, fld1, fld1, fld1, fldz},  // Overflows the stack
    {fld1, {0xdd, 0xc0}, {0xd9, 0xf6}, fldz, {0xd9, 0xc9}},  // FFREE, FDECSTP, FXCH
    {fld1, fldz, {0xdf, 0xf1}},                              // FCOMIP
    {fld1, fldz, {0xda, 0xc1}, {0xdb, 0xd1}},                // FCMOVB, FCMOVNBE
    {fld1, {0x0f, 0x6f, 0x06}, {0x0f, 0xfc, 0xc0}, {0x0f, 0x7f, 0x46, 40}},  // MMX
    {fld1, {0x0f, 0x6f, 0x06}, {0x0f, 0x77}, fldz},                          // EMMS
    {{0x0f, 0x6f, 0x56, 16}, {0x66, 0x0f, 0x2a, 0xca}},                      // CVTPI2PD xmm1, mm2
};

void check_program(const Program& program) {
    Program whole{fninit};
    whole.insert(whole.end(), program.begin(), program.end());
    whole.push_back({0x9b, 0xdf, 0xe0});  // FSTSW AX, as two instructions
    whole.push_back(fnsave);

    alignas(16) Memory memory = initial_memory();
    VectorBench bench;
    bench.poke(VectorBench::data, memory);
    test::HostRegisters host{};
    host.rsi = reinterpret_cast<u64>(memory.data());
    Bytes straight;
    u64 at = bench.state.rip;
    for (const Bytes& each : whole) {
        straight.insert(straight.end(), each.begin(), each.end());
        for (const u8 byte : each) bench.poke<u8>(at++, byte);
    }
    while (bench.state.rip < at) REQUIRE(bench.execute() == Step::Next);
    test::run_on_host(straight, host);

    auto ours = bench.peek<Memory>(VectorBench::data);
    std::memset(ours.data() + pointers, 0, pointers_size);
    std::memset(memory.data() + pointers, 0, pointers_size);
    CHECK(ours == memory);
    CHECK(static_cast<u16>(bench.state.reg(Gpr::Rax)) == static_cast<u16>(host.rax));
    CHECK((bench.state.rflags() & cpu::rflags::Status) == (host.rflags & cpu::rflags::Status));
}

/// 1 / 0 with division by zero unmasked.
void divide_by_zero(VectorBench& bench) {
    bench.poke<u16>(VectorBench::data, 0x037b);
    bench.run({{0xd9, 0x2e}, {0xd9, 0xe8}, {0xd9, 0xee}, {0xde, 0xf9}});  // FLDCW ... FDIVP
}

struct RecordingPins final : cpu::PackagePins {
    void ferr_asserted() override { ++count; }
    int count = 0;
};

}  // namespace

TEST_CASE("x87: programs leave what they leave on the host", "[cpu][fpu]") {
    if (!cpu::host_has_avx()) return;
    for (usize i = 0; i < programs.size(); ++i) {
        INFO("program " << i);
        check_program(programs[i]);
    }
}

TEST_CASE("x87: registers stay in the host's within a scope", "[cpu][fpu]") {
    VectorBench bench;
    {
        const cpu::GuestFpScope guest_fp(bench.vcpu);
        bench.run({{0xd9, 0xe8}});
        CHECK(bench.vcpu.x87_in_host);
        bench.run({{0xd9, 0xee}});
    }
    CHECK_FALSE(bench.vcpu.x87_in_host);
    CHECK(bench.state.x87.tags == 0xc0);
    CHECK(bench.state.x87.status == 0x3000);
    CHECK(bench.state.x87.st[1].sign_exponent == 0x3fff);
}

TEST_CASE("x87: an unmasked error is reported by the next waiting instruction", "[cpu][fpu]") {
    VectorBench bench;
    divide_by_zero(bench);
    CHECK((bench.state.x87.status & 0x84) == 0x84);
    bench.run({{0xdf, 0xe0}});                          // FNSTSW AX does not wait
    CHECK(bench.execute({0xd9, 0xe8}) == Step::Fault);  // FLD1
    CHECK(bench.vcpu.exception.vector == Vector::MF);
    CHECK(bench.execute({0x9b}) == Step::Fault);  // FWAIT
    CHECK(bench.vcpu.exception.vector == Vector::MF);
    CHECK(bench.execute({0x0f, 0xfc, 0xca}) == Step::Fault);  // PADDB mm1, mm2
    CHECK(bench.vcpu.exception.vector == Vector::MF);
    bench.run({{0xdb, 0xe2}, {0xd9, 0xe8}});  // FNCLEX, FLD1
}

TEST_CASE("x87: without CR0.NE the board is told, and the instruction waits", "[cpu][fpu]") {
    VectorBench bench;
    RecordingPins pins;
    bench.vcpu.ports.pins = &pins;
    bench.state.cr0 &= ~cpu::cr0::NE;
    divide_by_zero(bench);
    const u64 rip = bench.state.rip;
    CHECK(bench.execute({0x9b}) == Step::Jump);
    CHECK(bench.state.rip == rip);
    CHECK(pins.count == 1);
    bench.run({{0xdb, 0xe2}, {0x9b}});  // FNCLEX; FWAIT
}

TEST_CASE("x87: CR0.EM and TS", "[cpu][fpu]") {
    VectorBench bench;
    bench.state.cr0 |= cpu::cr0::TS;
    CHECK(bench.execute({0xd9, 0xe8}) == Step::Fault);
    CHECK(bench.vcpu.exception.vector == Vector::NM);
    CHECK(bench.execute({0x9b}) == Step::Fault);  // With MP.
    CHECK(bench.vcpu.exception.vector == Vector::NM);
    bench.state.cr0 &= ~cpu::cr0::MP;
    CHECK(bench.execute({0x9b}) == Step::Next);
    bench.state.cr0 = (bench.state.cr0 & ~cpu::cr0::TS) | cpu::cr0::EM;
    CHECK(bench.execute({0x0f, 0xfc, 0xca}) == Step::Fault);
    CHECK(bench.vcpu.exception.vector == Vector::UD);
}

TEST_CASE("x87: pointers to the last instruction, and to an operand in error", "[cpu][fpu]") {
    VectorBench bench;
    bench.vcpu.features.set(cpu::Feature::FdpExceptionOnly, true);
    bench.vcpu.features.set(cpu::Feature::NoFcsFds, true);
    const u64 fld = bench.state.rip;
    bench.run({{0xdd, 0x06}, {0xdb, 0xe2}});  // FLD qword [rsi]; FNCLEX is a control instruction
    CHECK(bench.state.x87.instruction_pointer == fld);
    CHECK(bench.state.x87.data_pointer == 0);
    CHECK(bench.state.x87.opcode == 0);

    bench.poke<u16>(VectorBench::data + 8, 0x037b);
    bench.run({{0xd9, 0x6e, 8}, {0xd9, 0xe8}, {0xdc, 0x36}});  // FLDCW; FLD1; FDIV qword [rsi]
    CHECK(bench.state.x87.data_pointer == VectorBench::data);
    CHECK(bench.state.x87.opcode == 0x436);
    CHECK(bench.state.x87.instruction_selector == 0);
}

TEST_CASE("x87: the environment's layouts hold what SDM 1 8.1.10 draws", "[cpu][fpu]") {
    const cpu::X87Environment environment{.control = 0x037f,
                                          .status = 0x3800,
                                          .tags = 0x3fff,
                                          .opcode = 0x6f9,
                                          .instruction_offset = 0x000a'1234,
                                          .data_offset = 0x000b'5678,
                                          .instruction_selector = 0x1b,
                                          .data_selector = 0x23};
    std::array<u8, 28> bytes{};
    const auto dword = [&](usize at) {
        u32 value;
        std::memcpy(&value, bytes.data() + at, 4);
        return value;
    };
    cpu::store_environment(environment, {.wide = true, .protected_mode = true}, bytes);
    CHECK(dword(0) == 0xffff'037f);
    CHECK(dword(12) == 0x000a'1234);
    CHECK(dword(16) == 0x06f9'001b);
    CHECK(dword(24) == 0xffff'0023);
    cpu::store_environment(environment, {.wide = true, .protected_mode = false}, bytes);
    CHECK(dword(12) == 0xffff'1234);
    CHECK(dword(16) == 0x0000'a6f9);
    CHECK(dword(24) == 0x0000'b000);
    for (const bool wide : {false, true}) {
        for (const bool protected_mode : {false, true}) {
            const cpu::EnvironmentLayout layout{wide, protected_mode};
            const auto area = std::span{bytes}.first(layout.size());
            cpu::store_environment(environment, layout, area);
            const auto back = cpu::load_environment(area, layout);
            CHECK(back.control == environment.control);
            CHECK(back.status == environment.status);
            CHECK(back.tags == environment.tags);
            const u32 kept = protected_mode && !wide ? 0xffff : 0xf'ffff;
            CHECK(back.instruction_offset == (environment.instruction_offset & kept));
            CHECK(back.data_offset == (environment.data_offset & kept));
            if (!protected_mode || wide) CHECK(back.opcode == environment.opcode);
            if (protected_mode) CHECK(back.data_selector == environment.data_selector);
        }
    }
}

TEST_CASE("x87: FNSTENV masks, FLDENV and FRSTOR bring everything back", "[cpu][fpu]") {
    VectorBench bench;
    bench.state.reg(Gpr::Rdx) = VectorBench::data + 0x100;
    divide_by_zero(bench);
    const cpu::X87State before = bench.state.x87;
    bench.run({{0xd9, 0x32}});  // FNSTENV [rdx]
    CHECK(bench.state.x87.control == 0x037f);
    CHECK((bench.state.x87.status & 0x8080) == 0);
    bench.run({{0xd9, 0x22}});  // FLDENV [rdx]
    CHECK(bench.state.x87 == before);
    bench.run({{0xdd, 0x32}});  // FNSAVE [rdx]
    CHECK(bench.state.x87.tags == 0);
    CHECK(bench.state.x87.control == 0x037f);
    bench.run({{0xdd, 0x22}});  // FRSTOR [rdx]
    CHECK(bench.state.x87 == before);
}

TEST_CASE("x87: an unmasked error in a store over a page boundary stores nothing", "[cpu][fpu]") {
    VectorBench bench;
    const u64 boundary = VectorBench::data + 0x1000;
    bench.poke<u64>(boundary - 4, 0x1234'5678'9abc'def0);
    bench.poke<u16>(VectorBench::data, 0x037e);  // Invalid operation unmasked.
    bench.state.reg(Gpr::Rdx) = boundary - 4;
    bench.poke<u64>(VectorBench::data + 8, 0x4450'0000'0000'0000);
    bench.run({{0xd9, 0x2e}, {0xdd, 0x46, 8}, {0xdf, 0x3a}});  // FLDCW; FLD 2^70; FISTP qword [rdx]
    CHECK(bench.peek<u64>(boundary - 4) == 0x1234'5678'9abc'def0);
    CHECK((bench.state.x87.status & 0x81) == 0x81);
    CHECK(bench.state.x87.tags == 0x80);  // Not popped.
}

TEST_CASE("x87: ten bytes are eight and then two, each with all its checks", "[cpu][fpu]") {
    VectorBench bench;
    bench.long_mode(3, true);
    constexpr u64 end_of_memory = test::CpuBench::ram_bytes;
    bench.state.segment(cpu::SegReg::Ss).limit = end_of_memory;  // One byte of what is not there.
    const u8 operation = GENERATE(u8{0x6d}, u8{0x7d});           // FLD, FSTP [ebp]
    const auto vector_at = [&](u64 offset) {
        bench.state.reg(Gpr::Rbp) = offset;
        REQUIRE(bench.execute({0xdb, operation, 0x00}) == Step::Fault);
        return bench.vcpu.exception.vector;
    };
    CHECK(vector_at(end_of_memory - 7) == Vector::PF);
    CHECK(vector_at(end_of_memory - 8) == Vector::SS);
    CHECK(vector_at(end_of_memory - 6) == Vector::SS);
}

TEST_CASE("x87: an area's first item is met before the area's end", "[cpu][fpu]") {
    VectorBench bench;
    bench.long_mode(3, true);
    constexpr u64 end_of_memory = test::CpuBench::ram_bytes;
    bench.state.segment(cpu::SegReg::Ss).limit = end_of_memory;
    const u8 operation = GENERATE(u8{0x65}, u8{0x75});  // FLDENV, FNSTENV [ebp]
    const auto vector_at = [&](u64 offset) {
        bench.state.reg(Gpr::Rbp) = offset;
        REQUIRE(bench.execute({0xd9, operation, 0x00}) == Step::Fault);
        return bench.vcpu.exception.vector;
    };
    CHECK(vector_at(end_of_memory - 28 + 1) == Vector::PF);
    CHECK(vector_at(end_of_memory - 28 + 2) == Vector::SS);
    CHECK(vector_at(end_of_memory - 4) == Vector::SS);
    CHECK(vector_at(end_of_memory - 3) == Vector::PF);
    CHECK(vector_at(end_of_memory - 2) == Vector::SS);
}
