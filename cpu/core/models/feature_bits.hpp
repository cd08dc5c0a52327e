// SPDX-License-Identifier: BSD-2-Clause
//
// Where CPUID shows each feature (SDM 2A CPUID), and what people call it.
#pragma once

#include <span>
#include <string_view>

#include "cpu/arch/features.hpp"
#include "cpu/core/cpuid_space.hpp"

namespace cpu {

struct FeatureBit {
    Feature feature = Feature::Always;
    u32 leaf = 0;
    u32 subleaf = 0;
    u32 CpuidLeaf::*output = nullptr;
    u8 bit = 0;
    std::string_view name;  // As Linux shows it in /proc/cpuinfo, where it does.
};

std::span<const FeatureBit> feature_bits();

/// Empty for a feature that CPUID does not show.
std::string_view feature_name(Feature feature);

/// Sets the bits that this set has in a leaf.
void show_features(const FeatureSet& features, u32 leaf, u32 subleaf, CpuidLeaf& into);

}  // namespace cpu
