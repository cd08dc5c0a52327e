// SPDX-License-Identifier: BSD-2-Clause
//
// The CPUID leaves of a processor model (SDM 2A CPUID), with those bits that follow the state.
#include <algorithm>
#include <bit>
#include <cstring>

#include "cpu/core/models/cpu_model.hpp"
#include "cpu/core/models/feature_bits.hpp"
#include "cpu/mmu/logical_tlb.hpp"

namespace cpu {

namespace {

constexpr u32 highest_basic = 0x1f;
constexpr u32 highest_extended = 0x8000'0008;
constexpr u32 line_bytes = 64;

/// The size of what XSAVE writes in standard form, for these components (SDM 1 13.4).
u32 xsave_bytes(u64 components) { return (components & xcr0::AVX) ? 832 : 576; }

u32 four_characters(std::string_view text, usize first) {
    u32 packed = 0;
    if (first < text.size()) {
        std::memcpy(&packed, text.data() + first, std::min<usize>(4, text.size() - first));
    }
    return packed;
}

class ModelCpuid final : public CpuidBank {
public:
    explicit ModelCpuid(const Vcpu& vcpu) : vcpu_(vcpu), model_(vcpu.model) {}

    std::optional<CpuidLeaf> read(u32 leaf, u32 subleaf) const override;

private:
    CpuidLeaf basic(u32 leaf, u32 subleaf) const;
    CpuidLeaf extended(u32 leaf) const;
    CpuidLeaf vendor() const;
    CpuidLeaf identification() const;
    CpuidLeaf cache(u32 subleaf) const;
    CpuidLeaf monitor() const;
    CpuidLeaf topology(u32 subleaf) const;
    CpuidLeaf extended_state(u32 subleaf) const;
    CpuidLeaf clock() const;
    CpuidLeaf frequencies() const;
    CpuidLeaf translation_cache(u32 subleaf) const;
    CpuidLeaf extended_features() const;
    CpuidLeaf brand(u32 third) const;
    CpuidLeaf level_2_cache() const;

    bool misc_enable(unsigned bit) const { return ((vcpu_.state.msr.misc_enable >> bit) & 1) != 0; }
    bool has(Feature feature) const { return vcpu_.has(feature); }
    CpuidLeaf features_of(u32 leaf, u32 subleaf) const {
        CpuidLeaf found;
        show_features(vcpu_.features, leaf, subleaf, found);
        return found;
    }
    /// APIC IDs are given out as if there were a power of two of processors.
    u32 topology_bits() const {
        return static_cast<u32>(std::bit_width(vcpu_.topology.processors - 1));
    }

    const Vcpu& vcpu_;
    const CpuModel& model_;
};

CpuidLeaf ModelCpuid::vendor() const {
    constexpr unsigned limit_cpuid = 22;  // Of IA32_MISC_ENABLE.
    return {.eax = misc_enable(limit_cpuid) ? 2 : highest_basic,
            .ebx = four_characters(model_.vendor, 0),
            .ecx = four_characters(model_.vendor, 8),
            .edx = four_characters(model_.vendor, 4)};
}

CpuidLeaf ModelCpuid::identification() const {
    constexpr unsigned enable_monitor = 18;
    constexpr u32 monitor_bit = 1u << 3;
    constexpr u32 osxsave_bit = 1u << 27;
    constexpr u32 apic_bit = 1u << 9;
    constexpr u32 multithreading_bit = 1u << 28;
    constexpr u64 apic_enabled = 1 << 11;
    CpuidLeaf found = features_of(1, 0);
    found.eax = model_.signature();
    const u32 id_space = u32{1} << topology_bits();
    found.ebx = line_bytes / 8 << 8 | id_space << 16 | vcpu_.topology.apic_id << 24;
    if (!misc_enable(enable_monitor)) found.ecx &= ~monitor_bit;
    if (vcpu_.state.cr4 & cr4::OSXSAVE) found.ecx |= osxsave_bit;
    if ((vcpu_.state.msr.apic_base & apic_enabled) == 0) found.edx &= ~apic_bit;
    if (vcpu_.topology.processors > 1) found.edx |= multithreading_bit;
    return found;
}

CpuidLeaf ModelCpuid::cache(u32 subleaf) const {
    if (subleaf >= model_.caches.size()) return {};
    const CacheGeometry& cache = model_.caches[subleaf];
    const u32 id_space = u32{1} << topology_bits();
    const u32 sharing = cache.shared_by_all ? id_space : 1;
    constexpr u32 self_initializing = 1u << 8;
    return {.eax = static_cast<u32>(cache.kind) | u32{cache.level} << 5 | self_initializing |
                   (sharing - 1) << 14 | (id_space - 1) << 26,
            .ebx = (line_bytes - 1) | (u32{cache.ways} - 1) << 22,
            .ecx = cache.sets - 1};
}

/// No extensions: MWAIT takes no break-on-interrupt hint. C0, and one C1.
CpuidLeaf ModelCpuid::monitor() const {
    if (!has(Feature::Monitor)) return {};
    return {.eax = line_bytes, .ebx = line_bytes, .edx = 0x10};
}

/// Leaves 0BH and 1FH: a thread level of one, and a core level of all.
CpuidLeaf ModelCpuid::topology(u32 subleaf) const {
    constexpr u32 thread_level = 1;
    constexpr u32 core_level = 2;
    CpuidLeaf found{.ecx = subleaf & 0xff, .edx = vcpu_.topology.apic_id};
    if (subleaf == 0) {
        found.ebx = 1;
        found.ecx |= thread_level << 8;
    } else if (subleaf == 1) {
        found.eax = topology_bits();
        found.ebx = vcpu_.topology.processors;
        found.ecx |= core_level << 8;
    }
    return found;
}

CpuidLeaf ModelCpuid::extended_state(u32 subleaf) const {
    if (!has(Feature::Xsave)) return {};
    const u64 supported = xcr0::X87 | xcr0::SSE | (has(Feature::Avx) ? xcr0::AVX : 0);
    if (subleaf == 0) {
        return {.eax = static_cast<u32>(supported),
                .ebx = xsave_bytes(vcpu_.state.xcr0),
                .ecx = xsave_bytes(supported)};
    }
    if (subleaf == 1) {
        CpuidLeaf found = features_of(0xd, 1);
        if (has(Feature::Xsavec)) found.ebx = xsave_bytes(vcpu_.state.xcr0);
        return found;
    }
    if (subleaf == 2 && has(Feature::Avx)) return {.eax = 256, .ebx = 576};
    return {};
}

CpuidLeaf ModelCpuid::clock() const {
    const auto ratio = static_cast<u32>(model_.tsc_hz / model_.crystal_hz);
    return {.eax = 1, .ebx = ratio, .ecx = model_.crystal_hz};
}

CpuidLeaf ModelCpuid::frequencies() const {
    const auto mhz = static_cast<u32>(model_.tsc_hz / 1'000'000);
    return {.eax = mhz, .ebx = mhz, .ecx = 100};
}

/// Leaf 18H: the logical TLB, one for all page sizes.
CpuidLeaf ModelCpuid::translation_cache(u32 subleaf) const {
    constexpr u32 ways = 16;
    constexpr u32 sets = LogicalTlb::capacity / ways;
    constexpr u32 unified = 3;
    if (subleaf != 0) return {};
    const u32 sizes = has(Feature::Page1G) ? 0xf : 0x7;  // 4 KiB, 2 MiB, 4 MiB, 1 GiB.
    return {.ebx = sizes | ways << 16, .ecx = sets, .edx = unified | 1u << 5};
}

CpuidLeaf ModelCpuid::basic(u32 leaf, u32 subleaf) const {
    switch (leaf) {
        case 0x0: return vendor();
        case 0x1: return identification();
        // Nothing but references to leaves 4 and 18H.
        case 0x2: return {.eax = 0x00fe'ff01};
        case 0x4: return cache(subleaf);
        case 0x5: return monitor();
        // ARAT: the local APIC's timer never stops.
        case 0x6: return {.eax = has(Feature::Apic) ? 1u << 2 : 0u};
        case 0x7: return subleaf == 0 ? features_of(0x7, 0) : CpuidLeaf{};
        case 0xb: return topology(subleaf);
        case 0xd: return extended_state(subleaf);
        case 0x15: return clock();
        case 0x16: return frequencies();
        case 0x18: return translation_cache(subleaf);
        case 0x1f: return topology(subleaf);
        default: return {};
    }
}

/// SYSCALL is shown to 64-bit code alone, where alone it works (SDM 2A CPUID, 8000'0001H).
CpuidLeaf ModelCpuid::extended_features() const {
    constexpr u32 syscall_bit = 1u << 11;
    constexpr u32 nx_bit = 1u << 20;
    constexpr unsigned xd_disable = 34;  // Of IA32_MISC_ENABLE.
    CpuidLeaf found = features_of(0x8000'0001, 0);
    if (vcpu_.code_mode() != CodeMode::Bits64) found.edx &= ~syscall_bit;
    if (misc_enable(xd_disable)) found.edx &= ~nx_bit;
    return found;
}

CpuidLeaf ModelCpuid::brand(u32 third) const {
    const usize first = usize{third} * 16;
    return {.eax = four_characters(model_.brand, first),
            .ebx = four_characters(model_.brand, first + 4),
            .ecx = four_characters(model_.brand, first + 8),
            .edx = four_characters(model_.brand, first + 12)};
}

CpuidLeaf ModelCpuid::level_2_cache() const {
    constexpr u32 sixteen_ways = 8;  // As this leaf encodes it.
    for (const CacheGeometry& cache : model_.caches) {
        if (cache.level != 2) continue;
        const u32 kib = u32{cache.ways} * cache.sets * line_bytes / 1024;
        return {.ecx = kib << 16 | sixteen_ways << 12 | line_bytes};
    }
    return {};
}

CpuidLeaf ModelCpuid::extended(u32 leaf) const {
    switch (leaf) {
        case 0x8000'0000: return {.eax = highest_extended};
        case 0x8000'0001: return extended_features();
        case 0x8000'0002: return brand(0);
        case 0x8000'0003: return brand(1);
        case 0x8000'0004: return brand(2);
        case 0x8000'0006: return level_2_cache();
        case 0x8000'0007: return features_of(0x8000'0007, 0);
        case 0x8000'0008:
            return {.eax = model_.physical_address_bits | u32{model_.linear_address_bits} << 8};
        default: return {};
    }
}

std::optional<CpuidLeaf> ModelCpuid::read(u32 leaf, u32 subleaf) const {
    if (leaf <= highest_basic) return basic(leaf, subleaf);
    if (leaf >= 0x8000'0000 && leaf <= highest_extended) return extended(leaf);
    // Kept for hypervisors: who finds none there must not find something else.
    if (leaf >= 0x4000'0000 && leaf < 0x5000'0000) return CpuidLeaf{};
    // Beyond the last leaf: what the highest basic one says (SDM 2A CPUID).
    return basic(highest_basic, subleaf);
}

}  // namespace

void add_model_cpuid(Vcpu& vcpu) { vcpu.cpuid.add(std::make_unique<ModelCpuid>(vcpu)); }

}  // namespace cpu
