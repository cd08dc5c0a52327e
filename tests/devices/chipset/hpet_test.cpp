// SPDX-License-Identifier: BSD-2-Clause
#include "devices/chipset/hpet.hpp"

#include <catch2/catch.hpp>

#include <vector>

#include "devices/chipset/hpet_registers.hpp"
#include "tests/support/device_conformance.hpp"
#include "tests/support/recording_irq_sink.hpp"

using namespace devices;
using namespace devices::hpet;

namespace {

struct Messages final : fabric::MsiSink {
    void deliver(fabric::MsiMessage message) override { seen.push_back(message); }
    std::vector<fabric::MsiMessage> seen;
};

/// A counter of 10 ns, so that ticks are easy to tell.
struct Bench {
    fabric::EventQueue events;
    test::RecordingIrqSink irq0, irq8, legacy, route20;
    Messages messages;
    Hpet hpet{{.period_fs = 10'000'000}, wiring()};

    Bench() { hpet.reset(fabric::ResetKind::PowerOn); }

    Hpet::Wiring wiring() {
        Hpet::Wiring wires{.events = events,
                           .legacy_irq0 = {irq0, 0},
                           .legacy_irq8 = {irq8, 8},
                           .legacy_route = {legacy, 0},
                           .messages = &messages};
        wires.routes[20] = {route20, 20};
        return wires;
    }

    u64 get(u64 offset) { return hpet.read(offset, 8); }
    void put(u64 offset, u64 value) { hpet.write(offset, 8, value); }
    void put_timer(u64 index, u64 part, u64 value) { put(0x100 + 0x20 * index + part, value); }
    void pass(u64 ticks) { events.run_until(events.now() + fabric::VmDuration{10 * ticks}); }
    void enable(u64 more = 0) { put(general_configuration, configuration::Enable | more); }
};

constexpr u64 route_20 = u64{20} << timer::RouteShift;

}  // namespace

TEST_CASE("HPET: says what it is", "[devices][hpet]") {
    Bench bench;
    CHECK(bench.get(0) == 0x0098'9680'8086'a201);
    CHECK(bench.hpet.read(4, 4) == 10'000'000);
    CHECK(bench.get(0x100) == 0x00ff'0000'0000'8030);
    CHECK(bench.get(0x140) == 0x00ff'0000'0000'8030);
    CHECK(bench.get(0x160) == 0);
}

TEST_CASE("HPET: the counter counts while it is enabled", "[devices][hpet]") {
    Bench bench;
    bench.pass(100);
    CHECK(bench.get(main_counter) == 0);
    bench.put(main_counter, 0xffff'ffff'0000'0000);
    bench.enable();
    bench.pass(1234);
    CHECK(bench.get(main_counter) == 0xffff'ffff'0000'0000 + 1234);
    CHECK(bench.hpet.read(main_counter + 4, 4) == 0xffff'ffff);
    bench.put(general_configuration, 0);
    bench.pass(10);
    CHECK(bench.get(main_counter) == 0xffff'ffff'0000'0000 + 1234);
    CHECK_FALSE(bench.events.next_deadline().has_value());
}

TEST_CASE("HPET: a one-shot interrupts once, at its edge", "[devices][hpet]") {
    Bench bench;
    bench.put_timer(2, timer_configuration, timer::InterruptEnable | route_20);
    bench.put_timer(2, timer_comparator, 1000);
    bench.enable();
    bench.pass(999);
    CHECK_FALSE(bench.route20.level);
    bench.pass(1);
    CHECK(bench.route20.level);
    bench.route20.times_driven = 0;
    bench.pass(1'000'000);
    CHECK(bench.route20.times_driven == 0);
    CHECK(bench.get(general_interrupt_status) == 0);
    // The next edge.
    bench.put_timer(2, timer_comparator, bench.get(main_counter) + 10);
    bench.pass(10);
    CHECK(bench.route20.level);
    CHECK(bench.route20.times_driven == 2);
}

TEST_CASE("HPET: a level stays until its status bit is written", "[devices][hpet]") {
    Bench bench;
    bench.put_timer(2, timer_configuration,
                    timer::InterruptEnable | timer::Level | timer::Mode32 | route_20);
    bench.put_timer(2, timer_comparator, 0xdead'0000'0064);
    CHECK(bench.get(0x148) == 0x64);
    bench.enable();
    bench.pass(100);
    CHECK(bench.route20.level);
    CHECK(bench.get(general_interrupt_status) == 4);
    bench.put(general_interrupt_status, 3);
    CHECK(bench.route20.level);
    bench.put(general_interrupt_status, 4);
    CHECK_FALSE(bench.route20.level);
    CHECK(bench.get(general_interrupt_status) == 0);
    bench.pass((u64{1} << 32) - 1);
    CHECK_FALSE(bench.route20.level);
    bench.pass(1);  // Of 32 bits, it comes round again.
    CHECK(bench.route20.level);
}

TEST_CASE("HPET: a periodic timer in the place of the 8254", "[devices][hpet]") {
    Bench bench;
    // As Linux sets it up: the accumulator first, then the period.
    bench.put_timer(0, timer_configuration,
                    timer::InterruptEnable | timer::Periodic | timer::SetAccumulator);
    bench.put_timer(0, timer_comparator, 500);
    bench.put_timer(0, timer_comparator, 100);
    bench.enable(configuration::LegacyRoute);
    CHECK(bench.legacy.level);
    bench.pass(499);
    CHECK_FALSE(bench.irq0.level);
    bench.irq0.times_driven = 0;
    bench.pass(1 + 100 * 9);
    CHECK(bench.irq0.level);
    CHECK(bench.irq0.times_driven == 20);
    CHECK(bench.get(0x108) == 1500);

    SECTION("with its interrupt off it goes on, without events") {
        bench.put_timer(0, timer_configuration, timer::Periodic);
        CHECK_FALSE(bench.irq0.level);
        CHECK_FALSE(bench.events.next_deadline().has_value());
        bench.pass(100'000'000);
        CHECK(bench.get(0x108) == 100'001'500);
    }
    SECTION("timer 1 in the place of the RTC") {
        bench.put_timer(1, timer_configuration, timer::InterruptEnable);
        bench.put_timer(1, timer_comparator, bench.get(main_counter) + 5);
        bench.pass(5);
        CHECK(bench.irq8.level);
    }
    SECTION("the legacy route off") {
        bench.enable();
        CHECK_FALSE(bench.legacy.level);
        CHECK_FALSE(bench.irq0.level);
    }
}

TEST_CASE("HPET: delivery as a message", "[devices][hpet]") {
    Bench bench;
    bench.put_timer(1, timer_configuration, timer::InterruptEnable | timer::FsbEnable);
    bench.put_timer(1, timer_fsb_route, 0xfee0'1000'0000'0041);
    bench.put_timer(1, timer_comparator, 7);
    bench.enable();
    bench.pass(7);
    CHECK(bench.messages.seen ==
          std::vector<fabric::MsiMessage>{{.address = 0xfee0'1000, .data = 0x41}});
}

TEST_CASE("HPET: a route that is not offered does not read back", "[devices][hpet]") {
    Bench bench;
    bench.put_timer(0, timer_configuration, u64{5} << timer::RouteShift);
    CHECK((bench.get(0x100) & u64{0x1f} << timer::RouteShift) == 0);
    bench.put_timer(0, timer_configuration, route_20);
    CHECK((bench.get(0x100) & u64{0x1f} << timer::RouteShift) == route_20);
}

TEST_CASE("HPET: the real period does not drift", "[devices][hpet]") {
    fabric::EventQueue events;
    Hpet hpet({}, {.events = events});
    hpet.reset(fabric::ResetKind::PowerOn);
    hpet.write(general_configuration, 8, configuration::Enable);
    events.run_until({69'841'279'000});
    CHECK(hpet.read(main_counter, 8) == 1'000'000'000'000 / 1'000);
}

TEST_CASE("HPET: state survives a snapshot", "[devices][hpet][snapshot]") {
    Bench bench;
    bench.put_timer(0, timer_configuration,
                    timer::InterruptEnable | timer::Periodic | timer::SetAccumulator);
    bench.put_timer(0, timer_comparator, 500);
    bench.put_timer(0, timer_comparator, 77);
    bench.enable(configuration::LegacyRoute);
    bench.pass(12'345);
    static_cast<void>(bench.get(main_counter));
    Bench restored;
    restored.irq0.times_driven = 0;
    test::check_state_survives(bench.hpet, restored.hpet);
    CHECK(restored.irq0.times_driven == 0);

    fabric::StateWriter queue;
    bench.events.save(queue);
    fabric::StateReader in(queue.bytes());
    REQUIRE(restored.events.restore(in).has_value());
    bench.irq0.times_driven = 0;
    bench.pass(10'000);
    restored.pass(10'000);
    CHECK(restored.irq0.times_driven == bench.irq0.times_driven);
    CHECK(restored.get(0x108) == bench.get(0x108));
}

TEST_CASE("HPET: conforms to the rules of every device", "[devices][hpet][hostile]") {
    Bench bench;
    test::check_survives_any_access(bench.hpet, register_block, 8);
    u64 random = 1;
    for (int i = 0; i < 50'000; ++i) {
        random = random * 6364136223846793005 + 1442695040888963407;
        const u64 what = random >> 33;
        const u64 offset = what % 2 ? 0x100 + (what >> 1) % 0x60 / 8 * 8 : (what >> 1) % 32 * 16;
        bench.put(offset, random >> (random >> 58));
        if (what % 5 == 0) bench.pass(what % 100);
        static_cast<void>(bench.get(offset));
    }
}

TEST_CASE("HPET: bears any state", "[devices][hpet][hostile][snapshot]") {
    Bench bench;
    bench.put_timer(0, timer_configuration,
                    timer::InterruptEnable | timer::Periodic | timer::SetAccumulator);
    bench.put_timer(0, timer_comparator, 500);
    bench.put_timer(0, timer_comparator, 77);
    bench.enable(configuration::LegacyRoute);
    bench.pass(12'345);
    Bench fresh;
    test::check_survives_damaged_state(bench.hpet, fresh.hpet, [&] {
        for (u64 offset = 0; offset < 0x160; offset += 8) {
            const u64 value = fresh.get(offset);
            fresh.put(offset, value);
        }
        fresh.pass(100);
    });
}
