// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/core/models/feature_bits.hpp"

namespace cpu {

namespace {

constexpr auto eax = &CpuidLeaf::eax;
constexpr auto ebx = &CpuidLeaf::ebx;
constexpr auto ecx = &CpuidLeaf::ecx;
constexpr auto edx = &CpuidLeaf::edx;

// clang-format off
constexpr FeatureBit table[] = {
    {Feature::Sse3,             0x1, 0, ecx,  0, "pni"},
    {Feature::Pclmulqdq,        0x1, 0, ecx,  1, "pclmulqdq"},
    {Feature::Monitor,          0x1, 0, ecx,  3, "monitor"},
    {Feature::Ssse3,            0x1, 0, ecx,  9, "ssse3"},
    {Feature::Fma,              0x1, 0, ecx, 12, "fma"},
    {Feature::Cx16,             0x1, 0, ecx, 13, "cx16"},
    {Feature::Pcid,             0x1, 0, ecx, 17, "pcid"},
    {Feature::Sse41,            0x1, 0, ecx, 19, "sse4_1"},
    {Feature::Sse42,            0x1, 0, ecx, 20, "sse4_2"},
    {Feature::X2apic,           0x1, 0, ecx, 21, "x2apic"},
    {Feature::Movbe,            0x1, 0, ecx, 22, "movbe"},
    {Feature::Popcnt,           0x1, 0, ecx, 23, "popcnt"},
    {Feature::TscDeadline,      0x1, 0, ecx, 24, "tsc_deadline_timer"},
    {Feature::Aes,              0x1, 0, ecx, 25, "aes"},
    {Feature::Xsave,            0x1, 0, ecx, 26, "xsave"},
    {Feature::Avx,              0x1, 0, ecx, 28, "avx"},
    {Feature::F16c,             0x1, 0, ecx, 29, "f16c"},
    {Feature::Rdrand,           0x1, 0, ecx, 30, "rdrand"},
    {Feature::Hypervisor,       0x1, 0, ecx, 31, "hypervisor"},
    {Feature::Always,           0x1, 0, edx,  0, "fpu"},
    {Feature::Vme,              0x1, 0, edx,  1, "vme"},
    {Feature::Always,           0x1, 0, edx,  2, "de"},
    {Feature::Pse,              0x1, 0, edx,  3, "pse"},
    {Feature::Tsc,              0x1, 0, edx,  4, "tsc"},
    {Feature::Msr,              0x1, 0, edx,  5, "msr"},
    {Feature::Pae,              0x1, 0, edx,  6, "pae"},
    {Feature::Mce,              0x1, 0, edx,  7, "mce"},
    {Feature::Cx8,              0x1, 0, edx,  8, "cx8"},
    {Feature::Apic,             0x1, 0, edx,  9, "apic"},
    {Feature::Sep,              0x1, 0, edx, 11, "sep"},
    {Feature::Mtrr,             0x1, 0, edx, 12, "mtrr"},
    {Feature::Pge,              0x1, 0, edx, 13, "pge"},
    {Feature::Mca,              0x1, 0, edx, 14, "mca"},
    {Feature::Cmov,             0x1, 0, edx, 15, "cmov"},
    {Feature::Pat,              0x1, 0, edx, 16, "pat"},
    {Feature::Pse36,            0x1, 0, edx, 17, "pse36"},
    {Feature::Clflush,          0x1, 0, edx, 19, "clflush"},
    {Feature::Mmx,              0x1, 0, edx, 23, "mmx"},
    {Feature::Fxsr,             0x1, 0, edx, 24, "fxsr"},
    {Feature::Sse,              0x1, 0, edx, 25, "sse"},
    {Feature::Sse2,             0x1, 0, edx, 26, "sse2"},
    {Feature::Always,           0x1, 0, edx, 27, "ss"},
    {Feature::Fsgsbase,         0x7, 0, ebx,  0, "fsgsbase"},
    {Feature::TscAdjust,        0x7, 0, ebx,  1, "tsc_adjust"},
    {Feature::Bmi1,             0x7, 0, ebx,  3, "bmi1"},
    {Feature::Avx2,             0x7, 0, ebx,  5, "avx2"},
    {Feature::FdpExceptionOnly, 0x7, 0, ebx,  6, "fdp_excptn_only"},
    {Feature::Smep,             0x7, 0, ebx,  7, "smep"},
    {Feature::Bmi2,             0x7, 0, ebx,  8, "bmi2"},
    {Feature::Erms,             0x7, 0, ebx,  9, "erms"},
    {Feature::Invpcid,          0x7, 0, ebx, 10, "invpcid"},
    {Feature::NoFcsFds,         0x7, 0, ebx, 13, "zero_fcs_fds"},
    {Feature::Rdseed,           0x7, 0, ebx, 18, "rdseed"},
    {Feature::Adx,              0x7, 0, ebx, 19, "adx"},
    {Feature::Smap,             0x7, 0, ebx, 20, "smap"},
    {Feature::Clflushopt,       0x7, 0, ebx, 23, "clflushopt"},
    {Feature::Clwb,             0x7, 0, ebx, 24, "clwb"},
    {Feature::Sha,              0x7, 0, ebx, 29, "sha_ni"},
    {Feature::Umip,             0x7, 0, ecx,  2, "umip"},
    {Feature::Rdpid,            0x7, 0, ecx, 22, "rdpid"},
    {Feature::Fsrm,             0x7, 0, edx,  4, "fsrm"},
    {Feature::SpecCtrl,         0x7, 0, edx, 26, "spec_ctrl"},
    {Feature::ArchCapabilities, 0x7, 0, edx, 29, "arch_capabilities"},
    {Feature::Xsaveopt,         0xd, 1, eax,  0, "xsaveopt"},
    {Feature::Xsavec,           0xd, 1, eax,  1, "xsavec"},
    {Feature::Xgetbv1,          0xd, 1, eax,  2, "xgetbv1"},
    {Feature::Lahf64,           0x8000'0001, 0, ecx,  0, "lahf_lm"},
    {Feature::Lzcnt,            0x8000'0001, 0, ecx,  5, "abm"},
    {Feature::Prefetchw,        0x8000'0001, 0, ecx,  8, "3dnowprefetch"},
    {Feature::Syscall,          0x8000'0001, 0, edx, 11, "syscall"},
    {Feature::Nx,               0x8000'0001, 0, edx, 20, "nx"},
    {Feature::Page1G,           0x8000'0001, 0, edx, 26, "pdpe1gb"},
    {Feature::Rdtscp,           0x8000'0001, 0, edx, 27, "rdtscp"},
    {Feature::LongMode,         0x8000'0001, 0, edx, 29, "lm"},
    {Feature::InvariantTsc,     0x8000'0007, 0, edx,  8, "constant_tsc"},
};
// clang-format on

}  // namespace

std::span<const FeatureBit> feature_bits() { return table; }

std::string_view feature_name(Feature feature) {
    for (const FeatureBit& each : table) {
        if (each.feature == feature && feature != Feature::Always) return each.name;
    }
    return {};
}

void show_features(const FeatureSet& features, u32 leaf, u32 subleaf, CpuidLeaf& into) {
    for (const FeatureBit& each : table) {
        if (each.leaf == leaf && each.subleaf == subleaf && features.has(each.feature)) {
            into.*each.output |= u32{1} << each.bit;
        }
    }
}

}  // namespace cpu
