// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/core/models/cpu_model.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <string>

#include "cpu/core/models/feature_bits.hpp"
#include "cpu/decode/decoder.hpp"
#include "tests/support/cpu_bench.hpp"

using cpu::CpuidLeaf;
using cpu::CpuModel;
using cpu::Feature;
using cpu::FeatureBit;
using cpu::FeatureSet;

namespace {

std::string text_of(std::initializer_list<u32> words) {
    std::string text;
    for (const u32 word : words) {
        char characters[4];
        std::memcpy(characters, &word, 4);
        text.append(characters, 4);
    }
    return text.substr(0, text.find('\0'));
}

void enter_64_bit_code(cpu::Vcpu& vcpu) {
    vcpu.state.cr0 |= cpu::cr0::PE | cpu::cr0::PG;
    vcpu.state.msr.efer |= cpu::efer::LME | cpu::efer::LMA;
    vcpu.state.segment(cpu::SegReg::Cs).attributes = 0xa09b;
}

/// All bits of a leaf's output that stand for features.
u32 feature_mask(u32 leaf, u32 subleaf, u32 CpuidLeaf::*output) {
    u32 mask = 0;
    for (const FeatureBit& each : cpu::feature_bits()) {
        if (each.leaf == leaf && each.subleaf == subleaf && each.output == output) {
            mask |= 1u << each.bit;
        }
    }
    return mask;
}

struct Sample {
    Feature feature;
    std::initializer_list<u8> bytes;
};

/// An instruction that only its feature makes one.
const Sample samples[] = {
    {Feature::Cmov, {0x0f, 0x44, 0xc1}},
    {Feature::Cx8, {0x0f, 0xc7, 0x08}},
    {Feature::Cx16, {0x48, 0x0f, 0xc7, 0x08}},
    {Feature::Mmx, {0x0f, 0xfc, 0xc1}},
    {Feature::Sse, {0x0f, 0x58, 0xc1}},
    {Feature::Sse2, {0x66, 0x0f, 0x58, 0xc1}},
    {Feature::Sse3, {0xf2, 0x0f, 0x7c, 0xc1}},
    {Feature::Ssse3, {0x66, 0x0f, 0x38, 0x00, 0xc1}},
    {Feature::Sse41, {0x66, 0x0f, 0x38, 0x17, 0xc1}},
    {Feature::Sse42, {0xf2, 0x0f, 0x38, 0xf1, 0xc1}},
    {Feature::Pclmulqdq, {0x66, 0x0f, 0x3a, 0x44, 0xc1, 0x00}},
    {Feature::Aes, {0x66, 0x0f, 0x38, 0xdc, 0xc1}},
    {Feature::Sha, {0x0f, 0x38, 0xc8, 0xc1}},
    {Feature::Avx, {0xc5, 0xf0, 0x58, 0xc2}},
    {Feature::Avx2, {0xc5, 0xf5, 0xfc, 0xc2}},
    {Feature::Fma, {0xc4, 0xe2, 0x71, 0x98, 0xc2}},
    {Feature::F16c, {0xc4, 0xe2, 0x79, 0x13, 0xc1}},
    {Feature::Bmi1, {0xc4, 0xe2, 0x70, 0xf2, 0xc2}},
    {Feature::Bmi2, {0xc4, 0xe2, 0x73, 0xf5, 0xc2}},
    {Feature::Adx, {0x66, 0x0f, 0x38, 0xf6, 0xc1}},
    {Feature::Movbe, {0x0f, 0x38, 0xf0, 0x00}},
    {Feature::Popcnt, {0xf3, 0x0f, 0xb8, 0xc1}},
    {Feature::Rdrand, {0x0f, 0xc7, 0xf0}},
    {Feature::Rdseed, {0x0f, 0xc7, 0xf8}},
    {Feature::Rdtscp, {0x0f, 0x01, 0xf9}},
    {Feature::Rdpid, {0xf3, 0x0f, 0xc7, 0xf8}},
    {Feature::Fsgsbase, {0xf3, 0x0f, 0xae, 0xc0}},
    {Feature::Invpcid, {0x66, 0x0f, 0x38, 0x82, 0x00}},
    {Feature::Smap, {0x0f, 0x01, 0xca}},
    {Feature::Monitor, {0x0f, 0x01, 0xc8}},
    {Feature::Clflush, {0x0f, 0xae, 0x38}},
    {Feature::Clflushopt, {0x66, 0x0f, 0xae, 0x38}},
    {Feature::Clwb, {0x66, 0x0f, 0xae, 0x30}},
    {Feature::Xsave, {0x0f, 0xae, 0x20}},
    {Feature::Xsaveopt, {0x0f, 0xae, 0x30}},
    {Feature::Xsavec, {0x0f, 0xc7, 0x20}},
    {Feature::Fxsr, {0x0f, 0xae, 0x00}},
};

}  // namespace

TEST_CASE("CPU models: CPUID shows exactly the features there are", "[cpu][cpuid]") {
    const CpuModel& model = GENERATE(from_range(cpu::cpu_models()));
    CAPTURE(model.name);
    test::CpuBench bench(model);
    enter_64_bit_code(bench.vcpu);
    for (const FeatureBit& each : cpu::feature_bits()) {
        CAPTURE(each.name);
        const CpuidLeaf shown = bench.vcpu.cpuid.read(each.leaf, each.subleaf);
        CHECK((((shown.*each.output) >> each.bit) & 1) == bench.vcpu.has(each.feature));
        if (each.feature == Feature::Always || each.feature == Feature::Xsave) continue;
        if (!bench.vcpu.has(each.feature)) continue;
        bench.vcpu.features.set(each.feature, false);
        const CpuidLeaf hidden = bench.vcpu.cpuid.read(each.leaf, each.subleaf);
        CHECK((((hidden.*each.output) >> each.bit) & 1) == 0);
        bench.vcpu.features.set(each.feature, true);
    }
}

TEST_CASE("CPU models: CPUID shows no bit that is not a feature", "[cpu][cpuid]") {
    const CpuModel& model = GENERATE(from_range(cpu::cpu_models()));
    test::CpuBench bench(model);
    enter_64_bit_code(bench.vcpu);
    const cpu::CpuidSpace& cpuid = bench.vcpu.cpuid;
    CHECK((cpuid.read(1, 0).ecx & ~feature_mask(1, 0, &CpuidLeaf::ecx)) == 0);
    CHECK((cpuid.read(1, 0).edx & ~feature_mask(1, 0, &CpuidLeaf::edx)) == 0);
    CHECK(cpuid.read(7, 0).eax == 0);
    CHECK((cpuid.read(7, 0).ebx & ~feature_mask(7, 0, &CpuidLeaf::ebx)) == 0);
    CHECK((cpuid.read(7, 0).ecx & ~feature_mask(7, 0, &CpuidLeaf::ecx)) == 0);
    CHECK((cpuid.read(7, 0).edx & ~feature_mask(7, 0, &CpuidLeaf::edx)) == 0);
    constexpr u32 extended = 0x8000'0001;
    CHECK((cpuid.read(extended, 0).ecx & ~feature_mask(extended, 0, &CpuidLeaf::ecx)) == 0);
    CHECK((cpuid.read(extended, 0).edx & ~feature_mask(extended, 0, &CpuidLeaf::edx)) == 0);
    CHECK((cpuid.read(0xd, 1).eax & ~feature_mask(0xd, 1, &CpuidLeaf::eax)) == 0);
}

TEST_CASE("CPU models: every feature an instruction asks for is one that CPUID shows",
          "[cpu][cpuid]") {
    for (const cpu::Form& form : cpu::forms()) {
        CAPTURE(form.mnemonic, form.encoding);
        const bool shown = form.feature == Feature::Always || form.feature == Feature::Smm ||
                           !cpu::feature_name(form.feature).empty();
        CHECK(shown);
    }
}

TEST_CASE("CPU models: an instruction is there with its feature and not without", "[cpu][cpuid]") {
    for (const Sample& sample : samples) {
        CAPTURE(cpu::feature_name(sample.feature));
        FeatureSet features = cpu::cpu_models().back().features;
        const std::span bytes(sample.bytes.begin(), sample.bytes.size());
        cpu::Instruction instruction;
        REQUIRE(cpu::decode(bytes, cpu::CodeMode::Bits64, features, instruction) ==
                cpu::DecodeStatus::Ok);
        CHECK(cpu::form_of(instruction).feature == sample.feature);
        features.set(sample.feature, false);
        CHECK(cpu::decode(bytes, cpu::CodeMode::Bits64, features, instruction) ==
              cpu::DecodeStatus::Invalid);
    }
}

TEST_CASE("CPU models: names and numbers", "[cpu][cpuid]") {
    test::CpuBench bench(*cpu::find_cpu_model("satori-v3").value());
    const cpu::CpuidSpace& cpuid = bench.vcpu.cpuid;
    const CpuidLeaf first = cpuid.read(0, 0);
    CHECK(first.eax == 0x1f);
    CHECK(text_of({first.ebx, first.edx, first.ecx}) == "GenuineIntel");
    CHECK(cpuid.read(1, 0).eax == 0x000606a6);
    std::string brand;
    for (const u32 leaf : {0x8000'0002, 0x8000'0003, 0x8000'0004}) {
        const CpuidLeaf part = cpuid.read(leaf, 0);
        brand += text_of({part.eax, part.ebx, part.ecx, part.edx});
    }
    CHECK(brand == "Satori virtual processor, x86-64-v3 @ 1.00GHz");
    CHECK(cpuid.read(0x8000'0000, 0).eax == 0x8000'0008);
    CHECK(cpuid.read(0x8000'0008, 0).eax == 0x3028);

    const CpuidLeaf clock = cpuid.read(0x15, 0);
    CHECK(u64{clock.ecx} * clock.ebx / clock.eax == bench.vcpu.model.tsc_hz);
    CHECK(u64{cpuid.read(0x16, 0).eax} * 1'000'000 == bench.vcpu.model.tsc_hz);
}

TEST_CASE("CPU models: leaves that follow the state", "[cpu][cpuid]") {
    test::CpuBench bench(*cpu::find_cpu_model("satori-v3").value());
    const cpu::CpuidSpace& cpuid = bench.vcpu.cpuid;
    cpu::CpuState& state = bench.vcpu.state;

    constexpr u32 osxsave = 1u << 27;
    CHECK((cpuid.read(1, 0).ecx & osxsave) == 0);
    state.cr4 |= cpu::cr4::OSXSAVE;
    CHECK((cpuid.read(1, 0).ecx & osxsave) != 0);

    state.xcr0 = 1;
    CHECK(cpuid.read(0xd, 0) == CpuidLeaf{.eax = 7, .ebx = 576, .ecx = 832});
    state.xcr0 = 7;
    CHECK(cpuid.read(0xd, 0) == CpuidLeaf{.eax = 7, .ebx = 832, .ecx = 832});
    CHECK(cpuid.read(0xd, 1).ebx == 832);
    CHECK(cpuid.read(0xd, 2) == CpuidLeaf{.eax = 256, .ebx = 576});
    CHECK(cpuid.read(0xd, 3) == CpuidLeaf{});

    constexpr u32 apic = 1u << 9;
    CHECK((cpuid.read(1, 0).edx & apic) != 0);
    state.msr.apic_base &= ~u64{0x800};
    CHECK((cpuid.read(1, 0).edx & apic) == 0);

    constexpr u32 syscall = 1u << 11;
    CHECK((cpuid.read(0x8000'0001, 0).edx & syscall) == 0);
    enter_64_bit_code(bench.vcpu);
    CHECK((cpuid.read(0x8000'0001, 0).edx & syscall) != 0);

    state.msr.misc_enable |= 1 << 22;
    CHECK(cpuid.read(0, 0).eax == 2);
}

TEST_CASE("CPU models: without AVX there is no AVX state", "[cpu][cpuid]") {
    test::CpuBench bench(*cpu::find_cpu_model("satori-v2").value());
    CHECK(bench.vcpu.cpuid.read(0xd, 0) == CpuidLeaf{.eax = 3, .ebx = 576, .ecx = 576});
    CHECK(bench.vcpu.cpuid.read(0xd, 2) == CpuidLeaf{});
}

TEST_CASE("CPU models: topology", "[cpu][cpuid]") {
    const auto [processors, bits] = GENERATE(table<u32, u32>({{1, 0}, {2, 1}, {3, 2}, {8, 3}}));
    CAPTURE(processors);
    test::CpuBench bench;
    bench.vcpu.topology = {.apic_id = processors - 1, .processors = processors};
    const cpu::CpuidSpace& cpuid = bench.vcpu.cpuid;
    CHECK(cpuid.read(1, 0).ebx >> 24 == processors - 1);
    CHECK(((cpuid.read(1, 0).ebx >> 16) & 0xff) == 1u << bits);
    CHECK(((cpuid.read(1, 0).edx >> 28) & 1) == (processors > 1));
    CHECK(cpuid.read(4, 0).eax >> 26 == (1u << bits) - 1);
    CHECK(((cpuid.read(4, 3).eax >> 14) & 0xfff) == (1u << bits) - 1);
    CHECK(cpuid.read(4, 4) == CpuidLeaf{});
    for (const u32 leaf : {0xbu, 0x1fu}) {
        CHECK(cpuid.read(leaf, 0) ==
              CpuidLeaf{.eax = 0, .ebx = 1, .ecx = 0x100, .edx = processors - 1});
        CHECK(cpuid.read(leaf, 1) ==
              CpuidLeaf{.eax = bits, .ebx = processors, .ecx = 0x201, .edx = processors - 1});
        CHECK(cpuid.read(leaf, 2) ==
              CpuidLeaf{.eax = 0, .ebx = 0, .ecx = 2, .edx = processors - 1});
    }
}

TEST_CASE("CPU models: leaves beyond the last", "[cpu][cpuid]") {
    test::CpuBench bench;
    const cpu::CpuidSpace& cpuid = bench.vcpu.cpuid;
    CHECK(cpuid.read(0x20, 0) == cpuid.read(0x1f, 0));
    CHECK(cpuid.read(0x8000'0009, 1) == cpuid.read(0x1f, 1));
    CHECK(cpuid.read(0xffff'ffff, 0) == cpuid.read(0x1f, 0));
    // Where a hypervisor would be: nobody is home.
    CHECK(cpuid.read(0x4000'0000, 0) == CpuidLeaf{});
    CHECK(cpuid.read(0x4000'0100, 0) == CpuidLeaf{});
}

TEST_CASE("CPU models: found by name, and suggested", "[cpu][cpuid][hostile]") {
    CHECK(cpu::find_cpu_model("satori-v2").value()->name == "satori-v2");
    const auto slip = cpu::find_cpu_model("satory-v3");
    REQUIRE_FALSE(slip);
    CHECK(slip.error().message ==
          "unknown CPU model 'satory-v3': did you mean 'satori-v3'? "
          "(known models: satori-v2, satori-v3)");
    const auto foreign = cpu::find_cpu_model("qemu64");
    REQUIRE_FALSE(foreign);
    CHECK(foreign.error().message ==
          "unknown CPU model 'qemu64' (known models: satori-v2, satori-v3)");
    CHECK_FALSE(cpu::find_cpu_model(""));
}

TEST_CASE("CPU models: what the host cannot compute is not shown", "[cpu][cpuid]") {
    const CpuModel& v2 = *cpu::find_cpu_model("satori-v2").value();
    const CpuModel& v3 = *cpu::find_cpu_model("satori-v3").value();
    FeatureSet host = FeatureSet::all();
    CHECK(cpu::features_on_host(v3, host) == v3.features);
    CHECK(&cpu::default_cpu_model(host) == &v3);

    host.set(Feature::Sha, false);
    CHECK_FALSE(cpu::features_on_host(v3, host).has(Feature::Sha));
    CHECK(&cpu::default_cpu_model(host) == &v3);

    host.set(Feature::Avx2, false);
    const auto checked = cpu::check_host_can_run(v3, host);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().message ==
          "CPU model 'satori-v3' needs avx2, which this host's processor does not have; "
          "choose a lesser model");
    CHECK(&cpu::default_cpu_model(host) == &v2);
}
