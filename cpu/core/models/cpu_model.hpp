// SPDX-License-Identifier: BSD-2-Clause
//
// Processor models: what CPUID shows and the plain MSRs that go with it. What a model shows works,
// and what it does not show raises #UD. The models are an Intel-like processor that says it suffers
// from none of the speculation flaws (ARCH_CAPABILITIES), so that no guest pays for page-table
// isolation and its kin. No PKU, TSX, AVX-512, LA57, CET, VMX, SGX.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "cpu/arch/features.hpp"
#include "cpu/core/vcpu.hpp"
#include "fabric/support/result.hpp"

namespace cpu {

/// A register that guests read and that does nothing here.
struct PlainMsr {
    enum class Write : u8 { Refused, Ignored };

    u32 index = 0;
    std::string_view name;  // As the manual spells it.
    u64 value = 0;
    Write write = Write::Refused;
};

enum class CacheKind : u8 { Data = 1, Code = 2, Unified = 3 };  // As in CPUID leaf 4.

struct CacheGeometry {
    CacheKind kind = CacheKind::Unified;
    u8 level = 1;
    u16 ways = 1;
    u32 sets = 1;  // Of 64-byte lines.
    bool shared_by_all = false;
};

struct CpuModel {
    std::string_view name;
    std::string_view description;
    FeatureSet features;
    FeatureSet level;         // Without these it would not be what its name says.
    std::string_view vendor;  // Twelve characters.
    u8 family = 6;
    u8 model = 0;
    u8 stepping = 0;
    std::string_view brand;  // Up to 47 characters.
    u8 physical_address_bits = 40;
    u8 linear_address_bits = 48;
    std::array<CacheGeometry, 4> caches;
    u32 crystal_hz = 0;  // Of the local APIC's timer as well (CPUID leaf 15H).
    u64 tsc_hz = 0;
    u32 microcode_revision = 0;
    std::span<const PlainMsr> plain_msrs;

    /// CPUID.1:EAX, and EDX after reset.
    u32 signature() const;
};

std::span<const CpuModel> cpu_models();

/// The error names what there is, and the nearest name.
fabric::Result<const CpuModel*> find_cpu_model(std::string_view name);

/// The best model of which `host` can compute everything its level asks for.
const CpuModel& default_cpu_model(const FeatureSet& host);

/// The model's features, less what needs a host instruction that `host` has not.
FeatureSet features_on_host(const CpuModel& model, const FeatureSet& host);

/// An error that names the first missing feature, if `host` lacks something of the model's level.
fabric::Result<> check_host_can_run(const CpuModel& model, const FeatureSet& host);

void add_model_cpuid(Vcpu& vcpu);

}  // namespace cpu
