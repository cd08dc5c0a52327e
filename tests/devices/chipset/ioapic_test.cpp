// SPDX-License-Identifier: BSD-2-Clause
#include "devices/chipset/ioapic.hpp"

#include <catch2/catch.hpp>

#include <vector>

#include "devices/chipset/ioapic_registers.hpp"
#include "tests/support/device_conformance.hpp"

using devices::IoApic;
using fabric::MsiMessage;
using namespace devices::ioapic;

namespace {

struct Messages final : fabric::MsiSink {
    void deliver(MsiMessage message) override { sent.push_back(message); }
    std::vector<MsiMessage> sent;
};

struct Bench {
    Messages messages;
    IoApic ioapic{{}, {messages}};

    u32 read(u8 which) {
        ioapic.write(select_offset, 4, which);
        return static_cast<u32>(ioapic.read(window_offset, 4));
    }
    void write(u8 which, u32 value) {
        ioapic.write(select_offset, 4, which);
        ioapic.write(window_offset, 4, value);
    }
    void route(u8 input, u32 low, u8 destination) {
        write(static_cast<u8>(0x11 + 2 * input), u32{destination} << 24);
        write(static_cast<u8>(0x10 + 2 * input), low);
    }
    std::vector<MsiMessage> taken() { return std::exchange(messages.sent, {}); }
};

constexpr u32 level = 1 << 15;
constexpr u32 low_active = 1 << 13;
constexpr u32 masked = 1 << 16;

}  // namespace

TEST_CASE("82093AA: registers after power-on", "[devices][ioapic]") {
    Bench bench;
    CHECK(bench.read(1) == 0x0017'0020);
    CHECK(bench.read(0) == 0);
    for (u8 input = 0; input < 24; ++input) {
        CHECK(bench.read(static_cast<u8>(0x10 + 2 * input)) == masked);
        CHECK(bench.read(static_cast<u8>(0x11 + 2 * input)) == 0);
    }
    CHECK(bench.read(0x40) == 0);
    bench.write(0, 0xffff'ffff);
    CHECK(bench.read(0) == 0x0f00'0000);
    CHECK(bench.read(2) == 0x0f00'0000);  // The arbitration ID follows.
    bench.write(1, 0);
    CHECK(bench.read(1) == 0x0017'0020);
    bench.write(0x10, 0xffff'ffff);
    CHECK(bench.read(0x10) == 0x0001'afff);
    bench.write(0x11, 0xffff'ffff);
    CHECK(bench.read(0x11) == 0xff00'0000);
    CHECK(bench.ioapic.read(window_offset + 3, 1) == 0xff);
}

TEST_CASE("82093AA: an edge becomes a message", "[devices][ioapic]") {
    Bench bench;
    bench.route(4, 0x0930, 3);  // Lowest priority, logical.
    bench.ioapic.set_level(4, true);
    CHECK(bench.taken() == std::vector<MsiMessage>{{0xfee0'3004, 0x130}});
    bench.ioapic.set_level(4, true);
    bench.ioapic.set_level(4, false);
    CHECK(bench.taken().empty());
    bench.route(4, masked | 0x30, 3);
    bench.ioapic.set_level(4, true);
    bench.route(4, 0x30, 3);
    CHECK(bench.taken().empty());  // Lost under the mask.
    bench.route(0, 0x700, 0);
    bench.ioapic.set_level(0, true);
    CHECK(bench.taken() == std::vector<MsiMessage>{{0xfee0'0000, 0x700}});
}

TEST_CASE("82093AA: a level repeats after each EOI while it lasts", "[devices][ioapic]") {
    Bench bench;
    bench.route(10, level | low_active | 0x50, 0);
    CHECK(bench.taken().size() == 1);  // The line is low.
    CHECK((bench.read(0x24) & 1 << 14) != 0);
    bench.ioapic.end_of_interrupt(0x51);
    CHECK(bench.taken().empty());
    bench.ioapic.end_of_interrupt(0x50);
    CHECK(bench.taken() == std::vector<MsiMessage>{{0xfee0'0000, 0xc050}});
    bench.ioapic.set_level(10, true);
    bench.ioapic.end_of_interrupt(0x50);
    CHECK(bench.taken().empty());
    CHECK((bench.read(0x24) & 1 << 14) == 0);
    bench.ioapic.set_level(10, false);
    CHECK(bench.taken().size() == 1);
    bench.ioapic.write(eoi_offset, 4, 0x50);  // By its own register.
    CHECK(bench.taken().size() == 1);
    bench.write(0x24, masked | 0x50);  // As an edge for a moment: it is over.
    bench.write(0x24, level | low_active | 0x50);
    CHECK(bench.taken().size() == 1);
}

TEST_CASE("82093AA: a level waits under the mask", "[devices][ioapic]") {
    Bench bench;
    bench.route(9, masked | level | 0x39, 0);
    bench.ioapic.set_level(9, true);
    CHECK(bench.taken().empty());
    bench.route(9, level | 0x39, 0);
    CHECK(bench.taken().size() == 1);
    bench.route(9, masked | level | 0x39, 0);
    bench.route(9, level | 0x39, 0);
    CHECK(bench.taken().empty());  // Still being served.
}

TEST_CASE("82093AA: version 11H has no EOI register", "[devices][ioapic]") {
    Messages messages;
    IoApic ioapic({.version = 0x11}, {messages});
    ioapic.write(select_offset, 4, 0x10);
    ioapic.write(window_offset, 4, level | 0x50);
    ioapic.set_level(0, true);
    ioapic.write(eoi_offset, 4, 0x50);
    CHECK(messages.sent.size() == 1);
}

TEST_CASE("82093AA: state survives a snapshot", "[devices][ioapic][snapshot]") {
    Bench bench;
    bench.route(10, level | 0x50, 2);
    bench.ioapic.set_level(10, true);
    bench.write(0, 0x0500'0000);
    Bench restored;
    test::check_state_survives(bench.ioapic, restored.ioapic);
    CHECK(restored.messages.sent.empty());
}

TEST_CASE("82093AA: conforms to the rules of every device", "[devices][ioapic][hostile]") {
    Bench bench;
    test::check_survives_any_access(bench.ioapic, 0x1000, 4);
    for (u32 which = 0; which < 256; ++which) {
        bench.write(static_cast<u8>(which), 0xfffe'ffff);
        bench.ioapic.set_level(which, true);
        bench.ioapic.end_of_interrupt(static_cast<u8>(which));
        static_cast<void>(bench.read(static_cast<u8>(which)));
    }
}
