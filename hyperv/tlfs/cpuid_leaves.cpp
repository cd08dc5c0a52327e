// SPDX-License-Identifier: BSD-2-Clause
#include "hyperv/tlfs/cpuid_leaves.hpp"

#include "hyperv/tlfs/hyperv_trace.hpp"
#include "hyperv/tlfs/partition.hpp"
#include "hyperv/tlfs/virtual_processor.hpp"

namespace hyperv {

using cpu::CpuidLeaf;

namespace {

constexpr u32 first_leaf = 0x4000'0000;
constexpr u32 last_leaf = 0x4000'000c;
constexpr u32 end_of_range = 0x4000'0100;
constexpr u32 most_processors = 64;

constexpr u32 four(const char (&text)[5]) {
    u32 packed = 0;
    for (unsigned i = 0; i < 4; ++i) packed |= u32{static_cast<u8>(text[i])} << (8 * i);
    return packed;
}

using Leaf = CpuidLeaf (*)(const Partition&);

ShownBits shown_by(const Partition& partition) {
    ShownBits shown;
    for (const FeatureRow& row : feature_table()) {
        if (partition.has(row.feature)) shown |= row.shown;
    }
    return shown;
}

CpuidLeaf range(const Partition&) {
    return {.eax = last_leaf, .ebx = four("Micr"), .ecx = four("osof"), .edx = four("t Hv")};
}

CpuidLeaf interface(const Partition&) { return {.eax = four("Hv#1")}; }

/// What a guest's log shows, and nothing depends on: the release of Hyper-V whose interface this
/// is.
CpuidLeaf version(const Partition&) { return {.eax = 20348, .ebx = 10 << 16}; }

CpuidLeaf privileges(const Partition& partition) {
    const ShownBits shown = shown_by(partition);
    return {.eax = shown.privileges_low, .ebx = shown.privileges_high, .edx = shown.features};
}

CpuidLeaf recommendations(const Partition& partition) {
    constexpr u32 spins_before_notice = 0xfff;
    constexpr u32 never = 0xffff'ffff;
    return {.eax = shown_by(partition).recommended,
            .ebx = partition.has(Feature::SpinWait) ? spins_before_notice : never,
            .ecx = partition.config().physical_address_bits};
}

CpuidLeaf limits(const Partition&) { return {.eax = most_processors, .ebx = most_processors}; }

CpuidLeaf nothing(const Partition&) { return {}; }

struct Row {
    std::string_view name;
    Leaf read;
};

/// From first_leaf on.
constexpr Row rows[] = {
    {"hypervisor leaf range and vendor", range},
    {"hypervisor interface", interface},
    {"hypervisor version", version},
    {"hypervisor features", privileges},
    {"implementation recommendations", recommendations},
    {"implementation limits", limits},
    // No hardware is used, no root partition, nothing nested, nothing isolated.
    {"implementation hardware features", nothing},
    {"CPU management features", nothing},
    {"SVM features", nothing},
    {"nested hypervisor features", nothing},
    {"nested virtualization features", nothing},
    {"reserved", nothing},
    {"isolation configuration", nothing},
};
static_assert(std::size(rows) == last_leaf - first_leaf + 1);

/// In front of what the processor has: those leaves are asked for and changed.
class HypervisorCpuid final : public cpu::CpuidBank {
public:
    HypervisorCpuid(const VirtualProcessor& processor, cpu::CpuidSpace beneath)
        : processor_(processor), beneath_(std::move(beneath)) {}

    std::optional<CpuidLeaf> read(u32 leaf, u32 subleaf) const override {
        if (leaf >= first_leaf && leaf < end_of_range) return hypervisor_leaf(leaf);
        CpuidLeaf found = beneath_.read(leaf, subleaf);
        constexpr u32 hypervisor_present = u32{1} << 31;
        constexpr u32 invariant_tsc = u32{1} << 8;
        if (leaf == 1) found.ecx |= hypervisor_present;
        // Shown to those who ask for it: others expect the reference TSC in its place.
        const bool hidden =
            processor_.has(Feature::TscInvariant) && processor_.tsc_invariant_control() == 0;
        if (leaf == 0x8000'0007 && hidden) found.edx &= ~invariant_tsc;
        return found;
    }

private:
    CpuidLeaf hypervisor_leaf(u32 leaf) const {
        if (leaf > last_leaf) return {};
        const Row& row = rows[leaf - first_leaf];
        const CpuidLeaf found = row.read(processor_.partition());
        trace_cpuid_leaf(processor_, row.name, leaf, found);
        return found;
    }

    const VirtualProcessor& processor_;
    cpu::CpuidSpace beneath_;
};

}  // namespace

void add_hypervisor_cpuid(VirtualProcessor& processor) {
    processor.vcpu().features.set(cpu::Feature::Hypervisor, true);
    cpu::CpuidSpace& space = processor.vcpu().cpuid;
    cpu::CpuidSpace beneath = std::move(space);
    space = {};
    space.add(std::make_unique<HypervisorCpuid>(processor, std::move(beneath)));
}

}  // namespace hyperv
