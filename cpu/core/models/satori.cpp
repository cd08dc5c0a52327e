// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/core/models/satori.hpp"

namespace cpu::models {

namespace {

using Write = PlainMsr::Write;

/// Read by Windows 10 and 11, Linux or firmware while they start; none does anything here.
// clang-format off
constexpr PlainMsr plain_msrs[] = {
    {0x017, "IA32_PLATFORM_ID",              0},
    {0x02a, "MSR_EBL_CR_POWERON",            0,              Write::Ignored},
    {0x034, "MSR_SMI_COUNT",                 0},
    {0x0c1, "IA32_PMC0",                     0,              Write::Ignored},
    {0x0c2, "IA32_PMC1",                     0,              Write::Ignored},
    {0x0cd, "MSR_FSB_FREQ",                  3},             // 100 MHz.
    {0x0e2, "MSR_PKG_CST_CONFIG_CONTROL",    0x8000,         Write::Ignored},  // Locked.
    {0x11e, "MSR_BBL_CR_CTL3",               0xbe70'2111,    Write::Ignored},
    {0x186, "IA32_PERFEVTSEL0",              0,              Write::Ignored},
    {0x187, "IA32_PERFEVTSEL1",              0,              Write::Ignored},
    {0x198, "IA32_PERF_STATUS",              0x0a00},        // Ratio 10.
    {0x199, "IA32_PERF_CTL",                 0x0a00,         Write::Ignored},
    {0x19a, "IA32_CLOCK_MODULATION",         0,              Write::Ignored},
    {0x19b, "IA32_THERM_INTERRUPT",          0,              Write::Ignored},
    {0x19c, "IA32_THERM_STATUS",             0x8840'0000,    Write::Ignored},  // Cool.
    {0x1a2, "MSR_TEMPERATURE_TARGET",        100 << 16,      Write::Ignored},
    {0x1a4, "MSR_MISC_FEATURE_CONTROL",      0,              Write::Ignored},
    {0x1aa, "MSR_MISC_PWR_MGMT",             0,              Write::Ignored},
    {0x1ad, "MSR_TURBO_RATIO_LIMIT",         0x0a0a'0a0a'0a0a'0a0a, Write::Ignored},
    {0x1b0, "IA32_ENERGY_PERF_BIAS",         6,              Write::Ignored},
    {0x1fc, "MSR_POWER_CTL",                 0,              Write::Ignored},
    {0x606, "MSR_RAPL_POWER_UNIT",           0},
    {0x611, "MSR_PKG_ENERGY_STATUS",         0},
    {0x619, "MSR_DRAM_ENERGY_STATUS",        0},
    {0x639, "MSR_PP0_ENERGY_STATUS",         0},
    {0x641, "MSR_PP1_ENERGY_STATUS",         0},
};
// clang-format on

constexpr std::array<CacheGeometry, 4> caches = {{
    {.kind = CacheKind::Data, .level = 1, .ways = 8, .sets = 64},
    {.kind = CacheKind::Code, .level = 1, .ways = 8, .sets = 64},
    {.kind = CacheKind::Unified, .level = 2, .ways = 16, .sets = 1024},
    {.kind = CacheKind::Unified, .level = 3, .ways = 16, .sets = 16384, .shared_by_all = true},
}};

/// x86-64-v2, as the System V psABI defines it.
constexpr FeatureSet level_2{Feature::Cmov,  Feature::Cx8,    Feature::Fxsr,    Feature::Mmx,
                             Feature::Sse,   Feature::Sse2,   Feature::Syscall, Feature::LongMode,
                             Feature::Cx16,  Feature::Lahf64, Feature::Popcnt,  Feature::Sse3,
                             Feature::Ssse3, Feature::Sse41,  Feature::Sse42};

constexpr FeatureSet level_3 =
    level_2 | FeatureSet{Feature::Avx, Feature::Avx2,  Feature::Bmi1,  Feature::Bmi2, Feature::F16c,
                         Feature::Fma, Feature::Lzcnt, Feature::Movbe, Feature::Xsave};

/// What every model has besides its level.
constexpr FeatureSet beside_level{
    // The machine.
    Feature::Vme, Feature::Pse, Feature::Tsc, Feature::Msr, Feature::Pae, Feature::Mce,
    Feature::Apic, Feature::Sep, Feature::Mtrr, Feature::Pge, Feature::Mca, Feature::Pat,
    Feature::Pse36, Feature::Monitor, Feature::Pcid, Feature::X2apic, Feature::TscDeadline,
    Feature::TscAdjust, Feature::Smep, Feature::Invpcid, Feature::Smap, Feature::Umip, Feature::Nx,
    Feature::Page1G, Feature::InvariantTsc, Feature::Smm, Feature::SpecCtrl,
    Feature::ArchCapabilities,
    // Instructions.
    Feature::Clflush, Feature::Clflushopt, Feature::Clwb, Feature::Prefetchw, Feature::Erms,
    Feature::Fsrm, Feature::Fsgsbase, Feature::Rdtscp, Feature::Rdpid, Feature::Rdrand,
    Feature::Rdseed, Feature::Adx, Feature::Aes, Feature::Pclmulqdq, Feature::Sha, Feature::Xsave,
    Feature::Xsaveopt, Feature::Xsavec, Feature::Xgetbv1,
    // The x87's data pointer and selectors, as later processors keep them.
    Feature::FdpExceptionOnly, Feature::NoFcsFds};

constexpr CpuModel model(std::string_view name, std::string_view description,
                         const FeatureSet& level, std::string_view brand) {
    return {.name = name,
            .description = description,
            .features = level | beside_level,
            .level = level,
            .vendor = "GenuineIntel",
            .family = 6,
            // As the third-generation Xeon Scalable, whose features come nearest.
            .model = 0x6a,
            .stepping = 6,
            .brand = brand,
            .caches = caches,
            .crystal_hz = 25'000'000,
            .tsc_hz = 1'000'000'000,
            .microcode_revision = 1,
            .plain_msrs = plain_msrs};
}

}  // namespace

constexpr std::array<CpuModel, 2> satori_models = {
    model("satori-v2", "x86-64-v2: SSE4.2, without AVX", level_2,
          "Satori virtual processor, x86-64-v2 @ 1.00GHz"),
    model("satori-v3", "x86-64-v3: AVX2, FMA, BMI2", level_3,
          "Satori virtual processor, x86-64-v3 @ 1.00GHz"),
};
static_assert(satori_models[0].brand.size() < 48 && satori_models[1].brand.size() < 48);

constinit const std::array<CpuModel, 2> satori = satori_models;

}  // namespace cpu::models
