// SPDX-License-Identifier: BSD-2-Clause
#include "machine/board/direct_boot.hpp"

#include <catch2/catch.hpp>

#include <numeric>
#include <span>

#include "devices/firmware/fw_cfg_registers.hpp"

using namespace machine;
namespace key = devices::fw_cfg::key;

namespace {

constexpr u64 mib = u64{1} << 20;

void put(std::vector<u8>& image, usize offset, usize size, u64 value) {
    for (usize i = 0; i < size; ++i) image[offset + i] = static_cast<u8>(value >> (8 * i));
}

/// A kernel that is nothing but its header: 8 sectors of setup, 1 MiB to be loaded high.
std::vector<u8> kernel() {
    std::vector<u8> image(9 * 512 + mib, 0xcc);
    std::fill_n(image.begin(), 9 * 512, u8{0});
    put(image, 0x1f1, 1, 8);
    put(image, 0x1fe, 2, 0xaa55);
    put(image, 0x202, 4, 0x5372'6448);
    put(image, 0x206, 2, 0x020f);
    put(image, 0x211, 1, 1);
    put(image, 0x22c, 4, 0x7fff'ffff);
    put(image, 0x234, 1, 1);
    put(image, 0x238, 4, 2047);
    put(image, 0x258, 8, 16 * mib);
    put(image, 0x260, 4, 8 * mib);
    return image;
}

std::span<const u8> item(const DirectBootFiles& files, u16 number) {
    for (const auto& each : files.items) {
        if (each.key == number) return each.bytes;
    }
    FAIL("item " << number << " is not there");
    return {};
}

u64 number_at(std::span<const u8> bytes, usize at, usize size) {
    REQUIRE(at + size <= bytes.size());
    u64 value = 0;
    for (usize i = size; i-- > 0;) value = value << 8 | bytes[at + i];
    return value;
}

std::string refusal(std::vector<u8> image, std::vector<u8> initrd, std::string line, u64 memory) {
    const auto files =
        make_direct_boot_files({std::move(image), std::move(initrd), std::move(line)}, memory);
    return files ? "" : files.error().message;
}

}  // namespace

TEST_CASE("direct boot: the setup header tells where all is", "[machine][direct_boot]") {
    const std::vector<u8> initrd(5000, 0xee);
    const auto files =
        make_direct_boot_files({kernel(), initrd, "console=ttyS0 vga=0x317 quiet"}, 64 * mib)
            .value();
    const auto setup = item(files, key::SetupData);
    CHECK(setup.size() == 9 * 512);
    CHECK(number_at(item(files, key::SetupSize), 0, 4) == setup.size());
    CHECK(item(files, key::KernelData).size() == mib);
    CHECK(item(files, key::KernelData)[0] == 0xcc);
    const u64 initrd_address = number_at(item(files, key::InitrdAddress), 0, 4);
    CHECK(initrd_address % 4096 == 0);
    CHECK(initrd_address + 5000 <= 63 * mib);
    CHECK(initrd_address > 24 * mib);
    CHECK(number_at(setup, 0x218, 4) == initrd_address);
    CHECK(number_at(setup, 0x21c, 4) == 5000);
    CHECK(number_at(setup, 0x210, 1) == 0xff);
    CHECK(number_at(setup, 0x211, 1) == 0x81);
    CHECK(number_at(setup, 0x1fa, 2) == 0x317);
    CHECK(number_at(setup, 0x228, 4) == number_at(item(files, key::CmdlineAddress), 0, 4));
    const auto line = item(files, key::CmdlineData);
    CHECK(std::string(line.begin(), line.end()) ==
          std::string("console=ttyS0 vga=0x317 quiet") + '\0');
}

TEST_CASE("direct boot: mem= and the kernel's own limit keep the initrd low",
          "[machine][direct_boot]") {
    const std::vector<u8> initrd(mib);
    auto files = make_direct_boot_files({kernel(), initrd, "mem=32M"}, 4096 * mib).value();
    CHECK(number_at(item(files, key::InitrdAddress), 0, 4) == 31 * mib);
    files = make_direct_boot_files({kernel(), initrd, ""}, 3072 * mib).value();
    CHECK(number_at(item(files, key::InitrdAddress), 0, 4) == 2047 * mib);
}

TEST_CASE("direct boot: the option ROM sums up to zero", "[machine][direct_boot]") {
    const auto files = make_direct_boot_files({kernel(), {}, ""}, 64 * mib).value();
    const auto& rom = files.option_rom.bytes;
    CHECK(files.option_rom.name == "genroms/linuxboot_dma.bin");
    REQUIRE(rom.size() == rom[2] * 512u);
    CHECK(number_at(rom, 0, 2) == 0xaa55);
    CHECK((std::accumulate(rom.begin(), rom.end(), 0u) & 0xff) == 0);
    const usize pnp = number_at(rom, 0x1a, 2);
    CHECK(std::string(rom.begin() + static_cast<i64>(pnp),
                      rom.begin() + static_cast<i64>(pnp) + 4) == "$PnP");
    const auto header = rom.begin() + static_cast<i64>(pnp);
    CHECK((std::accumulate(header, header + 32, 0u) & 0xff) == 0);
}

TEST_CASE("direct boot: what cannot be booted is refused with the reason",
          "[machine][direct_boot][hostile]") {
    std::vector<u8> image = kernel();
    CHECK(refusal({}, {}, "", 64 * mib).find("not a Linux kernel") != std::string::npos);
    CHECK(refusal({image.begin(), image.begin() + 4000}, {}, "", 64 * mib).find("cut short") !=
          std::string::npos);
    CHECK(refusal(image, {}, std::string(2048, 'x'), 64 * mib).find("2047") != std::string::npos);
    CHECK(refusal(image, {}, "", 24 * mib).find("more memory") != std::string::npos);
    CHECK(refusal(image, std::vector<u8>(40 * mib), "", 64 * mib).find("more memory") !=
          std::string::npos);
    CHECK(refusal(image, {}, "", 0).find("more memory") != std::string::npos);

    SECTION("an old one") { put(image, 0x206, 2, 0x0205); }
    SECTION("a zImage") { put(image, 0x211, 1, 0); }
    SECTION("with more setup code than there may be") { put(image, 0x1f1, 1, 255); }
    SECTION("that wants to lie beyond all memory") { put(image, 0x258, 8, ~u64{0}); }
    SECTION("that wants all memory for itself") { put(image, 0x260, 4, 0xffff'ffff); }
    CHECK_FALSE(refusal(image, {}, "", 64 * mib).empty());
}

TEST_CASE("direct boot: no header does more than be refused", "[machine][direct_boot][hostile]") {
    std::vector<u8> image = kernel();
    for (usize at = 0x1f1; at < 0x264; ++at) {
        for (const u8 value : {u8{0x00}, u8{0x01}, u8{0x7f}, u8{0x80}, u8{0xff}}) {
            const u8 before = std::exchange(image[at], value);
            auto files = make_direct_boot_files({image, {1, 2, 3}, "vga=ask"}, 64 * mib);
            if (files) {
                CHECK(number_at(item(files.value(), key::InitrdAddress), 0, 4) < 64 * mib);
            }
            image[at] = before;
        }
    }
}
