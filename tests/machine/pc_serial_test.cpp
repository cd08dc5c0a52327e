// SPDX-License-Identifier: BSD-2-Clause
//
// Four serial ports, two to an interrupt.
#include "machine/board/pc_serial.hpp"

#include <catch2/catch.hpp>

#include "devices/serial/uart16550_registers.hpp"
#include "tests/machine/guest.hpp"
#include "tests/support/recording_irq_sink.hpp"

using namespace devices::uart;
using machine::PcSerial;

namespace {

constexpr std::array<u64, PcSerial::count> first_ports = {0x3f8, 0x2f8, 0x3e8, 0x2e8};
constexpr u64 data = 0;
constexpr u64 interrupt_enable = 1;
constexpr u64 interrupt_ident = 2;
constexpr u64 modem_control = 4;
constexpr u64 modem_status = 6;

/// Levels by interrupt.
struct Levels final : fabric::IrqSink {
    std::array<bool, machine::IrqJoin::interrupts> high{};
    void set_level(u32 input, bool level) override { high.at(input) = level; }
};

struct Bench {
    fabric::Trace trace;
    fabric::EventQueue events;
    Levels levels;
    machine::IrqJoin irqs{levels};
    std::array<test::Collected, 2> lines;
    fabric::IoSpace ports{"ports"};
    PcSerial serial{events, irqs, {&lines[0], nullptr, &lines[1], nullptr}, trace};

    Bench() { REQUIRE(serial.map(ports)); }
    u64 in(usize port, u64 offset) { return ports.read(first_ports[port] + offset, 1); }
    void out(usize port, u64 offset, u8 value) {
        ports.write(first_ports[port] + offset, 1, value);
    }
};

}  // namespace

TEST_CASE("PC serial ports: each is where drivers look, on its own line", "[machine][serial]") {
    Bench bench;
    for (usize i = 0; i < PcSerial::count; ++i) bench.out(i, data, static_cast<u8>('1' + i));
    CHECK(bench.lines[0].text == "1");
    CHECK(bench.lines[1].text == "3");
    std::array<u8, 1> key = {'k'};
    bench.serial.port(3).receive(key);
    CHECK(bench.in(3, data) == 'k');
    CHECK(bench.in(1, data) == 0);
}

TEST_CASE("PC serial ports: two share an interrupt and neither loses the other's",
          "[machine][serial]") {
    const auto [one, other, line] = GENERATE(table<usize, usize, u32>({{0, 2, 4}, {1, 3, 3}}));
    Bench bench;
    // An empty transmitter interrupts as soon as it may.
    for (const usize port : {one, other}) {
        bench.out(port, modem_control, mcr::Out2);
        bench.out(port, interrupt_enable, ier::TransmitterEmpty);
    }
    CHECK(bench.levels.high[line]);
    CHECK((bench.in(one, interrupt_ident) & 0x0f) == iir::TransmitterEmpty);
    CHECK(bench.levels.high[line]);
    CHECK((bench.in(other, interrupt_ident) & 0x0f) == iir::TransmitterEmpty);
    CHECK_FALSE(bench.levels.high[line]);
}

TEST_CASE("PC serial ports: far ends come and go, whatever a recording says", "[machine][serial]") {
    Bench bench;
    CHECK(bench.in(1, modem_status) != 0);
    constexpr std::array<u8, 7> changes = {1, 0, 200, 0, 2, 0, 1};
    bench.serial.lines_changed(changes);
    CHECK((bench.in(1, modem_status) & 0xf0) == 0);
    CHECK((bench.in(2, modem_status) & 0xf0) == 0);
    CHECK((bench.in(0, modem_status) & 0xf0) != 0);
}
