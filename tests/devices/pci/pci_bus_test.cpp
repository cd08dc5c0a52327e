// SPDX-License-Identifier: BSD-2-Clause
#include "devices/pci/bus.hpp"

#include <catch2/catch.hpp>

#include "devices/pci/msi.hpp"
#include "tests/support/device_conformance.hpp"
#include "tests/support/recording_irq_sink.hpp"

using namespace devices::pci;

namespace {

struct Registers final : fabric::IoHandler {
    u64 read(u64 offset, u32) override { return 0x40 + offset; }
    void write(u64, u32, u64 value) override { last = value; }
    u64 last = 0;
};

struct Messages final : fabric::MsiSink {
    void deliver(fabric::MsiMessage message) override { sent.push_back(message); }
    std::vector<fabric::MsiMessage> sent;
};

struct Card final : Function {
    explicit Card(const std::string& name = "card", u8 pin = 1)
        : space(state,
                {.vendor = 0x1234,
                 .device = 0x5678,
                 .revision = 3,
                 .class_code = 0x02'0000,
                 .subsystem_vendor = 0xaaaa,
                 .subsystem = 0xbbbb,
                 .interrupt_pin = pin},
                {{.index = 0,
                  .name = name + ".io",
                  .kind = BarKind::Io,
                  .size = 32,
                  .widest_access = 1,
                  .handler = &registers},
                 {.index = 1, .name = name + ".mem", .size = 4096, .handler = &registers},
                 {.index = 2,
                  .name = name + ".vram",
                  .kind = BarKind::Memory64,
                  .size = u64{1} << 33,
                  .prefetchable = true,
                  .moved = [this](auto where) { vram = where, ++vram_moves; }}}),
          msi(space, messages, 0x50, 4) {}

    ConfigSpace& config() override { return space; }
    void config_written(u32, u32) override { msi.config_written(); }

    ConfigState state;
    Registers registers;
    Messages messages;
    std::optional<u64> vram;
    int vram_moves = 0;
    ConfigSpace space;
    Msi msi;
};

struct Bench {
    fabric::IoSpace ports{"ports"};
    fabric::IoSpace memory{"memory"};
    std::array<test::RecordingIrqSink, 4> pirq;
    Registers cf9;
    Bus bus{{},
            {ports,
             memory,
             {fabric::IrqLine{pirq[0], 0}, fabric::IrqLine{pirq[1], 0}, fabric::IrqLine{pirq[2], 0},
              fabric::IrqLine{pirq[3], 0}},
             &cf9,
             nullptr}};
    Card card;

    Bench() {
        REQUIRE(ports.map({"pci", 0xcf8, 8, 4, &bus}).has_value());
        bus.attach(3, 0, card);
    }

    void select(u32 slot, u32 function, u32 offset) {
        ports.write(0xcf8, 4, 0x8000'0000 | slot << 11 | function << 8 | (offset & 0xfc));
    }
    u32 in(u32 offset, u32 size) {
        select(3, 0, offset);
        return static_cast<u32>(ports.read(0xcfc + offset % 4, size));
    }
    void out(u32 offset, u32 size, u32 value) {
        select(3, 0, offset);
        ports.write(0xcfc + offset % 4, size, value);
    }
};

}  // namespace

TEST_CASE("PCI: configuration space is read in any size", "[devices][pci]") {
    Bench bench;
    CHECK(bench.in(0x00, 4) == 0x5678'1234);
    CHECK(bench.in(0x02, 2) == 0x5678);
    CHECK(bench.in(0x03, 1) == 0x56);
    CHECK(bench.in(0x08, 4) == 0x0200'0003);
    CHECK(bench.in(0x2c, 4) == 0xbbbb'aaaa);
    CHECK(bench.in(0x3d, 1) == 1);
    bench.out(0x00, 4, 0);
    CHECK(bench.in(0x00, 4) == 0x5678'1234);
}

TEST_CASE("PCI: nobody home reads as ones", "[devices][pci]") {
    Bench bench;
    SECTION("an empty slot") { bench.select(4, 0, 0); }
    SECTION("an absent function") { bench.select(3, 1, 0); }
    SECTION("another bus") { bench.ports.write(0xcf8, 4, 0x8001'1800); }
    SECTION("configuration cycles switched off") { bench.ports.write(0xcf8, 4, 0x1800); }
    CHECK(bench.ports.read(0xcfc, 4) == 0xffff'ffff);
}

TEST_CASE("PCI: CONFIG_ADDRESS takes double words; CF9 beneath it is another's", "[devices][pci]") {
    Bench bench;
    bench.ports.write(0xcf8, 4, 0xffff'ffff);
    CHECK(bench.ports.read(0xcf8, 4) == 0x80ff'fffc);
    bench.ports.write(0xcf9, 1, 0x06);
    bench.ports.write(0xcf8, 2, 0);
    CHECK(bench.cf9.last == 0x06);
    CHECK(bench.ports.read(0xcf9, 1) == 0x40);
    CHECK(bench.ports.read(0xcf8, 1) == 0xff);
    CHECK(bench.ports.read(0xcf8, 4) == 0x80ff'fffc);
}

TEST_CASE("PCI: a BAR tells its size and moves its registers", "[devices][pci]") {
    Bench bench;
    bench.out(reg::BaseAddress0, 4, 0xffff'ffff);
    CHECK(bench.in(reg::BaseAddress0, 4) == 0xffff'ffe1);
    bench.out(reg::BaseAddress0 + 4, 4, 0xffff'ffff);
    CHECK(bench.in(reg::BaseAddress0 + 4, 4) == 0xffff'f000);

    bench.out(reg::BaseAddress0, 4, 0xc001);
    CHECK(bench.ports.read(0xc005, 1) == 0xff);  // Not before the command register says so.
    bench.out(reg::Command, 2, command::IoSpace);
    CHECK(bench.ports.read(0xc005, 1) == 0x45);
    bench.out(reg::BaseAddress0, 4, 0xd000);
    CHECK(bench.ports.read(0xc005, 1) == 0xff);
    CHECK(bench.ports.read(0xd005, 1) == 0x45);
    CHECK(bench.memory.regions().empty());
}

TEST_CASE("PCI: a register that is being sized has no range", "[devices][pci]") {
    Bench bench;
    bench.out(reg::Command, 2, command::IoSpace | command::MemorySpace);
    for (u32 bar = 0; bar < 4; ++bar) bench.out(reg::BaseAddress0 + 4 * bar, 4, 0xffff'ffff);
    CHECK(bench.ports.regions().size() == 1);
    CHECK(bench.memory.regions().empty());
    CHECK_FALSE(bench.card.vram.has_value());
}

TEST_CASE("PCI: memory of a device's own follows its 64-bit BAR", "[devices][pci]") {
    Bench bench;
    bench.out(reg::BaseAddress0 + 8, 4, 0xffff'ffff);
    CHECK(bench.in(reg::BaseAddress0 + 8, 4) == 0x0000'000c);
    bench.out(reg::BaseAddress0 + 12, 4, 0xffff'ffff);
    CHECK(bench.in(reg::BaseAddress0 + 12, 4) == 0xffff'fffe);
    bench.out(reg::BaseAddress0 + 12, 4, 0x10);
    bench.out(reg::Command, 2, command::MemorySpace);
    CHECK(bench.card.vram == u64{0x10} << 32);
    const int moves = bench.card.vram_moves;
    bench.out(reg::Command, 2, command::MemorySpace | command::BusMaster);
    CHECK(bench.card.vram_moves == moves);
    bench.out(reg::Command, 2, 0);
    CHECK_FALSE(bench.card.vram.has_value());
}

TEST_CASE("PCI: windows that overlap do not depend on history", "[devices][pci][hostile]") {
    Bench bench;
    Card second("second");
    bench.bus.attach(5, 0, second);
    second.space.write(reg::Command, 2, command::IoSpace);
    second.space.write(reg::BaseAddress0, 4, 0xc010 & 0xffe0);
    bench.out(reg::Command, 2, command::IoSpace);
    bench.out(reg::BaseAddress0, 4, 0xc000);

    bench.ports.write(0xc000, 1, 7);
    CHECK(bench.card.registers.last == 7);  // The lower slot, though it came later.
    bench.out(reg::BaseAddress0, 4, 0xe000);
    bench.ports.write(0xc000, 1, 8);
    CHECK(second.registers.last == 8);
    bench.out(reg::BaseAddress0, 4, 0xce0);  // Over CF8: the board's come first.
    CHECK(bench.ports.read(0xcfc, 4) != 0);
    CHECK(bench.ports.read(0xcf8, 4) != 0x4747'4747);
}

TEST_CASE("PCI: pins are wired to PIRQ lines one further in each slot", "[devices][pci]") {
    Bench bench;
    Card second("second", 2);
    bench.bus.attach(2, 1, second);  // INTB# of slot 2 meets INTA# of slot 3 on line C.
    CHECK(Bus::pirq_of(1, 1) == 0);
    CHECK(Bus::pirq_of(3, 1) == 2);
    CHECK(Bus::pirq_of(2, 2) == 2);

    bench.card.space.set_interrupt(true);
    CHECK(bench.pirq[2].level);
    second.space.set_interrupt(true);
    bench.card.space.set_interrupt(false);
    CHECK(bench.pirq[2].level);
    second.space.set_interrupt(false);
    CHECK_FALSE(bench.pirq[2].level);
    CHECK(bench.pirq[2].times_driven == 2);
}

TEST_CASE("PCI: the command register holds the pin back", "[devices][pci]") {
    Bench bench;
    bench.card.space.set_interrupt(true);
    bench.out(reg::Command, 2, command::InterruptDisable);
    CHECK_FALSE(bench.pirq[2].level);
    CHECK((bench.in(reg::Status, 2) & status::InterruptStatus) != 0);
    bench.out(reg::Command, 2, 0);
    CHECK(bench.pirq[2].level);
}

TEST_CASE("PCI: status errors are cleared by ones", "[devices][pci]") {
    Bench bench;
    bench.card.space.set(reg::Status, 2, 0x2290);
    bench.out(reg::Status, 2, 0x1000);
    CHECK(bench.in(reg::Status, 2) == 0x2290);
    bench.out(reg::Status, 2, 0xffff);
    CHECK(bench.in(reg::Status, 2) == 0x0290);
}

TEST_CASE("PCI: MSI goes out as a write of its address and data", "[devices][pci]") {
    Bench bench;
    CHECK(bench.in(reg::CapabilitiesPointer, 1) == 0x50);
    CHECK(bench.in(0x50, 4) == 0x0184'0005);
    bench.out(0x54, 4, 0xfee0'1000);
    bench.out(0x5c, 2, 0x4041);
    bench.card.msi.send(0);
    CHECK(bench.card.messages.sent.empty());
    bench.out(0x52, 2, 0x0001 | 1 << 4);  // Two of its four vectors.
    bench.card.msi.send(0);
    CHECK(bench.card.messages.sent.empty());  // It is no bus master yet.
    bench.out(reg::Command, 2, command::BusMaster);

    bench.card.msi.send(0);
    bench.card.msi.send(3);
    REQUIRE(bench.card.messages.sent.size() == 2);
    CHECK(bench.card.messages.sent[0] == fabric::MsiMessage{0xfee0'1000, 0x4040});
    CHECK(bench.card.messages.sent[1] == fabric::MsiMessage{0xfee0'1000, 0x4041});
}

TEST_CASE("PCI: a masked MSI waits", "[devices][pci]") {
    Bench bench;
    bench.out(reg::Command, 2, command::BusMaster);
    bench.out(0x52, 2, 0x0021);
    bench.out(0x60, 4, 0xffff'ffff);
    CHECK(bench.in(0x60, 4) == 0x0000'000f);
    bench.card.msi.send(2);
    CHECK(bench.card.messages.sent.empty());
    CHECK(bench.in(0x64, 4) == 4);
    bench.out(0x60, 4, 0);
    CHECK(bench.card.messages.sent.size() == 1);
    CHECK(bench.in(0x64, 4) == 0);
}

TEST_CASE("PCI: state survives a snapshot, and windows follow it", "[devices][pci][snapshot]") {
    Bench bench;
    bench.out(reg::BaseAddress0, 4, 0xc000);
    bench.out(reg::Command, 2, command::IoSpace);
    bench.card.space.set_interrupt(true);

    Bench restored;
    test::check_state_survives(bench.bus, restored.bus);
    restored.card.state = bench.card.state;
    restored.card.space.windows_changed();
    CHECK(restored.pirq[2].times_driven == 0);
    CHECK(restored.ports.read(0xc005, 1) == 0x45);
    restored.card.space.set_interrupt(false);
    CHECK(restored.pirq[2].times_driven == 1);
}

TEST_CASE("PCI: any access is survived", "[devices][pci][hostile]") {
    Bench bench;
    test::check_survives_any_access(bench.bus, 8, 4);
    for (u32 offset = 0; offset < 256; ++offset) {
        for (const u32 value : {0u, 0xffu, 0x5au, 1u}) {
            bench.out(offset, 1, value);
            static_cast<void>(bench.in(offset, 1));
        }
    }
    bench.card.space.reset();
    CHECK(bench.card.state == ConfigState{});
}
