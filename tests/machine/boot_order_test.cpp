// SPDX-License-Identifier: BSD-2-Clause
//
// What the firmware boots, and in which order, on media that say their letter and then give up.
#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>
#include <numeric>

#include "tests/machine/pc_guest.hpp"
#include "tests/support/temporary_folder.hpp"

using machine::PcBootDevice;

namespace {

constexpr usize disk_sector = 512;
constexpr usize cd_sector = 2048;

using Image = std::vector<u8>;

void put(Image& image, usize at, const std::vector<u8>& bytes) {
    std::ranges::copy(bytes, image.begin() + static_cast<std::ptrdiff_t>(at));
}

void put(Image& image, usize at, std::string_view text) {
    put(image, at, std::vector<u8>(text.begin(), text.end()));
}

/// "<X>" to the debug console; then INT 18h, which asks the firmware for what is next.
std::vector<u8> code_that_says(char letter) {
    std::vector<u8> code;
    for (const char each : {'<', letter, '>'}) {
        code.insert(code.end(), {0xb0, static_cast<u8>(each), 0xe6, 0xe9});
    }
    code.insert(code.end(), {0xcd, 0x18});
    return code;
}

Image disk_that_says(char letter) {
    Image image(disk_sector * 64);
    put(image, 0, code_that_says(letter));
    put(image, disk_sector - 2, {0x55, 0xaa});
    return image;
}

/// Of "El Torito" 1.0: a boot record that leads to a catalog, which leads to a sector of code.
Image cd_that_says(char letter) {
    constexpr usize volume = 16 * cd_sector;
    constexpr usize boot_record = 17 * cd_sector;
    constexpr usize catalog = 19 * cd_sector;
    constexpr u8 code_sector = 20;
    Image image(cd_sector * 64);
    put(image, volume, "\1CD001\1");
    put(image, boot_record + 1, "CD001\1EL TORITO SPECIFICATION");
    image[boot_record + 0x47] = 19;
    image[catalog] = 1;
    put(image, catalog + 0x1c, {0xaa, 0x55, 0x55, 0xaa});  // The sum of all words is nothing.
    constexpr usize entry = catalog + 0x20;
    image[entry] = 0x88;   // Bootable, as no other kind of drive.
    image[entry + 6] = 4;  // Sectors of 512 bytes.
    image[entry + 8] = code_sector;
    put(image, code_sector * cd_sector, code_that_says(letter));
    return image;
}

/// An option ROM with a vector to boot from (PCI Firmware Specification 3.0, 5.1; Plug and Play
/// BIOS Specification 1.0A, 3.2).
Image rom_that_says(char letter) {
    constexpr u8 pci_data = 0x20;
    constexpr u8 plug_and_play = 0x40;
    constexpr u8 name = 0x60;
    constexpr u8 code = 0x80;
    Image rom(cd_sector);
    put(rom, 0, {0x55, 0xaa, static_cast<u8>(rom.size() / 512), 0xcb});
    rom[0x18] = pci_data;
    rom[0x1a] = plug_and_play;
    put(rom, pci_data, "PCIR");
    put(rom, pci_data + 4, {0x86, 0x80, 0x0e, 0x10});
    put(rom, pci_data + 0x0a, {0x18, 0, 0, 0, 0, 2});
    put(rom, pci_data + 0x10, {static_cast<u8>(rom.size() / 512)});
    rom[pci_data + 0x15] = 0x80;
    put(rom, plug_and_play, "$PnP\1\2");
    rom[plug_and_play + 0x10] = name;
    rom[plug_and_play + 0x12] = 2;
    rom[plug_and_play + 0x1a] = code;
    put(rom, name, "a speaking network");
    put(rom, code, code_that_says(letter));
    rom.back() = static_cast<u8>(-std::accumulate(rom.begin(), rom.end(), 0));
    return rom;
}

std::string stored(const test::TemporaryFolder& folder, const std::string& name,
                   const Image& image) {
    const std::string path = folder.file(name);
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(image.data()), static_cast<i64>(image.size()));
    return path;
}

/// Letters in the order in which they were said, with the firmware's own words left out.
std::string letters_in(const std::string& log) {
    std::string letters;
    for (usize i = 0; i + 2 < log.size(); ++i) {
        const bool said = log[i] == '<' && log[i + 2] == '>';
        if (said) letters += log[i + 1];
    }
    return letters;
}

}  // namespace

TEST_CASE("PC: the firmware boots what the boot order names first", "[machine][pc][boot]") {
    if (!test::have_seabios()) return;
    const test::TemporaryFolder folder;
    using enum PcBootDevice;
    struct Case {
        std::vector<PcBootDevice> order;
        std::string letters;
    };
    const auto [order, letters] = GENERATE(
        Case{{}, "DCN"}, Case{{Cdrom, Disk}, "CDN"}, Case{{Cdrom}, "CDN"}, Case{{Network}, "NDC"},
        Case{{Network, Cdrom, Disk}, "NCD"}, Case{{Disk, Network}, "DNC"});
    CAPTURE(letters);
    machine::PcConfig config = test::pc_config();
    config.disks = {{.path = stored(folder, "disk", disk_that_says('D')), .snapshot = true}};
    config.cdroms = {stored(folder, "cd", cd_that_says('C'))};
    config.adapters = {{.mac = {}, .rom = rom_that_says('N')}};
    config.boot_order = order;
    test::PcGuest guest(config);
    CHECK(guest.run_until_logged("No bootable device"));
    CHECK(letters_in(guest.log.text) == letters);
}

TEST_CASE("PC: of several media of a kind, the one that was named first", "[machine][pc][boot]") {
    if (!test::have_seabios()) return;
    const test::TemporaryFolder folder;
    // With three disks, the first CD finds its usual place taken.
    machine::PcConfig config = test::pc_config();
    for (const char letter : {'1', '2', '3'}) {
        config.disks.push_back(
            {.path = stored(folder, {letter}, disk_that_says(letter)), .snapshot = true});
    }
    config.cdroms = {stored(folder, "cd", cd_that_says('C'))};
    config.boot_order = {PcBootDevice::Cdrom, PcBootDevice::Disk};
    test::PcGuest guest(config);
    CHECK(guest.run_until_logged("No bootable device"));
    CHECK(letters_in(guest.log.text) == "C1");
}
