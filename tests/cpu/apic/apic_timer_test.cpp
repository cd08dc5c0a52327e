// SPDX-License-Identifier: BSD-2-Clause
#include <catch2/catch.hpp>

#include "tests/cpu/apic/apic_bench.hpp"

using cpu::apic::Register;
using test::ApicBench;
using test::ApicCpu;
namespace lvt = cpu::apic::lvt;

namespace {

constexpr u32 vector = 0x40;
constexpr u32 periodic = 1u << lvt::TimerModeShift;
constexpr u32 tsc_deadline = 2u << lvt::TimerModeShift;
constexpr u32 by_one = 0xb;
constexpr u64 tick_ns = 40;  // 25 MHz.
constexpr u32 deadline_msr = 0x6e0;

bool interrupted(ApicCpu& one) {
    if (!one.apic.pending()) return false;
    CHECK(one.apic.acknowledge() == vector);
    one.write(Register::EndOfInterrupt, 0);
    return true;
}

}  // namespace

TEST_CASE("APIC timer: counts down to zero once, divided", "[cpu][apic]") {
    const auto [code, divisor] = GENERATE(
        table<u32, u64>({{0, 2}, {1, 4}, {2, 8}, {3, 16}, {8, 32}, {9, 64}, {10, 128}, {11, 1}}));
    CAPTURE(divisor);
    ApicBench bench;
    ApicCpu& one = bench[0];
    one.write(Register::LvtTimer, vector);
    one.write(Register::DivideConfiguration, code);
    one.write(Register::InitialCount, 10);
    CHECK(one.read(Register::CurrentCount) == 10);
    bench.pass(3 * divisor * tick_ns);
    CHECK(one.read(Register::CurrentCount) == 7);
    bench.pass(7 * divisor * tick_ns - 1);
    CHECK(one.read(Register::CurrentCount) == 1);
    CHECK_FALSE(interrupted(one));
    bench.pass(1);
    CHECK(one.read(Register::CurrentCount) == 0);
    CHECK(interrupted(one));
    bench.pass(1'000'000);
    CHECK_FALSE(interrupted(one));
    CHECK_FALSE(bench.events.next_deadline().has_value());
}

TEST_CASE("APIC timer: periodic without drift, silent while masked", "[cpu][apic]") {
    ApicBench bench;
    ApicCpu& one = bench[0];
    one.write(Register::LvtTimer, periodic | vector);
    one.write(Register::DivideConfiguration, by_one);
    one.write(Register::InitialCount, 1000);
    for (u32 i = 0; i < 100; ++i) {
        bench.pass(1000 * tick_ns - 1);
        CHECK_FALSE(interrupted(one));
        bench.pass(1);
        CHECK(interrupted(one));
    }
    one.write(Register::LvtTimer, lvt::Masked | periodic | vector);
    CHECK_FALSE(bench.events.next_deadline().has_value());
    bench.pass((10'000 + 300) * tick_ns);
    CHECK(one.read(Register::CurrentCount) == 700);
    one.write(Register::LvtTimer, periodic | vector);
    CHECK_FALSE(interrupted(one));
    bench.pass(700 * tick_ns - 1);
    CHECK_FALSE(interrupted(one));
    bench.pass(1);
    CHECK(interrupted(one));
    one.write(Register::InitialCount, 0);
    CHECK_FALSE(bench.events.next_deadline().has_value());
}

TEST_CASE("APIC timer: a new divider goes on from the count it finds", "[cpu][apic]") {
    ApicBench bench;
    ApicCpu& one = bench[0];
    one.write(Register::LvtTimer, vector);
    one.write(Register::DivideConfiguration, by_one);
    one.write(Register::InitialCount, 100);
    bench.pass(60 * tick_ns);
    one.write(Register::DivideConfiguration, 0);
    CHECK(one.read(Register::CurrentCount) == 40);
    bench.pass(80 * tick_ns - 1);
    CHECK_FALSE(interrupted(one));
    bench.pass(1);
    CHECK(interrupted(one));
    CHECK(one.read(Register::InitialCount) == 100);
}

TEST_CASE("APIC timer: TSC deadline", "[cpu][apic]") {
    ApicBench bench;
    ApicCpu& one = bench[0];
    cpu::MsrSpace& msrs = one.bench.vcpu.msrs;
    const auto set_deadline = [&](u64 value) {
        CHECK(msrs.write(deadline_msr, value) == cpu::MsrOutcome::Done);
    };
    bench.pass(500);
    set_deadline(5000);
    CHECK(msrs.read(deadline_msr) == 0);  // Not in that mode.
    one.write(Register::LvtTimer, tsc_deadline | vector);
    one.write(Register::InitialCount, 10);
    CHECK(one.read(Register::InitialCount) == 0);
    set_deadline(5000);  // The TSC of the model has 1 GHz.
    CHECK(msrs.read(deadline_msr) == 5000);
    CHECK(one.read(Register::CurrentCount) == 0);
    bench.pass(4499);
    CHECK_FALSE(interrupted(one));
    bench.pass(1);
    CHECK(interrupted(one));
    CHECK(msrs.read(deadline_msr) == 0);

    SECTION("one that has passed fires at once") {
        set_deadline(1);
        CHECK(interrupted(one));
        CHECK(msrs.read(deadline_msr) == 0);
    }
    SECTION("zero disarms") {
        set_deadline(9000);
        set_deadline(0);
        CHECK_FALSE(bench.events.next_deadline().has_value());
    }
    SECTION("another mode disarms") {
        set_deadline(9000);
        one.write(Register::LvtTimer, vector);
        CHECK_FALSE(bench.events.next_deadline().has_value());
        one.write(Register::LvtTimer, tsc_deadline | vector);
        CHECK(msrs.read(deadline_msr) == 0);
    }
    SECTION("masked, it passes unheard") {
        set_deadline(9000);
        one.write(Register::LvtTimer, lvt::Masked | tsc_deadline | vector);
        bench.pass(10'000);
        CHECK(msrs.read(deadline_msr) == 0);
        one.write(Register::LvtTimer, tsc_deadline | vector);
        CHECK_FALSE(interrupted(one));
    }
    SECTION("moving the TSC moves the deadline") {
        set_deadline(9000);
        CHECK(msrs.write(0x3b, 3000) == cpu::MsrOutcome::Done);
        bench.pass(999);
        CHECK_FALSE(interrupted(one));
        bench.pass(1);
        CHECK(interrupted(one));
    }
    SECTION("a model without it") {
        one.bench.vcpu.features.set(cpu::Feature::TscDeadline, false);
        CHECK_FALSE(msrs.read(deadline_msr).has_value());
    }
}
