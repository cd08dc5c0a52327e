// SPDX-License-Identifier: BSD-2-Clause
#include <catch2/catch.hpp>

#include "hyperv/tlfs/guest_os_id.hpp"
#include "tests/hyperv/partition_bench.hpp"

using hyperv::Feature;
using hyperv::FeatureSet;
using namespace test::hv_msr;

TEST_CASE("Hyper-V MSRs: a feature brings its registers, and takes them away", "[hyperv][msr]") {
    using Row = std::pair<u32, Feature>;
    const auto [index, feature] = GENERATE(values<Row>({{VpRuntime, Feature::VpRuntime},
                                                        {TimeRefCount, Feature::ReferenceCounter},
                                                        {ReferenceTsc, Feature::ReferenceTsc},
                                                        {Tpr, Feature::ApicMsrs},
                                                        {VpAssistPage, Feature::ApicMsrs},
                                                        {Scontrol, Feature::Synic},
                                                        {Sint0 + 15, Feature::Synic},
                                                        {Stimer0Config, Feature::SyntheticTimers},
                                                        {CrashCtl, Feature::Crash}}));
    CAPTURE(index);
    test::PartitionBench with;
    CHECK_FALSE(with.faults_on_read(index));
    test::PartitionBench without(hyperv::preset("minimal"));
    CHECK(without.faults_on_read(index));
    CHECK_FALSE(without.write(index, 0));
    FeatureSet alone = hyperv::preset("minimal");
    alone.add(feature);
    test::PartitionBench just(alone);
    CHECK_FALSE(just.faults_on_read(index));
}

TEST_CASE("Hyper-V MSRs: read-only, write-only, reserved", "[hyperv][msr]") {
    test::PartitionBench bench;
    for (const u32 index :
         {VpIndex, VpRuntime, TimeRefCount, u32{0x4000'0022}, u32{0x4000'0023}, u32{0x4000'0081}}) {
        CAPTURE(index);
        CHECK_FALSE(bench.write(index, 0));
    }
    CHECK(bench.faults_on_read(Eoi));
    CHECK_FALSE(bench.write(Tpr, 0x100));
    CHECK_FALSE(bench.write(CrashCtl, 1));
    CHECK(bench.read(VpIndex, 0) == 0);
    CHECK(bench.read(VpIndex, 1) == 1);
    CHECK(bench.read(0x4000'0022) == bench.first.model.tsc_hz);
    CHECK(bench.read(0x4000'0023) == bench.first.model.crystal_hz);
}

TEST_CASE("Hypercall page: only a guest with a name gets it", "[hyperv][msr]") {
    test::PartitionBench bench;
    constexpr u64 where = test::PartitionBench::hypercall_page;
    bench.bench.poke<u64>(where, 0x1122'3344'5566'7788);
    REQUIRE(bench.write(Hypercall, where | 1));
    CHECK(bench.read(Hypercall) == where);
    CHECK(bench.bench.peek<u64>(where) == 0x1122'3344'5566'7788);

    REQUIRE(bench.write(GuestOsId, 1));
    REQUIRE(bench.write(Hypercall, where | 1));
    CHECK(bench.read(Hypercall, 1) == (where | 1));
    CHECK((bench.bench.peek<u32>(where) & 0xff'ffff) == 0xc1'010f);  // VMCALL

    // It follows the register, and gives back what it hid.
    REQUIRE(bench.write(Hypercall, (where + 0x1000) | 1));
    CHECK(bench.bench.peek<u64>(where) == 0x1122'3344'5566'7788);
    CHECK((bench.bench.peek<u32>(where + 0x1000) & 0xff'ffff) == 0xc1'010f);

    REQUIRE(bench.write(GuestOsId, 0));
    CHECK(bench.read(Hypercall) == where + 0x1000);
    CHECK(bench.bench.peek<u32>(where + 0x1000) == 0);
}

TEST_CASE("Hypercall page: where it may not be, and where it may not leave", "[hyperv][msr]") {
    test::PartitionBench bench;
    REQUIRE(bench.write(GuestOsId, 1));
    CHECK_FALSE(bench.write(Hypercall, u64{1} << 40 | 1));
    CHECK(bench.read(Hypercall) == 0);
    REQUIRE(bench.write(Hypercall, test::PartitionBench::hypercall_page | 3));
    CHECK_FALSE(bench.write(Hypercall, 0));
    bench.partition->reset(fabric::ResetKind::Platform);
    CHECK(bench.read(Hypercall) == 0);
}

TEST_CASE("Overlay pages: beyond the address space they are nowhere", "[hyperv][msr]") {
    test::PartitionBench bench;
    for (const u32 index : {ReferenceTsc, VpAssistPage, Siefp, Simp}) {
        CAPTURE(index);
        for (const u64 value : {u64{1} << 40 | 1, ~u64{0}, u64{0xfee0'0ffe}, u64{0xffff'f001}}) {
            CHECK(bench.write(index, value));
            CHECK(bench.read(index) == value);
        }
    }
}

TEST_CASE("VP assist page: the guest's own memory, over memory", "[hyperv][msr]") {
    test::PartitionBench bench;
    constexpr u64 where = 0x9'0000;
    bench.bench.poke<u32>(where, 0xdead);
    REQUIRE(bench.write(VpAssistPage, where | 1));
    CHECK(bench.bench.peek<u32>(where) == 0);
    bench.bench.poke<u32>(where, 0xbeef);
    REQUIRE(bench.write(VpAssistPage, where));
    CHECK(bench.bench.peek<u32>(where) == 0xdead);
    REQUIRE(bench.write(VpAssistPage, (where + 0x2000) | 1));
    CHECK(bench.bench.peek<u32>(where + 0x2000) == 0xbeef);
}

TEST_CASE("VP runtime: what this processor has run", "[hyperv][msr]") {
    test::PartitionBench bench;
    bench.vp(0).turn_begins(0);
    bench.first.state.retired = 5'000;
    CHECK(bench.read(VpRuntime) == 50);
    bench.vp(0).turn_ends(5'000);
    bench.vp(1).turn_begins(5'000);
    bench.vp(1).turn_ends(8'000);
    bench.vp(0).turn_begins(8'000);
    bench.first.state.retired = 9'000;
    CHECK(bench.read(VpRuntime) == 60);
    bench.vcpus[1]->state.retired = 8'000;
    CHECK(bench.read(VpRuntime, 1) == 30);
}

TEST_CASE("Reset: by MSR", "[hyperv][msr]") {
    test::PartitionBench bench;
    REQUIRE(bench.write(Reset, 0));
    CHECK(bench.resets == 0);
    REQUIRE(bench.write(Reset, 1));
    CHECK(bench.resets == 1);
    CHECK_FALSE(bench.write(Reset, 2));
}

TEST_CASE("Crash: a person is told what the guest says", "[hyperv][msr]") {
    test::PartitionBench bench;
    REQUIRE(bench.write(GuestOsId, u64{0x8100} << 48 | u64{6} << 32 | 1 << 24 | 192 << 16));
    for (u32 i = 0; i < 5; ++i) REQUIRE(bench.write(CrashP0 + i, 0x10 + i));
    CHECK(bench.read(CrashP0 + 4) == 0x14);
    REQUIRE(bench.write(CrashCtl, u64{1} << 63));
    REQUIRE(bench.notices.size() == 1);
    CHECK(bench.notices[0] ==
          "the guest (Linux 6.1.192) reports a crash: 0x10 0x11 0x12 0x13 0x14");

    const std::string text = "Kernel panic\n\x1b[0m";
    constexpr u64 where = 0xa'0000;
    REQUIRE(bench.memory().write(fabric::Gpa{where},
                                 {reinterpret_cast<const u8*>(text.data()), text.size()}));
    REQUIRE(bench.write(CrashP0 + 3, where));
    REQUIRE(bench.write(CrashP0 + 4, text.size()));
    REQUIRE(bench.write(CrashCtl, u64{3} << 62));
    CHECK(bench.notices[1].ends_with("\nKernel panic\n?[0m"));

    // Wherever it points, however long it says it is.
    for (const u64 address : {u64{0}, ~u64{0}, u64{0xfee0'0000}, test::CpuBench::ram_bytes - 1}) {
        for (const u64 length : {u64{0}, u64{4097}, ~u64{0}}) {
            REQUIRE(bench.write(CrashP0 + 3, address));
            REQUIRE(bench.write(CrashP0 + 4, length));
            REQUIRE(bench.write(CrashCtl, u64{3} << 62));
        }
    }
    CHECK(bench.notices.size() == 14);
}

TEST_CASE("Guest OS identity: in words", "[hyperv]") {
    using hyperv::describe_guest_os;
    CHECK(describe_guest_os(0) == "no identity");
    CHECK(describe_guest_os(u64{1} << 48 | u64{4} << 40 | u64{10} << 32 | 20348) ==
          "Windows NT 10.0 build 20348");
    CHECK(describe_guest_os(u64{0x8200} << 48 | u64{14} << 32) == "FreeBSD 14.0.0");
    CHECK(describe_guest_os(u64{0x0003} << 48) == "vendor 0x3, system 0x0, 0.0 build 0");
}
