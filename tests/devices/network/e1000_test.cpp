// SPDX-License-Identifier: BSD-2-Clause
#include "devices/network/e1000.hpp"

#include "tests/devices/network/e1000_bench.hpp"
#include "tests/support/device_conformance.hpp"

using namespace devices::e1000;
using test::E1000Bench;
using test::Frame;

namespace {

constexpr u32 phy_read = 0x0820'0000;
constexpr u32 phy_write = 0x0420'0000;

u16 read_phy(const E1000Bench& bench, u32 number) {
    bench.set(reg::Mdic, phy_read | number << 16);
    REQUIRE((bench.get(reg::Mdic) & (mdic::Ready | mdic::Error)) == mdic::Ready);
    return static_cast<u16>(bench.get(reg::Mdic));
}

void write_phy(const E1000Bench& bench, u32 number, u16 value) {
    bench.set(reg::Mdic, phy_write | number << 16 | value);
}

u16 read_eeprom(const E1000Bench& bench, u32 address) {
    bench.set(reg::Eerd, address << 8 | 1);
    REQUIRE((bench.get(reg::Eerd) & eerd::Done) != 0);
    return static_cast<u16>(bench.get(reg::Eerd) >> 16);
}

/// The Microwire bus by hand, as drivers for the 82540 do it.
struct Microwire {
    explicit Microwire(const E1000Bench& its_bench) : bench(its_bench) {
        pins = eecd::Request;
        put();
        REQUIRE((bench.get(reg::Eecd) & eecd::Grant) != 0);
    }
    void put() const { bench.set(reg::Eecd, pins); }
    void select() {
        pins &= ~(eecd::ChipSelect | eecd::Clock | eecd::DataIn);
        put();
        pins |= eecd::ChipSelect;
        put();
    }
    void clock() {
        pins |= eecd::Clock;
        put();
        pins &= ~eecd::Clock;
        put();
    }
    void out(u32 value, int bits) {
        for (int i = bits - 1; i >= 0; --i) {
            pins = (value >> i & 1) != 0 ? pins | eecd::DataIn : pins & ~eecd::DataIn;
            put();
            clock();
        }
        pins &= ~eecd::DataIn;
        put();
    }
    u32 in(int bits) {
        u32 value = 0;
        for (int i = 0; i < bits; ++i) {
            clock();
            value = value << 1 | ((bench.get(reg::Eecd) & eecd::DataOut) != 0 ? 1 : 0);
        }
        return value;
    }
    bool ready() const { return (bench.get(reg::Eecd) & eecd::DataOut) != 0; }

    const E1000Bench& bench;
    u32 pins = 0;
};

}  // namespace

TEST_CASE("E1000: registers keep the bits that they have", "[devices][e1000]") {
    const E1000Bench bench;
    struct Row {
        u32 offset;
        u32 mask;
    };
    // What Intel's own drivers try in their self-test.
    constexpr std::array rows = {Row{reg::Fcal, 0xffff'ffff},    Row{reg::Fcah, 0xffff},
                                 Row{reg::Fct, 0xffff},          Row{reg::Vet, 0xffff},
                                 Row{reg::Rdtr, 0xffff},         Row{reg::Rdbah, 0xffff'ffff},
                                 Row{reg::Rdlen, 0xf'ff80},      Row{reg::Rdh, 0xffff},
                                 Row{reg::Rdt, 0xffff},          Row{reg::Fcrth, 0xfff8},
                                 Row{reg::Fcttv, 0xffff},        Row{reg::Tipg, 0x3fff'ffff},
                                 Row{reg::Tdbah, 0xffff'ffff},   Row{reg::Tdlen, 0xf'ff80},
                                 Row{reg::Rdbal, 0xffff'fff0},   Row{reg::Txcw, 0xc000'ffff},
                                 Row{reg::Tdbal, 0xffff'fff0},   Row{reg::Tidv, 0xffff},
                                 Row{reg::Mta + 4, 0xffff'ffff}, Row{reg::Mta + 508, 0xffff'ffff},
                                 Row{reg::Ra + 8, 0xffff'ffff},  Row{reg::Ra + 12, 0x8003'ffff}};
    for (const Row& row : rows) {
        for (const u32 pattern : {0x5a5a'5a5au, 0xa5a5'a5a5u, 0u, 0xffff'ffffu}) {
            CAPTURE(row.offset, pattern);
            bench.set(row.offset, pattern & row.mask);
            CHECK((bench.get(row.offset) & row.mask) == (pattern & row.mask));
        }
    }
    bench.set(reg::Rctl, 0xffff'ffff);
    CHECK(bench.get(reg::Rctl) == 0x06df'b3fe);
    const u32 status = bench.get(reg::Status);
    bench.set(reg::Status, ~status);
    CHECK(bench.get(reg::Status) == status);
    bench.set(reg::Pba, 40);
    CHECK(bench.get(reg::Pba) == (24u << 16 | 40));
}

TEST_CASE("E1000: what it is on the bus", "[devices][e1000]") {
    E1000Bench bench({0x55, 0xaa, 4, 0x90});
    auto& config = bench.adapter.config();
    CHECK(config.dword(0) == 0x100e'8086);
    CHECK(config.dword(8) == 0x0200'0002);
    CHECK(config.byte(0x3d) == 1);
    bench.config(0x10, 4, ~u32{0});
    CHECK(config.dword(0x10) == 0xfffe'0000);
    bench.config(0x18, 4, ~u32{0});
    CHECK(config.dword(0x18) == 0xffff'ffc1);
    bench.config(0x30, 4, 0xe010'0001);
    CHECK(bench.mmio.read(0xe010'0000, 4) == 0x9004'aa55);
    CHECK(bench.mmio.read(0xe010'07fe, 2) == 0xffff);
}

TEST_CASE("E1000: the window in I/O space", "[devices][e1000]") {
    const E1000Bench bench;
    bench.io.write(E1000Bench::ports, 4, reg::Fcal);
    bench.io.write(E1000Bench::ports + 4, 4, 0x1234'5678);
    CHECK(bench.get(reg::Fcal) == 0x1234'5678);
    CHECK(bench.io.read(E1000Bench::ports + 4, 4) == 0x1234'5678);
    bench.io.write(E1000Bench::ports, 4, 0xffff'fffc);
    CHECK(bench.io.read(E1000Bench::ports + 4, 4) == 0);
}

TEST_CASE("E1000: the EEPROM has an address and a sound checksum", "[devices][e1000][eeprom]") {
    const E1000Bench bench;
    u16 sum = 0;
    for (u32 i = 0; i < 64; ++i) sum = static_cast<u16>(sum + read_eeprom(bench, i));
    CHECK(sum == 0xbaba);
    CHECK(read_eeprom(bench, 0) == 0x1102);
    CHECK(read_eeprom(bench, 2) == 0x5544);
    CHECK(bench.get(reg::Ra) == 0x3322'1102);
    CHECK(bench.get(reg::Ra + 4) == 0x8000'5544);
}

TEST_CASE("E1000: the EEPROM by its pins", "[devices][e1000][eeprom]") {
    E1000Bench bench;
    Microwire wire(bench);
    const auto read = [&](u32 address) {
        wire.select();
        wire.out(6, 3);
        wire.out(address, 6);
        CHECK_FALSE(wire.ready());  // The zero before the data.
        return wire.in(16);
    };
    CHECK(read(1) == 0x3322);
    CHECK(wire.in(16) == 0x5544);  // And on to the next word.

    const auto write = [&](u32 address, u32 value) {
        wire.select();
        wire.out(5, 3);
        wire.out(address, 6);
        wire.out(value, 16);
        wire.select();
        CHECK(wire.ready());
    };
    write(9, 0xbeef);
    CHECK(read(9) == 0);  // Writing was not enabled.
    wire.select();
    wire.out(0x13, 5);
    wire.out(0, 4);
    write(9, 0xbeef);
    CHECK(read(9) == 0xbeef);
    bench.adapter.reset(fabric::ResetKind::Platform);
    CHECK(bench.adapter.state().eeprom.changed[9] == 0xbeef);
}

TEST_CASE("E1000: the PHY makes a link, and loses it", "[devices][e1000][phy]") {
    E1000Bench bench;
    CHECK(read_phy(bench, 2) == 0x0141);
    CHECK(read_phy(bench, 3) == 0x0c20);
    bench.set(reg::Mdic, phy_read | 2u << 21 | 2u << 16);  // Nobody has address 3.
    CHECK((bench.get(reg::Mdic) & mdic::Error) != 0);
    bench.set(reg::Ims, icr::LSC);
    bench.bring_link_up();
    CHECK(bench.get(reg::Status) == 0x283);  // Up, full duplex, 1000 Mb/s.
    CHECK(bench.irq.times_driven == 2);
    CHECK((read_phy(bench, 1) & 0x24) == 0x24);
    CHECK((read_phy(bench, 17) & 0xec00) == 0xac00);

    bench.adapter.set_cable(false);
    CHECK(bench.irq.level);
    CHECK((bench.get(reg::Icr) & icr::LSC) != 0);
    CHECK((bench.get(reg::Status) & 2) == 0);
    bench.adapter.set_cable(true);
    CHECK((read_phy(bench, 1) & 4) == 0);
    bench.pass(200'000'000);
    CHECK((read_phy(bench, 1) & 4) != 0);
    CHECK((bench.get(reg::Icr) & icr::LSC) != 0);

    SECTION("100 Mb/s is what both can do") {
        write_phy(bench, 9, 0);
        write_phy(bench, 0, 0x1340);
        CHECK((bench.get(reg::Status) & 2) == 0);
        bench.pass(200'000'000);
        CHECK(bench.get(reg::Status) == 0x143);
    }
    SECTION("powered down") {
        write_phy(bench, 0, 0x1940);
        bench.pass(1'000'000'000);
        CHECK((bench.get(reg::Status) & 2) == 0);
    }
    SECTION("a link that went shows in the status register until it is read") {
        write_phy(bench, 0, 0x9140);
        bench.pass(200'000'000);
        CHECK((read_phy(bench, 1) & 4) == 0);
        CHECK((read_phy(bench, 1) & 4) != 0);
    }
}

TEST_CASE("E1000: interrupts by cause and mask", "[devices][e1000][interrupt]") {
    const E1000Bench bench;
    bench.set(reg::Ics, icr::RXO);
    CHECK_FALSE(bench.irq.level);
    bench.set(reg::Ims, icr::RXO | icr::TXDW);
    CHECK(bench.irq.level);
    CHECK(bench.get(reg::Ims) == (icr::RXO | icr::TXDW));
    bench.set(reg::Imc, icr::RXO);
    CHECK_FALSE(bench.irq.level);
    bench.set(reg::Ims, icr::RXO);
    CHECK(bench.get(reg::Icr) == icr::RXO);
    CHECK_FALSE(bench.irq.level);
    CHECK(bench.get(reg::Icr) == 0);
    bench.set(reg::Ics, ~u32{0});
    bench.set(reg::Icr, icr::RXO | icr::TXDW);
    CHECK_FALSE(bench.irq.level);
    CHECK(bench.get(reg::Icr) == (icr::Defined & ~(icr::RXO | icr::TXDW)));
}

TEST_CASE("E1000: the throttle", "[devices][e1000][interrupt]") {
    E1000Bench bench;
    bench.set(reg::Itr, 1000);  // 256 microseconds.
    bench.set(reg::Ims, icr::RXT0);
    bench.set(reg::Ics, icr::RXT0);
    CHECK(bench.irq.level);
    (void)bench.get(reg::Icr);
    bench.pass(100'000);
    bench.set(reg::Ics, icr::RXT0);
    CHECK_FALSE(bench.irq.level);
    bench.pass(155'999);
    CHECK_FALSE(bench.irq.level);
    bench.pass(1);
    CHECK(bench.irq.level);
}

TEST_CASE("E1000: a reset by the driver", "[devices][e1000]") {
    const E1000Bench bench;
    bench.set(reg::Ims, icr::RXO);
    bench.set(reg::Ics, icr::RXO);
    bench.set(reg::Ra, 0);
    bench.set(reg::Ra + 16, 77);
    bench.set(reg::Ctrl, ctrl::Reset);
    CHECK_FALSE(bench.irq.level);
    CHECK(bench.get(reg::Ims) == 0);
    CHECK((bench.get(reg::Ctrl) & ctrl::Reset) == 0);
    CHECK(bench.get(reg::Ra) == 0x3322'1102);
    CHECK(bench.get(reg::Ra + 16) == 0);
}

TEST_CASE("E1000: survives a checkpoint with work under way", "[devices][e1000][snapshot]") {
    E1000Bench bench;
    bench.bring_link_up();
    bench.start_transmitter();
    bench.start_receiver(0x8002, 0);
    bench.set(reg::Rdtr, 50);
    bench.set(reg::Itr, 1000);
    bench.set(reg::Ims, icr::RXT0 | icr::TXDW);
    bench.add_transmit(E1000Bench::transmit_buffers, 0x0b00'0040);
    bench.ring_doorbell();
    bench.adapter.receive(test::frame_to(E1000Bench::mac, 100));
    bench.adapter.receive(test::frame_to(E1000Bench::mac, 200));
    bench.pass(300);
    bench.adapter.receive(test::frame_to(E1000Bench::broadcast, 300));
    bench.pass(1'000);
    REQUIRE(!bench.adapter.state().receive.buffered.empty());
    REQUIRE(!bench.adapter.state().receive.on_the_line.empty());

    E1000Bench restored;
    const u32 driven = restored.irq.times_driven;
    test::check_state_survives(bench.adapter, restored.adapter);
    CHECK(restored.irq.times_driven == driven);
    CHECK(restored.line.frames.empty());
    // The bars are where they were.
    CHECK(restored.get(reg::Ims) == (icr::RXT0 | icr::TXDW));
}

TEST_CASE("E1000: survives whatever a checkpoint holds", "[devices][e1000][hostile]") {
    E1000Bench bench;
    bench.bring_link_up();
    bench.start_transmitter();
    bench.start_receiver(0x8002, 0);
    bench.add_transmit(E1000Bench::transmit_buffers, 0x0b00'0040);
    bench.ring_doorbell();
    bench.arrive(test::frame_to(E1000Bench::mac, 100));
    E1000Bench damaged;
    test::check_survives_damaged_state(bench.adapter, damaged.adapter, [&] {
        damaged.adapter.write(reg::Rdt, 4, 3);
        damaged.adapter.write(reg::Tdt, 4, 5);
        damaged.adapter.receive(test::frame_to(E1000Bench::broadcast, 64));
        damaged.pass(100'000);
        (void)damaged.adapter.read(reg::Icr, 4);
    });
}

TEST_CASE("E1000: any access", "[devices][e1000][hostile]") {
    E1000Bench bench;
    // The registers that act lie in the first pages; what is beyond shows nothing.
    test::check_survives_any_access(bench.adapter, 0x500, 4);
    for (const u32 page : {0x2800u, 0x3800u}) {
        for (u32 offset = page; offset < page + 0x40; offset += 4) {
            for (u64 value = 0; value < 256; ++value) {
                bench.adapter.write(offset, 4, value * 0x0101'0101);
                bench.adapter.write(reg::Rctl, 4, value * 0x0101'0101);
                bench.adapter.write(reg::Tctl, 4, value * 0x0101'0101);
                bench.adapter.receive(test::frame_to(E1000Bench::broadcast, value));
                bench.pass(value * 1000);
            }
        }
    }
    CHECK(bench.adapter.read(0x1'fffc, 4) == 0);
}

TEST_CASE("E1000: random programs of the adapter", "[devices][e1000][hostile]") {
    E1000Bench bench;
    bench.bring_link_up();
    u64 random = 7;
    const auto next = [&random](u64 below) {
        random = random * 6364136223846793005 + 1442695040888963407;
        return (random >> 33) % below;
    };
    constexpr std::array offsets = {reg::Ctrl, reg::Eecd,  reg::Mdic,  reg::Rctl,  reg::Tctl,
                                    reg::Rdt,  reg::Tdt,   reg::Rdlen, reg::Tdlen, reg::Rdh,
                                    reg::Tdh,  reg::Rdbal, reg::Tdbal, reg::Ics,   reg::Ims,
                                    reg::Itr,  reg::Rdtr,  reg::Tidv,  reg::Radv,  reg::Rxcsum};
    for (int round = 0; round < 20'000; ++round) {
        const u64 word = next(u64{1} << 31) << 1 | next(2);
        switch (next(6)) {
            case 0: bench.set(offsets[next(offsets.size())], static_cast<u32>(word)); break;
            case 1: bench.set(offsets[next(offsets.size())], static_cast<u32>(word & 0xff)); break;
            case 2: bench.poke(next(0x400) * 8, word << 32 | next(u64{1} << 31)); break;
            case 3: bench.adapter.receive(test::frame_to(E1000Bench::broadcast, next(2000))); break;
            case 4:
                bench.set(reg::Tctl, 0x0a);
                bench.set(reg::Rctl, 0x8002);
                bench.set(reg::Ctrl, 0x41);
                break;
            default: bench.pass(next(100'000)); break;
        }
    }
    bench.adapter.reset(fabric::ResetKind::PowerOn);
    E1000Bench fresh;
    fresh.adapter.reset(fabric::ResetKind::PowerOn);
    CHECK(test::saved(bench.adapter) == test::saved(fresh.adapter));
}
