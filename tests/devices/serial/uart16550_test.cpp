// SPDX-License-Identifier: BSD-2-Clause
#include "devices/serial/uart16550.hpp"

#include <catch2/catch.hpp>

#include <string>

#include "devices/serial/uart16550_registers.hpp"
#include "tests/support/device_conformance.hpp"
#include "tests/support/recording_irq_sink.hpp"

using namespace devices;
using namespace devices::uart;

namespace {

struct CapturedLine final : fabric::ByteSink {
    void accept(u8 byte) override { text += static_cast<char>(byte); }
    std::string text;
};

/// A UART on a bench: the wires end in things a test can look at.
struct Bench {
    fabric::EventQueue events;
    test::RecordingIrqSink irq;
    CapturedLine line;
    Uart16550 uart{{.name = "com1"}, {events, fabric::IrqLine{irq, 4}, line}};

    u8 in(Register reg) { return static_cast<u8>(uart.read(static_cast<u64>(reg), 1)); }
    void out(Register reg, u8 value) { uart.write(static_cast<u64>(reg), 1, value); }
    void send(std::string_view text) {
        uart.receive({reinterpret_cast<const u8*>(text.data()), text.size()});
    }
    void pass(u64 ns) { events.run_until(events.now() + fabric::VmDuration{ns}); }

    void enable_interrupts(u8 which) {
        out(Register::ModemControl, mcr::Out2);
        out(Register::InterruptEnable, which);
    }
};

constexpr u64 character_ns = 1'041'666;  // 10 bits at 9600 baud.

}  // namespace

TEST_CASE("16550: a character leaves at the line rate", "[devices][uart16550]") {
    Bench bench;
    bench.out(Register::LineControl, 3);  // 8N1.
    bench.out(Register::Data, 'A');
    bench.out(Register::Data, 'B');

    CHECK(bench.line.text == "A");
    CHECK((bench.in(Register::LineStatus)&lsr::HoldingEmpty) == 0);

    bench.pass(character_ns);
    CHECK(bench.line.text == "AB");
    CHECK((bench.in(Register::LineStatus)&lsr::HoldingEmpty) != 0);
    CHECK((bench.in(Register::LineStatus)&lsr::TransmitterIdle) == 0);

    bench.pass(character_ns);
    CHECK((bench.in(Register::LineStatus)&lsr::TransmitterIdle) != 0);
}

TEST_CASE("16550: THRE interrupts when enabled over an empty transmitter", "[devices][uart16550]") {
    Bench bench;
    bench.enable_interrupts(ier::TransmitterEmpty);
    CHECK(bench.irq.level);

    SECTION("reading IIR acknowledges it") {
        CHECK(bench.in(Register::InterruptIdent) == iir::TransmitterEmpty);
        CHECK_FALSE(bench.irq.level);
    }
    SECTION("clearing OUT2 holds the pin off the bus but keeps the cause") {
        bench.out(Register::ModemControl, 0);
        CHECK_FALSE(bench.irq.level);
        CHECK(bench.in(Register::InterruptIdent) == iir::TransmitterEmpty);
    }
}

TEST_CASE("16550: a received character is lost when there is no room", "[devices][uart16550]") {
    Bench bench;
    const bool fifos = GENERATE(false, true);
    CAPTURE(fifos);
    bench.out(Register::LineControl, 3);
    if (fifos) bench.out(Register::InterruptIdent, fcr::EnableFifos);

    const std::string sent = "0123456789abcdefX";
    bench.send(sent);
    bench.pass(sent.size() * character_ns);

    CHECK((bench.in(Register::LineStatus)&lsr::Overrun) != 0);
    CHECK((bench.in(Register::LineStatus)&lsr::Overrun) == 0);  // Reading LSR clears it.
    CHECK(bench.in(Register::Data) == (fifos ? '0' : 'X'));
}

TEST_CASE("16550: state survives a snapshot", "[devices][uart16550][snapshot]") {
    Bench bench;
    bench.out(Register::InterruptIdent, fcr::EnableFifos);
    bench.out(Register::LineControl, lcr::DivisorLatch);
    bench.out(Register::Data, 1);  // 115200 baud.
    bench.out(Register::LineControl, 3);
    bench.out(Register::Scratch, 0x5a);
    bench.enable_interrupts(ier::DataAvailable | ier::TransmitterEmpty | ier::LineStatus);
    bench.out(Register::Data, 'A');
    bench.out(Register::Data, 'B');
    bench.out(Register::ModemControl, mcr::Loopback | mcr::Out2);
    bench.send("hello");

    Bench restored;
    test::check_state_survives(bench.uart, restored.uart);
    CHECK(restored.irq.times_driven == 0);
    CHECK(restored.line.text.empty());
}

TEST_CASE("16550: conforms to the rules of every device", "[devices][uart16550][hostile]") {
    Bench bench;
    test::check_survives_any_access(bench.uart, 8, 1);
}

TEST_CASE("16550: characters arrive at the line rate", "[devices][uart16550]") {
    Bench bench;
    bench.out(Register::LineControl, 3);
    bench.send("abc");
    std::string got;
    for (int i = 0; i < 3; ++i) {
        CHECK((bench.in(Register::LineStatus)&lsr::DataReady) != 0);
        got += static_cast<char>(bench.in(Register::Data));
        CHECK((bench.in(Register::LineStatus)&lsr::DataReady) == 0);
        bench.pass(character_ns);
    }
    CHECK(got == "abc");
    CHECK((bench.in(Register::LineStatus)&lsr::Overrun) == 0);
}

TEST_CASE("16550: a FIFO interrupts at its trigger level", "[devices][uart16550]") {
    const auto [select, level] = GENERATE(table<u8, usize>({{0, 1}, {1, 4}, {2, 8}, {3, 14}}));
    CAPTURE(level);
    Bench bench;
    bench.out(Register::LineControl, 3);
    bench.out(Register::InterruptIdent, static_cast<u8>(fcr::EnableFifos | select << 6));
    bench.enable_interrupts(ier::DataAvailable);
    bench.send(std::string(level, 'x'));
    if (level > 1) {
        bench.pass((level - 1) * character_ns - 100);
        CHECK_FALSE(bench.irq.level);
        bench.pass(100);
    }
    CHECK(bench.irq.level);
    CHECK(bench.in(Register::InterruptIdent) == (iir::DataAvailable | iir::FifosEnabled));
    bench.in(Register::Data);
    CHECK_FALSE(bench.irq.level);
}

TEST_CASE("16550: fewer characters than the trigger level time out", "[devices][uart16550]") {
    Bench bench;
    bench.out(Register::LineControl, 3);
    bench.out(Register::InterruptIdent, fcr::EnableFifos | 0xc0);
    bench.enable_interrupts(ier::DataAvailable);
    bench.send("ab");
    bench.pass(5 * character_ns - 100);
    CHECK_FALSE(bench.irq.level);
    bench.pass(200);
    CHECK(bench.irq.level);
    CHECK(bench.in(Register::InterruptIdent) == (iir::CharacterTimeout | iir::FifosEnabled));
    CHECK(bench.irq.level);  // Only reading a character takes it back.
    bench.in(Register::Data);
    CHECK_FALSE(bench.irq.level);
    bench.pass(4 * character_ns + 10);
    CHECK(bench.irq.level);  // One is left.
    bench.in(Register::Data);
    bench.pass(10 * character_ns);
    CHECK_FALSE(bench.irq.level);
}

TEST_CASE("16550: loopback joins the modem lines and the data path", "[devices][uart16550]") {
    Bench bench;
    bench.out(Register::LineControl, 3);
    CHECK(bench.in(Register::ModemStatus) ==
          (msr::CarrierDetect | msr::DataSetReady | msr::ClearToSend));
    // What Linux does to find out whether there is a UART (serial8250, autoconfig).
    bench.out(Register::ModemControl, mcr::Loopback | mcr::Out2 | mcr::RequestToSend);
    CHECK((bench.in(Register::ModemStatus)&0xf0) == (msr::CarrierDetect | msr::ClearToSend));
    CHECK((bench.in(Register::ModemStatus)&msr::Deltas) == 0);  // Reading took them.

    bench.out(Register::ModemControl, mcr::Loopback | mcr::Out1);
    CHECK(bench.in(Register::ModemStatus) ==
          (msr::Ring | msr::DeltaCarrierDetect | msr::DeltaClearToSend));
    bench.out(Register::ModemControl, mcr::Loopback);
    CHECK(bench.in(Register::ModemStatus) == msr::TrailingEdgeRing);

    bench.out(Register::Data, 'L');
    CHECK(bench.in(Register::Data) == 'L');
    bench.send("x");
    CHECK((bench.in(Register::LineStatus)&lsr::DataReady) == 0);
    CHECK(bench.line.text.empty());
}

TEST_CASE("16550: the modem lines tell who is at the far end", "[devices][uart16550]") {
    constexpr u8 there = msr::CarrierDetect | msr::DataSetReady | msr::ClearToSend;
    Bench bench;
    bench.enable_interrupts(ier::ModemStatus);
    CHECK_FALSE(bench.irq.level);

    bench.uart.set_far_end(false);
    CHECK(bench.irq.level);
    CHECK((bench.in(Register::InterruptIdent)&0x0f) == iir::ModemStatus);
    CHECK(bench.in(Register::ModemStatus) ==
          (msr::DeltaCarrierDetect | msr::DeltaDataSetReady | msr::DeltaClearToSend));
    CHECK_FALSE(bench.irq.level);
    bench.uart.set_far_end(false);  // No change.
    CHECK(bench.in(Register::ModemStatus) == 0);

    bench.uart.reset(fabric::ResetKind::Platform);  // Nobody is there yet.
    CHECK(bench.in(Register::ModemStatus) == 0);
    bench.uart.set_far_end(true);
    CHECK((bench.in(Register::ModemStatus)&0xf0) == there);

    bench.out(Register::ModemControl, mcr::Loopback);
    bench.in(Register::ModemStatus);
    bench.uart.set_far_end(false);  // Not seen in loopback...
    CHECK(bench.in(Register::ModemStatus) == 0);
    bench.uart.set_far_end(true);
    bench.out(Register::ModemControl, 0);  // ...but after it.
    CHECK((bench.in(Register::ModemStatus)&0xf0) == there);
}

TEST_CASE("16550: causes are told in order of urgency", "[devices][uart16550]") {
    Bench bench;
    bench.out(Register::LineControl, 3);
    bench.enable_interrupts(0x0f);
    bench.out(Register::ModemControl, mcr::Out2 | mcr::Loopback);
    bench.out(Register::ModemControl, mcr::Out2);
    bench.send("ab");
    bench.pass(character_ns);
    CHECK(bench.in(Register::InterruptIdent) == iir::LineStatus);
    bench.in(Register::LineStatus);
    CHECK(bench.in(Register::InterruptIdent) == iir::DataAvailable);
    bench.in(Register::Data);
    CHECK(bench.in(Register::InterruptIdent) == iir::TransmitterEmpty);
    CHECK(bench.in(Register::InterruptIdent) == iir::ModemStatus);
    bench.in(Register::ModemStatus);
    CHECK(bench.in(Register::InterruptIdent) == iir::NonePending);
    CHECK_FALSE(bench.irq.level);
}

TEST_CASE("16550: a platform reset keeps scratch and divisor", "[devices][uart16550]") {
    Bench bench;
    bench.out(Register::LineControl, lcr::DivisorLatch);
    bench.out(Register::Data, 3);
    bench.out(Register::LineControl, 3);
    bench.out(Register::Scratch, 0x77);
    bench.enable_interrupts(0x0f);
    bench.uart.reset(fabric::ResetKind::Platform);
    Uart16550::State expected;
    expected.scratch = 0x77;
    expected.divisor = 3;
    CHECK(bench.uart.state() == expected);
    CHECK_FALSE(bench.irq.level);
}

TEST_CASE("16550: a flood from the host is bounded", "[devices][uart16550][hostile]") {
    Bench bench;
    bench.send(std::string(1'000'000, 'x'));
    CHECK(bench.uart.state().on_the_line.size() < 70'000);
    bench.out(Register::LineControl, lcr::DivisorLatch);
    bench.out(Register::Data, 0);  // A divisor of zero must not stop time.
    bench.pass(1'000'000);
}
