// SPDX-License-Identifier: BSD-2-Clause
#include "devices/chipset/pit.hpp"

#include <catch2/catch.hpp>

#include <vector>

#include "devices/chipset/system_control.hpp"
#include "devices/chipset/system_control_registers.hpp"
#include "tests/support/device_conformance.hpp"
#include "tests/support/recording_irq_sink.hpp"

using namespace devices;

namespace {

/// The gates and outputs of all counters, by pulses of the clock.
struct Bench {
    fabric::EventQueue events;
    test::RecordingIrqSink irq;
    Pit pit{{}, {events, fabric::IrqLine{irq, 0}}};
    u64 pulse = 0;

    Bench() {
        pit.reset(fabric::ResetKind::PowerOn);
        pit.set_level(2, true);
        irq.times_driven = 0;
    }

    void control(u8 word) { pit.write(3, 1, word); }
    void put(u64 counter, u8 byte) { pit.write(counter, 1, byte); }
    u8 get(u64 counter) { return static_cast<u8>(pit.read(counter, 1)); }
    u16 get_both(u64 counter) {
        const u8 low = get(counter);
        return static_cast<u16>(low | get(counter) << 8);
    }
    void pass(u64 pulses) {
        pulse += pulses;
        events.run_until(Pit::clock.time_of_tick(pulse));
    }
    /// The output at each of the next pulses, this one first: "LLH".
    std::string outputs(u32 counter, int pulses) {
        std::string levels;
        for (int i = 0; i < pulses; ++i) {
            levels += pit.output(counter) ? 'H' : 'L';
            pass(1);
        }
        return levels;
    }
    std::vector<u16> counts(u64 counter, int pulses) {
        std::vector<u16> seen;
        for (int i = 0; i < pulses; ++i) {
            control(static_cast<u8>(counter << 6));
            seen.push_back(get(counter));
            pass(1);
        }
        return seen;
    }
};

}  // namespace

// The waveforms are those of the data sheet's figures for each mode.

TEST_CASE("8254: mode 0 goes high N + 1 pulses after the count", "[devices][pit]") {
    Bench bench;
    const u32 counter = GENERATE(0u, 1u, 2u);
    bench.control(static_cast<u8>(counter << 6 | 0x10));
    CHECK(bench.outputs(counter, 3) == "LLL");
    bench.put(counter, 4);
    CHECK(bench.outputs(counter, 7) == "LLLLLHH");
    CHECK(bench.get(counter) == 0xfe);  // On it goes, below zero.

    SECTION("a new count begins anew") {
        bench.put(counter, 2);
        CHECK(bench.outputs(counter, 4) == "LLLH");
    }
    SECTION("the first of two bytes stops it") {
        bench.control(static_cast<u8>(counter << 6 | 0x30));
        bench.put(counter, 3);
        bench.put(counter, 0);
        bench.pass(2);
        bench.put(counter, 9);
        CHECK(bench.outputs(counter, 20) == std::string(20, 'L'));
    }
}

TEST_CASE("8254: mode 0 waits while the gate is low", "[devices][pit]") {
    Bench bench;
    bench.control(0x90);
    bench.put(2, 4);
    bench.pass(3);
    CHECK(bench.get(2) == 2);
    bench.pit.set_level(2, false);
    bench.pass(100);
    CHECK(bench.get(2) == 2);
    bench.pit.set_level(2, true);
    CHECK(bench.outputs(2, 3) == "LLH");

    bench.pit.set_level(2, false);
    bench.put(2, 3);
    bench.pass(10);
    CHECK(bench.get(2) == 3);  // Loaded all the same.
    bench.pit.set_level(2, true);
    CHECK(bench.outputs(2, 4) == "LLLH");
}

TEST_CASE("8254: mode 1 is a one-shot that the gate triggers", "[devices][pit]") {
    Bench bench;
    bench.pit.set_level(2, false);
    bench.control(0x92);
    bench.put(2, 3);
    CHECK(bench.outputs(2, 4) == "HHHH");
    bench.pit.set_level(2, true);
    CHECK(bench.outputs(2, 5) == "HLLLH");
    bench.pit.set_level(2, false);
    bench.pit.set_level(2, true);
    CHECK(bench.outputs(2, 2) == "HL");
    bench.pit.set_level(2, false);
    bench.pit.set_level(2, true);  // Triggered again while low.
    CHECK(bench.outputs(2, 5) == "LLLLH");
}

TEST_CASE("8254: mode 2 is low for the last pulse of N", "[devices][pit]") {
    Bench bench;
    bench.control(0x94);
    bench.put(2, 3);
    CHECK(bench.outputs(2, 8) == "HHHLHHLH");
    CHECK(bench.counts(2, 4) == std::vector<u16>{2, 1, 3, 2});

    SECTION("a new count waits for the end of the cycle") {
        bench.put(2, 4);
        CHECK(bench.counts(2, 6) == std::vector<u16>{1, 4, 3, 2, 1, 4});
    }
    SECTION("the gate takes the output high at once, and starts a cycle") {
        CHECK_FALSE(bench.pit.output(2));
        bench.pit.set_level(2, false);
        CHECK(bench.outputs(2, 3) == "HHH");
        bench.pit.set_level(2, true);
        CHECK(bench.outputs(2, 5) == "HHHLH");
    }
}

TEST_CASE("8254: mode 3 is a square wave", "[devices][pit]") {
    Bench bench;
    bench.control(0x96);
    SECTION("of even counts") {
        bench.put(2, 4);
        CHECK(bench.outputs(2, 9) == "HHHLLHHLL");
        CHECK(bench.counts(2, 4) == std::vector<u16>{4, 2, 4, 2});
    }
    SECTION("of odd counts, longer high than low") {
        bench.put(2, 5);
        CHECK(bench.outputs(2, 11) == "HHHHLLHHHLL");
        CHECK(bench.counts(2, 5) == std::vector<u16>{4, 2, 0, 4, 2});
    }
    SECTION("a new count waits for the end of the half cycle") {
        bench.put(2, 4);
        bench.pass(2);
        bench.put(2, 6);
        CHECK(bench.outputs(2, 10) == "HLLLHHHLLL");
    }
    SECTION("the gate takes the output high at once, and starts a cycle") {
        bench.put(2, 4);
        bench.pass(3);
        CHECK_FALSE(bench.pit.output(2));
        bench.pit.set_level(2, false);
        CHECK(bench.outputs(2, 3) == "HHH");
        bench.pit.set_level(2, true);
        CHECK(bench.outputs(2, 6) == "HHHLLH");
    }
}

TEST_CASE("8254: modes 4 and 5 strobe once, N pulses after the load", "[devices][pit]") {
    Bench bench;
    SECTION("mode 4, by software") {
        bench.control(0x98);
        bench.put(2, 3);
        CHECK(bench.outputs(2, 8) == "HHHHLHHH");
        bench.put(2, 2);
        CHECK(bench.outputs(2, 5) == "HHHLH");
        bench.pass(70'000);
        CHECK(bench.outputs(2, 5) == "HHHHH");
    }
    SECTION("mode 5, by the gate") {
        bench.pit.set_level(2, false);
        bench.control(0x9a);
        bench.put(2, 3);
        CHECK(bench.outputs(2, 6) == "HHHHHH");
        bench.pit.set_level(2, true);
        CHECK(bench.outputs(2, 6) == "HHHHLH");
    }
}

TEST_CASE("8254: counts in BCD", "[devices][pit]") {
    Bench bench;
    bench.control(0xb5);  // Mode 2.
    bench.put(2, 0x00);
    bench.put(2, 0x10);
    bench.pass(2);
    CHECK(bench.get_both(2) == 0x0999);
    bench.control(0xb5);
    bench.put(2, 0);
    bench.put(2, 0);  // 10000.
    bench.pass(1);
    CHECK(bench.get_both(2) == 0x0000);
    bench.pass(1);
    CHECK(bench.get_both(2) == 0x9999);
}

TEST_CASE("8254: latched counts and status wait to be read", "[devices][pit]") {
    Bench bench;
    bench.control(0xb4);
    bench.put(2, 0x00);
    bench.control(0xe8);          // Read back the status of counter 2.
    CHECK(bench.get(2) == 0xf4);  // High, null count.
    bench.put(2, 0x20);
    bench.pass(1 + 0x101);
    bench.control(0xe8);
    bench.control(0xc8);  // Both: the status is latched already, the count is not.
    bench.pass(50);
    bench.control(0x80);  // Ignored: not read yet.
    CHECK(bench.get(2) == 0xb4);
    CHECK(bench.get_both(2) == 0x1eff);
    CHECK(bench.get_both(2) == 0x1eff - 50);
}

TEST_CASE("8254: counter 0 interrupts to the nanosecond, without drift", "[devices][pit]") {
    Bench bench;
    bench.control(0x34);
    bench.put(0, 0x9c);
    bench.put(0, 0x2e);  // 11932: 100 Hz.
    constexpr u64 rises = 100'000;
    const fabric::VmTime last = Pit::clock.time_of_tick(1 + rises * 11'932);
    bench.events.run_until({last.ns - 1});
    CHECK_FALSE(bench.irq.level);
    bench.irq.times_driven = 0;
    bench.events.run_until(last);
    CHECK(bench.irq.level);
    CHECK(bench.irq.times_driven == 1);
}

TEST_CASE("8254: what nobody watches costs no events", "[devices][pit]") {
    Bench bench;
    bench.control(0x74);  // Counters 1 and 2 run; counter 0 has no count.
    bench.put(1, 18);
    bench.put(1, 0);
    bench.control(0xb6);
    bench.put(2, 2);
    bench.put(2, 0);
    CHECK_FALSE(bench.events.next_deadline().has_value());
    bench.control(0x30);
    bench.put(0, 5);
    bench.put(0, 0);
    bench.pass(10);
    CHECK(bench.irq.level);
    CHECK_FALSE(bench.events.next_deadline().has_value());
}

TEST_CASE("8254: state survives a snapshot", "[devices][pit][snapshot]") {
    Bench bench;
    bench.control(0x34);
    bench.put(0, 0xff);
    bench.put(0, 0x01);
    bench.control(0xb7);
    bench.put(2, 0x34);
    bench.put(2, 0x12);
    bench.pass(1000);
    bench.put(2, 0x77);
    bench.control(0xc8);
    bench.control(0x50);
    Bench restored;
    test::check_state_survives(bench.pit, restored.pit);
    CHECK(restored.irq.times_driven == 0);

    fabric::StateWriter queue;
    bench.events.save(queue);
    fabric::StateReader in(queue.bytes());
    REQUIRE(restored.events.restore(in).has_value());
    restored.pulse = bench.pulse;
    bench.irq.times_driven = 0;
    CHECK(restored.outputs(0, 1500) == bench.outputs(0, 1500));
    CHECK(restored.irq.times_driven == bench.irq.times_driven);
}

TEST_CASE("8254: conforms to the rules of every device", "[devices][pit][hostile]") {
    Bench bench;
    test::check_survives_any_access(bench.pit, Pit::port_count, 1);
}

TEST_CASE("8254: events and lazy answers agree in any sequence", "[devices][pit][hostile]") {
    Bench bench;
    u64 random = 1;
    for (int i = 0; i < 20'000; ++i) {
        random = random * 6364136223846793005 + 1442695040888963407;
        const u64 what = random >> 33;
        switch (what % 4) {
            case 0: bench.control(static_cast<u8>(what >> 8 & 0x3f)); break;
            case 1: bench.put(0, static_cast<u8>((what >> 8) % 6)); break;
            case 2: bench.pit.set_level(0, (what >> 8 & 1) != 0); break;
            case 3: bench.pass(what >> 8 & 0xf); break;
        }
        REQUIRE(bench.irq.level == bench.pit.output(0));
    }
}

TEST_CASE("Port 61: gates timer 2 and shows its output", "[devices][port61]") {
    Bench bench;
    SystemControlB port(
        {bench.events, fabric::IrqLine{bench.pit, 2}, [&] { return bench.pit.output(2); }});
    port.reset(fabric::ResetKind::PowerOn);
    // How guests calibrate their TSC: mode 0 on counter 2, the gate rises, the output is polled.
    port.write(0, 1, 0);
    bench.control(0xb0);
    bench.put(2, 100);
    bench.put(2, 0);
    bench.pass(500);
    CHECK((port.read(0, 1) & port61::Timer2Out) == 0);
    port.write(0, 1, port61::Timer2Gate);
    bench.pass(99);
    CHECK((port.read(0, 1) & port61::Timer2Out) == 0);
    bench.pass(1);
    CHECK((port.read(0, 1) & port61::Timer2Out) != 0);

    const u64 before = port.read(0, 1);
    bench.pass(18);
    CHECK((port.read(0, 1) ^ before) == port61::RefreshToggle);

    SystemControlB other({bench.events, {}, [] { return false; }});
    test::check_state_survives(port, other);
    test::check_survives_any_access(port, 1, 1);
}

TEST_CASE("Port 92: A20, and INIT on its rising edge", "[devices][port92]") {
    test::RecordingIrqSink a20;
    int inits = 0;
    SystemControlA port({fabric::IrqLine{a20, 0}, [&] { ++inits; }});
    port.write(0, 1, 2);
    CHECK(a20.level);
    CHECK(inits == 0);
    port.write(0, 1, 3);
    port.write(0, 1, 1);
    CHECK(inits == 1);
    CHECK_FALSE(a20.level);
    CHECK(port.read(0, 1) == 1);
    SystemControlA other({{}, [] {}});
    test::check_state_survives(port, other);
    test::check_survives_any_access(port, 1, 1);
}

TEST_CASE("8254: bears any state", "[devices][pit][hostile][snapshot]") {
    Bench bench;
    bench.control(0x36);
    bench.put(0, 0xff);
    bench.put(0, 0x01);
    bench.control(0xb1);
    bench.put(2, 0x34);
    bench.pass(1000);
    bench.control(0xc8);
    Bench fresh;
    test::check_survives_damaged_state(bench.pit, fresh.pit, [&] {
        for (u64 i = 0; i < 6; ++i) fresh.get(i % 3);
        fresh.pit.set_level(0, false);
        fresh.pit.set_level(0, true);
        fresh.put(0, 3);
        fresh.pass(5);
    });
}
