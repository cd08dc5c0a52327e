// SPDX-License-Identifier: BSD-2-Clause
#include "devices/input/ps2_keyboard.hpp"

#include <catch2/catch.hpp>

#include <vector>

#include "tests/support/device_conformance.hpp"

using namespace devices;

namespace {

using Bytes = std::vector<u8>;

struct Bench {
    fabric::EventQueue events;
    int told = 0;
    Ps2Keyboard keyboard{{}, {events, [this] { ++told; }}};

    Bytes said() {
        Bytes bytes;
        while (keyboard.has_byte()) bytes.push_back(keyboard.take_byte());
        return bytes;
    }
    Bytes tell(std::initializer_list<u8> bytes) {
        Bytes answer;
        for (const u8 byte : bytes) {
            keyboard.receive(byte);
            const Bytes part = said();
            answer.insert(answer.end(), part.begin(), part.end());
        }
        return answer;
    }
    Bytes down(u8 usage) {
        keyboard.keys(std::vector<u8>{usage, 1});
        return said();
    }
    Bytes up(u8 usage) {
        keyboard.keys(std::vector<u8>{usage, 0});
        return said();
    }
    void pass_ms(u64 ms) { events.run_until(events.now() + fabric::VmDuration{ms * 1'000'000}); }
};

constexpr u8 key_a = 0x04;
constexpr u8 key_shift = 0xe1;

}  // namespace

TEST_CASE("Keyboard: the commands that drivers send", "[devices][keyboard]") {
    Bench bench;
    CHECK(bench.tell({0xff}) == Bytes{0xfa});
    bench.pass_ms(10);
    CHECK(bench.said() == Bytes{0xaa});
    CHECK(bench.tell({0xf2}) == Bytes{0xfa, 0xab, 0x83});
    CHECK(bench.tell({0xee}) == Bytes{0xee});
    CHECK(bench.tell({0xed, 0x05}) == Bytes{0xfa, 0xfa});
    CHECK(bench.keyboard.state().leds == 5);
    CHECK(bench.tell({0xf3, 0x00}) == Bytes{0xfa, 0xfa});
    CHECK(bench.tell({0xf0, 0x00}) == Bytes{0xfa, 0xfa, 2});
    CHECK(bench.tell({0xf0, 0x07}) == Bytes{0xfa, 0xfe});
    CHECK(bench.tell({0xfe}) == Bytes{0xfe});
    CHECK(bench.tell({0xf6}) == Bytes{0xfa});
    CHECK(bench.tell({0xef}) == Bytes{0xfe});
    CHECK(bench.tell({0xed, 0xf4}) == Bytes{0xfa, 0xfa});  // A command in place of a parameter.
    CHECK(bench.keyboard.state().leds == 5);
}

TEST_CASE("Keyboard: keys in the three sets", "[devices][keyboard]") {
    struct Case {
        u8 set, usage;
        Bytes make, released;
    };
    const auto the = GENERATE(
        values<Case>({{1, key_a, {0x1e}, {0x9e}},
                      {2, key_a, {0x1c}, {0xf0, 0x1c}},
                      {3, key_a, {0x1c}, {}},
                      {3, key_shift, {0x12}, {0xf0, 0x12}},
                      {1, 0x52, {0xe0, 0x48}, {0xe0, 0xc8}},
                      {2, 0x52, {0xe0, 0x75}, {0xe0, 0xf0, 0x75}},
                      {3, 0x52, {0x63}, {}},
                      {1, 0x40, {0x41}, {0xc1}},
                      {2, 0x40, {0x83}, {0xf0, 0x83}},
                      {1, 0x48, {0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5}, {}},
                      {2, 0x48, {0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77}, {}},
                      {1, 0x46, {0xe0, 0x2a, 0xe0, 0x37}, {0xe0, 0xb7, 0xe0, 0xaa}},
                      {2, 0x46, {0xe0, 0x12, 0xe0, 0x7c}, {0xe0, 0xf0, 0x7c, 0xe0, 0xf0, 0x12}},
                      {1, 0xe7, {0xe0, 0x5c}, {0xe0, 0xdc}},
                      {2, 0xff, {}, {}}}));
    CAPTURE(the.set, the.usage);
    Bench bench;
    bench.tell({0xf0, the.set});
    CHECK(bench.down(the.usage) == the.make);
    CHECK(bench.down(the.usage).empty());  // The host repeats; the keyboard does so itself.
    CHECK(bench.up(the.usage) == the.released);
    CHECK(bench.up(the.usage).empty());
}

TEST_CASE("Keyboard: Alt and Print Screen are System Request", "[devices][keyboard]") {
    Bench bench;
    bench.down(0xe2);
    CHECK(bench.down(0x46) == Bytes{0x84});
    CHECK(bench.up(0x46) == Bytes{0xf0, 0x84});
    bench.up(0xe2);
    bench.down(0xe0);
    CHECK(bench.down(0x48) == Bytes{0xe0, 0x7e, 0xe0, 0xf0, 0x7e});
}

TEST_CASE("Keyboard: the last key repeats", "[devices][keyboard]") {
    Bench bench;
    bench.down(key_a);
    bench.pass_ms(499);
    CHECK(bench.said().empty());
    bench.pass_ms(1);
    CHECK(bench.said() == Bytes{0x1c});
    bench.pass_ms(1000);
    CHECK(bench.said().size() == 10);  // 10.9 a second.
    bench.tell({0xf3, 0x00});          // 30 a second after a quarter of a second.
    CHECK(bench.down(0x05) == Bytes{0x32});
    bench.pass_ms(250);
    CHECK(bench.said() == Bytes{0x32});
    bench.pass_ms(100);
    CHECK(bench.said() == Bytes{0x32, 0x32, 0x32});
    bench.up(key_a);  // Not the one that repeats.
    bench.pass_ms(34);
    CHECK(bench.said().size() == 1);
    bench.up(0x05);
    bench.pass_ms(1000);
    CHECK(bench.said().empty());
    CHECK_FALSE(bench.events.next_deadline().has_value());
}

TEST_CASE("Keyboard: types of keys in set 3", "[devices][keyboard]") {
    Bench bench;
    bench.tell({0xf0, 3});
    bench.tell({0xfc, 0x1c, 0x32});  // Make and break for A and B.
    bench.tell({0xf4});
    CHECK(bench.down(key_a) == Bytes{0x1c});
    bench.pass_ms(2000);
    CHECK(bench.said().empty());
    CHECK(bench.up(key_a) == Bytes{0xf0, 0x1c});
    bench.tell({0xfa});
    bench.down(0x3a);
    bench.pass_ms(600);
    CHECK(bench.said() == Bytes{0x07, 0x07});
    CHECK(bench.up(0x3a) == Bytes{0xf0, 0x07});
}

TEST_CASE("Keyboard: the buffer overruns at sixteen codes", "[devices][keyboard]") {
    Bench bench;
    for (u8 usage = 4; usage < 30; ++usage) bench.keyboard.keys(std::vector<u8>{usage, 1});
    const Bytes got = bench.said();
    CHECK(got.size() == 17);
    CHECK(got.back() == 0);
}

TEST_CASE("Keyboard: disabled it says nothing, and no stray releases later",
          "[devices][keyboard]") {
    Bench bench;
    CHECK(bench.tell({0xf5}) == Bytes{0xfa});
    CHECK(bench.down(key_a).empty());
    CHECK(bench.tell({0xf4}) == Bytes{0xfa});
    CHECK(bench.up(key_a).empty());
    CHECK(bench.down(key_a) == Bytes{0x1c});
    // Codes wait while a command waits for its parameter.
    bench.keyboard.receive(0xed);
    CHECK(bench.said() == Bytes{0xfa});
    CHECK(bench.up(key_a).empty());
    bench.keyboard.receive(0);
    CHECK(bench.said() == Bytes{0xfa, 0xf0, 0x1c});
}

TEST_CASE("Keyboard: state survives a snapshot", "[devices][keyboard][snapshot]") {
    Bench bench;
    bench.tell({0xf3, 0x11, 0xf0, 1, 0xed, 7, 0xfd, 5});
    bench.keyboard.keys(std::vector<u8>{key_a, 1, key_shift, 1});
    bench.keyboard.receive(0xed);
    Bench restored;
    test::check_state_survives(bench.keyboard, restored.keyboard);
    CHECK(restored.told == 0);
}

TEST_CASE("Keyboard: bears any bytes at any time", "[devices][keyboard][hostile]") {
    Bench bench;
    u64 random = 1;
    for (int i = 0; i < 100'000; ++i) {
        random = random * 6364136223846793005 + 1442695040888963407;
        const u64 what = random >> 33;
        bench.keyboard.receive(static_cast<u8>(what % 3 ? what >> 8 | 0xe0 : what >> 8));
        const std::vector<u8> keys = {static_cast<u8>(what >> 16), static_cast<u8>(what >> 3 & 1),
                                      1};
        bench.keyboard.keys(keys);
        if (what % 5 == 0) bench.pass_ms(100);
        if (what % 7 == 0) bench.said();
    }
    bench.keyboard.reset(fabric::ResetKind::PowerOn);
    CHECK(bench.keyboard.state() == Ps2Keyboard::State{});
    CHECK_FALSE(bench.events.next_deadline().has_value());
}

TEST_CASE("Keyboard: bears any state", "[devices][keyboard][hostile][snapshot]") {
    Bench bench;
    bench.tell({0xf0, 1, 0xff});
    bench.keyboard.keys(std::vector<u8>{key_a, 1, key_shift, 1});
    Bench fresh;
    test::check_survives_damaged_state(bench.keyboard, fresh.keyboard, [&] {
        for (u8 byte = 0xe8; byte != 0; ++byte) {
            fresh.keyboard.receive(byte);
            fresh.keyboard.keys(std::vector<u8>{key_a, 1, 0x48, 1, 0x46, 1, key_a, 0});
        }
        fresh.pass_ms(600);
        fresh.said();
    });
}
