// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/mmu/logical_tlb.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <random>
#include <tuple>

using cpu::LogicalTlb;
using cpu::Translation;

namespace {

Translation page_at(u64 physical) { return {.physical_page = physical, .writable = true}; }

constexpr u64 large = u64{2} << 20;

}  // namespace

TEST_CASE("Logical TLB: an entry stays until it is flushed", "[cpu][tlb]") {
    LogicalTlb tlb;
    tlb.insert(0x1000, 1, page_at(0x8000));
    REQUIRE(tlb.find(0x1fff, 1));
    CHECK(tlb.find(0x1fff, 1)->physical_page == 0x8000);
    CHECK_FALSE(tlb.find(0x1000, 2));
    CHECK_FALSE(tlb.find(0x2000, 1));

    SECTION("by its page") {
        tlb.flush_page(0x1234, 1);
        CHECK_FALSE(tlb.find(0x1000, 1));
    }
    SECTION("by its address space") {
        tlb.flush_address_space(1);
        CHECK_FALSE(tlb.find(0x1000, 1));
    }
    SECTION("and not by another's") {
        tlb.flush_address_space(2);
        tlb.flush_page(0x1000, 2);
        CHECK(tlb.find(0x1000, 1));
    }
}

TEST_CASE("Logical TLB: global entries serve every address space", "[cpu][tlb]") {
    LogicalTlb tlb;
    Translation translation = page_at(0x8000);
    translation.global = true;
    tlb.insert(0x1000, 1, translation);
    CHECK(tlb.find(0x1000, 7));

    SECTION("outlive a load of CR3") {
        tlb.flush_address_space(1);
        tlb.flush_page(0x1000, 1);
        tlb.flush_all_but_global();
        CHECK(tlb.find(0x1000, 7));
    }
    SECTION("go with INVLPG") {
        tlb.flush_page_and_global(0x1000, 3);
        CHECK_FALSE(tlb.find(0x1000, 7));
    }
}

TEST_CASE("Logical TLB: a large page is one entry", "[cpu][tlb]") {
    LogicalTlb tlb;
    Translation translation = page_at(large + 0x5000);
    translation.page_shift = 21;
    tlb.insert(3 * large + 0x5000, 0, translation);
    REQUIRE(tlb.find(3 * large, 0));
    CHECK(tlb.find(3 * large, 0)->physical_page == large);
    CHECK(tlb.find(4 * large - 1, 0)->physical_page == 2 * large - 0x1000);
    tlb.flush_page(3 * large + 0x7000, 0);
    CHECK_FALSE(tlb.find(3 * large + 0x5000, 0));
}

TEST_CASE("Logical TLB: the last one beyond its capacity flushes the others", "[cpu][tlb]") {
    LogicalTlb tlb;
    for (u64 i = 0; i < LogicalTlb::capacity; ++i) tlb.insert(i << 12, 0, page_at(i << 12));
    const u64 generation = tlb.generation();
    CHECK(tlb.find(0, 0));
    tlb.insert(LogicalTlb::capacity << 12, 0, page_at(0));
    CHECK(tlb.entries().size() == 1);
    CHECK(tlb.generation() != generation);
}

TEST_CASE("Logical TLB: does what a plain map does", "[cpu][tlb]") {
    LogicalTlb tlb;
    std::map<std::tuple<u64, u16>, u64> model;
    std::mt19937_64 random(1);
    for (int round = 0; round < 200'000; ++round) {
        const u64 linear = (random() % 300) << 12;
        const u16 asid = static_cast<u16>(random() % 3);
        switch (random() % 64) {
            case 0:
                tlb.flush_address_space(asid);
                std::erase_if(model, [&](auto& each) { return std::get<1>(each.first) == asid; });
                break;
            case 1:
            case 2:
                tlb.flush_page(linear, asid);
                model.erase({linear, asid});
                break;
            default:
                if (random() % 2) {
                    const u64 physical = random() << 12;
                    tlb.insert(linear, asid, page_at(physical));
                    model[{linear, asid}] = physical;
                    break;
                }
                const auto found = tlb.find(linear, asid);
                const auto expected = model.find({linear, asid});
                REQUIRE(found.has_value() == (expected != model.end()));
                if (found) REQUIRE(found->physical_page == expected->second);
        }
    }
    LogicalTlb restored;
    restored.restore(tlb.entries());
    CHECK(restored.entries() == tlb.entries());
    CHECK(tlb.entries().size() == model.size());
}
