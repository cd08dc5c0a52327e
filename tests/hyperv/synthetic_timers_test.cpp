// SPDX-License-Identifier: BSD-2-Clause
#include "hyperv/tlfs/synthetic_timers.hpp"

#include <catch2/catch.hpp>

#include "tests/hyperv/partition_bench.hpp"

using test::PartitionBench;
using namespace test::hv_msr;

namespace {

constexpr u64 enable = 1;
constexpr u64 periodic = 2;
constexpr u64 auto_enable = 8;
constexpr u64 direct = 1 << 12 | 0x60 << 4;
constexpr u64 by_sint2 = 2 << 16;

struct TimerBench : PartitionBench {
    TimerBench() {
        enable_synic();
        advance_to(1'000'000);  // 10000 by the reference counter.
    }

    bool configure(u64 value, u32 timer = 0) { return write(Stimer0Config + 2 * timer, value); }
    bool set_count(u64 value, u32 timer = 0) { return write(Stimer0Count + 2 * timer, value); }
    u64 configuration(u32 timer = 0) { return read(Stimer0Config + 2 * timer); }
    u8 take_interrupt() {
        if (!apics[0]->pending()) return 0;
        const u8 vector = apics[0]->acknowledge();
        apics[0]->end_of_interrupt();
        return vector;
    }
};

}  // namespace

TEST_CASE("Synthetic timer: one shot, at its instant", "[hyperv][timer]") {
    TimerBench bench;
    REQUIRE(bench.set_count(20'000));
    REQUIRE(bench.configure(direct | enable));
    bench.advance_to(1'999'999);
    CHECK(bench.take_interrupt() == 0);
    CHECK(bench.configuration() == (direct | enable));
    bench.advance_to(2'000'000);
    CHECK(bench.take_interrupt() == 0x60);
    CHECK(bench.configuration() == direct);
    CHECK(bench.read(Stimer0Count) == 20'000);
}

TEST_CASE("Synthetic timer: what is in the past expires at once", "[hyperv][timer]") {
    TimerBench bench;
    REQUIRE(bench.configure(direct | auto_enable));
    REQUIRE(bench.set_count(10'000));
    CHECK(bench.take_interrupt() == 0x60);
    CHECK(bench.configuration() == (direct | auto_enable));
}

TEST_CASE("Synthetic timer: periods do not drift", "[hyperv][timer]") {
    TimerBench bench;
    REQUIRE(bench.configure(direct | auto_enable | periodic));
    REQUIRE(bench.set_count(30));
    for (u64 period = 1; period <= 1000; ++period) {
        bench.advance_to(1'000'000 + period * 3'000 - 1);
        CHECK(bench.take_interrupt() == 0);
        bench.advance_to(1'000'000 + period * 3'000);
        CHECK(bench.take_interrupt() == 0x60);
    }
    REQUIRE(bench.set_count(0));
    CHECK(bench.configuration() == (direct | auto_enable | periodic));
    bench.advance_to(100'000'000);
    CHECK(bench.take_interrupt() == 0);
}

TEST_CASE("Synthetic timer: a message says when", "[hyperv][timer]") {
    TimerBench bench;
    REQUIRE(bench.set_count(20'000, 3));
    REQUIRE(bench.configure(by_sint2 | enable, 3));
    bench.advance_to(2'000'000);
    CHECK(bench.take_interrupt() == 0x50);
    const u64 slot = bench.slot(2);
    CHECK(bench.bench.peek<u32>(slot) == 0x8000'0010);
    CHECK(bench.bench.peek<u8>(slot + 4) == 24);
    CHECK(bench.bench.peek<u64>(slot + 8) == 0);
    CHECK(bench.bench.peek<u32>(slot + 16) == 3);
    CHECK(bench.bench.peek<u64>(slot + 24) == 20'000);
    CHECK(bench.bench.peek<u64>(slot + 32) == 20'000);

    // The next finds it still there: one message waits, and says when it came.
    REQUIRE(bench.configure(by_sint2 | enable | periodic, 3));
    bench.advance_to(2'000'000 + 7 * 2'000'000);
    bench.bench.poke<u32>(slot, 0);
    REQUIRE(bench.write(Eom, 0));
    CHECK(bench.bench.peek<u64>(slot + 24) == 40'000);
    CHECK(bench.bench.peek<u64>(slot + 32) == 160'000);
    bench.bench.poke<u32>(slot, 0);
    REQUIRE(bench.write(Eom, 0));
    CHECK(bench.bench.peek<u32>(slot) == 0);
}

TEST_CASE("Synthetic timer: what cannot be enabled", "[hyperv][timer]") {
    TimerBench bench;
    REQUIRE(bench.configure(enable));  // SINT0.
    CHECK(bench.configuration() == 0);
    REQUIRE(bench.configure(by_sint2 | enable | periodic));  // No period.
    CHECK(bench.configuration() == (by_sint2 | periodic));
    CHECK_FALSE(bench.configure(1 << 13));
    CHECK_FALSE(bench.configure(1 << 20));
    CHECK_FALSE(bench.configure(~u64{0}));

    hyperv::FeatureSet features = hyperv::preset("full");
    features.remove(hyperv::Feature::DirectTimers);
    PartitionBench without(features);
    CHECK_FALSE(without.write(Stimer0Config, direct));
    CHECK(without.write(Stimer0Config, by_sint2));
}

TEST_CASE("Synthetic timer: numbers at the end of the world", "[hyperv][timer][hostile]") {
    TimerBench bench;
    const u64 extremes[] = {0, 1, 2, 9'999, 10'000, 10'001, u64{1} << 63, ~u64{0} - 1, ~u64{0}};
    for (const u64 count : extremes) {
        for (const u64 mode : {u64{0}, enable, periodic, enable | periodic, auto_enable}) {
            for (const u64 target : {direct, by_sint2}) {
                CAPTURE(count, mode, target);
                REQUIRE(bench.configure(target | mode));
                REQUIRE(bench.set_count(count));
                REQUIRE(bench.configure(target | mode));
                bench.advance_to(bench.events.now().ns + 1'000);
            }
        }
    }
    CHECK(bench.configure(0));
}

TEST_CASE("Synthetic timer: all four, in the order of their times", "[hyperv][timer]") {
    TimerBench bench;
    for (u32 timer = 0; timer < 4; ++timer) {
        REQUIRE(bench.configure(u64{1} << 12 | (0x60 + 0x10 * timer) << 4 | auto_enable, timer));
        REQUIRE(bench.set_count(20'000 - timer, timer));
    }
    for (u32 timer = 4; timer-- > 0;) {
        bench.advance_to((20'000 - timer) * 100);
        CHECK(bench.take_interrupt() == 0x60 + 0x10 * timer);
    }
}
