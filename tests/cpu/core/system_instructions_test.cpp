// SPDX-License-Identifier: BSD-2-Clause
//
// cpu/semantics/system*.cpp, one instruction at a time through decode() and execute().
#include <catch2/catch.hpp>
#include <vector>

#include "cpu/core/monitor.hpp"
#include "cpu/decode/decoder.hpp"
#include "cpu/mmu/access.hpp"
#include "cpu/semantics/semantics.hpp"
#include "tests/support/cpu_bench.hpp"

using cpu::Activity;
using cpu::Gpr;
using cpu::InterruptShadow;
using cpu::Step;
using cpu::Vcpu;
using cpu::Vector;
namespace rflags = cpu::rflags;

namespace {

using Bytes = std::vector<u8>;

Step run(Vcpu& vcpu, const Bytes& bytes) {
    cpu::Instruction instruction;
    const auto status = cpu::decode(bytes, vcpu.code_mode(), vcpu.features, instruction);
    REQUIRE(status != cpu::DecodeStatus::Truncated);
    if (status == cpu::DecodeStatus::Invalid) return vcpu.raise(Vector::UD);
    return cpu::execute(vcpu, instruction);
}

void require_fault(Vcpu& vcpu, const Bytes& bytes, Vector vector) {
    CHECK(run(vcpu, bytes) == Step::Fault);
    CHECK(vcpu.exception.vector == vector);
    CHECK(vcpu.exception.has_error_code == (vector == Vector::GP));
    CHECK(vcpu.exception.error_code == 0);
}

enum class Mode : u8 { Real, Virtual8086, Protected32, Long64 };

/// Flat segments; no paging (memory is where it is also for 64-bit code, for these tests).
void enter(Vcpu& vcpu, Mode mode, u8 cpl) {
    cpu::CpuState& state = vcpu.state;
    const u16 privilege = static_cast<u16>(cpl << 5);
    for (cpu::Segment& each : state.segments) {
        each = {.attributes = static_cast<u16>(0xc093 | privilege), .limit = 0xffff'ffff};
    }
    state.rip = 0x1000;
    state.cpl = cpl;
    cpu::Segment& cs = state.segment(cpu::SegReg::Cs);
    switch (mode) {
        case Mode::Real:
            state.cr0 = cpu::cr0::ET;
            cs.attributes = 0x009b;
            break;
        case Mode::Virtual8086:
            state.cr0 = cpu::cr0::ET | cpu::cr0::PE;
            state.other_flags |= rflags::VM;
            cs.attributes = 0x00f3;
            break;
        case Mode::Protected32:
            state.cr0 = cpu::cr0::ET | cpu::cr0::PE;
            cs.attributes = static_cast<u16>(0xc09b | privilege);
            break;
        case Mode::Long64:
            state.cr0 = cpu::cr0::ET | cpu::cr0::PE;
            state.msr.efer = cpu::efer::LME | cpu::efer::LMA;
            cs.attributes = static_cast<u16>(0xa09b | privilege);
            break;
    }
}

void set_iopl(Vcpu& vcpu, u64 iopl) {
    vcpu.state.other_flags = (vcpu.state.other_flags & ~rflags::IOPL) | iopl << 12;
}

const Bytes cli{0xfa};
const Bytes sti{0xfb};
const Bytes rdtsc{0x0f, 0x31};
const Bytes rdtscp{0x0f, 0x01, 0xf9};
const Bytes monitor{0x0f, 0x01, 0xc8};
const Bytes mwait{0x0f, 0x01, 0xc9};
const Bytes clac{0x0f, 0x01, 0xca};
const Bytes stac{0x0f, 0x01, 0xcb};

struct CountingEntropy final : cpu::EntropySource {
    u64 next() override { return number += 0x1111'1111'1111'1111; }
    u64 number = 0;
};

struct RecordingDoor final : cpu::HypercallDoor {
    Step call(Vcpu& vcpu) override {
        vcpu.state.reg(Gpr::Rax) = 0x77;
        return Step::Next;
    }
};

}  // namespace

TEST_CASE("System: CLI and STI by mode, IOPL, VME and PVI", "[cpu][system]") {
    enum class Effect : u8 { If, Vif, Fault };
    struct Case {
        Mode mode;
        u8 cpl;
        u64 iopl;
        u64 cr4;
        Effect effect;
    };
    using cpu::cr4::PVI;
    using cpu::cr4::VME;
    const auto each = GENERATE(values<Case>({
        {Mode::Real, 0, 0, 0, Effect::If},
        {Mode::Protected32, 0, 0, 0, Effect::If},
        {Mode::Protected32, 3, 3, 0, Effect::If},
        {Mode::Protected32, 3, 3, PVI, Effect::If},
        {Mode::Protected32, 3, 2, 0, Effect::Fault},
        {Mode::Protected32, 3, 2, VME, Effect::Fault},
        {Mode::Protected32, 3, 2, PVI, Effect::Vif},
        {Mode::Protected32, 2, 1, PVI, Effect::Fault},
        {Mode::Virtual8086, 3, 3, 0, Effect::If},
        {Mode::Virtual8086, 3, 3, VME, Effect::If},
        {Mode::Virtual8086, 3, 2, VME, Effect::Vif},
        {Mode::Virtual8086, 3, 2, PVI, Effect::Fault},
        {Mode::Long64, 0, 0, 0, Effect::If},
        {Mode::Long64, 3, 0, 0, Effect::Fault},
    }));
    CAPTURE(static_cast<int>(each.mode), each.cpl, each.iopl, each.cr4);
    test::CpuBench bench;
    Vcpu& vcpu = bench.vcpu;
    enter(vcpu, each.mode, each.cpl);
    set_iopl(vcpu, each.iopl);
    vcpu.state.cr4 |= each.cr4;
    const u64 flag = each.effect == Effect::Vif ? rflags::VIF : rflags::IF;
    if (each.effect == Effect::Fault) {
        require_fault(vcpu, cli, Vector::GP);
        require_fault(vcpu, sti, Vector::GP);
        return;
    }
    const u64 before = vcpu.state.other_flags;
    CHECK(run(vcpu, sti) == Step::Next);
    CHECK(vcpu.state.other_flags == (before | flag));
    const bool shadow = vcpu.state.shadow == InterruptShadow::Sti;
    CHECK(shadow == (each.effect == Effect::If));
    CHECK(run(vcpu, cli) == Step::Next);
    CHECK(vcpu.state.other_flags == before);
    if (each.effect == Effect::Vif) {
        vcpu.state.other_flags |= rflags::VIP;
        require_fault(vcpu, sti, Vector::GP);
        CHECK(run(vcpu, cli) == Step::Next);
    }
}

TEST_CASE("System: STI with IF already set casts no shadow", "[cpu][system]") {
    test::CpuBench bench;
    enter(bench.vcpu, Mode::Protected32, 0);
    bench.vcpu.state.other_flags |= rflags::IF;
    CHECK(run(bench.vcpu, sti) == Step::Next);
    CHECK(bench.vcpu.state.shadow == InterruptShadow::None);
}

TEST_CASE("System: what needs CPL 0, and how it is refused", "[cpu][system]") {
    const auto [bytes, vector] = GENERATE(table<Bytes, Vector>({
        {Bytes{0xf4}, Vector::GP},                          // HLT
        {Bytes{0x0f, 0x06}, Vector::GP},                    // CLTS
        {Bytes{0x0f, 0x08}, Vector::GP},                    // INVD
        {Bytes{0x0f, 0x09}, Vector::GP},                    // WBINVD
        {Bytes{0x0f, 0x20, 0xc0}, Vector::GP},              // MOV from CR0
        {Bytes{0x0f, 0x20, 0xc8}, Vector::UD},              // MOV from CR1
        {Bytes{0x0f, 0x22, 0xe8}, Vector::UD},              // MOV to CR5
        {Bytes{0x0f, 0x21, 0xc0}, Vector::GP},              // MOV from DR0
        {Bytes{0x0f, 0x01, 0xf0}, Vector::GP},              // LMSW
        {Bytes{0x0f, 0x01, 0x10}, Vector::GP},              // LGDT
        {Bytes{0x0f, 0x01, 0x18}, Vector::GP},              // LIDT
        {Bytes{0x0f, 0x01, 0x38}, Vector::GP},              // INVLPG
        {Bytes{0x66, 0x0f, 0x38, 0x82, 0x08}, Vector::GP},  // INVPCID
        {Bytes{0x0f, 0x30}, Vector::GP},                    // WRMSR
        {Bytes{0x0f, 0x32}, Vector::GP},                    // RDMSR
        {Bytes{0x0f, 0x33}, Vector::GP},                    // RDPMC
        {monitor, Vector::UD},
        {mwait, Vector::UD},
        {clac, Vector::UD},
        {stac, Vector::UD},
    }));
    CAPTURE(bytes);
    const Mode mode = GENERATE(Mode::Protected32, Mode::Long64);
    test::CpuBench bench;
    enter(bench.vcpu, mode, 3);
    require_fault(bench.vcpu, bytes, vector);
}

TEST_CASE("System: UMIP hides the tables from programs", "[cpu][system]") {
    const Bytes bytes = GENERATE(Bytes{0x0f, 0x01, 0x00},   // SGDT
                                 Bytes{0x0f, 0x01, 0x08},   // SIDT
                                 Bytes{0x0f, 0x01, 0xe0});  // SMSW
    test::CpuBench bench;
    Vcpu& vcpu = bench.vcpu;
    enter(vcpu, Mode::Protected32, 3);
    vcpu.state.reg(Gpr::Rax) = 0x8000;
    CHECK(run(vcpu, bytes) == Step::Next);
    vcpu.state.cr4 |= cpu::cr4::UMIP;
    require_fault(vcpu, bytes, Vector::GP);
    vcpu.state.cpl = 0;
    CHECK(run(vcpu, bytes) == Step::Next);
}

TEST_CASE("System: descriptor-table registers through memory", "[cpu][system]") {
    test::CpuBench bench;
    Vcpu& vcpu = bench.vcpu;
    constexpr u64 at = 0x8000;
    const auto who = cpu::Privilege::Supervisor;
    CHECK(cpu::write_linear_as<u16>(vcpu, at, 0x1234, who));
    vcpu.state.reg(Gpr::Rax) = at;
    SECTION("64-bit: ten bytes, and a canonical base") {
        enter(vcpu, Mode::Long64, 0);
        CHECK(cpu::write_linear_as<u64>(vcpu, at + 2, 0xffff'8000'1234'5678, who));
        CHECK(run(vcpu, {0x66, 0x0f, 0x01, 0x10}) == Step::Next);
        CHECK(vcpu.state.gdtr ==
              cpu::TableRegister{.base = 0xffff'8000'1234'5678, .limit = 0x1234});
        vcpu.state.reg(Gpr::Rax) = at + 0x10;
        CHECK(run(vcpu, {0x0f, 0x01, 0x00}) == Step::Next);
        CHECK(cpu::read_linear_as<u16>(vcpu, at + 0x10, who) == u16{0x1234});
        CHECK(cpu::read_linear_as<u64>(vcpu, at + 0x12, who) == 0xffff'8000'1234'5678);
        CHECK(cpu::write_linear_as<u64>(vcpu, at + 0x12, 0x8000'1234'5678, who));
        require_fault(vcpu, {0x0f, 0x01, 0x18}, Vector::GP);
    }
    SECTION("32-bit: six bytes; under 66, 24 bits of the base are loaded and all are stored") {
        enter(vcpu, Mode::Protected32, 0);
        CHECK(cpu::write_linear_as<u32>(vcpu, at + 2, 0xabcd'ef01, who));
        CHECK(run(vcpu, {0x0f, 0x01, 0x18}) == Step::Next);
        CHECK(vcpu.state.idtr == cpu::TableRegister{.base = 0xabcd'ef01, .limit = 0x1234});
        vcpu.state.reg(Gpr::Rax) = at + 0x10;
        CHECK(cpu::write_linear_as<u64>(vcpu, at + 0x10, ~u64{0}, who));
        CHECK(run(vcpu, {0x66, 0x0f, 0x01, 0x08}) == Step::Next);
        CHECK(cpu::read_linear_as<u64>(vcpu, at + 0x10, who) == 0xffff'abcd'ef01'1234);
        CHECK(run(vcpu, {0x66, 0x0f, 0x01, 0x18}) == Step::Next);
        CHECK(vcpu.state.idtr.base == 0xcd'ef01);
    }
}

TEST_CASE("System: LMSW sets PE and cannot clear it; SMSW shows CR0", "[cpu][system]") {
    test::CpuBench bench;
    Vcpu& vcpu = bench.vcpu;
    enter(vcpu, Mode::Protected32, 0);
    const u64 before = vcpu.state.cr0;
    vcpu.state.reg(Gpr::Rax) = 0xfffe;
    CHECK(run(vcpu, {0x0f, 0x01, 0xf0}) == Step::Next);
    CHECK(vcpu.state.cr0 == (before | 0xf));
    CHECK(run(vcpu, {0x0f, 0x06}) == Step::Next);
    CHECK(vcpu.state.cr0 == (before | 0x7));
    vcpu.state.cr0 |= cpu::cr0::CD;
    vcpu.state.reg(Gpr::Rax) = 0;
    CHECK(run(vcpu, {0x0f, 0x01, 0xe0}) == Step::Next);
    CHECK(vcpu.state.reg(Gpr::Rax) == vcpu.state.cr0);
    vcpu.state.reg(Gpr::Rax) = 0xffff'0000;
    CHECK(run(vcpu, {0x66, 0x0f, 0x01, 0xe0}) == Step::Next);
    CHECK(vcpu.state.reg(Gpr::Rax) == (0xffff'0000 | (vcpu.state.cr0 & 0xffff)));
}

TEST_CASE("System: DR4 and DR5 are other names, unless CR4.DE; DR7.GD guards", "[cpu][system]") {
    test::CpuBench bench;
    Vcpu& vcpu = bench.vcpu;
    enter(vcpu, Mode::Protected32, 0);
    const Bytes from_dr4{0x0f, 0x21, 0xe0};
    const Bytes to_dr0{0x0f, 0x23, 0xc0};
    CHECK(run(vcpu, from_dr4) == Step::Next);
    CHECK(vcpu.state.reg(Gpr::Rax) == cpu::dr6::PowerOn);
    vcpu.state.cr4 |= cpu::cr4::DE;
    require_fault(vcpu, from_dr4, Vector::UD);
    vcpu.state.dr7 |= cpu::dr7::GD;
    CHECK(run(vcpu, to_dr0) == Step::Fault);
    CHECK(vcpu.exception.vector == Vector::DB);
    CHECK(vcpu.exception.dr6 == cpu::dr6::BD);
}

TEST_CASE("System: the TSC and CR4.TSD", "[cpu][system]") {
    test::CpuBench bench;
    Vcpu& vcpu = bench.vcpu;
    enter(vcpu, Mode::Long64, 3);
    vcpu.state.retired = 0x1'2345'6789;
    vcpu.state.msr.tsc_aux = 0x99;
    vcpu.state.gpr.fill(~u64{0});
    vcpu.state.gpr[16] = 0;
    CHECK(run(vcpu, rdtscp) == Step::Next);
    CHECK(vcpu.state.reg(Gpr::Rax) == 0x2345'6789);
    CHECK(vcpu.state.reg(Gpr::Rdx) == 1);
    CHECK(vcpu.state.reg(Gpr::Rcx) == 0x99);
    CHECK(run(vcpu, {0xf3, 0x0f, 0xc7, 0xfe}) == Step::Next);  // RDPID RSI
    CHECK(vcpu.state.reg(Gpr::Rsi) == 0x99);
    vcpu.state.cr4 |= cpu::cr4::TSD;
    require_fault(vcpu, rdtsc, Vector::GP);
    require_fault(vcpu, rdtscp, Vector::GP);
    vcpu.state.cpl = 0;
    CHECK(run(vcpu, rdtsc) == Step::Next);
}

TEST_CASE("System: RDMSR, WRMSR and CPUID use the low halves", "[cpu][system]") {
    test::CpuBench bench;
    Vcpu& vcpu = bench.vcpu;
    enter(vcpu, Mode::Long64, 0);
    vcpu.state.reg(Gpr::Rcx) = 0xffff'ffff'c000'0082;  // IA32_LSTAR
    vcpu.state.reg(Gpr::Rax) = 0xffff'ffff'1234'5678;
    vcpu.state.reg(Gpr::Rdx) = 0xeeee'eeee'ffff'8000;
    CHECK(run(vcpu, {0x0f, 0x30}) == Step::Next);
    CHECK(vcpu.state.msr.lstar == 0xffff'8000'1234'5678);
    CHECK(run(vcpu, {0x0f, 0x32}) == Step::Next);
    CHECK(vcpu.state.reg(Gpr::Rax) == 0x1234'5678);
    CHECK(vcpu.state.reg(Gpr::Rdx) == 0xffff'8000);
    vcpu.state.reg(Gpr::Rcx) = 0xdead;
    require_fault(vcpu, {0x0f, 0x32}, Vector::GP);
    require_fault(vcpu, {0x0f, 0x30}, Vector::GP);

    vcpu.state.reg(Gpr::Rax) = 0xffff'ffff'0000'0001;
    CHECK(run(vcpu, {0x0f, 0xa2}) == Step::Next);
    CHECK(vcpu.state.reg(Gpr::Rax) == vcpu.model.signature());
    CHECK(vcpu.msrs.read(0x8b) == u64{vcpu.model.microcode_revision} << 32);
}

TEST_CASE("System: RDRAND and RDSEED take recorded numbers, or say there are none",
          "[cpu][system]") {
    const u8 which = GENERATE(u8{0xf0}, u8{0xf8});
    test::CpuBench bench;
    Vcpu& vcpu = bench.vcpu;
    enter(vcpu, Mode::Long64, 3);
    vcpu.state.reg(Gpr::Rax) = ~u64{0};
    vcpu.state.set_rflags(rflags::Status);
    CHECK(run(vcpu, {0x48, 0x0f, 0xc7, which}) == Step::Next);
    CHECK(vcpu.state.reg(Gpr::Rax) == 0);
    CHECK((vcpu.state.rflags() & rflags::Status) == 0);

    CountingEntropy entropy;
    vcpu.ports.entropy = &entropy;
    CHECK(run(vcpu, {0x48, 0x0f, 0xc7, which}) == Step::Next);
    CHECK(vcpu.state.reg(Gpr::Rax) == 0x1111'1111'1111'1111);
    CHECK((vcpu.state.rflags() & rflags::Status) == rflags::CF);
    CHECK(run(vcpu, {0x66, 0x0f, 0xc7, which}) == Step::Next);
    CHECK(vcpu.state.reg(Gpr::Rax) == 0x1111'1111'1111'2222);
    CHECK(run(vcpu, {0x0f, 0xc7, which}) == Step::Next);
    CHECK(vcpu.state.reg(Gpr::Rax) == 0x3333'3333);
}

TEST_CASE("System: hypercalls go through the door, where there is one", "[cpu][system]") {
    const u8 which = GENERATE(u8{0xc1}, u8{0xd9});
    test::CpuBench bench;
    enter(bench.vcpu, Mode::Long64, 3);
    require_fault(bench.vcpu, {0x0f, 0x01, which}, Vector::UD);
    RecordingDoor door;
    bench.vcpu.ports.hypercalls = &door;
    CHECK(run(bench.vcpu, {0x0f, 0x01, which}) == Step::Next);
    CHECK(bench.vcpu.state.reg(Gpr::Rax) == 0x77);
}

TEST_CASE("System: HLT halts, CLAC and STAC change AC", "[cpu][system]") {
    test::CpuBench bench;
    Vcpu& vcpu = bench.vcpu;
    enter(vcpu, Mode::Long64, 0);
    CHECK(run(vcpu, stac) == Step::Next);
    CHECK((vcpu.state.other_flags & rflags::AC) != 0);
    CHECK(run(vcpu, clac) == Step::Next);
    CHECK((vcpu.state.other_flags & rflags::AC) == 0);
    CHECK(run(vcpu, {0xf4}) == Step::Next);
    CHECK(vcpu.state.activity == Activity::Halted);
    CHECK((vcpu.attention & cpu::attention::Events) != 0);
}

TEST_CASE("System: MWAIT waits until the monitored line is stored to", "[cpu][system]") {
    test::CpuBench bench;
    Vcpu& vcpu = bench.vcpu;
    enter(vcpu, Mode::Long64, 0);
    CHECK(run(vcpu, mwait) == Step::Next);  // Nothing armed: nothing to wait for.
    CHECK(vcpu.state.activity == Activity::Running);

    vcpu.state.reg(Gpr::Rax) = 0x8010;
    CHECK(run(vcpu, monitor) == Step::Next);
    CHECK(vcpu.state.monitor_address == 0x8000);
    SECTION("before MWAIT: it does not wait") {
        cpu::note_store(vcpu, 0x7ff8, 8);
        cpu::note_store(vcpu, 0x8040, 8);
        CHECK(vcpu.state.monitor_armed);
        cpu::note_store(vcpu, 0x803f, 1);
        CHECK(run(vcpu, mwait) == Step::Next);
        CHECK(vcpu.state.activity == Activity::Running);
    }
    SECTION("while waiting: it wakes") {
        CHECK(run(vcpu, mwait) == Step::Next);
        CHECK(vcpu.state.activity == Activity::MonitorWait);
        cpu::note_store(vcpu, 0x7ff9, 8);
        CHECK(vcpu.state.activity == Activity::Running);
    }
    SECTION("extensions are not there") {
        vcpu.state.reg(Gpr::Rcx) = 1;
        require_fault(vcpu, mwait, Vector::GP);
        require_fault(vcpu, monitor, Vector::GP);
    }
}

TEST_CASE("System: INVLPG and INVPCID", "[cpu][system]") {
    test::CpuBench bench;
    Vcpu& vcpu = bench.vcpu;
    enter(vcpu, Mode::Long64, 0);
    constexpr u64 descriptor = 0x8000;
    const Bytes invlpg{0x0f, 0x01, 0x38};               // [RAX]
    const Bytes invpcid{0x66, 0x0f, 0x38, 0x82, 0x08};  // RCX, [RAX]
    const auto who = cpu::Privilege::Supervisor;
    SECTION("INVLPG: one page, and nothing where there can be none") {
        vcpu.tlb.insert(0x3000, 0, {.physical_page = 0x5000, .global = true});
        vcpu.tlb.insert(0x4000, 0, {.physical_page = 0x6000});
        vcpu.state.reg(Gpr::Rax) = 0x8000'0000'3000;
        CHECK(run(vcpu, invlpg) == Step::Next);
        CHECK(vcpu.tlb.find(0x3000, 0).has_value());
        vcpu.state.reg(Gpr::Rax) = 0x3abc;
        CHECK(run(vcpu, invlpg) == Step::Next);
        CHECK_FALSE(vcpu.tlb.find(0x3000, 0).has_value());
        CHECK(vcpu.tlb.find(0x4000, 0).has_value());
    }
    SECTION("INVPCID: what is refused") {
        struct Case {
            u64 type, pcid, linear, cr4;
            bool accepted;
        };
        const auto each = GENERATE(values<Case>({
            {0, 5, 0x3000, cpu::cr4::PCIDE, true},
            {0, 5, 0x3000, 0, false},
            {0, 0, 0x3000, 0, true},
            {0, 0, 0x8000'0000'0000, 0, false},
            {1, 5, 0x8000'0000'0000, cpu::cr4::PCIDE, true},
            {1, 5, 0, 0, false},
            {2, 5, 0, 0, true},
            {3, 0, 0, 0, true},
            {3, 0x1000, 0, 0, false},
            {4, 0, 0, 0, false},
            {u64{1} << 32, 0, 0, 0, false},
        }));
        CAPTURE(each.type, each.pcid, each.linear, each.cr4);
        vcpu.state.cr4 |= each.cr4;
        CHECK(cpu::write_linear_as<u64>(vcpu, descriptor, each.pcid, who));
        CHECK(cpu::write_linear_as<u64>(vcpu, descriptor + 8, each.linear, who));
        vcpu.state.reg(Gpr::Rax) = descriptor;
        vcpu.state.reg(Gpr::Rcx) = each.type;
        if (each.accepted) {
            CHECK(run(vcpu, invpcid) == Step::Next);
        } else {
            require_fault(vcpu, invpcid, Vector::GP);
        }
    }
}

TEST_CASE("System: protected-mode instructions, and whose state must be enabled", "[cpu][system]") {
    test::CpuBench bench;
    Vcpu& vcpu = bench.vcpu;
    enter(vcpu, Mode::Real, 0);
    require_fault(vcpu, {0x0f, 0x00, 0xc0}, Vector::UD);  // SLDT
    enter(vcpu, Mode::Protected32, 0);
    const Bytes vaddps{0xc5, 0xf0, 0x58, 0xc2};
    require_fault(vcpu, vaddps, Vector::UD);  // Without CR4.OSXSAVE.
    vcpu.state.cr4 |= cpu::cr4::OSXSAVE | cpu::cr4::OSFXSR;
    vcpu.state.xcr0 = 7;
    vcpu.state.cr0 |= cpu::cr0::TS;
    require_fault(vcpu, vaddps, Vector::NM);
    require_fault(vcpu, {0x0f, 0x58, 0xc1}, Vector::NM);  // ADDPS
    require_fault(vcpu, {0xd8, 0xc1}, Vector::NM);        // FADD
    vcpu.state.cr0 = (vcpu.state.cr0 & ~cpu::cr0::TS) | cpu::cr0::EM;
    require_fault(vcpu, {0x0f, 0x58, 0xc1}, Vector::UD);
    require_fault(vcpu, {0x0f, 0xfc, 0xc1}, Vector::UD);  // PADDB mm
    require_fault(vcpu, {0xd8, 0xc1}, Vector::NM);
}
