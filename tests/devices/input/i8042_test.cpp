// SPDX-License-Identifier: BSD-2-Clause
#include "devices/input/i8042.hpp"

#include <catch2/catch.hpp>

#include <deque>
#include <vector>

#include "devices/input/i8042_registers.hpp"
#include "tests/support/device_conformance.hpp"
#include "tests/support/recording_irq_sink.hpp"

using namespace devices;
using namespace devices::i8042;

namespace {

/// The far end of a line: sends what the test gives it, and keeps what it gets.
struct FakeDevice final : Ps2Device {
    void receive(u8 byte) override { got.push_back(byte); }
    bool has_byte() const override { return !to_send.empty(); }
    u8 take_byte() override {
        const u8 byte = to_send.front();
        to_send.pop_front();
        return byte;
    }
    std::vector<u8> got;
    std::deque<u8> to_send;
};

struct Bench {
    fabric::EventQueue events;
    test::RecordingIrqSink irq1, irq12, a20;
    int resets = 0;
    FakeDevice keyboard, mouse;
    I8042 controller{
        {}, {events, {irq1, 1}, {irq12, 12}, {a20, 0}, [this] { ++resets; }, keyboard, mouse}};

    Bench() { controller.reset(fabric::ResetKind::PowerOn); }

    u8 status() { return static_cast<u8>(controller.command_port().read(0, 1)); }
    u8 data() { return static_cast<u8>(controller.data_port().read(0, 1)); }
    void command(u8 value) { controller.command_port().write(0, 1, value); }
    void data(u8 value) { controller.data_port().write(0, 1, value); }
    u8 ask(u8 value) {
        command(value);
        REQUIRE((status() & status::OutputFull) != 0);
        return data();
    }
    void set_control(u8 value) {
        command(command::WriteRam);
        data(value);
    }
    void send(FakeDevice& device, std::initializer_list<u8> bytes) {
        device.to_send.insert(device.to_send.end(), bytes);
        controller.data_ready();
    }
    void pass_bytes(u64 count) {
        events.run_until(events.now() + fabric::VmDuration{count * 660'000});
    }
};

}  // namespace

TEST_CASE("8042: what firmware asks at power-on", "[devices][i8042]") {
    Bench bench;
    CHECK(bench.status() == status::Unlocked);
    CHECK(bench.a20.level);
    CHECK(bench.ask(command::SelfTest) == self_test_passed);
    CHECK(bench.ask(command::TestKeyboard) == 0);
    CHECK(bench.ask(command::TestAuxiliary) == 0);
    CHECK(bench.ask(command::TestPassword) == no_password);
    CHECK((bench.status() & status::SystemFlag) != 0);
    bench.set_control(0x65);
    CHECK(bench.ask(command::ReadRam) == 0x65);
    bench.command(command::DisableAuxiliary);
    CHECK(bench.ask(command::ReadRam) == 0x65);
    bench.command(command::EnableAuxiliary);
    CHECK(bench.ask(command::ReadRam) == 0x45);
    bench.command(command::WriteRam + 5);
    bench.data(0x77);
    CHECK(bench.ask(command::ReadRam + 5) == 0x77);
}

TEST_CASE("8042: a key arrives a byte's time later, translated, by IRQ 1", "[devices][i8042]") {
    Bench bench;
    bench.set_control(control::Translate | control::KeyboardInterrupt);
    bench.send(bench.keyboard, {0x1c, 0xf0, 0x1c});
    CHECK_FALSE(bench.irq1.level);
    bench.pass_bytes(1);
    CHECK(bench.irq1.level);
    CHECK(bench.status() == (status::Unlocked | status::OutputFull));
    bench.pass_bytes(10);  // It waits to be read.
    CHECK(bench.data() == 0x1e);
    CHECK_FALSE(bench.irq1.level);
    bench.pass_bytes(2);  // The prefix goes into the next byte.
    CHECK(bench.irq1.level);
    CHECK(bench.data() == 0x9e);

    bench.set_control(control::KeyboardInterrupt);
    bench.send(bench.keyboard, {0xf0});
    bench.pass_bytes(1);
    CHECK(bench.data() == 0xf0);
}

TEST_CASE("8042: the mouse arrives untranslated, by IRQ 12", "[devices][i8042]") {
    Bench bench;
    bench.set_control(control::Translate | control::AuxiliaryInterrupt);
    bench.send(bench.mouse, {0x1c});
    bench.pass_bytes(1);
    CHECK(bench.irq12.level);
    CHECK_FALSE(bench.irq1.level);
    CHECK((bench.status() & status::AuxiliaryData) != 0);
    CHECK(bench.ask(command::ReadOutputPort) == 0x1c);  // First come, first read.
    CHECK(bench.data() == 0xe3);                        // As it was when asked for: IRQ 12 up.
}

TEST_CASE("8042: a disabled line holds its device", "[devices][i8042]") {
    Bench bench;
    bench.send(bench.keyboard, {0x1c});
    bench.command(command::DisableKeyboard);  // In the midst of the byte.
    bench.pass_bytes(3);
    CHECK((bench.status() & status::OutputFull) == 0);
    bench.command(command::EnableKeyboard);
    bench.pass_bytes(1);
    CHECK(bench.data() == 0x1e);
}

TEST_CASE("8042: bytes to devices take their time, one after the other", "[devices][i8042]") {
    Bench bench;
    bench.command(command::WriteAuxiliary);
    bench.data(0xf4);
    CHECK((bench.status() & status::InputFull) == 0);
    bench.data(0xed);
    CHECK((bench.status() & status::InputFull) != 0);
    CHECK(bench.mouse.got.empty());
    bench.pass_bytes(1);
    CHECK(bench.mouse.got == std::vector<u8>{0xf4});
    CHECK((bench.status() & status::InputFull) == 0);
    CHECK(bench.keyboard.got.empty());
    bench.pass_bytes(1);
    CHECK(bench.keyboard.got == std::vector<u8>{0xed});
}

TEST_CASE("8042: the buffers may be written, as drivers do to find IRQ 12", "[devices][i8042]") {
    Bench bench;
    bench.set_control(control::KeyboardInterrupt | control::AuxiliaryInterrupt);
    bench.command(command::WriteAuxiliaryBuffer);
    bench.data(0x5a);
    CHECK(bench.irq12.level);
    CHECK((bench.status() & status::AuxiliaryData) != 0);
    CHECK(bench.data() == 0x5a);
    bench.command(command::WriteKeyboardBuffer);
    bench.data(0xa5);
    CHECK(bench.irq1.level);
    CHECK(bench.data() == 0xa5);
}

TEST_CASE("8042: A20 and reset", "[devices][i8042]") {
    Bench bench;
    bench.command(command::WriteOutputPort);
    bench.data(output_port::NotReset);
    CHECK_FALSE(bench.a20.level);
    CHECK((bench.ask(command::ReadOutputPort) & output_port::A20) == 0);
    bench.command(command::A20On);
    CHECK(bench.a20.level);
    CHECK(bench.resets == 0);
    bench.command(0xff);  // Pulses nothing.
    CHECK(bench.resets == 0);
    bench.command(0xfe);
    CHECK(bench.resets == 1);
    bench.command(command::WriteOutputPort);
    bench.data(output_port::A20);
    CHECK(bench.resets == 2);
}

TEST_CASE("8042: state survives a snapshot", "[devices][i8042][snapshot]") {
    Bench bench;
    bench.set_control(control::Translate | control::KeyboardInterrupt);
    bench.send(bench.keyboard, {0xf0, 0x1c});
    bench.pass_bytes(1);
    bench.command(command::TestPassword);
    bench.command(command::ReadRam);
    bench.command(command::WriteAuxiliary);
    bench.data(0xf4);
    bench.data(0xf3);
    bench.command(command::WriteAuxiliary);
    Bench restored;
    restored.irq1.times_driven = restored.a20.times_driven = 0;
    test::check_state_survives(bench.controller, restored.controller);
    CHECK(restored.irq1.times_driven == 0);
    CHECK(restored.a20.times_driven == 0);
}

TEST_CASE("8042: conforms to the rules of every device", "[devices][i8042][hostile]") {
    Bench bench;
    struct BothPorts final : fabric::Device {
        explicit BothPorts(I8042& the_controller) : controller(the_controller) {}
        std::string_view name() const override { return "i8042"; }
        void reset(fabric::ResetKind kind) override { controller.reset(kind); }
        void save(fabric::StateWriter& out) const override { controller.save(out); }
        fabric::Result<> restore(fabric::StateReader& in) override {
            return controller.restore(in);
        }
        fabric::IoHandler& port(u64 offset) {
            return offset == 0 ? controller.data_port() : controller.command_port();
        }
        u64 read(u64 offset, u32 size) { return port(offset).read(0, size); }
        void write(u64 offset, u32 size, u64 value) { port(offset).write(0, size, value); }
        I8042& controller;
    } device(bench.controller);
    test::check_survives_any_access(device, 2, 1);

    u64 random = 1;
    for (int i = 0; i < 50'000; ++i) {
        random = random * 6364136223846793005 + 1442695040888963407;
        const u64 what = random >> 33;
        device.write(what & 1, 1, what >> 8 & 0xff);
        if (what & 2) static_cast<void>(bench.data());
        if ((what & 0x1c) == 0)
            bench.send(what & 0x20 ? bench.keyboard : bench.mouse, {0xf0, 0x12});
        if ((what & 0xe0) == 0) bench.pass_bytes(1);
    }
}

TEST_CASE("8042: bears any state", "[devices][i8042][hostile][snapshot]") {
    Bench bench;
    bench.send(bench.keyboard, {0xf0, 0x1c});
    bench.command(command::ReadRam);
    bench.command(command::ReadRam);
    bench.data(0xf4);
    bench.data(0xf3);
    bench.command(command::WriteRam + 3);
    Bench fresh;
    test::check_survives_damaged_state(bench.controller, fresh.controller, [&] {
        fresh.send(fresh.mouse, {1});
        fresh.pass_bytes(2);
        fresh.data(fresh.status());
        fresh.data(fresh.data());
        fresh.command(fresh.data());
        fresh.pass_bytes(2);
    });
}
