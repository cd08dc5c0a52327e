// SPDX-License-Identifier: BSD-2-Clause
#include "tests/differential/unicorn_exclusions.hpp"

#include <algorithm>

namespace test::differential {

using cpu::Feature;
using cpu::Form;
using cpu::Semantic;

namespace {
struct FeatureRow {
    Feature feature;
    std::string_view reason;
};

constexpr auto untranslated = std::to_array<FeatureRow>({
    {Feature::Avx,
     "VEX: it runs 128-bit forms as the two-operand SSE ones, and refuses the others"},
    {Feature::Avx2, "VEX"},
    {Feature::Fma, "VEX"},
    {Feature::F16c, "VEX"},
    {Feature::Bmi2, "VEX"},
});

std::string_view reason_by_semantic(FlatMode mode, const Form& form) {
    switch (form.semantic) {
        case Semantic::syscall:
        case Semantic::sysenter:
        case Semantic::sysret:
        case Semantic::sysexit: return "it only calls a hook, or leads to ring 3";
        case Semantic::cpuid: return "shows its model, not ours";
        case Semantic::rdtsc:
        case Semantic::rdtscp:
        case Semantic::rdpmc: return "the host's time";
        case Semantic::rdrand:
        case Semantic::rdseed: return "entropy";
        case Semantic::vmcall: return "a hypervisor's business";
        case Semantic::rsm: return "no SMM";
        case Semantic::monitor:
        case Semantic::mwait: return "no monitor";
        case Semantic::int_n:
        case Semantic::int3:
        case Semantic::into:
            if (mode == FlatMode::Real) return {};
            return "it delivers nothing through an IDT";
        case Semantic::int1: return "it delivers nothing through an IDT";
        case Semantic::rdmsr:
        case Semantic::wrmsr:
            if (mode == FlatMode::Long) return {};
            return "only the bases of FS and GS can be compared";
        default: return {};
    }
}
}  // namespace

std::string_view exclusion_reason(FlatMode mode, const Form& form) {
    for (const FeatureRow& row : untranslated) {
        if (form.feature == row.feature) return row.reason;
    }
    if (form.encoding.starts_with("VEX")) return "VEX";
    return reason_by_semantic(mode, form);
}

void Leniency::add(const Leniency& other) {
    all |= other.all;
    faults |= other.faults;
    flags |= other.flags;
    fsw |= other.fsw;
    mxcsr |= other.mxcsr;
    cr0 |= other.cr0;
    x87 |= other.x87;
    top |= other.top;
    mmx_upper |= other.mmx_upper;
    vectors |= other.vectors;
    gprs |= other.gprs;
    memory |= other.memory;
    system |= other.system;
}

namespace {
bool is_x87(const Judged& judged) { return judged.form.has(cpu::attribute::X87); }
u16 our_status(const Judged& judged) { return judged.ours.registers.extended.fsw; }

/// Of the x87 instructions that compute: by mnemonic, for the table has one meaning for all.
template <usize n>
bool is_one_of(const Judged& judged, const std::array<std::string_view, n>& names) {
    return std::ranges::find(names, judged.form.mnemonic) != names.end();
}

constexpr auto transcendental = std::to_array<std::string_view>(
    {"F2XM1", "FYL2X", "FYL2XP1", "FPATAN", "FPTAN", "FSIN", "FCOS", "FSINCOS"});

constexpr auto rows = std::to_array<MaskRow>({
    {"MXCSR's exception flags are not set by this version of QEMU's translator",
     [](const Judged&) { return true; },
     {.mxcsr = 0x3f}},
    {"A write of an MMX register does not set bits 79:64 of it (SDM 1 9.2.1)",
     [](const Judged& judged) { return judged.form.has(cpu::attribute::Mmx); },
     {.mmx_upper = true}},
    {"MMX forms in the maps 0F 38 and 0F 3A leave TOP and the tags alone (SDM 1 9.5.1)",
     [](const Judged& judged) {
         return judged.form.has(cpu::attribute::Mmx) &&
                judged.form.encoding.find(" 0F 3") != std::string_view::npos;
     },
     {.top = true}},
    {"x87 arithmetic keeps neither the exception flags nor C1 (SDM 1 8.1.3)",
     is_x87,
     {.fsw = 0x82ff}},
    {"An x87 stack fault is not found (SDM 1 8.5.1.1)",
     [](const Judged& judged) { return is_x87(judged) && (our_status(judged) & 0x40) != 0; },
     {.flags = 0x8d5, .fsw = 0xffff, .x87 = true, .memory = true}},
    {"An unmasked x87 exception does not keep the result back (SDM 1 8.5)",
     [](const Judged& judged) { return is_x87(judged) && (our_status(judged) & 0x80) != 0; },
     {.flags = 0x8d5, .fsw = 0xffff, .x87 = true, .memory = true}},
    {"Transcendental functions are computed in double precision (SDM 1 8.3.10 asks for more)",
     [](const Judged& judged) { return is_one_of(judged, transcendental); },
     {.fsw = 0xffff, .x87 = true}},
});
}  // namespace

std::span<const MaskRow> mask_rows() { return rows; }

}  // namespace test::differential
