// SPDX-License-Identifier: BSD-2-Clause
//
// Controller, keyboard and mouse wired together as a board does it, with drivers' own sequences.
#include <catch2/catch.hpp>

#include <memory>
#include <vector>

#include "devices/input/i8042.hpp"
#include "devices/input/i8042_registers.hpp"
#include "devices/input/ps2_keyboard.hpp"
#include "devices/input/ps2_mouse.hpp"
#include "tests/support/device_conformance.hpp"
#include "tests/support/recording_irq_sink.hpp"

using namespace devices;
using namespace devices::i8042;

namespace {

struct Bench {
    fabric::EventQueue events;
    test::RecordingIrqSink irq1, irq12;
    Ps2Keyboard keyboard{{}, {events, [this] { controller.data_ready(); }}};
    Ps2Mouse mouse{{}, {events, [this] { controller.data_ready(); }}};
    I8042 controller{{}, {events, {irq1, 1}, {irq12, 12}, {}, [] {}, keyboard, mouse}};

    Bench() {
        keyboard.reset(fabric::ResetKind::PowerOn);
        mouse.reset(fabric::ResetKind::PowerOn);
        controller.reset(fabric::ResetKind::PowerOn);
    }

    u8 status() { return static_cast<u8>(controller.command_port().read(0, 1)); }
    u8 data() { return static_cast<u8>(controller.data_port().read(0, 1)); }
    void command(u8 value) { controller.command_port().write(0, 1, value); }
    void data(u8 value) { controller.data_port().write(0, 1, value); }
    void pass_us(u64 us) { events.run_until(events.now() + fabric::VmDuration{us * 1000}); }

    /// Polls as a driver does: -1 after a second.
    int poll() {
        for (int waited = 0; waited < 20'000; ++waited) {
            if (status() & status::OutputFull) return data();
            pass_us(50);
        }
        return -1;
    }
    std::vector<int> ask_keyboard(std::initializer_list<u8> bytes, int answers) {
        for (const u8 byte : bytes) data(byte);
        return answers_of(answers);
    }
    std::vector<int> ask_mouse(u8 byte, int answers) {
        command(command::WriteAuxiliary);
        data(byte);
        return answers_of(answers);
    }
    std::vector<int> answers_of(int count) {
        std::vector<int> got;
        while (count-- > 0) got.push_back(poll());
        return got;
    }

    void save(std::vector<std::vector<u8>>& into) const {
        fabric::StateWriter queue;
        events.save(queue);
        into = {test::saved(keyboard),
                test::saved(mouse),
                test::saved(controller),
                {queue.bytes().begin(), queue.bytes().end()}};
    }
    void restore(const std::vector<std::vector<u8>>& from) {
        fabric::StateReader first(from[0]), second(from[1]), third(from[2]), queue(from[3]);
        REQUIRE(keyboard.restore(first).has_value());
        REQUIRE(mouse.restore(second).has_value());
        REQUIRE(controller.restore(third).has_value());
        REQUIRE(events.restore(queue).has_value());
    }
};

}  // namespace

TEST_CASE("PS/2: as firmware finds a keyboard", "[devices][i8042][keyboard]") {
    Bench bench;
    bench.command(command::SelfTest);
    CHECK(bench.poll() == self_test_passed);
    bench.command(command::TestKeyboard);
    CHECK(bench.poll() == 0);
    CHECK(bench.ask_keyboard({0xff}, 2) == std::vector{0xfa, 0xaa});
    CHECK(bench.ask_keyboard({0xf5}, 1) == std::vector{0xfa});
    bench.command(command::WriteRam);
    bench.data(control::Translate | control::KeyboardInterrupt);
    CHECK(bench.ask_keyboard({0xf2}, 3) == std::vector{0xfa, 0xab, 0x41});
    CHECK(bench.ask_keyboard({0xf0}, 1) == std::vector{0xfa});
    CHECK(bench.ask_keyboard({0x02}, 1) == std::vector{0xfa});
    CHECK(bench.ask_keyboard({0xf4}, 1) == std::vector{0xfa});
    bench.keyboard.keys(std::vector<u8>{0x04, 1, 0x04, 0});
    CHECK(bench.answers_of(2) == std::vector{0x1e, 0x9e});
}

TEST_CASE("PS/2: as drivers find a wheel mouse", "[devices][i8042][mouse]") {
    Bench bench;
    CHECK(bench.ask_mouse(0xff, 3) == std::vector{0xfa, 0xaa, 0x00});
    for (const u8 rate : {u8{200}, u8{100}, u8{80}}) {
        CHECK(bench.ask_mouse(0xf3, 1) == std::vector{0xfa});
        CHECK(bench.ask_mouse(rate, 1) == std::vector{0xfa});
    }
    CHECK(bench.ask_mouse(0xf2, 2) == std::vector{0xfa, 3});
    CHECK(bench.ask_mouse(0xf4, 1) == std::vector{0xfa});
    bench.mouse.moved(std::vector<u8>{1, 2, 0, 3, 0, 1});
    CHECK(bench.answers_of(4) == std::vector{0x29, 2, 0xfd, 0xff});
    bench.pass_us(100'000);
    CHECK(bench.status() == status::Unlocked);
}

TEST_CASE("PS/2: a run cut by checkpoints is the run that was not", "[devices][i8042][snapshot]") {
    Bench whole;
    auto piece = std::make_unique<Bench>();
    u64 random = 1;
    for (int i = 0; i < 3'000; ++i) {
        random = random * 6364136223846793005 + 1442695040888963407;
        const u64 what = random >> 33;
        for (Bench* bench : {&whole, piece.get()}) {
            const u8 byte = static_cast<u8>(what >> 8);
            if (what % 11 == 0) bench->command(static_cast<u8>(what % 2 ? 0xd4 : byte & 0x7f));
            if (what % 7 == 0) bench->data(static_cast<u8>(byte | 0xe0));
            if (what % 3 == 0)
                bench->keyboard.keys(std::vector<u8>{byte, static_cast<u8>(what >> 5 & 1)});
            if (what % 5 == 0) bench->mouse.moved(std::vector<u8>{byte, byte, 0, byte, 0, 1});
            if (what % 2 == 0) bench->data();
            bench->pass_us(what % 1000);
        }
        if (what % 13 == 0) {
            std::vector<std::vector<u8>> state;
            piece->save(state);
            const bool high1 = piece->irq1.level, high12 = piece->irq12.level;
            piece = std::make_unique<Bench>();
            piece->restore(state);
            piece->irq1.level = high1;
            piece->irq12.level = high12;
        }
        REQUIRE(piece->controller.state() == whole.controller.state());
        REQUIRE(piece->keyboard.state() == whole.keyboard.state());
        REQUIRE(piece->mouse.state() == whole.mouse.state());
        REQUIRE(piece->irq1.level == whole.irq1.level);
        REQUIRE(piece->irq12.level == whole.irq12.level);
    }
}
