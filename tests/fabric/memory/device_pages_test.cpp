// SPDX-License-Identifier: BSD-2-Clause
#include <catch2/catch.hpp>

#include <array>
#include <vector>

#include "fabric/memory/guest_memory.hpp"

using namespace fabric;

namespace {

struct Observer final : MemoryObserver {
    void memory_changed(Gpa first, u64) override { changed.push_back(first.value); }
    void mapping_changed(Gpa, u64) override { ++mappings; }
    void writes_restricted() override { ++restrictions; }

    std::vector<u64> changed;
    u32 mappings = 0;
    u32 restrictions = 0;
};

struct Bench {
    std::unique_ptr<GuestMemory> memory = GuestMemory::create(u64{1} << 20).value();
    HostMapping video = HostMapping::create_private(4 * page_size).value();
    Observer observer;

    Bench() {
        memory->map_ram(Gpa{0}, u64{1} << 20, 0).value();
        memory->add_observer(observer);
    }
};

constexpr Gpa frame_buffer{0xe000'0000};

}  // namespace

TEST_CASE("device pages: are memory where they are placed", "[fabric][memory]") {
    Bench bench;
    REQUIRE(bench.memory->place_device_pages(bench.video.bytes(), frame_buffer));
    CHECK(bench.observer.mappings == 1);
    const std::array<u8, 4> bytes = {1, 2, 3, 4};
    CHECK(bench.memory->write(frame_buffer + (page_size - 2), bytes));
    CHECK(bench.video.bytes()[page_size] == 3);
    CHECK_FALSE(bench.memory->write(frame_buffer + (4 * page_size - 2), bytes));

    REQUIRE(bench.memory->place_device_pages(bench.video.bytes(), Gpa{0xd000'0000}));
    CHECK_FALSE(bench.memory->write(frame_buffer, bytes));
    CHECK(bench.memory->write(Gpa{0xd000'0000}, bytes));
    bench.memory->remove_device_pages(bench.video.bytes());
    CHECK_FALSE(bench.memory->write(Gpa{0xd000'0000}, bytes));
    CHECK(bench.memory->nonzero_ram_pages().empty());
}

TEST_CASE("device pages: RAM stays in front, and is there afterwards", "[fabric][memory]") {
    Bench bench;
    const Gpa where{(u64{1} << 20) - 2 * page_size};
    REQUIRE(bench.memory->place_device_pages(bench.video.bytes(), where));
    const std::array<u8, 1> byte = {7};
    CHECK(bench.memory->write(where, byte));
    CHECK(bench.video.bytes()[0] == 0);
    CHECK(bench.memory->write(where + 2 * page_size, byte));
    CHECK(bench.video.bytes()[2 * page_size] == 7);
    bench.memory->remove_device_pages(bench.video.bytes());
    CHECK(bench.memory->write(where, byte));
    CHECK_FALSE(bench.memory->write(where + 2 * page_size, byte));
}

TEST_CASE("device pages: an overlay hides one, and gives it back", "[fabric][memory]") {
    Bench bench;
    const OverlayId overlay = bench.memory->add_overlay("page", GuestAccess::ReadWrite);
    REQUIRE(bench.memory->place_device_pages(bench.video.bytes(), frame_buffer));
    REQUIRE(bench.memory->place_overlay(overlay, frame_buffer));
    const std::array<u8, 1> byte = {7};
    CHECK(bench.memory->write(frame_buffer, byte));
    CHECK(bench.video.bytes()[0] == 0);
    SECTION("while the pages stay") {
        bench.memory->remove_overlay(overlay);
        CHECK(bench.memory->write(frame_buffer, byte));
        CHECK(bench.video.bytes()[0] == 7);
    }
    SECTION("while the pages go") {
        bench.memory->remove_device_pages(bench.video.bytes());
        bench.memory->remove_overlay(overlay);
        CHECK_FALSE(bench.memory->write(frame_buffer, byte));
    }
}

TEST_CASE("device pages: a watched page tells of a write until it is no more", "[fabric][memory]") {
    Bench bench;
    REQUIRE(bench.memory->place_device_pages(bench.video.bytes(), frame_buffer));
    bench.memory->watch(frame_buffer, 4 * page_size);
    CHECK(bench.observer.restrictions == 1);
    bench.memory->watch(frame_buffer, 4 * page_size);
    CHECK(bench.observer.restrictions == 1);
    bench.memory->note_write(frame_buffer + page_size, 4);
    CHECK(bench.observer.changed == std::vector<u64>{frame_buffer.value + page_size});
    bench.memory->set_flag((frame_buffer + page_size).frame(), page_flag::Watched, false);
    bench.memory->note_write(frame_buffer + page_size, 4);
    CHECK(bench.observer.changed.size() == 1);
}

TEST_CASE("device pages: have their place below 4 GiB", "[fabric][memory][hostile]") {
    Bench bench;
    CHECK(bench.memory->place_device_pages(bench.video.bytes(), Gpa{0xffff'c000}));
    CHECK_FALSE(bench.memory->place_device_pages(bench.video.bytes(), Gpa{0xffff'd000}));
    CHECK_FALSE(bench.memory->place_device_pages(bench.video.bytes(), Gpa{~u64{0} & ~u64{4095}}));
    CHECK_FALSE(bench.memory->place_device_pages(bench.video.bytes(), frame_buffer + 8));
    const std::array<u8, 1> byte = {7};
    CHECK_FALSE(bench.memory->write(Gpa{0xffff'c000}, byte));
}
