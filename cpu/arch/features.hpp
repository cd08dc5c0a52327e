// SPDX-License-Identifier: BSD-2-Clause
//
// What a processor model may or may not have. A row of the instruction table, an MSR and a CPUID
// bit name the feature they belong to; without it they are not there.
#pragma once

#include <array>
#include <initializer_list>

#include "fabric/support/int_types.hpp"

namespace cpu {

enum class Feature : u8 {
    Always,  // Every model has it.
    Vme,
    Pse,
    Tsc,
    Msr,
    Pae,
    Mce,
    Cx8,
    Apic,
    Sep,
    Mtrr,
    Pge,
    Mca,
    Cmov,
    Pat,
    Pse36,
    Clflush,
    Mmx,
    Fxsr,
    Sse,
    Sse2,
    Sse3,
    Pclmulqdq,
    Monitor,
    Ssse3,
    Fma,
    Cx16,
    Pcid,
    Sse41,
    Sse42,
    X2apic,
    Movbe,
    Popcnt,
    TscDeadline,
    Aes,
    Xsave,
    Avx,
    F16c,
    Rdrand,
    Hypervisor,
    Fsgsbase,
    TscAdjust,
    Bmi1,
    Avx2,
    Smep,
    Bmi2,
    Erms,
    Invpcid,
    Rdseed,
    Adx,
    Smap,
    Clflushopt,
    Clwb,
    Sha,
    Umip,
    Rdpid,
    Fsrm,
    Xsaveopt,
    Xsavec,
    Xgetbv1,
    Syscall,
    Nx,
    Page1G,
    Rdtscp,
    LongMode,
    Lahf64,
    Lzcnt,
    Prefetchw,
    InvariantTsc,
    Smm,
    SpecCtrl,
    ArchCapabilities,
    FdpExceptionOnly,
    NoFcsFds,
    Count
};

class FeatureSet {
public:
    constexpr FeatureSet() = default;
    constexpr FeatureSet(std::initializer_list<Feature> features) {
        for (const Feature feature : features) set(feature, true);
    }

    constexpr bool has(Feature feature) const {
        const auto bit = static_cast<u8>(feature);
        return feature == Feature::Always || ((words_[bit / 64] >> (bit % 64)) & 1) != 0;
    }
    constexpr void set(Feature feature, bool on) {
        const auto bit = static_cast<u8>(feature);
        const u64 mask = u64{1} << (bit % 64);
        words_[bit / 64] = on ? words_[bit / 64] | mask : words_[bit / 64] & ~mask;
    }
    friend constexpr FeatureSet operator|(FeatureSet left, const FeatureSet& right) {
        left.words_[0] |= right.words_[0];
        left.words_[1] |= right.words_[1];
        return left;
    }
    static constexpr FeatureSet all() {
        FeatureSet every;
        every.words_ = {~u64{0}, ~u64{0}};
        return every;
    }

    bool operator==(const FeatureSet&) const = default;

private:
    std::array<u64, 2> words_{};
};
static_assert(static_cast<u8>(Feature::Count) <= 128);

}  // namespace cpu
