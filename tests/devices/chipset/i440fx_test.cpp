// SPDX-License-Identifier: BSD-2-Clause
#include "devices/chipset/i440fx.hpp"

#include <catch2/catch.hpp>

#include "tests/support/device_conformance.hpp"

using namespace devices;
using fabric::Gpa;

namespace {

/// A PC's first mebibyte behind the bridge, with a ROM of 64 KiB.
struct Bench {
    Bench() {
        REQUIRE(memory->map_ram(Gpa{0}, 0xa'0000, 0).has_value());
        REQUIRE(memory->map_shadow_ram(Gpa{0xa'0000}, 0x6'0000, 0xa'0000).has_value());
        const std::vector<u8> rom(0x1'0000, 0xc3);
        REQUIRE(memory->map_rom(Gpa{0xf'0000}, rom, "bios").has_value());
    }

    void out(u32 offset, u8 value) {
        bridge.config().write(offset, 1, value);
        bridge.config_written(offset, 1);
    }
    int read(u64 where) {
        u8 value = 0;
        return memory->read(Gpa{where}, {&value, 1}) ? value : -1;
    }
    bool write(u64 where, u8 value) { return memory->write(Gpa{where}, {&value, 1}); }

    std::unique_ptr<fabric::GuestMemory> memory =
        std::move(fabric::GuestMemory::create(u64{1} << 20)).value();
    I440fx bridge{{}, {*memory}};
};

}  // namespace

TEST_CASE("i440FX: shows itself as SeaBIOS wants it", "[devices][i440fx]") {
    Bench bench;
    CHECK(bench.bridge.config().dword(0) == 0x1237'8086);
    CHECK(bench.bridge.config().dword(8) == 0x0600'0002);
    CHECK(bench.bridge.config().byte(0x72) == 0x02);
}

TEST_CASE("i440FX: shadow RAM is written, copied to and locked in segments", "[devices][i440fx]") {
    Bench bench;
    CHECK(bench.read(0xf'0000) == 0xc3);
    CHECK(bench.read(0xc'0000) == -1);
    bench.out(0x59, 0x30);
    CHECK(bench.read(0xf'0000) == 0);
    CHECK(bench.write(0xf'0000, 0x12));
    bench.out(0x59, 0x10);
    CHECK_FALSE(bench.write(0xf'0000, 0x34));
    CHECK(bench.read(0xf'0000) == 0x12);
    bench.out(0x59, 0x00);
    CHECK(bench.read(0xf'0000) == 0xc3);
}

TEST_CASE("i440FX: each attribute governs its own 16 KiB", "[devices][i440fx]") {
    Bench bench;
    const u32 segment = GENERATE(range(0u, 12u));
    CAPTURE(segment);
    bench.out(0x5a + segment / 2, segment % 2 == 0 ? 0x03 : 0x30);
    for (u32 other = 0; other < 12; ++other) {
        CHECK(bench.write(0xc'0000 + 0x4000 * u64{other} + 0x3fff, 1) == (other == segment));
    }
}

TEST_CASE("i440FX: SMRAM is open to all, or to SMM", "[devices][i440fx]") {
    Bench bench;
    CHECK(bench.read(0xa'0000) == -1);
    bench.out(0x72, 0x4a);
    CHECK(bench.write(0xa'0000, 0x55));
    bench.out(0x72, 0x0a);
    CHECK(bench.read(0xa'0000) == -1);
    bench.bridge.set_smm_active(true);
    CHECK(bench.read(0xb'ffff) == 0);
    CHECK(bench.read(0xa'0000) == 0x55);
    bench.bridge.set_smm_active(false);
    CHECK(bench.read(0xa'0000) == -1);
}

TEST_CASE("i440FX: locked SMRAM stays closed until a reset", "[devices][i440fx]") {
    Bench bench;
    bench.out(0x72, 0x5a);
    CHECK(bench.bridge.config().byte(0x72) == 0x1a);
    bench.out(0x72, 0x4a);
    CHECK(bench.bridge.config().byte(0x72) == 0x1a);
    CHECK(bench.read(0xa'0000) == -1);
    bench.bridge.reset(fabric::ResetKind::Platform);
    bench.out(0x72, 0x4a);
    CHECK(bench.read(0xa'0000) == 0);
}

TEST_CASE("i440FX: memory follows a restored state", "[devices][i440fx][snapshot]") {
    Bench bench;
    bench.out(0x59, 0x30);
    bench.out(0x5a, 0x31);
    bench.out(0x72, 0x1a);
    bench.bridge.set_smm_active(true);
    Bench restored;
    test::check_state_survives(bench.bridge, restored.bridge);
    CHECK(restored.read(0xf'0000) == 0);
    CHECK(restored.write(0xc'4000, 1));
    CHECK_FALSE(restored.write(0xc'0000, 1));
    CHECK(restored.read(0xa'0000) == 0);
    restored.bridge.reset(fabric::ResetKind::PowerOn);
    CHECK(restored.read(0xf'0000) == 0xc3);
    CHECK(restored.bridge.state() == I440fx::State{});
}

TEST_CASE("i440FX: any register takes any value", "[devices][i440fx][hostile]") {
    Bench bench;
    for (u32 offset = 0; offset < 256; ++offset) {
        for (u32 value = 0; value < 256; value += 3) bench.out(offset, static_cast<u8>(value));
    }
    CHECK(bench.bridge.config().dword(0) == 0x1237'8086);
    bench.bridge.reset(fabric::ResetKind::PowerOn);
    CHECK(bench.bridge.state() == I440fx::State{});
}
