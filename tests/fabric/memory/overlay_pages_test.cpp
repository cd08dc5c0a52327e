// SPDX-License-Identifier: BSD-2-Clause
#include <catch2/catch.hpp>

#include "fabric/memory/guest_memory.hpp"

using namespace fabric;

namespace {

struct Bench {
    Bench() {
        REQUIRE(memory->map_ram(Gpa{0}, u64{1} << 20, 0).has_value());
        memory->ram()[page_size] = 0x11;
    }
    u8 at(u64 address) {
        u8 byte = 0xee;
        return memory->read(Gpa{address}, {&byte, 1}) ? byte : u8{0xff};
    }

    std::unique_ptr<GuestMemory> memory = std::move(GuestMemory::create(u64{1} << 20)).value();
};

}  // namespace

TEST_CASE("Overlay: hides the page beneath and gives it back", "[fabric][memory][overlay]") {
    Bench bench;
    const OverlayId page = bench.memory->add_overlay("hypercall page", GuestAccess::ReadOnly);
    bench.memory->overlay_bytes(page)[0] = 0x22;
    REQUIRE(bench.memory->place_overlay(page, Gpa{page_size}));
    CHECK(bench.at(page_size) == 0x22);
    CHECK((bench.memory->page(1).flags & page_flag::Writable) == 0);
    CHECK_FALSE(bench.memory->write(Gpa{page_size}, std::vector<u8>{9}));

    SECTION("when removed") { bench.memory->remove_overlay(page); }
    SECTION("when moved") { REQUIRE(bench.memory->place_overlay(page, Gpa{2 * page_size})); }
    SECTION("when moved to where there is no page") {
        CHECK_FALSE(bench.memory->place_overlay(page, Gpa{123}));
        CHECK_FALSE(bench.memory->place_overlay(page, Gpa{~u64{4095}}));
    }
    CHECK(bench.at(page_size) == 0x11);
    CHECK(bench.memory->page(1).flags == page_flag::Writable);
}

TEST_CASE("Overlay: of several the last placed is seen", "[fabric][memory][overlay]") {
    Bench bench;
    const OverlayId first = bench.memory->add_overlay("a", GuestAccess::ReadWrite);
    const OverlayId second = bench.memory->add_overlay("b", GuestAccess::ReadWrite);
    bench.memory->overlay_bytes(first)[0] = 0xaa;
    bench.memory->overlay_bytes(second)[0] = 0xbb;
    REQUIRE(bench.memory->place_overlay(second, Gpa{page_size}));
    REQUIRE(bench.memory->place_overlay(first, Gpa{page_size}));
    CHECK(bench.at(page_size) == 0xaa);
    bench.memory->remove_overlay(first);
    CHECK(bench.at(page_size) == 0xbb);
    bench.memory->remove_overlay(second);
    CHECK(bench.at(page_size) == 0x11);
}

TEST_CASE("Overlay: over no memory at all", "[fabric][memory][overlay]") {
    Bench bench;
    const OverlayId page = bench.memory->add_overlay("SIM", GuestAccess::ReadWrite);
    constexpr u64 nowhere = u64{1} << 40;
    REQUIRE(bench.memory->place_overlay(page, Gpa{nowhere}));
    REQUIRE(bench.memory->write(Gpa{nowhere}, std::vector<u8>{7}));
    CHECK(bench.memory->overlay_bytes(page)[0] == 7);
    bench.memory->remove_overlay(page);
    CHECK(bench.memory->page(nowhere >> page_shift).host == nullptr);
    CHECK(bench.memory->overlay_bytes(page)[0] == 7);  // Its own storage outlives the placement.
}

TEST_CASE("Overlay: a page written before it was hidden stays noted as written",
          "[fabric][memory][overlay]") {
    Bench bench;
    bench.memory->start_tracking();
    REQUIRE(bench.memory->write(Gpa{page_size}, std::vector<u8>{1}));
    const OverlayId page = bench.memory->add_overlay("x", GuestAccess::ReadWrite);
    REQUIRE(bench.memory->place_overlay(page, Gpa{page_size}));
    CHECK(bench.memory->written_ram_pages() == std::vector<u64>{1});
    bench.memory->start_tracking();
    CHECK(bench.memory->written_ram_pages().empty());
    bench.memory->remove_overlay(page);
    CHECK(bench.memory->written_ram_pages().empty());
}
