// SPDX-License-Identifier: BSD-2-Clause
#include "devices/input/ps2_mouse.hpp"

#include <catch2/catch.hpp>

#include <vector>

#include "tests/support/device_conformance.hpp"

using namespace devices;

namespace {

using Bytes = std::vector<u8>;

struct Bench {
    fabric::EventQueue events;
    int told = 0;
    Ps2Mouse mouse{{}, {events, [this] { ++told; }}};

    Bytes said() {
        Bytes bytes;
        while (mouse.has_byte()) bytes.push_back(mouse.take_byte());
        return bytes;
    }
    Bytes tell(std::initializer_list<u8> bytes) {
        Bytes answer;
        for (const u8 byte : bytes) {
            mouse.receive(byte);
            const Bytes part = said();
            answer.insert(answer.end(), part.begin(), part.end());
        }
        return answer;
    }
    Bytes move(i16 right, i16 down, u8 buttons = 0, i8 wheel = 0) {
        const u16 x = static_cast<u16>(right);
        const u16 y = static_cast<u16>(down);
        mouse.moved(Bytes{buttons, static_cast<u8>(x), static_cast<u8>(x >> 8), static_cast<u8>(y),
                          static_cast<u8>(y >> 8), static_cast<u8>(wheel)});
        return said();
    }
    void pass_ms(u64 ms) { events.run_until(events.now() + fabric::VmDuration{ms * 1'000'000}); }
};

}  // namespace

TEST_CASE("Mouse: the commands that drivers send", "[devices][mouse]") {
    Bench bench;
    CHECK(bench.tell({0xff}) == Bytes{0xfa});
    bench.pass_ms(10);
    CHECK(bench.said() == Bytes{0xaa, 0});
    CHECK(bench.tell({0xf2}) == Bytes{0xfa, 0});
    CHECK(bench.tell({0xe8, 3}) == Bytes{0xfa, 0xfa});
    CHECK(bench.tell({0xf3, 40}) == Bytes{0xfa, 0xfa});
    CHECK(bench.tell({0xe7}) == Bytes{0xfa});
    CHECK(bench.tell({0xf4}) == Bytes{0xfa});
    CHECK(bench.tell({0xe9}) == Bytes{0xfa, 0x30, 3, 40});
    CHECK(bench.tell({0xf6}) == Bytes{0xfa});
    CHECK(bench.tell({0xe9}) == Bytes{0xfa, 0, 2, 100});
    CHECK(bench.tell({0xe8, 9, 1}) == Bytes{0xfa, 0xfe, 0xfa});
    CHECK(bench.tell({0xe1}) == Bytes{0xfe});
    CHECK(bench.tell({0xee, 0x12, 0xf2, 0xec}) == Bytes{0xfa, 0x12, 0xf2, 0xfa});
    CHECK(bench.tell({0xf2}) == Bytes{0xfa, 0});
}

TEST_CASE("Mouse: reports movement and buttons", "[devices][mouse]") {
    Bench bench;
    CHECK(bench.move(5, 5).empty());  // Not before it is enabled.
    bench.tell({0xf4});
    CHECK(bench.move(5, 3) == Bytes{0x28, 5, 0xfd});
    // At most 100 times a second.
    CHECK(bench.move(-1, -2).empty());
    CHECK(bench.move(-1, -2, 1).empty());
    bench.pass_ms(10);
    CHECK(bench.said() == Bytes{0x19, 0xfe, 4});
    bench.pass_ms(10);
    CHECK(bench.said().empty());
    CHECK(bench.move(0, 0) == Bytes{0x08, 0, 0});
    bench.pass_ms(10);
    CHECK(bench.move(0, 0, 0, 5).empty());  // No wheel yet.
}

TEST_CASE("Mouse: far movements take several reports", "[devices][mouse]") {
    Bench bench;
    bench.tell({0xf4});
    CHECK(bench.move(300, 0) == Bytes{0x08, 255, 0});
    bench.pass_ms(10);
    CHECK(bench.said() == Bytes{0x08, 45, 0});
}

TEST_CASE("Mouse: a report waits until the last one is out", "[devices][mouse]") {
    Bench bench;
    bench.tell({0xf4});
    bench.mouse.moved(Bytes{0, 1, 0, 0, 0, 0});
    for (u8 i = 0; i < 5; ++i) {
        bench.mouse.moved(Bytes{0, 1, 0, 0, 0, 0});
        bench.pass_ms(20);
    }
    CHECK(bench.said() == Bytes{0x08, 1, 0, 0x08, 5, 0});
}

TEST_CASE("Mouse: the wheel and five buttons, once knocked for", "[devices][mouse]") {
    Bench bench;
    bench.tell({0xf3, 200, 0xf3, 100, 0xf3, 80});
    CHECK(bench.tell({0xf2}) == Bytes{0xfa, 3});
    bench.tell({0xf4});
    CHECK(bench.move(0, 0, 0, 1) == Bytes{0x08, 0, 0, 0xff});
    bench.pass_ms(20);
    CHECK(bench.move(0, 0, 8).empty());
    bench.tell({0xf3, 200, 0xf3, 200, 0xf3, 80});
    CHECK(bench.tell({0xf2}) == Bytes{0xfa, 4});
    bench.pass_ms(20);
    CHECK(bench.move(0, 0, 0x18, -2) == Bytes{0x08, 0, 0, 0x32});
    bench.tell({0xff});
    bench.pass_ms(10);
    bench.said();
    CHECK(bench.tell({0xf2}) == Bytes{0xfa, 0});
}

TEST_CASE("Mouse: remote mode answers when asked", "[devices][mouse]") {
    Bench bench;
    bench.tell({0xf0, 0xf4});
    CHECK(bench.move(7, 0).empty());
    CHECK(bench.tell({0xeb}) == Bytes{0xfa, 0x08, 7, 0});
    CHECK(bench.tell({0xeb}) == Bytes{0xfa, 0x08, 0, 0});
    bench.tell({0xea});
    CHECK(bench.move(7, 0) == Bytes{0x08, 7, 0});
}

TEST_CASE("Mouse: scaling 2:1", "[devices][mouse]") {
    Bench bench;
    bench.tell({0xe7, 0xf4});
    const std::vector<std::pair<i16, u8>> counts = {{1, 1}, {2, 1}, {3, 3},
                                                    {4, 6}, {5, 9}, {6, 12}};
    for (const auto& [moved, reported] : counts) {
        CHECK(bench.move(moved, 0) == Bytes{0x08, reported, 0});
        bench.pass_ms(10);
    }
}

TEST_CASE("Mouse: state survives a snapshot", "[devices][mouse][snapshot]") {
    Bench bench;
    bench.tell({0xf3, 200, 0xf3, 100, 0xf3, 80, 0xf4});
    bench.mouse.moved(Bytes{1, 1, 2, 3, 4, 5});
    bench.mouse.receive(0xe8);
    Bench restored;
    test::check_state_survives(bench.mouse, restored.mouse);
    CHECK(restored.told == 0);
}

TEST_CASE("Mouse: bears any bytes at any time", "[devices][mouse][hostile]") {
    Bench bench;
    u64 random = 1;
    for (int i = 0; i < 100'000; ++i) {
        random = random * 6364136223846793005 + 1442695040888963407;
        const u64 what = random >> 33;
        bench.mouse.receive(static_cast<u8>(what % 3 ? what >> 8 | 0xe0 : what >> 8));
        bench.mouse.moved(std::vector<u8>(what % 20, static_cast<u8>(what >> 16)));
        if (what % 5 == 0) bench.pass_ms(100);
        if (what % 7 == 0) bench.said();
    }
    bench.mouse.reset(fabric::ResetKind::PowerOn);
    CHECK(bench.mouse.state() == Ps2Mouse::State{});
    CHECK_FALSE(bench.events.next_deadline().has_value());
}

TEST_CASE("Mouse: bears any state", "[devices][mouse][hostile][snapshot]") {
    Bench bench;
    bench.tell({0xf3, 200, 0xf3, 100, 0xf3, 80, 0xf4});
    bench.mouse.moved(Bytes{1, 1, 2, 3, 4, 5});
    Bench fresh;
    test::check_survives_damaged_state(bench.mouse, fresh.mouse, [&] {
        fresh.mouse.moved(Bytes{0x1f, 0xff, 0x7f, 0x00, 0x80, 0x80});
        for (u8 byte = 0xe6; byte != 0; ++byte) fresh.mouse.receive(byte);
        fresh.pass_ms(600);
        fresh.said();
    });
}
