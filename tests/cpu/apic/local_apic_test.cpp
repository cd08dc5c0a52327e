// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/apic/local_apic.hpp"

#include <catch2/catch.hpp>

#include "cpu/core/interrupts.hpp"
#include "tests/cpu/apic/apic_bench.hpp"
#include "tests/support/device_conformance.hpp"

using cpu::apic::Lvt;
using cpu::apic::Register;
using test::ApicBench;
using test::ApicCpu;
namespace esr = cpu::apic::esr;
namespace lvt = cpu::apic::lvt;
namespace svr = cpu::apic::svr;

namespace {

constexpr u32 self = 1u << 18;
constexpr u32 level_assert = 1u << 14;
constexpr u32 mode(cpu::apic::DeliveryMode which) { return static_cast<u32>(which) << 8; }
constexpr u32 nmi = mode(cpu::apic::DeliveryMode::Nmi);
constexpr u32 ext_int = mode(cpu::apic::DeliveryMode::ExtInt);

}  // namespace

TEST_CASE("Local APIC: after power-on it is disabled by software and masked", "[cpu][apic]") {
    ApicBench bench;
    ApicCpu& one = bench[0];
    one.apic.reset(fabric::ResetKind::PowerOn);
    CHECK(one.read(Register::Version) == 0x0105'0015);
    CHECK(one.read(Register::SpuriousVector) == 0xff);
    CHECK(one.read(Register::DestinationFormat) == 0xffff'ffff);
    CHECK(one.read(Register::LogicalDestination) == 0);
    CHECK(one.read(Register::TaskPriority) == 0);
    for (const Register each : {Register::LvtTimer, Register::LvtThermal, Register::LvtPerformance,
                                Register::LvtLint0, Register::LvtLint1, Register::LvtError}) {
        CHECK(one.read(each) == lvt::Masked);
        one.write(each, 0x40);
        CHECK(one.read(each) == (lvt::Masked | 0x40));  // Masked while disabled.
    }
    one.write(Register::InterruptCommand, self | 0x40);
    CHECK_FALSE(one.requested(0x40));
    one.write(Register::InterruptCommand, nmi);  // To ID 0: it is taken all the same.
    CHECK(one.bench.state.events.nmi);
}

TEST_CASE("Local APIC: an interrupt goes from IRR to ISR and away with EOI", "[cpu][apic]") {
    ApicBench bench;
    ApicCpu& one = bench[0];
    one.bench.vcpu.attention = 0;
    one.write(Register::InterruptCommand, self | 0x51);
    CHECK(one.bench.vcpu.attention == cpu::attention::Events);
    CHECK(one.read(static_cast<Register>(0x22)) == 1u << 0x11);  // IRR, vectors 40 to 5f.
    CHECK(one.apic.pending());
    CHECK(one.apic.acknowledge() == 0x51);
    CHECK(one.read(static_cast<Register>(0x22)) == 0);
    CHECK(one.read(static_cast<Register>(0x12)) == 1u << 0x11);
    CHECK(one.read(Register::ProcessorPriority) == 0x50);
    CHECK_FALSE(one.apic.pending());
    one.write(Register::EndOfInterrupt, 0);
    CHECK(one.read(static_cast<Register>(0x12)) == 0);
    CHECK(bench.eois.empty());  // Edge-triggered.
}

TEST_CASE("Local APIC: urgent ones first, by classes of sixteen", "[cpu][apic]") {
    ApicBench bench;
    ApicCpu& one = bench[0];
    for (const u32 vector : {0x45u, 0x61u, 0x4fu, 0x30u}) {
        one.write(Register::InterruptCommand, self | vector);
    }
    CHECK(one.apic.acknowledge() == 0x61);
    CHECK_FALSE(one.apic.pending());
    one.write(Register::InterruptCommand, self | 0x6f);
    CHECK_FALSE(one.apic.pending());  // The same class waits.
    one.write(Register::InterruptCommand, self | 0x70);
    CHECK(one.apic.acknowledge() == 0x70);
    one.write(Register::EndOfInterrupt, 0);
    CHECK_FALSE(one.apic.pending());
    one.write(Register::EndOfInterrupt, 0);
    CHECK(one.apic.acknowledge() == 0x6f);
    one.write(Register::EndOfInterrupt, 0);
    CHECK(one.apic.acknowledge() == 0x4f);
    one.write(Register::EndOfInterrupt, 0);
    CHECK(one.apic.acknowledge() == 0x45);
    one.write(Register::EndOfInterrupt, 0);
    CHECK(one.apic.acknowledge() == 0x30);
}

TEST_CASE("Local APIC: the task priority holds back, and CR8 is its upper half", "[cpu][apic]") {
    ApicBench bench;
    ApicCpu& one = bench[0];
    one.write(Register::TaskPriority, 0x57);
    CHECK(one.bench.state.cr8 == 5);
    one.write(Register::InterruptCommand, self | 0x5f);
    CHECK_FALSE(one.apic.pending());
    CHECK(one.read(Register::ProcessorPriority) == 0x57);
    one.write(Register::InterruptCommand, self | 0x60);
    CHECK(one.apic.acknowledge() == 0x60);
    CHECK(one.read(Register::ProcessorPriority) == 0x60);
    one.write(Register::EndOfInterrupt, 0);

    one.bench.long_mode();
    one.bench.state.reg(cpu::Gpr::Rax) = 5;
    CHECK(one.bench.execute({0x44, 0x0f, 0x22, 0xc0}) == cpu::Step::Next);  // MOV CR8, RAX
    CHECK(one.read(Register::TaskPriority) == 0x50);
    CHECK_FALSE(one.apic.pending());
    one.bench.state.reg(cpu::Gpr::Rax) = 4;
    one.bench.vcpu.attention = 0;
    CHECK(one.bench.execute({0x44, 0x0f, 0x22, 0xc0}) == cpu::Step::Next);
    CHECK((one.bench.vcpu.attention & cpu::attention::Events) != 0);
    CHECK(one.apic.pending());
}

TEST_CASE("Local APIC: errors are noted, latched by writing ESR, and interrupt", "[cpu][apic]") {
    ApicBench bench;
    ApicCpu& one = bench[0];
    one.write(Register::LvtError, 0xe0);
    one.write(Register::InterruptCommand, self | 0x0f);
    CHECK(one.requested(0xe0));
    CHECK(one.read(Register::ErrorStatus) == 0);
    one.write(Register::ErrorStatus, 0);
    CHECK(one.read(Register::ErrorStatus) == esr::SendIllegalVector);
    CHECK(one.apic.acknowledge() == 0xe0);

    bench.bus.deliver({.destination = 0, .vector = 3}, cpu::Shorthand::None, nullptr);
    CHECK(one.apic.read(0x40, 4) == 0);
    one.apic.write(0x3f0, 4, 0x40);  // Self-IPI is not in the page.
    one.write(Register::ErrorStatus, 0);
    CHECK(one.read(Register::ErrorStatus) == (esr::ReceiveIllegalVector | esr::IllegalRegister));
    one.write(Register::ErrorStatus, 0);
    CHECK(one.read(Register::ErrorStatus) == 0);

    one.write(Register::LvtError, 0x05);  // An error in reporting the error.
    one.write(Register::InterruptCommand, self | 0x0f);
    one.write(Register::ErrorStatus, 0);
    CHECK(one.read(Register::ErrorStatus) == (esr::SendIllegalVector | esr::ReceiveIllegalVector));
}

TEST_CASE("Local APIC: disabling by software masks the table and keeps what waits", "[cpu][apic]") {
    ApicBench bench;
    ApicCpu& one = bench[0];
    one.write(Register::LvtLint1, nmi);
    one.write(Register::InterruptCommand, self | 0x41);
    one.write(Register::SpuriousVector, 0xff);
    CHECK(one.read(Register::LvtLint1) == (nmi | lvt::Masked));
    CHECK(one.apic.acknowledge() == 0x41);
    one.enable();
    CHECK(one.read(Register::LvtLint1) == (nmi | lvt::Masked));
}

TEST_CASE("Local APIC: LINT1 as NMI acts on its edge", "[cpu][apic]") {
    ApicBench bench;
    ApicCpu& one = bench[0];
    one.write(Register::LvtLint1, nmi);
    one.apic.set_level(1, true);
    CHECK(std::exchange(one.bench.state.events.nmi, false));
    one.apic.set_level(1, true);
    CHECK_FALSE(one.bench.state.events.nmi);
    one.apic.set_level(1, false);
    one.write(Register::LvtLint1, nmi | lvt::Masked);
    one.apic.set_level(1, true);
    CHECK_FALSE(one.bench.state.events.nmi);
}

TEST_CASE("Local APIC: LINT0 as ExtINT lets the PIC answer, whatever the priority", "[cpu][apic]") {
    ApicBench bench;
    ApicCpu& one = bench[0];
    bench.pic.waiting = true;
    one.apic.set_level(0, true);
    CHECK_FALSE(one.apic.pending());  // Masked.
    one.bench.vcpu.attention = 0;
    one.write(Register::LvtLint0, ext_int);
    CHECK(one.bench.vcpu.attention == cpu::attention::Events);
    one.write(Register::TaskPriority, 0xff);
    CHECK(one.apic.pending());
    CHECK(one.apic.acknowledge() == 0x08);
    CHECK(one.apic.state().in_service == cpu::VectorSet{});
    CHECK_FALSE(one.apic.pending());
}

TEST_CASE("Local APIC: a level on LINT0 interrupts again after EOI while it lasts", "[cpu][apic]") {
    ApicBench bench;
    ApicCpu& one = bench[0];
    one.write(Register::LvtLint0, 0x44 | lvt::Level);
    one.apic.set_level(0, true);
    CHECK(one.read(Register::LvtLint0) == (0x44 | lvt::Level | lvt::RemoteIrr));
    CHECK(one.apic.acknowledge() == 0x44);
    CHECK_FALSE(one.apic.pending());
    one.write(Register::EndOfInterrupt, 0);
    CHECK(one.apic.acknowledge() == 0x44);
    one.apic.set_level(0, false);
    one.write(Register::EndOfInterrupt, 0);
    CHECK_FALSE(one.apic.pending());
    CHECK(one.read(Register::LvtLint0) == (0x44 | lvt::Level));
    one.write(Register::LvtLint0, 0x44 | lvt::Level | lvt::ActiveLow);
    CHECK(one.apic.pending());
}

TEST_CASE("Local APIC: EOI of a level-triggered interrupt is broadcast unless held back",
          "[cpu][apic]") {
    const bool held_back = GENERATE(false, true);
    ApicBench bench;
    ApicCpu& one = bench[0];
    if (held_back) one.write(Register::SpuriousVector, 0x1ff | svr::SuppressEoiBroadcast);
    bench.bus.deliver(fabric::MsiMessage{.address = 0xfee0'0000, .data = 0xc000 | 0x38});
    CHECK(one.read(static_cast<Register>(0x19)) == 1u << 0x18);  // TMR.
    CHECK(one.apic.acknowledge() == 0x38);
    one.write(Register::EndOfInterrupt, 0);
    CHECK(bench.eois == (held_back ? std::vector<u8>{} : std::vector<u8>{0x38}));
}

TEST_CASE("Local APIC: disabled by IA32_APIC_BASE the pins are INTR and NMI", "[cpu][apic]") {
    ApicBench bench;
    ApicCpu& one = bench[0];
    one.write(Register::InterruptCommand, self | 0x41);
    CHECK(one.write_msr(0x1b, 0xfee0'0000 | cpu::apic_base::Bsp) == cpu::MsrOutcome::Done);
    CHECK_FALSE(one.apic.pending());
    CHECK((one.bench.vcpu.cpuid.read(1, 0).edx & 1u << 9) == 0);
    bench.pic.waiting = true;
    one.apic.set_level(0, true);
    CHECK(one.apic.pending());
    CHECK(one.apic.acknowledge() == 0x08);
    one.apic.set_level(1, true);
    CHECK(one.bench.state.events.nmi);
    bench.bus.deliver({.destination = 0xff, .vector = 0x70}, cpu::Shorthand::None, nullptr);
    CHECK_FALSE(one.apic.pending());
    CHECK(one.write_msr(0x1b, 0xfee0'0900) == cpu::MsrOutcome::Done);
    CHECK(one.read(Register::SpuriousVector) == 0xff);  // As after power-on.
}

TEST_CASE("Local APIC: its page follows IA32_APIC_BASE and hides memory", "[cpu][apic]") {
    ApicBench bench;
    ApicCpu& one = bench[0];
    test::CpuBench& cpu = one.bench;
    cpu.long_mode();
    cpu.poke<u32>(0x80030, 0x1234'5678);
    cpu.state.reg(cpu::Gpr::Rbx) = 0x80030;
    CHECK(cpu.execute({0x8b, 0x03}) == cpu::Step::Next);  // MOV EAX, [RBX]
    CHECK(cpu.state.reg(cpu::Gpr::Rax) == 0x1234'5678);
    CHECK(one.write_msr(0x1b, 0x80000 | 0x900) == cpu::MsrOutcome::Done);
    CHECK(cpu.execute({0x8b, 0x03}) == cpu::Step::Next);
    CHECK(cpu.state.reg(cpu::Gpr::Rax) == 0x0105'0015);
    cpu.state.reg(cpu::Gpr::Rbx) = 0x80080;
    cpu.state.reg(cpu::Gpr::Rax) = 0x60;
    CHECK(cpu.execute({0x89, 0x03}) == cpu::Step::Next);
    CHECK(cpu.state.cr8 == 6);
    CHECK(one.write_msr(0x1b, 0xfee0'0900) == cpu::MsrOutcome::Done);
    cpu.state.reg(cpu::Gpr::Rbx) = 0x80030;
    CHECK(cpu.execute({0x8b, 0x03}) == cpu::Step::Next);
    CHECK(cpu.state.reg(cpu::Gpr::Rax) == 0x1234'5678);
}

TEST_CASE("Local APIC: INIT brings it to its first state, its ID aside", "[cpu][apic]") {
    ApicBench bench(3);
    ApicCpu& other = bench[2];
    other.write(Register::LvtTimer, 0x40);
    other.write(Register::InitialCount, 1000);
    other.write(Register::TaskPriority, 0x55);
    other.write(Register::InterruptCommand, self | 0x90);
    bench[0].command(2, mode(cpu::apic::DeliveryMode::Init) | level_assert);
    CHECK(cpu::take_pending_event(other.bench.vcpu, false));
    CHECK(other.bench.state.activity == cpu::Activity::WaitForSipi);
    CHECK(other.apic.state() == cpu::LocalApic::State{});
    CHECK(other.read(Register::Id) == 2u << 24);
    CHECK_FALSE(bench.events.next_deadline().has_value());

    bench[0].command(2, mode(cpu::apic::DeliveryMode::Init) | 1u << 15);  // De-assert.
    CHECK_FALSE(other.bench.state.events.init);
    bench[0].command(2, mode(cpu::apic::DeliveryMode::Startup) | 0x9a);
    CHECK(cpu::take_pending_event(other.bench.vcpu, false));
    CHECK(other.bench.state.segment(cpu::SegReg::Cs).base == 0x9a000);
    CHECK(other.bench.state.activity == cpu::Activity::Running);
}

TEST_CASE("Local APIC: automatic EOI leaves nothing in service", "[cpu][apic]") {
    ApicBench bench;
    ApicCpu& one = bench[0];
    one.apic.set_automatic_eoi(0x60, true);
    one.apic.request(0x60);
    one.apic.request(0x50);
    CHECK(one.apic.acknowledge() == 0x60);
    CHECK(one.apic.acknowledge() == 0x50);
    CHECK(one.apic.state().in_service.highest() == 0x50);
}

TEST_CASE("Local APIC: state survives a snapshot", "[cpu][apic][snapshot]") {
    ApicBench bench;
    ApicCpu& one = bench[0];
    one.write(Register::LvtTimer, 0x40 | 1u << lvt::TimerModeShift);
    one.write(Register::DivideConfiguration, 3);
    one.write(Register::InitialCount, 100);
    bench.pass(12'345);
    one.write(Register::LvtLint0, 0x44 | lvt::Level);
    one.apic.set_level(0, true);
    one.write(Register::InterruptCommand, self | 0x0f);
    one.write(Register::LogicalDestination, 0x0100'0000);
    one.apic.set_automatic_eoi(0x60, true);
    CHECK(one.apic.acknowledge() == 0x44);

    ApicBench restored;
    test::check_state_survives(one.apic, restored[0].apic);
    fabric::StateWriter out;
    bench.events.save(out);
    fabric::StateReader in(out.bytes());
    REQUIRE(restored.events.restore(in).has_value());
    CHECK(restored[0].read(Register::CurrentCount) == one.read(Register::CurrentCount));
    for (ApicBench* each : {&bench, &restored}) each->pass(100 * 16 * 40);
    CHECK(restored[0].requested(0x40));
    CHECK(restored[0].apic.state() == one.apic.state());
}

TEST_CASE("Local APIC: conforms to the rules of every device", "[cpu][apic][hostile]") {
    ApicBench bench(2);
    test::check_survives_any_access(bench[1].apic, 0x1000, 4);
    for (const u64 offset : {0x81ull, 0x82ull, 0x83ull, 0xff8ull, 0xfffull}) {
        for (const u32 size : {1u, 2u, 4u, 8u}) {
            bench[0].apic.write(offset, size, ~u64{0});
            CHECK(bench[0].apic.read(offset, size) <= 0xffff'ffff);
        }
    }
}
