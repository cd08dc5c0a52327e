// SPDX-License-Identifier: BSD-2-Clause
#include "hyperv/tlfs/reference_time.hpp"

#include <catch2/catch.hpp>

#include "tests/hyperv/partition_bench.hpp"

namespace {

struct TscPage {
    u32 sequence;
    u32 reserved;
    u64 scale;
    i64 offset;
};

/// As a guest does it (TLFS, Partition Reference TSC Mechanism).
u64 guest_time(const TscPage& page, u64 tsc) {
    return static_cast<u64>((u128{tsc} * page.scale) >> 64) + static_cast<u64>(page.offset);
}

}  // namespace

TEST_CASE("Reference time: counter and page agree at every instant", "[hyperv][time]") {
    test::PartitionBench bench;
    constexpr u64 where = 0x8'0000;
    REQUIRE(bench.write(test::hv_msr::ReferenceTsc, where | 1));
    const auto page = bench.bench.peek<TscPage>(where);
    CHECK(page.sequence != 0);
    CHECK(page.offset == 0);
    u64 ns = 0;
    for (u64 step = 1; ns < 1'000'000'000'000'000; step = step * 3 / 2 + 1) {
        for (const u64 at : {ns, ns + 99, ns + 100, ns + 101}) {
            bench.advance_to(std::max(at, bench.events.now().ns));
            const u64 counter = bench.read(test::hv_msr::TimeRefCount);
            CHECK(counter == guest_time(page, bench.read(0x10)));
            CHECK(counter == bench.events.now().ns / 100);
        }
        ns = bench.events.now().ns + step;
    }
}

TEST_CASE("Reference time: a count is reached at its instant and not before", "[hyperv][time]") {
    const u64 hz = GENERATE(as<u64>(), 1'000'000'000, 2'399'998'877, 10'000'001);
    fabric::EventQueue events;
    hyperv::ReferenceTime time(events, hz);
    events.run_until({123'456'789});
    time.start();
    for (u64 count = 1; count < 1'000'000'000'000; count = count * 7 / 3 + 1) {
        const auto when = time.time_of(count);
        REQUIRE(when.has_value());
        CAPTURE(hz, count);
        if (when->ns - 1 > events.now().ns) {
            events.run_until({when->ns - 1});
            CHECK(time.now() < count);
        }
        events.run_until(*when);
        CHECK(time.now() >= count);
    }
    CHECK_FALSE(time.time_of(~u64{0}).has_value());
}

TEST_CASE("Reference time: a TSC that was written to takes the page back", "[hyperv][time]") {
    test::PartitionBench bench;
    constexpr u64 where = 0x8'0000;
    REQUIRE(bench.write(test::hv_msr::ReferenceTsc, where | 1));
    bench.advance_to(5000);
    const u32 before = bench.bench.peek<TscPage>(where).sequence;
    REQUIRE(bench.write(0x10, 1 << 20, 1));
    CHECK(bench.bench.peek<TscPage>(where).sequence == 0);
    CHECK(bench.read(test::hv_msr::TimeRefCount) == 50);
    REQUIRE(bench.write(0x3b, 0, 1));  // IA32_TSC_ADJUST: as if nothing had been.
    const u32 after = bench.bench.peek<TscPage>(where).sequence;
    CHECK(after != 0);
    CHECK(after != before);
}

TEST_CASE("Reference time: a reset begins it anew, with the TSC", "[hyperv][time]") {
    test::PartitionBench bench;
    bench.advance_to(123'456);
    bench.partition->reset(fabric::ResetKind::Platform);
    CHECK(bench.read(test::hv_msr::TimeRefCount) == 0);
    bench.advance_to(123'456 + 1000);
    CHECK(bench.read(test::hv_msr::TimeRefCount) == 10);
}
