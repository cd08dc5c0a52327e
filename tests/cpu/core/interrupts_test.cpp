// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/core/interrupts.hpp"

#include <catch2/catch.hpp>

#include "cpu/core/segment_load.hpp"
#include "tests/support/cpu_bench.hpp"

using cpu::Activity;
using cpu::Gpr;
using cpu::InterruptShadow;
using cpu::Segment;
using cpu::SegReg;
using cpu::Step;
using test::CpuBench;
namespace rflags = cpu::rflags;

namespace {

class OneInterrupt final : public cpu::InterruptSource {
public:
    bool pending() const override { return waiting; }
    u8 acknowledge() override {
        waiting = false;
        return 0x40;
    }
    bool waiting = true;
};

/// Real mode, where vector n leads to n:0100.
struct Bench : CpuBench {
    Bench() {
        real_mode();
        for (u32 vector = 0; vector < 256; ++vector) poke<u32>(4 * vector, vector << 16 | 0x100);
        vcpu.ports.interrupts = &source;
        state.set_rflags(rflags::IF);
    }
    bool take(bool shadow_expires = false) { return cpu::take_pending_event(vcpu, shadow_expires); }
    u16 handler() const { return state.segment(SegReg::Cs).selector; }

    OneInterrupt source;
};

}  // namespace

TEST_CASE("Pending events: debug traps, then NMI, then the interrupt", "[cpu][interrupt]") {
    Bench bench;
    bench.state.events.debug_traps = cpu::dr6::BS;
    cpu::signal_nmi(bench.vcpu);
    CHECK(cpu::event_possible(bench.vcpu));
    CHECK(bench.take());
    CHECK(bench.handler() == 1);
    CHECK((bench.state.dr6 & cpu::dr6::BS) != 0);
    CHECK(bench.take());
    CHECK(bench.handler() == 2);
    CHECK_FALSE(bench.take());  // The handlers run with IF clear.
    cpu::signal_nmi(bench.vcpu);
    CHECK_FALSE(bench.take());  // Blocked until IRET.
    bench.state.set_rflags(rflags::IF);
    CHECK(bench.take());
    CHECK(bench.handler() == 0x40);
    CHECK_FALSE(bench.source.waiting);

    CHECK(bench.execute({0xcf}) == Step::Jump);
    CHECK(bench.take());
    CHECK(bench.handler() == 2);
}

TEST_CASE("Pending events: STI holds back the interrupt, MOV SS everything", "[cpu][interrupt]") {
    Bench bench;
    bench.state.shadow = InterruptShadow::Sti;
    CHECK_FALSE(bench.take());
    cpu::signal_nmi(bench.vcpu);
    bench.state.shadow = InterruptShadow::MovSs;
    bench.state.events.debug_traps = 1;
    CHECK_FALSE(bench.take());
    CHECK(bench.take(true));
    CHECK(bench.handler() == 1);
}

TEST_CASE("Pending events: what wakes a halted processor", "[cpu][interrupt]") {
    Bench bench;
    bench.state.activity = Activity::Halted;
    bench.state.set_rflags(0);
    CHECK_FALSE(bench.take());
    CHECK(bench.state.activity == Activity::Halted);
    SECTION("an interrupt, if enabled") {
        bench.state.set_rflags(rflags::IF);
        CHECK(bench.take());
        CHECK(bench.handler() == 0x40);
    }
    SECTION("an NMI, always") {
        cpu::signal_nmi(bench.vcpu);
        CHECK(bench.take());
        CHECK(bench.handler() == 2);
    }
    CHECK(bench.state.activity == Activity::Running);
}

TEST_CASE("INIT and SIPI: the second processor waits and starts", "[cpu][interrupt][reset]") {
    Bench bench;
    bench.source.waiting = false;
    bench.state.msr.apic_base &= ~u64{1 << 8};
    bench.state.msr.lstar = 7;
    bench.state.vector[3].lanes[1] = 9;
    bench.state.retired = 1234;
    cpu::signal_sipi(bench.vcpu, 0x12);
    CHECK_FALSE(bench.take());  // Not waited for: lost.
    cpu::signal_init(bench.vcpu);
    CHECK(bench.take());
    CHECK(bench.state.activity == Activity::WaitForSipi);
    CHECK(bench.state.reg(Gpr::Rdx) == bench.vcpu.model.signature());
    CHECK(bench.state.msr.lstar == 7);
    CHECK(bench.state.vector[3].lanes[1] == 9);
    CHECK(bench.state.retired == 1234);
    CHECK_FALSE(bench.take());
    cpu::signal_nmi(bench.vcpu);
    CHECK_FALSE(bench.take());
    bench.state.events.nmi = false;
    cpu::signal_sipi(bench.vcpu, 0x12);
    CHECK(bench.take());
    CHECK(bench.state.activity == Activity::Running);
    CHECK(bench.state.segment(SegReg::Cs).selector == 0x1200);
    CHECK(bench.state.segment(SegReg::Cs).base == 0x12000);
    CHECK(bench.state.rip == 0);
}

TEST_CASE("INIT: the first processor starts at its reset vector", "[cpu][interrupt][reset]") {
    Bench bench;
    cpu::signal_init(bench.vcpu);
    CHECK(bench.take());
    CHECK(bench.state.activity == Activity::Running);
    CHECK(bench.state.segment(SegReg::Cs).base + bench.state.rip == 0xffff'fff0);
    CHECK(bench.state.rflags() == rflags::Fixed1);
}

TEST_CASE("SMM: an SMI saves everything and RSM brings it back", "[cpu][smm]") {
    Bench bench;
    bench.long_mode(3);
    bench.state.segment(SegReg::Gs) = cpu::null_segment(0);
    for (u32 i = 0; i < 16; ++i) bench.state.gpr[i] = u64{0x1111'1111'1111'1111} * i;
    bench.state.set_rflags(rflags::IF | rflags::CF | rflags::AC);
    bench.state.activity = Activity::Halted;
    bench.source.waiting = false;
    const cpu::CpuState before = bench.state;
    cpu::signal_smi(bench.vcpu);
    CHECK(bench.take());
    CHECK(bench.state.smm);
    CHECK(bench.state.activity == Activity::Running);
    CHECK_FALSE(bench.vcpu.paging());
    CHECK(bench.state.segment(SegReg::Cs).base == 0x30000);
    CHECK(bench.state.rip == 0x8000);
    CHECK(bench.peek<u64>(0x3fff8) == before.gpr[0]);
    CHECK(bench.peek<u32>(0x3fefc) == 0x0002'0064);
    CHECK(bench.peek<u64>(0x3ff58) == before.cr0);

    // Neither NMI nor another SMI come through.
    cpu::signal_nmi(bench.vcpu);
    cpu::signal_smi(bench.vcpu);
    CHECK_FALSE(bench.take());
    bench.state.events.nmi = bench.state.events.smi = false;

    bench.poke<u32>(0x3ff00, 0x40000);  // SMBASE for the next time.
    CHECK(bench.execute({0x0f, 0xaa}) == Step::Jump);
    CHECK(bench.state.msr.smbase == 0x40000);
    bench.state.msr.smbase = before.msr.smbase;
    bench.state.retired = before.retired;
    bench.state.events.nmi_was_blocked = before.events.nmi_was_blocked;
    CHECK(bench.state == before);
}

TEST_CASE("SMM: RSM outside of it is no instruction", "[cpu][smm]") {
    Bench bench;
    CHECK(bench.execute({0x0f, 0xaa}) == Step::Fault);
    CHECK(bench.vcpu.exception.vector == cpu::Vector::UD);
}

TEST_CASE("INIT and then SIPI: what comes before the other counts", "[cpu][reset]") {
    Bench bench;
    bench.state.msr.apic_base &= ~u64{0x100};  // Not the bootstrap processor.
    cpu::signal_sipi(bench.vcpu, 0x55);
    cpu::signal_init(bench.vcpu);
    REQUIRE(cpu::take_pending_event(bench.vcpu, false));
    CHECK(bench.state.activity == cpu::Activity::WaitForSipi);
    CHECK_FALSE(cpu::take_pending_event(bench.vcpu, false));

    cpu::signal_init(bench.vcpu);
    cpu::signal_sipi(bench.vcpu, 0x10);
    REQUIRE(cpu::take_pending_event(bench.vcpu, false));
    REQUIRE(cpu::take_pending_event(bench.vcpu, false));
    CHECK(bench.state.activity == cpu::Activity::Running);
    CHECK(bench.state.segment(SegReg::Cs).base == 0x1'0000);
}

TEST_CASE("Power-on: the clock goes on, the TSC begins again", "[cpu][reset]") {
    Bench bench;
    bench.state.retired = 5000;
    cpu::power_on(bench.vcpu);
    CHECK(bench.state.retired == 5000);
    CHECK(bench.state.retired + bench.state.msr.tsc_offset == 0);
    CHECK(bench.state.segment(SegReg::Cs).base + bench.state.rip == 0xffff'fff0);
}

TEST_CASE("Pending events: one that ends MWAIT takes the line's watch along", "[cpu][interrupt]") {
    const bool by_smi = GENERATE(false, true);
    Bench bench;
    bench.state.activity = Activity::MonitorWait;
    bench.state.monitor_armed = true;
    if (by_smi) {
        bench.source.waiting = false;
        cpu::signal_smi(bench.vcpu);
    }
    CHECK(bench.take());
    CHECK(bench.state.activity == Activity::Running);
    CHECK_FALSE(bench.state.monitor_armed);
    if (!by_smi) return;
    CHECK(bench.peek<u8>(0x3fec9) == 0);  // RSM does not go back to waiting.
}
