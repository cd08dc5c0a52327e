// SPDX-License-Identifier: BSD-2-Clause
#include "machine/board/firmware_files.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <numeric>
#include <span>

#include "devices/firmware/fw_cfg_registers.hpp"

using namespace machine;
namespace key = devices::fw_cfg::key;

namespace {

constexpr u64 gib = u64{1} << 30;

/// The device that is made of the files, so that what it refuses is seen here.
struct Bench {
    std::unique_ptr<fabric::GuestMemory> memory =
        fabric::GuestMemory::create(fabric::GuestMemory::smallest_ram).value();
    std::unique_ptr<devices::FwCfg> device;

    explicit Bench(FirmwareConfig config) {
        auto files = make_firmware_files(std::move(config));
        REQUIRE(files.has_value());
        device = devices::FwCfg::create(std::move(files).value(), {*memory}).value();
    }

    std::string text(std::string_view name) const {
        const auto bytes = device->file(name);
        return {bytes.begin(), bytes.end()};
    }
    u64 item(u16 number, usize size) {
        device->write(devices::fw_cfg::port::Selector, 2, number);
        u64 value = 0;
        for (usize i = 0; i < size; ++i) {
            value |= device->read(devices::fw_cfg::port::Data, 1) << (8 * i);
        }
        return value;
    }
};

}  // namespace

TEST_CASE("firmware: is told of processors and memory", "[machine][firmware]") {
    Bench bench({.cpu_count = 4, .low_ram_end = 3 * gib, .high_ram_bytes = 5 * gib});
    CHECK(bench.item(key::NbCpus, 2) == 4);
    CHECK(bench.item(key::MaxCpus, 2) == 4);
    CHECK(bench.item(key::RamSize, 8) == 8 * gib);
    const std::string map = bench.text("etc/e820");
    REQUIRE(map.size() == 40);
    CHECK(map.substr(0, 20) == std::string("\0\0\0\0\0\0\0\0\0\0\0\xc0\0\0\0\0\1\0\0\0", 20));
    CHECK(map.substr(20) == std::string("\0\0\0\0\1\0\0\0\0\0\0\x40\1\0\0\0\1\0\0\0", 20));
    CHECK(bench.text("etc/reserved-memory-end") == std::string("\0\0\0\x40\2\0\0\0", 8));
    CHECK(bench.text("etc/smbios/smbios-anchor").substr(0, 4) == "_SM_");
    CHECK(bench.text("etc/acpi/rsdp").substr(0, 8) == "RSD PTR ");
    CHECK(bench.text("etc/table-loader").size() % 128 == 0);
}

TEST_CASE("firmware: boots what it is told to", "[machine][firmware]") {
    Bench bench({.video_bios = {0x55, 0xaa}, .boot_order = {"/a", "/b"}, .boot_menu_ms = 3000});
    CHECK(bench.text("bootorder") == std::string("/a\n/b\0", 6));
    CHECK(bench.item(key::BootMenu, 2) == 1);
    CHECK(bench.text("etc/boot-menu-wait") == std::string("\xb8\x0b\0\0", 4));
    CHECK(bench.text("pci1414,5353.rom") == "\x55\xaa");
    CHECK(bench.text("genroms/linuxboot_dma.bin").empty());
}

TEST_CASE("firmware: the display's ROM names the display", "[machine][firmware]") {
    std::vector<u8> rom(512);
    const auto sum = [](std::string_view bytes) {
        return std::accumulate(bytes.begin(), bytes.end(), 0u) & 0xff;
    };
    rom[0x18] = 0x40;
    constexpr std::string_view data("PCIR\x34\x12\x11\x11", 8);
    std::copy(data.begin(), data.end(), rom.begin() + 0x40);
    const std::string before(rom.begin(), rom.end());
    const std::string named = Bench({.video_bios = rom}).text("pci1414,5353.rom");
    CHECK(named.substr(0x40, 8) == "PCIR\x14\x14\x53\x53");
    CHECK(sum(named) == sum(before));

    const u8 pointer = GENERATE(u8{0x39}, u8{0xf0}, u8{0xff});  // To something else; to the end.
    rom[0x18] = pointer;
    rom[0x19] = 1;
    CHECK(Bench({.video_bios = rom}).text("pci1414,5353.rom") ==
          std::string(rom.begin(), rom.end()));
}

TEST_CASE("firmware: what cannot be is refused", "[machine][firmware]") {
    CHECK_FALSE(make_firmware_files({.low_ram_end = 0xff00'0000}));
    FirmwareConfig config;
    config.direct_boot = DirectBootConfig{.kernel = {1, 2, 3}, .initrd = {}, .command_line = {}};
    CHECK_FALSE(make_firmware_files(config));
}
