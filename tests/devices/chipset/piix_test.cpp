// SPDX-License-Identifier: BSD-2-Clause
#include <catch2/catch.hpp>

#include "devices/chipset/piix_isa.hpp"
#include "devices/chipset/piix_pm.hpp"
#include "devices/pci/bus.hpp"
#include "tests/support/device_conformance.hpp"
#include "tests/support/recording_irq_sink.hpp"

using namespace devices;

namespace {

struct Block final : fabric::IoHandler {
    u64 read(u64 offset, u32) override { return offset; }
    void write(u64, u32, u64) override {}
};

struct Bench {
    Bench() {
        bus.attach(1, 0, isa);
        bus.attach(1, 3, pm);
    }

    std::array<fabric::IrqLine, 16> isa_lines() {
        std::array<fabric::IrqLine, 16> lines;
        for (u32 i = 0; i < 16; ++i) lines[i] = {irq[i], 0};
        return lines;
    }
    void out(pci::Function& function, u32 offset, u32 size, u32 value) {
        function.config().write(offset, size, value);
        function.config_written(offset, size);
    }

    fabric::IoSpace ports{"ports"};
    fabric::IoSpace memory{"memory"};
    std::array<test::RecordingIrqSink, 16> irq;
    std::vector<ResetRequest> resets;
    Block pm_block;
    Block smbus_block;
    PiixIsa isa{{}, {isa_lines(), [this](ResetRequest kind) { resets.push_back(kind); }}};
    PiixPm pm{{}, {pm_block, &smbus_block, 4}};
    pci::Bus bus{{},
                 {ports,
                  memory,
                  {fabric::IrqLine{isa, 0}, fabric::IrqLine{isa, 1}, fabric::IrqLine{isa, 2},
                   fabric::IrqLine{isa, 3}},
                  &isa.reset_control(),
                  nullptr}};
};

}  // namespace

TEST_CASE("PIIX: PIRQ lines reach the interrupts they are routed to", "[devices][piix]") {
    Bench bench;
    bench.isa.set_level(0, true);
    for (const auto& line : bench.irq) CHECK(line.times_driven == 0);  // Routed nowhere yet.

    bench.out(bench.isa, 0x60, 1, 10);
    CHECK(bench.irq[10].level);
    bench.out(bench.isa, 0x61, 1, 10);
    bench.isa.set_level(1, true);
    bench.isa.set_level(0, false);
    CHECK(bench.irq[10].level);
    CHECK(bench.irq[10].times_driven == 1);
    bench.out(bench.isa, 0x61, 1, 11);
    CHECK_FALSE(bench.irq[10].level);
    CHECK(bench.irq[11].level);
    bench.out(bench.isa, 0x61, 1, 0x8b);
    CHECK_FALSE(bench.irq[11].level);
}

TEST_CASE("PIIX: interrupts of the board cannot be taken", "[devices][piix][hostile]") {
    Bench bench;
    bench.isa.set_level(2, true);
    for (u32 irq = 0; irq < 16; ++irq) bench.out(bench.isa, 0x62, 1, irq);
    for (const u32 reserved : {0u, 1u, 2u, 8u, 13u}) CHECK(bench.irq[reserved].times_driven == 0);
    CHECK(bench.irq[15].level);
}

TEST_CASE("PIIX: the pin of a function finds its way to ISA", "[devices][piix]") {
    Bench bench;
    bench.out(bench.isa, 0x60, 1, 11);
    bench.pm.config().set_interrupt(true);  // INTA# of slot 1 is PIRQA.
    CHECK(bench.irq[11].level);
    bench.pm.reset(fabric::ResetKind::Platform);
    CHECK_FALSE(bench.irq[11].level);
}

TEST_CASE("PIIX: port CF9 resets when bit 2 rises", "[devices][piix]") {
    Bench bench;
    bench.bus.write(1, 1, 0x02);
    CHECK(bench.resets.empty());
    bench.bus.write(1, 1, 0x06);
    bench.bus.write(1, 1, 0x06);
    CHECK(bench.resets == std::vector{ResetRequest::Machine});
    CHECK(bench.bus.read(1, 1) == 0x06);
    bench.bus.write(1, 1, 0x00);
    bench.bus.write(1, 1, 0x04);
    CHECK(bench.resets.back() == ResetRequest::Processor);
}

TEST_CASE("PIIX4: the PM block is where PMBA says, once it is switched on", "[devices][piix]") {
    Bench bench;
    CHECK(bench.pm.config().dword(0) == 0x7113'8086);
    bench.out(bench.pm, 0x40, 4, 0x601);
    CHECK(bench.pm.config().dword(0x40) == 0x601);
    CHECK(bench.ports.read(0x608, 1) == 0xff);
    bench.out(bench.pm, 0x80, 1, 1);
    CHECK(bench.ports.read(0x608, 4) == 8);
    bench.out(bench.pm, 0x40, 4, 0xb000);
    CHECK(bench.ports.read(0x608, 1) == 0xff);
    CHECK(bench.ports.read(0xb008, 4) == 8);
    bench.out(bench.pm, 0x90, 4, 0xb100);
    bench.out(bench.pm, 0xd2, 1, 9);
    CHECK(bench.ports.read(0xb10f, 1) == 15);
}

TEST_CASE("PIIX4: writes to port B2 raise an SMI where APMC_EN says so", "[devices][piix]") {
    Bench bench;
    CHECK_FALSE(bench.pm.apmc_raises_smi());
    bench.out(bench.pm, 0x58, 4, 1 << 25);
    CHECK(bench.pm.apmc_raises_smi());
}

TEST_CASE("PIIX: state survives a snapshot", "[devices][piix][snapshot]") {
    Bench bench;
    bench.out(bench.isa, 0x60, 1, 11);
    bench.isa.set_level(0, true);
    bench.bus.write(1, 1, 0x02);
    bench.out(bench.pm, 0x40, 4, 0xb000);
    bench.out(bench.pm, 0x80, 1, 1);
    Bench restored;
    test::check_state_survives(bench.isa, restored.isa);
    test::check_state_survives(bench.pm, restored.pm);
    CHECK(restored.irq[11].times_driven == 0);
    CHECK(restored.ports.read(0xb008, 4) == 8);
    restored.isa.set_level(0, false);
    CHECK(restored.irq[11].times_driven == 1);
}
