// SPDX-License-Identifier: BSD-2-Clause
#include "hyperv/tlfs/features.hpp"

#include <catch2/catch.hpp>

#include <set>

#include "tests/hyperv/partition_bench.hpp"

using namespace hyperv;

TEST_CASE("Hyper-V features: every one is a row, with a name of its own", "[hyperv]") {
    std::set<std::string_view> names;
    u8 number = 0;
    for (const FeatureRow& row : feature_table()) {
        CAPTURE(row.name);
        CHECK(row.feature == Feature{number++});
        CHECK(names.insert(row.name).second);
        CHECK_FALSE(row.description.empty());
    }
}

TEST_CASE("Hyper-V features: a preset has what its features need", "[hyperv]") {
    for (const Preset& each : presets()) {
        for (const FeatureRow& row : feature_table()) {
            CAPTURE(each.name, row.name);
            if (each.features.has(row.feature)) CHECK(each.features.has_all(row.needs));
        }
    }
    CHECK(preset("off").empty());
    CHECK(preset("minimal") == FeatureSet{Feature::Hypercalls, Feature::VpIndex});
    CHECK(preset("full").has_all(preset("windows")));
}

TEST_CASE("Hyper-V features: what a user writes", "[hyperv]") {
    CHECK(parse_features("windows").value() == preset("windows"));
    FeatureSet expected = preset("windows");
    expected.remove(Feature::Reset);
    expected.add(Feature::TscInvariant);
    CHECK(parse_features("windows,-reset,+tsc-invariant").value() == expected);
    CHECK(parse_features("-reset,tsc-invariant").value() == expected);
    // What it needs comes along.
    CHECK(parse_features("minimal,reference-tsc").value() ==
          FeatureSet{Feature::Hypercalls, Feature::VpIndex, Feature::ReferenceCounter,
                     Feature::ReferenceTsc});
    CHECK(parse_features("off,+crash").value() ==
          FeatureSet{Feature::Hypercalls, Feature::VpIndex, Feature::Crash});
}

TEST_CASE("Hyper-V features: what a user should not write", "[hyperv]") {
    const auto message = [](const std::string& text) {
        return parse_features(text).error().message;
    };
    CHECK(message("window") ==
          "'window' is neither a preset nor a feature. Did you mean 'windows'?");
    CHECK(message("full,off") == "'off': a preset comes first, features after it");
    CHECK(message("full,-reference-counter") ==
          "'-reference-counter': 'reference-tsc' needs it; take that away first");
    CHECK(message("full,-hypercalls") ==
          "'-hypercalls': nothing works without it; 'off' is no Hyper-V");
    CHECK_FALSE(parse_features("").has_value());
    CHECK_FALSE(parse_features("full,").has_value());
}

TEST_CASE("Hyper-V features: their text is read back", "[hyperv]") {
    for (const Preset& each : presets()) CHECK(text_of(each.features) == each.name);
    for (const FeatureRow& row : feature_table()) {
        FeatureSet set = preset("minimal");
        set.add(row.feature);
        set.add(row.needs);
        CAPTURE(row.name);
        if (parse_features(text_of(set))) CHECK(parse_features(text_of(set)).value().has_all(set));
    }
}

TEST_CASE("Hyper-V CPUID: the leaves show what is there", "[hyperv]") {
    test::PartitionBench bench(preset("windows"));
    const cpu::CpuidSpace& cpuid = bench.first.cpuid;
    CHECK((cpuid.read(1, 0).ecx >> 31) == 1);
    const auto range = cpuid.read(0x4000'0000, 0);
    CHECK(range.eax >= 0x4000'0005);
    CHECK(range.ebx == 0x7263'694d);
    CHECK(range.ecx == 0x666f'736f);
    CHECK(range.edx == 0x7648'2074);
    CHECK(cpuid.read(0x4000'0001, 0) == cpu::CpuidLeaf{.eax = 0x3123'7648});
    CHECK(cpuid.read(range.eax + 1, 0) == cpu::CpuidLeaf{});
    for (u32 leaf = 0x4000'0000; leaf <= range.eax; ++leaf) {
        CHECK(cpuid.read(leaf, 0) == bench.vcpus[1]->cpuid.read(leaf, 0));
    }
    // Bits 0, 1, 2, 3, 6, 8, 12 and 13 are a root partition's (HV#1 Requirements).
    CHECK((cpuid.read(0x4000'0003, 0).ebx & 0x314f) == 0);
}

TEST_CASE("Hyper-V CPUID: minimal is Hv#1 and no more", "[hyperv]") {
    test::PartitionBench bench(preset("minimal"));
    const cpu::CpuidSpace& cpuid = bench.first.cpuid;
    CHECK(cpuid.read(0x4000'0003, 0) == cpu::CpuidLeaf{.eax = 0x60});
    CHECK(cpuid.read(0x4000'0004, 0).eax == 0);
    usize registers = 0;
    for (const u32 index : bench.first.msrs.banks().back()->indices()) {
        CHECK(index <= test::hv_msr::VpIndex);
        ++registers;
    }
    CHECK(registers == 3);
}

TEST_CASE("Hyper-V CPUID: the TSC is invariant for those who ask for it", "[hyperv]") {
    test::PartitionBench bench;
    constexpr u32 invariant = 1 << 8;
    CHECK((bench.first.cpuid.read(0x8000'0007, 0).edx & invariant) == 0);
    CHECK_FALSE(bench.write(test::hv_msr::TscInvariantControl, 2));
    REQUIRE(bench.write(test::hv_msr::TscInvariantControl, 1));
    CHECK((bench.first.cpuid.read(0x8000'0007, 0).edx & invariant) != 0);
}
