// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/fpu/host_features.hpp"

#include <cpuid.h>

namespace cpu {

namespace {

struct Leaf {
    u32 eax = 0;
    u32 ebx = 0;
    u32 ecx = 0;
    u32 edx = 0;
};

Leaf cpuid(u32 leaf, u32 subleaf) {
    Leaf result;
    __get_cpuid_count(leaf, subleaf, &result.eax, &result.ebx, &result.ecx, &result.edx);
    return result;
}

/// XCR0, if user programs may read it.
u64 enabled_state(const Leaf& basic) {
    constexpr u32 osxsave = 1u << 27;
    if ((basic.ecx & osxsave) == 0) return 0;
    u32 low = 0;
    u32 high = 0;
    asm("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return u64{high} << 32 | low;
}

bool bit(u32 word, int number) { return ((word >> number) & 1) != 0; }

/// SDM 2A, CPUID, tables 3-10, 3-11 and 3-8.
FeatureSet detect() {
    const Leaf basic = cpuid(1, 0);
    const Leaf extended = cpuid(7, 0);
    const Leaf amd = cpuid(0x8000'0001, 0);
    const bool avx_state = (enabled_state(basic) & 6) == 6;
    FeatureSet features = FeatureSet::all();
    features.set(Feature::Sse3, bit(basic.ecx, 0));
    features.set(Feature::Pclmulqdq, bit(basic.ecx, 1));
    features.set(Feature::Ssse3, bit(basic.ecx, 9));
    features.set(Feature::Fma, bit(basic.ecx, 12) && avx_state);
    features.set(Feature::Sse41, bit(basic.ecx, 19));
    features.set(Feature::Sse42, bit(basic.ecx, 20));
    features.set(Feature::Movbe, bit(basic.ecx, 22));
    features.set(Feature::Popcnt, bit(basic.ecx, 23));
    features.set(Feature::Aes, bit(basic.ecx, 25));
    features.set(Feature::Avx, bit(basic.ecx, 28) && avx_state);
    features.set(Feature::F16c, bit(basic.ecx, 29) && avx_state);
    features.set(Feature::Bmi1, bit(extended.ebx, 3));
    features.set(Feature::Avx2, bit(extended.ebx, 5) && avx_state);
    features.set(Feature::Bmi2, bit(extended.ebx, 8));
    features.set(Feature::Adx, bit(extended.ebx, 19));
    features.set(Feature::Sha, bit(extended.ebx, 29));
    features.set(Feature::Lzcnt, bit(amd.ecx, 5));
    return features;
}

}  // namespace

const FeatureSet& host_features() {
    static const FeatureSet features = detect();
    return features;
}

bool host_has_avx() { return host_features().has(Feature::Avx); }

}  // namespace cpu
