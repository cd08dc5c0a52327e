// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/memory/guest_memory.hpp"

#include <catch2/catch.hpp>

#include <numeric>

using namespace fabric;

namespace {

constexpr u64 MiB = u64{1} << 20;

struct Listener final : MemoryObserver {
    void memory_changed(Gpa first, u64 length) override {
        changed.emplace_back(first.value, length);
    }
    void mapping_changed(Gpa, u64) override { ++mappings; }
    void writes_restricted() override { ++mappings; }

    std::vector<std::pair<u64, u64>> changed;
    int mappings = 0;
};

std::unique_ptr<GuestMemory> memory_of(u64 bytes) {
    auto made = GuestMemory::create(bytes);
    REQUIRE(made.has_value());
    return std::move(made).value();
}

/// 4 MiB of RAM, three of them low and one at 4 GiB, and a ROM.
struct Bench {
    Bench() {
        REQUIRE(memory->map_ram(Gpa{0}, 3 * MiB, 0).has_value());
        REQUIRE(memory->map_ram(high, MiB, 3 * MiB).has_value());
        REQUIRE(memory->map_rom(rom, rom_bytes, "bios").has_value());
        memory->add_observer(listener);
    }

    static constexpr Gpa high{u64{1} << 32};
    static constexpr Gpa rom{0xffff'e000};
    std::vector<u8> rom_bytes = std::vector<u8>(8192, 0xc3);
    std::unique_ptr<GuestMemory> memory = memory_of(4 * MiB);
    Listener listener;
};

std::vector<u8> counting(usize size) {
    std::vector<u8> bytes(size);
    std::iota(bytes.begin(), bytes.end(), u8{1});
    return bytes;
}

}  // namespace

TEST_CASE("Guest memory: an impossible size is refused in words", "[fabric][memory][hostile]") {
    const u64 bytes = GENERATE(u64{0}, u64{4096}, MiB + 1, ~u64{0}, (u64{1} << 40) + 4096);
    CAPTURE(bytes);
    const auto made = GuestMemory::create(bytes);
    REQUIRE_FALSE(made.has_value());
    CHECK_FALSE(made.error().message.empty());
}

TEST_CASE("Guest memory: RAM is where the board puts it", "[fabric][memory]") {
    Bench bench;
    CHECK(bench.memory->page(0).host == bench.memory->ram().data());
    CHECK(bench.memory->page(Bench::high.frame()).host == bench.memory->ram().data() + 3 * MiB);
    CHECK(bench.memory->page(0).flags == page_flag::Writable);
    CHECK(bench.memory->page(Bench::rom.frame()).flags == 0);
    CHECK(bench.memory->page(3 * MiB / page_size).host == nullptr);
    CHECK(bench.memory->page(~u64{0} >> page_shift).host == nullptr);
    CHECK(bench.memory->page(~u64{0}).host == nullptr);
}

TEST_CASE("Guest memory: a wrong mapping is refused", "[fabric][memory][hostile]") {
    Bench bench;
    GuestMemory& memory = *bench.memory;
    CHECK_FALSE(memory.map_ram(Gpa{0}, page_size, 0).has_value());              // Overlaps.
    CHECK_FALSE(memory.map_ram(Gpa{8 * MiB}, page_size, 0).has_value());        // Placed twice.
    CHECK_FALSE(memory.map_ram(Gpa{8 * MiB}, page_size, 4 * MiB).has_value());  // Beyond RAM.
    CHECK_FALSE(memory.map_ram(Gpa{8 * MiB}, ~u64{4095}, 4096).has_value());
    CHECK_FALSE(memory.map_ram(Gpa{8 * MiB}, page_size, ~u64{4095}).has_value());
    CHECK_FALSE(memory.map_ram(Gpa{12}, page_size, 0).has_value());
    CHECK_FALSE(memory.map_ram(Gpa{~u64{4095}}, 2 * page_size, 0).has_value());  // Wraps.
    CHECK_FALSE(memory.map_rom(Gpa{8 * MiB}, std::vector<u8>(100), "odd").has_value());
    CHECK_FALSE(memory.map_rom(Gpa{8 * MiB}, {}, "empty").has_value());
    CHECK_FALSE(memory.map_rom(Gpa{u64{1} << 52}, std::vector<u8>(4096), "far").has_value());
    CHECK(bench.listener.mappings == 0);
}

TEST_CASE("Guest memory: devices read and write across pages", "[fabric][memory]") {
    Bench bench;
    const auto sent = counting(10'000);
    REQUIRE(bench.memory->write(Gpa{4000}, sent));
    std::vector<u8> got(sent.size());
    REQUIRE(bench.memory->read(Gpa{4000}, got));
    CHECK(got == sent);
    CHECK(bench.listener.changed == std::vector<std::pair<u64, u64>>{{4000, 10'000}});
}

TEST_CASE("Guest memory: a device's access is all or nothing", "[fabric][memory][hostile]") {
    Bench bench;
    const std::vector<u8> before(bench.memory->ram().begin(), bench.memory->ram().end());
    const auto bytes = counting(64);
    std::vector<u8> into(64, 0x55);
    for (const u64 address : {3 * MiB - 10, ~u64{0} - 10, u64{1} << 52, (u64{1} << 52) - 10,
                              Bench::rom.value - 10, u64{5} << 40}) {
        CAPTURE(address);
        CHECK_FALSE(bench.memory->write(Gpa{address}, bytes));
        CHECK_FALSE(bench.memory->read(Gpa{address}, into));
    }
    CHECK(bench.memory->read(Bench::rom, into));
    CHECK(into[0] == 0xc3);
    CHECK_FALSE(bench.memory->write(Bench::rom, bytes));
    CHECK(std::equal(before.begin(), before.end(), bench.memory->ram().begin()));
    CHECK(bench.listener.changed.empty());
    CHECK(bench.memory->write(Gpa{0}, {}));
}

TEST_CASE("Guest memory: a flagged page's writes are told, others are not", "[fabric][memory]") {
    Bench bench;
    bench.memory->set_flag(5, page_flag::Code, true);
    CHECK(bench.memory->page(5).flags == (page_flag::Writable | page_flag::Code));
    CHECK(bench.listener.mappings == 0);

    bench.memory->note_write(Gpa{4 * page_size}, 8);
    CHECK(bench.listener.changed.empty());
    bench.memory->note_write(Gpa{5 * page_size - 4}, 8);
    CHECK(bench.listener.changed == std::vector<std::pair<u64, u64>>{{5 * page_size - 4, 8}});

    bench.memory->set_flag(5, page_flag::Code, false);
    bench.memory->note_write(Gpa{5 * page_size}, 8);
    CHECK(bench.listener.changed.size() == 1);

    // Others may hold a right to write to a page that is watched from now on.
    bench.memory->set_flag(6, page_flag::Watched, true);
    CHECK(bench.listener.mappings == 1);
    bench.memory->set_flag(~u64{0}, page_flag::Code, true);  // Nobody's: nothing happens.
    bench.memory->note_write(Gpa{~u64{0} - 2}, 8);
    CHECK(bench.listener.changed.size() == 1);
}

TEST_CASE("Guest memory: an observer that left hears nothing", "[fabric][memory]") {
    Bench bench;
    bench.memory->remove_observer(bench.listener);
    REQUIRE(bench.memory->write(Gpa{0}, counting(4)));
    CHECK(bench.listener.changed.empty());
}
