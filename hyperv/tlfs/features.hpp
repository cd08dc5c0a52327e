// SPDX-License-Identifier: BSD-2-Clause
//
// What of the TLFS a partition is shown. One row per feature: its name for people, the bits of
// CPUID that show it, and what it needs. MSRs and hypercalls name the feature that they belong to;
// without it they are not there. So nothing is shown and missing, or there and not shown.
#pragma once

#include <span>

#include "hyperv/tlfs/feature_set.hpp"

namespace hyperv {

enum class Feature : u8 {
    Hypercalls,
    VpIndex,
    VpRuntime,
    ReferenceCounter,
    ReferenceTsc,
    Frequencies,
    ApicMsrs,
    Reset,
    Crash,
    TscInvariant,
    RelaxedTiming,
    SpinWait,
    XmmInput,
    XmmOutput,
    HypercallLock,
    Synic,
    SintPolling,
    DeprecateAutoEoi,
    SyntheticTimers,
    DirectTimers,
    PostMessages,
    SignalEvents,
    RemoteFlush,
    ClusterIpi,
    ProcessorSets,
    VpRegisters,
    PartitionId,
    StartVp,
};

/// Bits of the CPUID leaves 4000'0003H and 4000'0004H.
struct ShownBits {
    u32 privileges_low = 0;   // 4000'0003H:EAX
    u32 privileges_high = 0;  // 4000'0003H:EBX
    u32 features = 0;         // 4000'0003H:EDX
    u32 recommended = 0;      // 4000'0004H:EAX

    constexpr ShownBits& operator|=(const ShownBits& other) {
        privileges_low |= other.privileges_low;
        privileges_high |= other.privileges_high;
        features |= other.features;
        recommended |= other.recommended;
        return *this;
    }
};

struct FeatureRow {
    Feature feature{};
    std::string_view name;
    std::string_view description;
    ShownBits shown;
    FeatureSet needs;
};

std::span<const FeatureRow> feature_table();

struct Preset {
    std::string_view name;
    std::string_view description;
    FeatureSet features;
};

/// "off", "minimal", "windows", "full".
std::span<const Preset> presets();

}  // namespace hyperv
