// SPDX-License-Identifier: BSD-2-Clause
//
// FXSAVE, XSAVE and their kin (SDM 1 10.5, 13.6 to 13.10).
#include <catch2/catch.hpp>

#include "cpu/fpu/guest_fp_scope.hpp"
#include "cpu/fpu/x87_image.hpp"
#include "cpu/fpu/xsave_area.hpp"
#include "tests/cpu/fpu/vector_bench.hpp"

using cpu::Gpr;
using cpu::Step;
using cpu::Vector;
using test::VectorBench;

namespace {

constexpr u64 area = VectorBench::data;
constexpr u64 compacted = u64{1} << 63;

// All with [rsi] and REX.W.
const std::initializer_list<u8> fxsave64{0x48, 0x0f, 0xae, 0x06};
const std::initializer_list<u8> fxrstor64{0x48, 0x0f, 0xae, 0x0e};
const std::initializer_list<u8> xsave64{0x48, 0x0f, 0xae, 0x26};
const std::initializer_list<u8> xrstor64{0x48, 0x0f, 0xae, 0x2e};
const std::initializer_list<u8> xsaveopt64{0x48, 0x0f, 0xae, 0x36};
const std::initializer_list<u8> xsavec64{0x48, 0x0f, 0xc7, 0x26};

class StateBench : public VectorBench {
public:
    explicit StateBench(u8 cpl = 3) : VectorBench(cpl) {
        request(7);
        for (u64 at = area; at < area + 0x1000; at += 8) poke<u64>(at, background);
        for (u64 at = area + 512; at < area + 576; at += 8) poke<u64>(at, 0);
    }
    static constexpr u64 background = 0xcccc'cccc'cccc'cccc;

    void request(u64 components) {
        state.reg(Gpr::Rax) = components;
        state.reg(Gpr::Rdx) = 0;
    }
    u64 xstate_bv() const { return peek<u64>(area + 512); }
    u64 xcomp_bv() const { return peek<u64>(area + 520); }
    bool untouched(u64 from, u64 to) const {
        for (u64 at = from; at < to; ++at) {
            if (peek<u8>(area + at) != 0xcc) return false;
        }
        return true;
    }
    void use_everything() {
        state.x87.control = 0x027f;
        state.x87.st[2] = {0x8000'0000'0000'0000, 0x3fff};
        state.x87.instruction_pointer = 0x1234'5678'9abc;
        for (u64 i = 0; i < 16; ++i) state.vector[i].lanes = {i + 1, i + 2, i + 3, i + 4};
        state.mxcsr = 0x3f80;
    }
    /// As after reset.
    void use_nothing() {
        state.x87 = cpu::xsave_area::initial_x87();
        state.vector = {};
        state.mxcsr = 0x1f80;
    }
};

}  // namespace

TEST_CASE("FXSAVE: the host's own layout", "[cpu][fpu]") {
    StateBench bench;
    bench.use_everything();
    const cpu::X87State x87 = bench.state.x87;
    const auto vector = bench.state.vector;
    REQUIRE(bench.execute(fxsave64) == Step::Next);
    CHECK(bench.untouched(416, 512));
    CHECK(bench.peek<u32>(area + 28) == 0xffff);

    // The host reads the image, and its own one has the same bytes (the pointers' width aside).
    alignas(16) auto image = bench.peek<std::array<u8, 512>>(area);
    alignas(16) std::array<u8, 512> back = image;
    asm volatile("fxrstor64 %1\n\tfxsave64 %0\n\tfninit"
                 : "=m"(back)
                 : "m"(image)
                 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
                   "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
    u32 default_mxcsr = 0x1f80;
    asm volatile("ldmxcsr %0" : : "m"(default_mxcsr));
    CHECK(back == image);

    bench.use_nothing();
    REQUIRE(bench.execute(fxrstor64) == Step::Next);
    CHECK(bench.state.x87 == x87);
    CHECK(bench.state.mxcsr == 0x3f80);
    CHECK(bench.state.vector[15].lanes[1] == vector[15].lanes[1]);
    CHECK(bench.state.vector[15].lanes[2] == 0);  // The upper halves are not its business.
}

TEST_CASE("FXRSTOR: what is refused", "[cpu][fpu]") {
    StateBench bench;
    REQUIRE(bench.execute(fxsave64) == Step::Next);
    bench.poke<u32>(area + 24, 0x1'1f80);  // A reserved bit of MXCSR.
    CHECK(bench.execute(fxrstor64) == Step::Fault);
    CHECK(bench.vcpu.exception.vector == Vector::GP);
    bench.state.reg(Gpr::Rsi) = area + 8;
    CHECK(bench.execute(fxsave64) == Step::Fault);
    CHECK(bench.vcpu.exception.vector == Vector::GP);
    bench.state.cr0 |= cpu::cr0::EM;
    CHECK(bench.execute(fxsave64) == Step::Fault);
    CHECK(bench.vcpu.exception.vector == Vector::NM);
}

TEST_CASE("FXRSTOR: the segment at the first doubleword comes before alignment", "[cpu][fpu]") {
    StateBench bench;
    bench.protected_mode();
    bench.state.cr4 |= cpu::cr4::OSFXSR;
    bench.state.segment(cpu::SegReg::Ss).limit = area + 0x801;
    const auto vector_at = [&](u64 offset) {
        bench.state.reg(Gpr::Rbp) = offset;
        REQUIRE(bench.execute({0x0f, 0xae, 0x4d, 0x00}) == Step::Fault);  // FXRSTOR [ebp]
        return bench.vcpu.exception.vector;
    };
    CHECK(vector_at(area + 0x7fe) == Vector::GP);
    CHECK(vector_at(area + 0x7ff) == Vector::SS);
}

TEST_CASE("FXRSTOR: the control and status words become what a processor makes of them",
          "[cpu][fpu]") {
    StateBench bench;
    REQUIRE(bench.execute(fxsave64) == Step::Next);
    for (const u32 words : {0xffff'ffffu, 0x0001'0000u, 0x8081'037fu, 0x3801'037eu, 0x0000'e0bfu}) {
        bench.poke<u32>(area, words);
        alignas(16) auto image = bench.peek<std::array<u8, 512>>(area);
        asm volatile("fxrstor64 %0\n\tfxsave64 %0\n\tfnclex\n\tfninit"
                     : "+m"(image)
                     :
                     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
                       "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
        u32 expected;
        std::memcpy(&expected, image.data(), sizeof(expected));
        REQUIRE(bench.execute(fxrstor64) == Step::Next);
        CHECK((u32{bench.state.x87.status} << 16 | bench.state.x87.control) == expected);
    }
}

TEST_CASE("XSAVE: components asked for, and XSTATE_BV of those in use", "[cpu][fpu]") {
    StateBench bench;
    bench.use_nothing();
    bench.state.vector[3].lanes[2] = 1;
    bench.poke<u64>(area + 512, 0xf001);
    bench.request(6);
    REQUIRE(bench.execute(xsave64) == Step::Next);
    CHECK(bench.xstate_bv() == 0xf005);  // What was not asked for stays.
    CHECK(bench.untouched(0, 24));
    CHECK(bench.peek<u32>(area + 24) == 0x1f80);
    CHECK(bench.peek<u64>(area + 576 + 3 * 16) == 1);
    CHECK(bench.xcomp_bv() == 0);
}

TEST_CASE("XSAVEOPT: leaves out what is as after reset, MXCSR aside", "[cpu][fpu]") {
    StateBench bench;
    bench.use_nothing();
    bench.state.x87.control = 0x027f;
    REQUIRE(bench.execute(xsaveopt64) == Step::Next);
    CHECK(bench.xstate_bv() == 1);
    CHECK(bench.peek<u16>(area) == 0x027f);
    CHECK(bench.peek<u32>(area + 24) == 0x1f80);
    CHECK(bench.untouched(160, 512));
    CHECK(bench.untouched(576, 832));
}

TEST_CASE("XSAVEC: MXCSR goes with SSE, and is a reason to save it", "[cpu][fpu]") {
    StateBench bench;
    bench.use_nothing();
    REQUIRE(bench.execute(xsavec64) == Step::Next);
    CHECK(bench.xstate_bv() == 0);
    CHECK(bench.xcomp_bv() == (compacted | 7));
    CHECK(bench.untouched(0, 512));
    bench.state.mxcsr = 0x3f80;
    REQUIRE(bench.execute(xsavec64) == Step::Next);
    CHECK(bench.xstate_bv() == 2);
    CHECK(bench.peek<u32>(area + 24) == 0x3f80);
}

TEST_CASE("XRSTOR: round trips in both forms", "[cpu][fpu]") {
    const bool compact = GENERATE(false, true);
    StateBench bench;
    bench.use_everything();
    const cpu::CpuState before = bench.state;
    REQUIRE(bench.execute(compact ? xsavec64 : xsave64) == Step::Next);
    bench.use_nothing();
    REQUIRE(bench.execute(xrstor64) == Step::Next);
    CHECK(bench.state.x87 == before.x87);
    CHECK(bench.state.vector == before.vector);
    CHECK(bench.state.mxcsr == before.mxcsr);

    // Components left out go back to their state after reset; MXCSR does in the compacted form.
    bench.poke<u64>(area + 512, 0);
    REQUIRE(bench.execute(xrstor64) == Step::Next);
    CHECK(bench.state.x87 == cpu::xsave_area::initial_x87());
    CHECK(bench.state.vector == cpu::CpuState{}.vector);
    CHECK(bench.state.mxcsr == (compact ? 0x1f80u : 0x3f80u));
}

TEST_CASE("XRSTOR: headers that are refused", "[cpu][fpu]") {
    struct Header {
        u64 xstate_bv;
        u64 xcomp_bv;
        u64 third;
        u64 fourth;
        bool good;
    };
    const auto header = GENERATE(values<Header>({
        {7, 0, 0, 0, true},
        {7, 0, 0, 1, true},  // Only bytes 8 to 23 are looked at in the standard form.
        {8, 0, 0, 0, false},
        {7, 0, 1, 0, false},
        {7, 1, 0, 0, false},
        {7, compacted | 7, 0, 0, true},
        {7, compacted | 3, 0, 0, false},
        {3, compacted | 3, 0, 0, true},
        {0, compacted | 8, 0, 0, false},
        {0, compacted, 0, 1, false},
    }));
    StateBench bench;
    bench.use_nothing();
    bench.request(0);
    const std::array<u64, 4> words{header.xstate_bv, header.xcomp_bv, header.third, header.fourth};
    bench.poke(area + 512, words);
    CHECK((bench.execute(xrstor64) == Step::Next) == header.good);
}

TEST_CASE("XSAVE: when it is there", "[cpu][fpu]") {
    StateBench bench;
    bench.state.reg(Gpr::Rsi) = area + 16;
    CHECK(bench.execute(xsave64) == Step::Fault);
    CHECK(bench.vcpu.exception.vector == Vector::GP);
    bench.state.cr0 |= cpu::cr0::TS;
    CHECK(bench.execute(xsave64) == Step::Fault);
    CHECK(bench.vcpu.exception.vector == Vector::NM);
    bench.state.cr4 &= ~cpu::cr4::OSXSAVE;
    CHECK(bench.execute(xsave64) == Step::Fault);
    CHECK(bench.vcpu.exception.vector == Vector::UD);
}

TEST_CASE("XGETBV and XSETBV", "[cpu][fpu]") {
    const std::initializer_list<u8> xgetbv{0x0f, 0x01, 0xd0};
    const std::initializer_list<u8> xsetbv{0x0f, 0x01, 0xd1};
    StateBench bench(0);
    bench.use_nothing();
    bench.state.reg(Gpr::Rcx) = 0;
    REQUIRE(bench.execute(xgetbv) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rax) == 7);
    bench.state.reg(Gpr::Rcx) = 1;
    bench.state.vector[0].lanes[0] = 1;
    REQUIRE(bench.execute(xgetbv) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rax) == 2);

    bench.state.reg(Gpr::Rcx) = 0;
    for (const u64 refused : {u64{0}, u64{2}, u64{5}, u64{0x207}}) {
        bench.request(refused);
        CHECK(bench.execute(xsetbv) == Step::Fault);
        CHECK(bench.vcpu.exception.vector == Vector::GP);
    }
    bench.request(3);
    REQUIRE(bench.execute(xsetbv) == Step::Next);
    CHECK(bench.state.xcr0 == 3);
    CHECK(bench.execute({0xc5, 0xf1, 0xfc, 0xca}) == Step::Fault);  // VPADDB, without AVX state
    CHECK(bench.vcpu.exception.vector == Vector::UD);
}

TEST_CASE("LDMXCSR and STMXCSR", "[cpu][fpu]") {
    StateBench bench;
    bench.poke<u32>(area, 0xffbf);
    REQUIRE(bench.execute({0x0f, 0xae, 0x16}) == Step::Next);
    CHECK(bench.state.mxcsr == 0xffbf);
    REQUIRE(bench.execute({0xc5, 0xf8, 0xae, 0x5e, 0x08}) == Step::Next);  // VSTMXCSR [rsi+8]
    CHECK(bench.peek<u32>(area + 8) == 0xffbf);
    bench.poke<u32>(area, 0x1'0000);
    CHECK(bench.execute({0x0f, 0xae, 0x16}) == Step::Fault);
    CHECK(bench.vcpu.exception.vector == Vector::GP);
}
