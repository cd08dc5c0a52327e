// SPDX-License-Identifier: BSD-2-Clause
#include <catch2/catch.hpp>

#include "fabric/memory/guest_memory.hpp"

using namespace fabric;

namespace {

constexpr u64 GiB = u64{1} << 30;
constexpr u64 high = 64 * GiB;

std::unique_ptr<GuestMemory> two_stretches(u64 bytes) {
    auto memory = std::move(GuestMemory::create(bytes)).value();
    REQUIRE(memory->map_ram(Gpa{0}, bytes / 2, 0).has_value());
    REQUIRE(memory->map_ram(Gpa{high}, bytes / 2, bytes / 2).has_value());
    return memory;
}

}  // namespace

TEST_CASE("Dirty pages: what is written since tracking began is listed", "[fabric][memory]") {
    auto memory = two_stretches(u64{8} << 20);
    REQUIRE(memory->write(Gpa{100}, std::vector<u8>{1}));
    CHECK(memory->written_ram_pages() == std::vector<u64>{0});  // Not tracking: what is not zero.

    memory->start_tracking();
    CHECK(memory->written_ram_pages().empty());
    CHECK((memory->page(0).flags & page_flag::Clean) != 0);
    memory->note_write(Gpa{5 * page_size + 4094}, 4);                   // By a processor.
    REQUIRE(memory->write(Gpa{high + page_size}, std::vector<u8>{0}));  // By a device.
    const u64 second_half = (u64{4} << 20) / page_size;
    CHECK(memory->written_ram_pages() == std::vector<u64>{5, 6, second_half + 1});

    memory->start_tracking();
    CHECK(memory->written_ram_pages().empty());
}

TEST_CASE("Dirty pages: untouched RAM costs the host nothing, even when hashed",
          "[fabric][memory]") {
    auto memory = two_stretches(16 * GiB);
    REQUIRE(memory->write(Gpa{high}, std::vector<u8>{1}));
    CHECK(memory->nonzero_ram_pages() == std::vector<u64>{8 * GiB / page_size});
    CHECK(memory->contents_hash() != 0);
    CHECK(memory->ram_mapping().next_populated(0) == 8 * GiB);
    CHECK(memory->ram_mapping().end_of_populated(8 * GiB) < 9 * GiB);
}

TEST_CASE("Dirty pages: the hash is a function of the contents alone", "[fabric][memory]") {
    auto one = two_stretches(u64{8} << 20);
    auto other = two_stretches(u64{8} << 20);
    CHECK(one->contents_hash() == other->contents_hash());
    const std::vector<u8> byte{1};
    const std::vector<u8> zero{0};
    REQUIRE(one->write(Gpa{0x5000}, byte));
    CHECK(one->contents_hash() != other->contents_hash());
    REQUIRE(other->write(Gpa{0x4000}, byte));
    CHECK(one->contents_hash() != other->contents_hash());  // Same page, another place.
    REQUIRE(other->write(Gpa{0x5000}, byte));
    REQUIRE(other->write(Gpa{0x4000}, zero));  // Touched, and zero again.
    CHECK(one->contents_hash() == other->contents_hash());

    one->clear_ram();
    CHECK(one->nonzero_ram_pages().empty());
    CHECK(one->contents_hash() == two_stretches(u64{8} << 20)->contents_hash());
}
