// SPDX-License-Identifier: BSD-2-Clause
#include "devices/firmware/fw_cfg.hpp"

#include <catch2/catch.hpp>

#include <array>

#include "devices/firmware/fw_cfg_registers.hpp"
#include "fabric/bus/io_space.hpp"
#include "tests/support/device_conformance.hpp"

using namespace devices;
using namespace devices::fw_cfg;
using fabric::Gpa;

namespace {

std::vector<u8> bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

/// The device on its ports, and the firmware's two ways to read it.
struct Bench {
    std::unique_ptr<fabric::GuestMemory> memory;
    std::unique_ptr<FwCfg> device;
    fabric::IoSpace ports{"ports"};

    static constexpr u64 request_at = 0x1000;

    Bench() {
        memory = fabric::GuestMemory::create(fabric::GuestMemory::smallest_ram).value();
        memory->map_ram(Gpa{0}, fabric::GuestMemory::smallest_ram, 0).value();
        FwCfg::Config config;
        config.items = {{key::NbCpus, {2, 0}}, {key::KernelData, std::vector<u8>(200'000, 0x5a)}};
        config.files = {{"etc/two", bytes_of("second"), FwCfg::Access::ReadOnly},
                        {"etc/pointer", std::vector<u8>(8), FwCfg::Access::Writable},
                        {"bootorder", bytes_of("first"), FwCfg::Access::ReadOnly}};
        device = FwCfg::create(std::move(config), {*memory}).value();
        ports
            .map({.name = "fw_cfg",
                  .first = 0x510,
                  .length = port::Length,
                  .widest_access = 4,
                  .handler = device.get()})
            .value();
    }

    std::string read_item(u16 number, usize length) {
        ports.write(0x510, 2, number);
        std::string text;
        for (usize i = 0; i < length; ++i) text += static_cast<char>(ports.read(0x511, 1));
        return text;
    }

    /// The control field as the device leaves it.
    u32 dma(u32 control, u32 length, u64 address) {
        std::array<u8, 16> request{};
        const auto put = [&](usize at, u64 value, usize size) {
            for (usize i = 0; i < size; ++i) {
                request[at + i] = static_cast<u8>(value >> (8 * (size - 1 - i)));
            }
        };
        put(0, control, 4);
        put(4, length, 4);
        put(8, address, 8);
        REQUIRE(memory->write(Gpa{request_at}, request));
        ports.write(0x514, 4, 0);
        ports.write(0x518, 4, __builtin_bswap32(request_at));
        REQUIRE(memory->read(Gpa{request_at}, request));
        return u32{request[0]} << 24 | u32{request[1]} << 16 | u32{request[2]} << 8 | request[3];
    }

    std::string memory_at(u64 address, usize length) {
        std::string text(length, 0);
        REQUIRE(memory->read(Gpa{address}, {reinterpret_cast<u8*>(text.data()), length}));
        return text;
    }
};

constexpr u32 select_of(u16 number) { return u32{number} << dma::KeyShift | dma::Select; }

}  // namespace

TEST_CASE("fw_cfg: says who it is, twice", "[devices][fw_cfg]") {
    Bench bench;
    CHECK(bench.read_item(key::Signature, 4) == "QEMU");
    CHECK(bench.read_item(key::Id, 4) == std::string("\x03\0\0\0", 4));
    CHECK(bench.ports.read(0x514, 4) == __builtin_bswap32(0x5145'4d55));
    CHECK(bench.ports.read(0x518, 4) == __builtin_bswap32(0x2043'4647));
}

TEST_CASE("fw_cfg: the directory lists the files by name", "[devices][fw_cfg]") {
    Bench bench;
    const std::string directory = bench.read_item(key::FileDirectory, 4 + 3 * 64);
    CHECK(directory.substr(0, 4) == std::string("\0\0\0\3", 4));
    CHECK(directory.substr(4, 8) == std::string("\0\0\0\5\0\x20\0\0", 8));
    CHECK(std::string(directory.c_str() + 12) == "bootorder");
    CHECK(std::string(directory.c_str() + 12 + 64) == "etc/pointer");
    CHECK(std::string(directory.c_str() + 12 + 128) == "etc/two");
    CHECK(bench.read_item(key::FirstFile, 5) == "first");
    CHECK(bench.read_item(key::FirstFile + 2, 6) == "second");
}

TEST_CASE("fw_cfg: beyond the end, and where nothing is, zeroes", "[devices][fw_cfg]") {
    Bench bench;
    CHECK(bench.read_item(key::NbCpus, 4) == std::string("\2\0\0\0", 4));
    CHECK(bench.read_item(0x3fff, 2) == std::string(2, 0));
    CHECK(bench.dma(select_of(0x3fff) | dma::Read, 4, 0x2000) == 0);
    CHECK(bench.memory_at(0x2000, 4) == std::string(4, 0));
}

TEST_CASE("fw_cfg: DMA reads, skips and goes on", "[devices][fw_cfg]") {
    Bench bench;
    CHECK(bench.dma(select_of(key::FirstFile + 2) | dma::Skip, 2, 0) == 0);
    CHECK(bench.dma(dma::Read, 3, 0x2000) == 0);
    CHECK(bench.memory_at(0x2000, 3) == "con");
    CHECK(bench.ports.read(0x511, 1) == 'd');

    CHECK(bench.dma(select_of(key::KernelData) | dma::Read, 200'001, 0x10000) == 0);
    CHECK(bench.memory_at(0x10000, 200'001) == std::string(200'000, 0x5a) + '\0');
}

TEST_CASE("fw_cfg: only a writable file is written, and only within", "[devices][fw_cfg]") {
    Bench bench;
    REQUIRE(bench.memory->write(Gpa{0x3000}, bytes_of("12345678")));
    CHECK(bench.dma(select_of(key::FirstFile + 1) | dma::Write, 8, 0x3000) == 0);
    CHECK(bench.read_item(key::FirstFile + 1, 8) == "12345678");
    const auto file = bench.device->file("etc/pointer");
    CHECK(std::string(file.begin(), file.end()) == "12345678");

    CHECK(bench.dma(select_of(key::FirstFile + 1) | dma::Write, 9, 0x3000) == dma::Error);
    CHECK(bench.dma(select_of(key::FirstFile) | dma::Write, 1, 0x3000) == dma::Error);
    CHECK(bench.dma(select_of(0x3fff) | dma::Write, 1, 0x3000) == dma::Error);

    bench.device->reset(fabric::ResetKind::Platform);
    CHECK(bench.read_item(key::FirstFile + 1, 8) == std::string(8, 0));
}

TEST_CASE("fw_cfg: DMA to where no memory is says so", "[devices][fw_cfg][hostile]") {
    Bench bench;
    const u64 end = fabric::GuestMemory::smallest_ram;
    CHECK(bench.dma(select_of(key::KernelData) | dma::Read, 200'000, end - 100) == dma::Error);
    CHECK(bench.dma(select_of(key::KernelData) | dma::Read, 16, ~u64{0} - 3) == dma::Error);
    CHECK(bench.dma(select_of(0x3fff) | dma::Read, ~u32{0}, 0x2000) == dma::Error);
    CHECK(bench.dma(select_of(key::KernelData) | dma::Skip, ~u32{0}, 0) == 0);
    CHECK(bench.dma(dma::Skip, ~u32{0}, 0) == 0);
    CHECK(bench.ports.read(0x511, 1) == 0);

    bench.ports.write(0x514, 4, ~u32{0});  // The request itself lies nowhere.
    bench.ports.write(0x518, 4, ~u32{0});
}

TEST_CASE("fw_cfg: names and numbers are given once", "[devices][fw_cfg]") {
    Bench bench;
    const auto fails = [&](FwCfg::Config config) {
        return !FwCfg::create(std::move(config), {*bench.memory});
    };
    CHECK(fails({.items = {{key::Signature, {}}}}));
    CHECK(fails({.items = {{key::FirstFile, {}}}}));
    CHECK(fails({.items = {{key::NbCpus, {}}, {key::NbCpus, {}}}}));
    CHECK(
        fails({.files = {{"a", {}, FwCfg::Access::ReadOnly}, {"a", {}, FwCfg::Access::ReadOnly}}}));
    CHECK(fails({.files = {{std::string(56, 'x'), {}, FwCfg::Access::ReadOnly}}}));
}

TEST_CASE("fw_cfg: state survives a snapshot", "[devices][fw_cfg][snapshot]") {
    Bench bench;
    REQUIRE(bench.memory->write(Gpa{0x3000}, bytes_of("abcdefgh")));
    bench.dma(select_of(key::FirstFile + 1) | dma::Write, 5, 0x3000);
    bench.read_item(key::FirstFile + 2, 3);
    bench.ports.write(0x514, 4, 0x1234);
    Bench restored;
    test::check_state_survives(*bench.device, *restored.device);
    CHECK(restored.ports.read(0x511, 1) == 'o');
}

TEST_CASE("fw_cfg: conforms to the rules of every device", "[devices][fw_cfg][hostile]") {
    Bench bench;
    test::check_survives_any_access(*bench.device, port::Length, 4);
}
