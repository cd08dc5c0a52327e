// SPDX-License-Identifier: BSD-2-Clause
#include <catch2/catch.hpp>

#include "tests/hyperv/partition_bench.hpp"
#include "tests/support/device_conformance.hpp"

using test::PartitionBench;
using namespace test::hv_msr;

namespace {

hyperv::Synic::Message message(u32 type) {
    return {.source = 2, .type = type, .origin = 7, .payload = {1, 2, 3}};
}

/// In the middle of everything.
void make_busy(PartitionBench& bench) {
    bench.advance_to(1'000'000);
    bench.enable_hypercalls();
    bench.enable_synic();
    REQUIRE(bench.write(ReferenceTsc, 0x8'0000 | 1));
    REQUIRE(bench.write(VpAssistPage, 0x9'0000 | 1));
    bench.bench.poke<u64>(0x9'0100, 0x1234);
    REQUIRE(bench.write(CrashP0, 5));
    for (u32 type = 1; type < 4; ++type) {
        REQUIRE(bench.vp().synic().post(message(type)) == hyperv::Status::Success);
    }
    REQUIRE(bench.vp().synic().signal_event(2, 100) == hyperv::Status::Success);
    REQUIRE(bench.write(Stimer0Config, 1 << 12 | 0x60 << 4 | 8));
    REQUIRE(bench.write(Stimer0Count, 20'000));
}

void restore(fabric::Device& device, const std::vector<u8>& bytes) {
    fabric::StateReader in(bytes);
    REQUIRE(device.restore(in).has_value());
}

}  // namespace

TEST_CASE("Hyper-V state: survives in the middle of everything", "[hyperv][state]") {
    PartitionBench bench;
    make_busy(bench);
    PartitionBench fresh;
    test::check_state_survives(*bench.partition, *fresh.partition);
    test::check_state_survives(bench.vp(), fresh.vp());
}

TEST_CASE("Hyper-V state: goes on where it was", "[hyperv][state]") {
    PartitionBench bench;
    make_busy(bench);
    PartitionBench fresh;
    fresh.bench.poke<u64>(0x9'0100, 0x5555);
    fabric::StateWriter deadlines;
    bench.events.save(deadlines);
    fabric::StateReader in(deadlines.bytes());
    REQUIRE(fresh.events.restore(in).has_value());
    restore(*fresh.partition, test::saved(*bench.partition));
    restore(fresh.vp(), test::saved(bench.vp()));
    fresh.partition->replace_overlays();

    CHECK(fresh.bench.peek<u64>(0x9'0100) == 0x1234);
    CHECK((fresh.bench.peek<u32>(PartitionBench::hypercall_page) & 0xff'ffff) == 0xc1'010f);
    CHECK(fresh.read(TimeRefCount) == 10'000);
    const u64 slot = fresh.slot(2);
    for (u32 type = 1; type < 4; ++type) {
        CHECK(fresh.bench.peek<u32>(slot) == type);
        fresh.bench.poke<u32>(slot, 0);
        REQUIRE(fresh.write(Eom, 0));
    }
    CHECK(fresh.bench.peek<u32>(slot) == 0);
    fresh.apics[0]->acknowledge();
    fresh.apics[0]->end_of_interrupt();
    fresh.advance_to(2'000'000);
    CHECK(fresh.apics[0]->acknowledge() == 0x60);
    REQUIRE(fresh.write(VpAssistPage, 0));
    CHECK(fresh.bench.peek<u64>(0x9'0100) == 0x5555);
}

TEST_CASE("Hyper-V state: pages over each other come back in their order", "[hyperv][state]") {
    constexpr u64 where = 0x8'0000;
    const auto place = [](PartitionBench& bench, u32 msr) { REQUIRE(bench.write(msr, where | 1)); };
    PartitionBench bench;
    place(bench, VpAssistPage);
    bench.bench.poke<u32>(where, 0x1111);
    place(bench, Simp);
    bench.bench.poke<u32>(where, 0x2222);
    place(bench, ReferenceTsc);
    REQUIRE(bench.write(VpAssistPage, where));
    place(bench, VpAssistPage);
    CHECK(bench.bench.peek<u32>(where) == 0x1111);

    PartitionBench fresh;
    restore(*fresh.partition, test::saved(*bench.partition));
    restore(fresh.vp(), test::saved(bench.vp()));
    fresh.partition->replace_overlays();
    CHECK(fresh.bench.peek<u32>(where) == 0x1111);
    REQUIRE(fresh.write(VpAssistPage, 0));
    CHECK(fresh.bench.peek<u32>(where) == 1);  // The sequence.
    REQUIRE(fresh.write(ReferenceTsc, 0));
    CHECK(fresh.bench.peek<u32>(where) == 0x2222);
    REQUIRE(fresh.write(Simp, 0));
    CHECK(fresh.bench.peek<u32>(where) == 0);
}

TEST_CASE("Hyper-V state: a checkpoint may say anything", "[hyperv][state][hostile]") {
    PartitionBench bench;
    make_busy(bench);
    PartitionBench fresh;
    const auto use = [&fresh] {
        fresh.partition->replace_overlays();
        static_cast<void>(fresh.write(Eom, 0));
        static_cast<void>(fresh.write(Simp, 0xb'0001));
        static_cast<void>(fresh.write(Stimer0Count, 5));
        static_cast<void>(fresh.read(TimeRefCount));
        static_cast<void>(fresh.vp().synic().post(message(1)));
    };
    test::check_survives_damaged_state(*bench.partition, *fresh.partition, use);
    test::check_survives_damaged_state(bench.vp(), fresh.vp(), use);
}

TEST_CASE("Hyper-V state: power-on is the first day again", "[hyperv][state]") {
    PartitionBench bench;
    const auto processor = test::saved(bench.vp());
    make_busy(bench);
    bench.partition->reset(fabric::ResetKind::PowerOn);
    bench.vp().reset(fabric::ResetKind::PowerOn);
    CHECK(test::saved(bench.vp()) == processor);
    CHECK(bench.bench.peek<u64>(0x9'0100) == 0);
    PartitionBench later;
    later.advance_to(1'000'000);
    later.partition->reset(fabric::ResetKind::PowerOn);
    CHECK(test::saved(*bench.partition) == test::saved(*later.partition));
    CHECK(bench.partition->state().hypercall.value == 0);
}

TEST_CASE("Hyper-V MSRs: whatever is written", "[hyperv][msr][hostile]") {
    PartitionBench bench;
    u64 random = 99;
    const auto next = [&random] {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        return random;
    };
    const u64 values[] = {0, 1, ~u64{0}, 0xfee0'0001, 0x3'0001, 0x8'0001, u64{1} << 63};
    const auto rows = bench.first.msrs.banks().back()->indices();
    for (int i = 0; i < 100'000; ++i) {
        const u32 index = rows[next() % rows.size()];
        const usize vp = next() % 2;
        const u64 value = next() % 2 ? values[next() % std::size(values)] : next() >> (next() % 64);
        static_cast<void>(bench.write(index, value, vp));
        static_cast<void>(bench.vcpus[vp]->msrs.read(index));
        if (i % 64 == 0) bench.advance_to(bench.events.now().ns + next() % 10'000);
        if (i % 512 == 0) static_cast<void>(bench.vp(vp).synic().post(message(1)));
    }
    CHECK(bench.resets != 0);
}
