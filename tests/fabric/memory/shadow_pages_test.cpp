// SPDX-License-Identifier: BSD-2-Clause
#include <catch2/catch.hpp>

#include "fabric/memory/guest_memory.hpp"

using namespace fabric;

namespace {

constexpr u64 MiB = u64{1} << 20;
constexpr Gpa rom{0xf'0000};
constexpr Gpa empty{0xc'0000};  // On the bus nobody is home.

struct Listener final : MemoryObserver {
    void memory_changed(Gpa, u64) override {}
    void mapping_changed(Gpa, u64) override { ++mappings; }
    void writes_restricted() override { ++mappings; }
    int mappings = 0;
};

std::unique_ptr<GuestMemory> first_mebibyte() {
    auto made = GuestMemory::create(MiB);
    REQUIRE(made.has_value());
    return std::move(made).value();
}

/// A PC's first mebibyte: RAM, and from C0000 on shadow RAM with a ROM over its end.
struct Bench {
    explicit Bench(bool rom_comes_first = true) : rom_first(rom_comes_first) {
        REQUIRE(memory->map_ram(Gpa{0}, 0xa'0000, 0).has_value());
        if (rom_first) map_rom();
        REQUIRE(memory->map_shadow_ram(empty, 0x4'0000, 0xc'0000).has_value());
        if (!rom_first) map_rom();
        memory->add_observer(listener);
    }

    void map_rom() {
        REQUIRE(memory->map_rom(rom, std::vector<u8>(0x1'0000, 0xc3), "bios").has_value());
    }

    /// As a processor does.
    void write(Gpa where, u8 value) {
        const PhysicalPage page = memory->page(where.frame());
        if (!page.host) return;
        if ((page.flags & page_flag::Writable) == 0)
            return memory->write_behind(where, {&value, 1});
        if ((page.flags & page_flag::TellWrites) != 0) memory->note_write(where, 1);
        page.host[where.offset_in_page()] = value;
    }
    int read(Gpa where) {
        u8 value = 0;
        return memory->read(where, {&value, 1}) ? value : -1;
    }
    void route(Route reads, Route writes) { memory->route(empty, 0x4'0000, reads, writes); }

    const bool rom_first;
    std::unique_ptr<GuestMemory> memory = first_mebibyte();
    Listener listener;
};

}  // namespace

TEST_CASE("Shadow RAM: at first the bus is seen", "[fabric][memory]") {
    Bench bench(GENERATE(true, false));
    bench.write(rom, 1);
    bench.write(empty, 1);
    CHECK(bench.read(rom) == 0xc3);
    CHECK(bench.read(empty) == -1);
}

TEST_CASE("Shadow RAM: a ROM is copied onto itself, then locked", "[fabric][memory]") {
    Bench bench(GENERATE(true, false));
    bench.route(Route::Bus, Route::Ram);
    CHECK(bench.read(rom) == 0xc3);
    CHECK(bench.read(empty) == 0xff);
    bench.write(rom, 1);
    bench.write(empty, 2);
    CHECK(bench.read(rom) == 0xc3);
    CHECK(bench.read(empty) == 0xff);

    bench.route(Route::Ram, Route::Bus);
    CHECK(bench.read(rom) == 1);
    CHECK(bench.read(empty) == 2);
    bench.write(rom, 9);
    CHECK(bench.read(rom) == 1);

    bench.route(Route::Ram, Route::Ram);
    bench.write(rom, 9);
    CHECK(bench.read(rom) == 9);
    bench.route(Route::Bus, Route::Bus);
    CHECK(bench.read(rom) == 0xc3);
    CHECK(bench.read(empty) == -1);
}

TEST_CASE("Shadow RAM: observers hear of a change once, and of none not", "[fabric][memory]") {
    Bench bench;
    bench.route(Route::Bus, Route::Bus);
    CHECK(bench.listener.mappings == 0);
    bench.route(Route::Ram, Route::Ram);
    bench.route(Route::Ram, Route::Ram);
    CHECK(bench.listener.mappings == 1);
}

TEST_CASE("Shadow RAM: what is written is noted, shown or not", "[fabric][memory]") {
    Bench bench;
    bench.route(Route::Ram, Route::Ram);
    bench.write(rom, 1);
    bench.memory->start_tracking();
    CHECK(bench.memory->written_ram_pages().empty());

    SECTION("while it shows") { bench.write(rom, 2); }
    SECTION("and then no longer shows") {
        bench.write(rom, 2);
        bench.route(Route::Bus, Route::Bus);
    }
    SECTION("behind the ROM") {
        bench.route(Route::Bus, Route::Ram);
        CHECK(bench.memory->written_ram_pages().empty());
        bench.write(rom, 2);
    }
    CHECK(bench.memory->written_ram_pages() == std::vector<u64>{rom.frame()});
    bench.route(Route::Bus, Route::Bus);
    bench.memory->start_tracking();
    bench.route(Route::Ram, Route::Ram);
    CHECK(bench.memory->written_ram_pages().empty());
}

TEST_CASE("Shadow RAM: an overlay over it is not disturbed", "[fabric][memory]") {
    Bench bench;
    const OverlayId id = bench.memory->add_overlay("hypercall", GuestAccess::ReadOnly);
    bench.memory->overlay_bytes(id)[0] = 0x77;
    REQUIRE(bench.memory->place_overlay(id, rom));
    bench.route(Route::Bus, Route::Ram);
    bench.write(rom, 5);  // The overlay takes no notice, and hides what is beneath.
    CHECK(bench.read(rom) == 0x77);
    bench.route(Route::Ram, Route::Ram);
    CHECK(bench.read(rom) == 0x77);
    bench.memory->remove_overlay(id);
    CHECK(bench.read(rom) == 0);
}

TEST_CASE("Shadow RAM: each page of RAM has one place", "[fabric][memory]") {
    Bench bench;
    CHECK_FALSE(bench.memory->map_shadow_ram(Gpa{0}, 4096, 0xb'0000).has_value());
    CHECK_FALSE(bench.memory->map_shadow_ram(empty, 4096, 0xb'0000).has_value());
    CHECK_FALSE(bench.memory->map_shadow_ram(Gpa{0x10'0000}, 4096, 0xc'0000).has_value());
    CHECK_FALSE(bench.memory->map_shadow_ram(Gpa{0x10'0000}, 4096, MiB).has_value());
    CHECK(bench.memory->map_shadow_ram(Gpa{0x10'0000}, 4096, 0xb'0000).has_value());
}
