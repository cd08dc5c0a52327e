// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/apic/apic_bus.hpp"

#include <catch2/catch.hpp>

#include "tests/cpu/apic/apic_bench.hpp"

using cpu::apic::DeliveryMode;
using cpu::apic::Register;
using test::ApicBench;

namespace {

constexpr u32 logical = 1u << 11;
constexpr u32 all = 2u << 18;
constexpr u32 all_but_self = 3u << 18;
constexpr u8 vector = 0x71;

/// Who has it, a bit for each, and takes it away again.
u32 taken_by(ApicBench& bench) {
    u32 who = 0;
    for (usize i = 0; i < bench.cpus.size(); ++i) {
        if (!bench[i].apic.pending()) continue;
        CHECK(bench[i].apic.acknowledge() == vector);
        bench[i].write(Register::EndOfInterrupt, 0);
        who |= 1u << i;
    }
    return who;
}

}  // namespace

TEST_CASE("APIC bus: physical destinations and shorthands", "[cpu][apic]") {
    const auto [destination, command, who] = GENERATE(table<u8, u32, u32>({
        {0, 0, 0b0001},
        {3, 0, 0b1000},
        {4, 0, 0},
        {0xff, 0, 0b1111},
        {0, 1u << 18, 0b0010},
        {0, all, 0b1111},
        {0, all_but_self, 0b1101},
    }));
    CAPTURE(destination, command);
    ApicBench bench(4);
    bench[1].command(destination, command | vector);
    CHECK(taken_by(bench) == who);
}

TEST_CASE("APIC bus: logical destinations, flat and by clusters", "[cpu][apic]") {
    struct Case {
        u32 format;
        std::array<u8, 4> ids;
        u8 destination;
        u32 who;
    };
    const auto [format, ids, destination, who] = GENERATE(values<Case>({
        {0xf000'0000, {1, 2, 4, 8}, 0x04, 0b0100},
        {0xf000'0000, {1, 2, 4, 8}, 0x0b, 0b1011},
        {0xf000'0000, {1, 2, 4, 8}, 0xff, 0b1111},
        {0xf000'0000, {1, 2, 4, 0}, 0xff, 0b0111},
        {0xf000'0000, {1, 2, 4, 8}, 0xf0, 0},
        {0, {0x11, 0x12, 0x21, 0x22}, 0x12, 0b0010},
        {0, {0x11, 0x12, 0x21, 0x22}, 0x23, 0b1100},
        {0, {0x11, 0x12, 0x21, 0x22}, 0xf1, 0b0101},
        {0, {0x11, 0x12, 0x21, 0x22}, 0x31, 0},
    }));
    CAPTURE(format, destination);
    ApicBench bench(4);
    for (usize i = 0; i < 4; ++i) {
        bench[i].write(Register::DestinationFormat, format);
        bench[i].write(Register::LogicalDestination, u32{ids[i]} << 24);
    }
    bench[0].command(destination, logical | vector);
    CHECK(taken_by(bench) == who);
}

TEST_CASE("APIC bus: x2APIC destinations have 32 bits", "[cpu][apic]") {
    const auto [destination, is_logical, who] = GENERATE(table<u32, bool, u32>({
        {2, false, 0b0100},
        {0xffff'ffff, false, 0b1111},
        {0xff, false, 0},
        {0x100, false, 0},
        {0b1010, true, 0b1010},
        {0x1'000f, true, 0},
        {0xffff'ffff, true, 0b1111},
    }));
    CAPTURE(destination, is_logical);
    ApicBench bench(4);
    for (auto& each : bench.cpus) each->enter_x2apic_mode();
    const u64 command = u64{destination} << 32 | (is_logical ? logical : 0) | vector;
    CHECK(bench[0].write_msr(0x830, command) == cpu::MsrOutcome::Done);
    u32 taken = 0;
    for (usize i = 0; i < 4; ++i) taken |= u32{bench[i].requested(vector)} << i;
    CHECK(taken == who);
}

TEST_CASE("APIC bus: among the addressed the least busy gets a lowest-priority interrupt",
          "[cpu][apic]") {
    ApicBench bench(4);
    constexpr u32 lowest = 1u << 8;
    bench[0].write(Register::TaskPriority, 0x40);
    bench[1].write(Register::TaskPriority, 0x20);
    bench[2].write(Register::SpuriousVector, 0xff);  // Software-disabled: not asked.
    bench[3].write(Register::TaskPriority, 0x20);
    bench[0].command(0xff, lowest | vector);
    CHECK(taken_by(bench) == 0b0010);
    bench[1].write(Register::InterruptCommand, 1u << 18 | 0x61);
    CHECK(bench[1].apic.acknowledge() == 0x61);
    bench[0].command(0xff, lowest | vector);
    CHECK(taken_by(bench) == 0b1000);
}

TEST_CASE("APIC bus: messages of devices", "[cpu][apic]") {
    ApicBench bench(4);
    const auto send = [&](u64 address, u32 data) {
        bench.bus.deliver(fabric::MsiMessage{.address = address, .data = data});
    };
    send(0xfee0'2000, vector);
    CHECK(taken_by(bench) == 0b0100);
    send(0xfeef'f000, vector);
    CHECK(taken_by(bench) == 0b1111);
    for (usize i = 0; i < 4; ++i) {
        bench[i].write(Register::LogicalDestination, u32{1} << (24 + i));
    }
    send(0xfee0'600c, vector);  // Redirected, logical, to 1 and 2, and fixed.
    CHECK(taken_by(bench) == 0b0110);
    send(0xfee0'600c, 0x100 | vector);
    CHECK(taken_by(bench) == 0b0010);
    send(0xfee0'1000, 0x400);
    CHECK(bench[1].bench.state.events.nmi);
    send(0xfee0'1000, 0x200);
    CHECK(bench[1].bench.state.events.smi);
    send(0xfee0'1000, 0x600);  // Only processors send start-up.
    CHECK_FALSE(bench[1].bench.state.events.sipi);
    send(0xfee0'1000, 0x8000 | vector);  // De-assertion of a level.
    send(0xfed0'1000, vector);
    send(0x1'fee0'1000, vector);
    CHECK(taken_by(bench) == 0);
    bench.pic.waiting = true;
    send(0xfee0'0000, 0x700);
    CHECK(bench[0].apic.pending());
    CHECK(bench[0].apic.acknowledge() == 0x08);
    bench.pic.waiting = true;
    CHECK_FALSE(bench[0].apic.pending());  // One message, one acknowledgement.
}

TEST_CASE("APIC bus: INIT and start-up to all but oneself", "[cpu][apic]") {
    ApicBench bench(4);
    bench[0].command(0, all_but_self | static_cast<u32>(DeliveryMode::Init) << 8 | 1u << 14);
    bench[0].command(0, all_but_self | static_cast<u32>(DeliveryMode::Startup) << 8 | 0x12);
    CHECK_FALSE(bench[0].bench.state.events.init);
    for (usize i = 1; i < 4; ++i) {
        CHECK(bench[i].bench.state.events.init);
        CHECK(bench[i].bench.state.events.sipi);
        CHECK(bench[i].bench.state.events.sipi_vector == 0x12);
    }
}
