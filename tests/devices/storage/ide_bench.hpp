// SPDX-License-Identifier: BSD-2-Clause
//
// A whole IDE controller on a bench, programmed through its ports as a driver would.
#pragma once

#include <catch2/catch.hpp>

#include <memory>

#include "devices/pci/bus.hpp"
#include "devices/storage/ata_disk.hpp"
#include "devices/storage/piix_ide.hpp"
#include "tests/devices/storage/memory_medium.hpp"
#include "tests/support/recording_irq_sink.hpp"

namespace test {

/// An image and the store in front of it.
struct Image {
    explicit Image(u64 bytes, bool read_only = false)
        : owned(std::make_unique<MemoryMedium>(bytes, read_only)),
          medium(*owned),
          store(std::move(owned)) {}

    std::unique_ptr<MemoryMedium> owned;
    MemoryMedium& medium;
    fabric::BlockStore store;
};

inline std::unique_ptr<fabric::GuestMemory> two_mebibytes() {
    auto made = fabric::GuestMemory::create(u64{2} << 20);
    REQUIRE(made.has_value());
    REQUIRE(made.value()->map_ram(fabric::Gpa{0}, u64{2} << 20, 0).has_value());
    return std::move(made).value();
}

struct IdeWires {
    fabric::EventQueue events;
    fabric::IoSpace ports{"ports"};
    fabric::IoSpace mmio{"memory"};
    RecordingIrqSink irq14;
    RecordingIrqSink irq15;
    std::unique_ptr<fabric::GuestMemory> memory = two_mebibytes();
};

/// The controller around drives that a test made.
struct IdeController {
    static constexpr u16 command_block = 0x1f0;
    static constexpr u16 control_block = 0x3f6;
    static constexpr u16 bus_master = 0xc000;

    IdeController(IdeWires& its_wires, std::array<devices::ata::Drive*, 2> drives)
        : wires(its_wires),
          primary({"ide0"}, {fabric::IrqLine{wires.irq14, 0}, *wires.memory, drives}),
          secondary({"ide1"}, {fabric::IrqLine{wires.irq15, 0}, *wires.memory, {}}),
          function({}, {{&primary, &secondary}}),
          bus({}, {wires.ports, wires.mmio, {}, nullptr, nullptr}) {
        bus.attach(1, 1, function);
        config(0x40, 4, 0x8000'8000);
        config(0x20, 4, bus_master);
        config(0x04, 2, 5);
    }

    void config(u32 offset, u32 size, u32 value) {
        function.config().write(offset, size, value);
        function.config_written(offset, size);
    }

    u8 in(u16 port) const { return static_cast<u8>(wires.ports.read(port, 1)); }
    void out(u16 port, u32 value) const { wires.ports.write(port, 1, value & 0xff); }
    u8 status() const { return in(control_block); }
    bool busy() const { return (status() & 0x80) != 0; }

    /// Time passes until the drive is no longer busy.
    void wait() const {
        for (int i = 0; busy(); ++i) {
            REQUIRE(i < 100'000);
            wires.events.run_until(wires.events.now() + fabric::VmDuration{1'000'000});
        }
    }

    /// A 28-bit command, by LBA.
    void command(u8 code, u64 sector = 0, u32 count = 1, u8 features = 0) const {
        out(0x1f6, 0xe0 | static_cast<u32>(sector >> 24 & 0xf));
        out(0x1f1, features);
        out(0x1f2, count);
        for (u16 i = 0; i < 3; ++i) out(static_cast<u16>(0x1f3 + i), sector >> (8 * i) & 0xff);
        out(0x1f7, code);
    }
    /// A 48-bit command: each register twice.
    void command_ext(u8 code, u64 sector, u32 count) const {
        out(0x1f6, 0xe0);
        out(0x1f2, count >> 8);
        for (u16 i = 0; i < 3; ++i) out(static_cast<u16>(0x1f3 + i), sector >> (24 + 8 * i) & 0xff);
        out(0x1f2, count);
        for (u16 i = 0; i < 3; ++i) out(static_cast<u16>(0x1f3 + i), sector >> (8 * i) & 0xff);
        out(0x1f7, code);
    }

    std::vector<u8> read_pio(usize bytes) const {
        std::vector<u8> data;
        while (data.size() < bytes) {
            const u64 word = wires.ports.read(0x1f0, 2);
            data.push_back(static_cast<u8>(word));
            data.push_back(static_cast<u8>(word >> 8));
        }
        return data;
    }
    void write_pio(std::span<const u8> data) const {
        for (usize i = 0; i < data.size(); i += 2) {
            wires.ports.write(0x1f0, 2, static_cast<u64>(data[i] | data[i + 1] << 8));
        }
    }

    void put(u64 where, std::span<const u8> bytes) const {
        REQUIRE(wires.memory->write(fabric::Gpa{where}, bytes));
    }
    std::vector<u8> get(u64 where, usize bytes) const {
        std::vector<u8> data(bytes);
        REQUIRE(wires.memory->read(fabric::Gpa{where}, data));
        return data;
    }
    /// One descriptor of a table at `table`.
    void describe(u64 table, u32 index, u32 base, u32 bytes, bool last) const {
        std::array<u8, 8> entry{};
        for (u32 i = 0; i < 4; ++i) entry[i] = static_cast<u8>(base >> (8 * i));
        entry[4] = static_cast<u8>(bytes);
        entry[5] = static_cast<u8>(bytes >> 8);
        entry[7] = last ? 0x80 : 0;
        put(table + 8 * index, entry);
    }
    void start_bus_master(u32 table, bool to_memory) const {
        wires.ports.write(bus_master + 4, 4, table);
        out(bus_master + 2, 0x06);
        out(bus_master, to_memory ? 0x09 : 0x01);
    }
    u8 bus_master_status() const { return in(bus_master + 2); }

    IdeWires& wires;
    devices::IdeChannel primary;
    devices::IdeChannel secondary;
    devices::PiixIde function;
    devices::pci::Bus bus;
};

}  // namespace test
