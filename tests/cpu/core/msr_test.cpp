// SPDX-License-Identifier: BSD-2-Clause
#include <catch2/catch.hpp>

#include "cpu/core/arch_msrs.hpp"
#include "cpu/core/models/cpu_model.hpp"
#include "tests/support/cpu_bench.hpp"

using cpu::Feature;
using cpu::MsrOutcome;

namespace {

constexpr u32 tsc = 0x10;
constexpr u32 apic_base = 0x1b;
constexpr u32 tsc_adjust = 0x3b;
constexpr u32 misc_enable = 0x1a0;
constexpr u32 efer = 0xc000'0080;

namespace apic {
constexpr u64 base = 0xfee0'0100;
constexpr u64 off = base;
constexpr u64 on = base | 0x800;
constexpr u64 extended = base | 0xc00;
constexpr u64 invalid = base | 0x400;
}  // namespace apic

constexpr auto Done = MsrOutcome::Done;
constexpr auto Refused = MsrOutcome::GeneralProtection;

}  // namespace

TEST_CASE("MSRs: every row has a name and takes back what it gave", "[cpu][msr]") {
    test::CpuBench bench;
    cpu::MsrSpace& msrs = bench.vcpu.msrs;
    usize rows = 0;
    for (const auto& bank : msrs.banks()) {
        u32 previous = 0;
        for (const u32 index : bank->indices()) {
            CAPTURE(index, bank->name(index));
            CHECK(index > previous);
            previous = index;
            CHECK(bank->contains(index));
            CHECK_FALSE(bank->name(index).empty());
            ++rows;
            const auto value = bank->read(index);
            if (!value) continue;
            if (bank->write(index, *value) == MsrOutcome::Done) CHECK(bank->read(index) == value);
        }
    }
    CHECK(rows > 100);
}

TEST_CASE("MSRs: what writes are refused", "[cpu][msr][hostile]") {
    const auto [index, value, outcome] = GENERATE(table<u32, u64, MsrOutcome>({
        {0x0000'0277, 0x0007'0406'0007'0406, Done},     // IA32_PAT
        {0x0000'0277, 0x0007'0406'0007'0402, Refused},  // Type 2.
        {0x0000'0277, 0x0807'0406'0007'0406, Refused},
        {0x0000'0200, 0xf'f000'0006, Done},   // IA32_MTRR_PHYSBASE0
        {0x0000'0200, 0x0000'0007, Refused},  // UC- is for the PAT alone.
        {0x0000'0200, 0x0000'0106, Refused},
        {0x0000'0200, u64{1} << 40, Refused},  // Beyond the physical addresses.
        {0x0000'020f, 0xff'ffff'f800, Done},   // IA32_MTRR_PHYSMASK7
        {0x0000'020f, 0x0000'0400, Refused},
        {0x0000'0210, 0, Refused},                   // There are eight.
        {0x0000'0250, 0x0606'0606'0606'0606, Done},  // IA32_MTRR_FIX64K_00000
        {0x0000'0250, 0x0606'0606'0306'0606, Refused},
        {0x0000'02ff, 0xc06, Done},  // IA32_MTRR_DEF_TYPE
        {0x0000'02ff, 0x206, Refused},
        {0x0000'02ff, 0x002, Refused},
        {0x0000'00fe, 0x508, Refused},  // IA32_MTRRCAP
        {0x0000'003a, 1, Refused},      // IA32_FEATURE_CONTROL is locked.
        {0x0000'0048, 3, Done},         // IA32_SPEC_CTRL
        {0x0000'0048, 8, Refused},
        {0x0000'0049, 1, Done},  // IA32_PRED_CMD
        {0x0000'0049, 2, Refused},
        {0x0000'010a, 0, Refused},  // IA32_ARCH_CAPABILITIES
        {0x0000'0140, 0, Done},     // MSR_MISC_FEATURES_ENABLES
        {0x0000'0140, 1, Refused},
        {0x0000'0175, 0x8000'0000'0000, Refused},    // IA32_SYSENTER_ESP
        {0x0000'0176, 0xffff'8000'0000'0000, Done},  // IA32_SYSENTER_EIP
        {0x0000'01d9, 3, Done},                      // IA32_DEBUGCTL
        {0x0000'01d9, 0x40, Refused},
        {0x0000'017a, 7, Done},  // IA32_MCG_STATUS
        {0x0000'017a, 8, Refused},
        {0x0000'0400, ~u64{0}, Done},  // IA32_MC0_CTL
        {0x0000'0401, 0, Done},        // IA32_MC0_STATUS
        {0x0000'0401, 1, Refused},
        {0x0000'040e, 1, Refused},                   // IA32_MC3_ADDR
        {0x0000'0410, 0, Refused},                   // There are four banks.
        {0xc000'0082, 0xffff'ffff'8100'0000, Done},  // IA32_LSTAR
        {0xc000'0082, 0x0000'8000'0000'0000, Refused},
        {0xc000'0084, 0x1'0000'0000, Refused},          // IA32_FMASK
        {0xc000'0100, 0x0000'7fff'ffff'ffff, Done},     // IA32_FS_BASE
        {0xc000'0101, 0x0000'8000'0000'0000, Refused},  // IA32_GS_BASE
        {0xc000'0102, 0x0000'8000'0000'0000, Refused},  // IA32_KERNEL_GS_BASE
        {0xc000'0103, 0xffff'ffff, Done},               // IA32_TSC_AUX
        {0xc000'0103, 0x1'0000'0000, Refused},
        {0x0000'01a0, 0x4'1801, Done},  // IA32_MISC_ENABLE
        {0x0000'01a0, u64{1} << 50, Refused},
        {0x0000'1234, 0, Refused},  // Unknown.
        {0xc001'0015, 0, Refused},  // Another vendor's.
    }));
    CAPTURE(index, value);
    test::CpuBench bench;
    CHECK(bench.vcpu.msrs.write(index, value) == outcome);
}

TEST_CASE("MSRs: what systems read while they start is there", "[cpu][msr]") {
    constexpr u32 read_at_start[] = {
        0x10,        0x17,        0x1b,        0x2a,        0x34,        0x35,        0x3a,
        0x3b,        0x48,        0x8b,        0xce,        0xe2,        0xfe,        0x10a,
        0x140,       0x174,       0x175,       0x176,       0x179,       0x17a,       0x198,
        0x199,       0x19a,       0x19b,       0x19c,       0x1a0,       0x1a2,       0x1a4,
        0x1aa,       0x1ad,       0x1b0,       0x1d9,       0x1fc,       0x200,       0x20f,
        0x250,       0x277,       0x2ff,       0x400,       0x40f,       0x606,       0x611,
        0xc000'0080, 0xc000'0081, 0xc000'0082, 0xc000'0083, 0xc000'0084, 0xc000'0100, 0xc000'0101,
        0xc000'0102, 0xc000'0103};
    test::CpuBench bench;
    for (const u32 index : read_at_start) {
        CAPTURE(index);
        CHECK(bench.vcpu.msrs.read(index).has_value());
    }
}

TEST_CASE("MSRs: unknown ones, and those of features taken away, are not there", "[cpu][msr]") {
    test::CpuBench bench;
    constexpr u32 unknown[] = {0x0,   0x33,  0x345,       0x480,       0x6e0,       0x830,
                               0xda0, 0x122, 0x4000'0000, 0xc001'0010, 0xc000'0104, 0xffff'ffff};
    for (const u32 index : unknown) {
        CAPTURE(index);
        CHECK_FALSE(bench.vcpu.msrs.read(index).has_value());
        CHECK(bench.vcpu.msrs.write(index, 0) == Refused);
    }
    CHECK_FALSE(bench.vcpu.msrs.read(0x49).has_value());  // IA32_PRED_CMD: write-only.

    CHECK(bench.vcpu.msrs.read(apic_base).has_value());
    bench.vcpu.features.set(Feature::Apic, false);
    CHECK_FALSE(bench.vcpu.msrs.read(apic_base).has_value());
}

TEST_CASE("MSRs: the TSC counts retired instructions and shows how it was moved", "[cpu][msr]") {
    test::CpuBench bench;
    cpu::MsrSpace& msrs = bench.vcpu.msrs;
    bench.vcpu.state.retired = 1000;
    CHECK(msrs.read(tsc) == 1000);
    CHECK(msrs.read(tsc_adjust) == 0);

    CHECK(msrs.write(tsc, 5000) == Done);
    CHECK(msrs.read(tsc) == 5000);
    CHECK(msrs.read(tsc_adjust) == 4000);
    bench.vcpu.state.retired += 7;
    CHECK(msrs.read(tsc) == 5007);

    CHECK(msrs.write(tsc_adjust, 0) == Done);
    CHECK(msrs.read(tsc) == 1007);
    CHECK(msrs.write(tsc_adjust, ~u64{0}) == Done);
    CHECK(msrs.read(tsc) == 1006);
}

TEST_CASE("MSRs: the APIC changes mode only along the permitted ways", "[cpu][msr]") {
    const auto [from, to, outcome] = GENERATE(table<u64, u64, MsrOutcome>({
        {apic::on, apic::extended, Done},
        {apic::on, apic::off, Done},
        {apic::off, apic::on, Done},
        {apic::extended, apic::off, Done},
        {apic::extended, apic::extended, Done},
        {apic::extended, apic::on, Refused},
        {apic::off, apic::extended, Refused},
        {apic::on, apic::invalid, Refused},
        {apic::off, apic::invalid, Refused},
        {apic::on, apic::on | 0x200, Refused},
        {apic::on, apic::on | u64{1} << 40, Refused},
    }));
    CAPTURE(from, to);
    test::CpuBench bench;
    bench.vcpu.state.msr.apic_base = from;
    CHECK(bench.vcpu.msrs.write(apic_base, to) == outcome);
    CHECK(bench.vcpu.msrs.read(apic_base) == (outcome == Done ? to : from));
}

TEST_CASE("MSRs: MISC_ENABLE's read-only bits stay, and XD disable takes NX away", "[cpu][msr]") {
    test::CpuBench bench;
    cpu::MsrSpace& msrs = bench.vcpu.msrs;
    CHECK(msrs.write(misc_enable, 0) == Done);
    CHECK(msrs.read(misc_enable) == 0x1800);
    CHECK(msrs.write(efer, cpu::efer::NXE) == Done);
    CHECK(msrs.write(efer, 0) == Done);
    CHECK(msrs.write(misc_enable, u64{1} << 34) == Done);
    CHECK(msrs.write(efer, cpu::efer::NXE) == Refused);
    constexpr u32 nx_bit = 1u << 20;
    CHECK((bench.vcpu.cpuid.read(0x8000'0001, 0).edx & nx_bit) == 0);
}

TEST_CASE("MSRs: segment bases are the segments'", "[cpu][msr]") {
    test::CpuBench bench;
    CHECK(bench.vcpu.msrs.write(0xc000'0100, 0x1234'5678'9000) == Done);
    CHECK(bench.vcpu.state.segment(cpu::SegReg::Fs).base == 0x1234'5678'9000);
    bench.vcpu.state.segment(cpu::SegReg::Gs).base = 0x55;
    CHECK(bench.vcpu.msrs.read(0xc000'0101) == 0x55);
}
