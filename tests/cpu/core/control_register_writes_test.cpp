// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/core/control_register_writes.hpp"

#include <catch2/catch.hpp>

#include "cpu/arch/paging.hpp"
#include "cpu/mmu/access.hpp"
#include "tests/support/cpu_bench.hpp"

using cpu::Feature;
using cpu::MsrOutcome;
using cpu::Step;
using cpu::Vcpu;
namespace cr0 = cpu::cr0;
namespace cr3 = cpu::cr3;
namespace cr4 = cpu::cr4;
namespace efer = cpu::efer;

namespace {

constexpr u64 protected_paging = cr0::PE | cr0::ET | cr0::PG;

void require_gp(const Vcpu& vcpu, Step step) {
    CHECK(step == Step::Fault);
    CHECK(vcpu.exception.vector == cpu::Vector::GP);
    CHECK(vcpu.exception.has_error_code);
    CHECK(vcpu.exception.error_code == 0);
}

/// Long mode, 64-bit code, without any page tables.
void enter_long_mode(Vcpu& vcpu) {
    vcpu.state.cr0 = protected_paging;
    vcpu.state.cr4 = cr4::PAE;
    vcpu.state.msr.efer = efer::LME | efer::LMA;
    vcpu.state.segment(cpu::SegReg::Cs).attributes = 0xa09b;
}

void put_in_tlb(Vcpu& vcpu, u64 linear, u16 asid, bool global) {
    vcpu.tlb.insert(linear, asid, {.physical_page = 0x5000, .global = global});
}
bool in_tlb(const Vcpu& vcpu, u64 linear, u16 asid) {
    return vcpu.tlb.find(linear, asid).has_value();
}

}  // namespace

TEST_CASE("CR0: what is refused, and what it reads as afterwards", "[cpu][control]") {
    struct Case {
        u64 before;
        u64 written;
        bool accepted;
        u64 after;
    };
    const auto each = GENERATE(values<Case>({
        {cr0::ET, cr0::PE, true, cr0::PE | cr0::ET},  // ET cannot be cleared.
        {cr0::ET, cr0::PG, false, 0},                 // Paging in real mode.
        {cr0::ET, cr0::NW, false, 0},                 // Write-back off, cache on.
        {cr0::ET, cr0::NW | cr0::CD, true, cr0::NW | cr0::CD | cr0::ET},
        {cr0::ET, 0xffc0 | cr0::PE, true, cr0::PE | cr0::ET},  // Undefined bits do not stick.
        {cr0::ET, 0x1'0000'0000, false, 0},
        {cr0::ET, protected_paging, true, protected_paging},
        {protected_paging, cr0::PE, true, cr0::PE | cr0::ET},
        {protected_paging, cr0::PG | cr0::ET, false, 0},
    }));
    CAPTURE(each.before, each.written);
    test::CpuBench bench;
    bench.vcpu.state.cr0 = each.before;
    const Step step = cpu::write_cr0(bench.vcpu, each.written);
    if (each.accepted) {
        CHECK(step == Step::Next);
        CHECK(bench.vcpu.state.cr0 == each.after);
    } else {
        require_gp(bench.vcpu, step);
        CHECK(bench.vcpu.state.cr0 == each.before);
    }
}

TEST_CASE("CR0: paging under EFER.LME is long mode, under its conditions", "[cpu][control]") {
    test::CpuBench bench;
    cpu::CpuState& state = bench.vcpu.state;
    state.cr0 = cr0::PE | cr0::ET;
    state.cr4 = cr4::PAE;
    state.msr.efer = efer::LME;
    SECTION("it begins") {
        CHECK(cpu::write_cr0(bench.vcpu, protected_paging) == Step::Next);
        CHECK(bench.vcpu.long_mode());
        SECTION("and ends, from compatibility mode") {
            CHECK(cpu::write_cr0(bench.vcpu, cr0::PE) == Step::Next);
            CHECK_FALSE(bench.vcpu.long_mode());
            CHECK(state.msr.efer == efer::LME);
        }
        SECTION("but not from 64-bit code") {
            state.segment(cpu::SegReg::Cs).attributes = 0xa09b;
            require_gp(bench.vcpu, cpu::write_cr0(bench.vcpu, cr0::PE));
            CHECK(bench.vcpu.long_mode());
        }
        SECTION("nor with PCIDs on") {
            state.cr4 |= cr4::PCIDE;
            require_gp(bench.vcpu, cpu::write_cr0(bench.vcpu, cr0::PE));
        }
    }
    SECTION("not without PAE") {
        state.cr4 = 0;
        require_gp(bench.vcpu, cpu::write_cr0(bench.vcpu, protected_paging));
        CHECK_FALSE(bench.vcpu.long_mode());
    }
    SECTION("not with CS.L already set") {
        state.segment(cpu::SegReg::Cs).attributes = 0xa09b;
        require_gp(bench.vcpu, cpu::write_cr0(bench.vcpu, protected_paging));
    }
    SECTION("not with a 16-bit TSS") {
        state.tr.attributes = 0x83;
        require_gp(bench.vcpu, cpu::write_cr0(bench.vcpu, protected_paging));
    }
}

TEST_CASE("CR3: reserved bits count in long mode alone", "[cpu][control]") {
    test::CpuBench bench;
    CHECK(cpu::write_cr3(bench.vcpu, 0xffff'f000'1234'5018) == Step::Next);
    CHECK(bench.vcpu.state.cr3 == 0x1234'5018);
    enter_long_mode(bench.vcpu);
    CHECK(cpu::write_cr3(bench.vcpu, 0xff'ffff'f018) == Step::Next);
    require_gp(bench.vcpu, cpu::write_cr3(bench.vcpu, u64{1} << 40));
    require_gp(bench.vcpu, cpu::write_cr3(bench.vcpu, cr3::NoFlush));
    CHECK(bench.vcpu.state.cr3 == 0xff'ffff'f018);
}

TEST_CASE("CR3: what it flushes", "[cpu][control]") {
    test::CpuBench bench;
    Vcpu& vcpu = bench.vcpu;
    enter_long_mode(vcpu);
    SECTION("without PCIDs: all but global pages") {
        put_in_tlb(vcpu, 0x1000, 0, false);
        put_in_tlb(vcpu, 0x2000, 0, true);
        CHECK(cpu::write_cr3(vcpu, 0) == Step::Next);
        CHECK_FALSE(in_tlb(vcpu, 0x1000, 0));
        CHECK(in_tlb(vcpu, 0x2000, 0));
    }
    SECTION("with PCIDs: the new one's, unless told not to") {
        vcpu.state.cr4 |= cr4::PCIDE;
        put_in_tlb(vcpu, 0x1000, 5, false);
        put_in_tlb(vcpu, 0x1000, 6, false);
        CHECK(cpu::write_cr3(vcpu, 5 | cr3::NoFlush) == Step::Next);
        CHECK(vcpu.state.cr3 == 5);
        CHECK(in_tlb(vcpu, 0x1000, 5));
        CHECK(cpu::write_cr3(vcpu, 5) == Step::Next);
        CHECK_FALSE(in_tlb(vcpu, 0x1000, 5));
        CHECK(in_tlb(vcpu, 0x1000, 6));
    }
}

TEST_CASE("CR4: only what the processor has", "[cpu][control]") {
    test::CpuBench bench;
    Vcpu& vcpu = bench.vcpu;
    const u64 all = cpu::cr4_allowed(vcpu.features);
    for (unsigned bit = 0; bit < 64; ++bit) {
        const u64 value = u64{1} << bit;
        if (value == cr4::PCIDE) continue;
        CAPTURE(bit);
        vcpu.state.cr4 = 0;
        if (all & value) {
            CHECK(cpu::write_cr4(vcpu, value) == Step::Next);
            CHECK(vcpu.state.cr4 == value);
        } else {
            require_gp(vcpu, cpu::write_cr4(vcpu, value));
        }
    }
    vcpu.state.cr4 = 0;
    vcpu.features.set(Feature::Smep, false);
    require_gp(vcpu, cpu::write_cr4(vcpu, cr4::SMEP));
    // Never there: LA57, VMXE, SMXE, PKE, CET.
    for (const unsigned bit : {12u, 13u, 14u, 22u, 23u}) CHECK((all >> bit & 1) == 0);
}

TEST_CASE("CR4: PAE stays in long mode, and PCIDE has conditions", "[cpu][control]") {
    test::CpuBench bench;
    Vcpu& vcpu = bench.vcpu;
    require_gp(vcpu, cpu::write_cr4(vcpu, cr4::PCIDE | cr4::PAE));  // Not in long mode.
    enter_long_mode(vcpu);
    require_gp(vcpu, cpu::write_cr4(vcpu, 0));
    vcpu.state.cr3 = 0x1001;
    require_gp(vcpu, cpu::write_cr4(vcpu, cr4::PAE | cr4::PCIDE));
    vcpu.state.cr3 = 0x1000;
    CHECK(cpu::write_cr4(vcpu, cr4::PAE | cr4::PCIDE) == Step::Next);
}

TEST_CASE("CR4: changing PGE flushes global pages too", "[cpu][control]") {
    test::CpuBench bench;
    Vcpu& vcpu = bench.vcpu;
    enter_long_mode(vcpu);
    put_in_tlb(vcpu, 0x2000, 0, true);
    CHECK(cpu::write_cr4(vcpu, cr4::PAE | cr4::TSD) == Step::Next);
    CHECK(in_tlb(vcpu, 0x2000, 0));
    CHECK(cpu::write_cr4(vcpu, cr4::PAE | cr4::PGE) == Step::Next);
    CHECK_FALSE(in_tlb(vcpu, 0x2000, 0));
}

TEST_CASE("CR8: four bits", "[cpu][control]") {
    test::CpuBench bench;
    CHECK(cpu::write_cr8(bench.vcpu, 15) == Step::Next);
    CHECK(bench.vcpu.state.cr8 == 15);
    require_gp(bench.vcpu, cpu::write_cr8(bench.vcpu, 16));
}

TEST_CASE("EFER: what is refused; LMA cannot be written", "[cpu][control]") {
    test::CpuBench bench;
    Vcpu& vcpu = bench.vcpu;
    CHECK(cpu::write_efer(vcpu, efer::SCE | efer::LME | efer::LMA | efer::NXE) == MsrOutcome::Done);
    CHECK(vcpu.state.msr.efer == (efer::SCE | efer::LME | efer::NXE));
    CHECK(cpu::write_efer(vcpu, 1 << 12) == MsrOutcome::GeneralProtection);  // SVME
    CHECK(cpu::write_efer(vcpu, 1 << 1) == MsrOutcome::GeneralProtection);

    enter_long_mode(vcpu);
    CHECK(cpu::write_efer(vcpu, efer::LMA) == MsrOutcome::GeneralProtection);  // LME, paging on.
    CHECK(cpu::write_efer(vcpu, efer::LME) == MsrOutcome::Done);
    CHECK(vcpu.state.msr.efer == (efer::LME | efer::LMA));
    vcpu.features.set(Feature::Nx, false);
    CHECK(cpu::write_efer(vcpu, efer::LME | efer::NXE) == MsrOutcome::GeneralProtection);
}

TEST_CASE("PDPTEs: loaded where PAE paging begins or changes, and checked", "[cpu][control]") {
    test::CpuBench bench;
    Vcpu& vcpu = bench.vcpu;
    constexpr u64 table = 0x3000;
    for (u64 i = 0; i < 4; ++i) cpu::write_physical(vcpu, table + 8 * i, 8, 0x10001 + 0x1000 * i);
    vcpu.state.cr3 = table;
    vcpu.state.cr4 = cr4::PAE;
    vcpu.state.cr0 = cr0::PE | cr0::ET;

    SECTION("by CR0") {
        CHECK(cpu::write_cr0(vcpu, protected_paging) == Step::Next);
        CHECK(vcpu.state.pdpte == std::array<u64, 4>{0x10001, 0x11001, 0x12001, 0x13001});
        SECTION("then by CR3, low bits of the address counting") {
            cpu::write_physical(vcpu, table + 0x20, 8, 0x20001);
            CHECK(cpu::write_cr3(vcpu, table + 0x20) == Step::Next);
            CHECK(vcpu.state.pdpte[0] == 0x20001);
        }
        SECTION("and by CR4") {
            cpu::write_physical(vcpu, table, 8, 0x30001);
            CHECK(cpu::write_cr4(vcpu, cr4::PAE | cr4::TSD) == Step::Next);
            CHECK(vcpu.state.pdpte[0] == 0x10001);
            CHECK(cpu::write_cr4(vcpu, cr4::PAE | cr4::PGE) == Step::Next);
            CHECK(vcpu.state.pdpte[0] == 0x30001);
        }
    }
    SECTION("reserved bits are refused, and nothing changes") {
        const u64 reserved = GENERATE(u64{0x2}, u64{0x20}, u64{1} << 40, u64{1} << 63);
        cpu::write_physical(vcpu, table + 16, 8, 0x10001 | reserved);
        require_gp(vcpu, cpu::write_cr0(vcpu, protected_paging));
        CHECK(vcpu.state.cr0 == (cr0::PE | cr0::ET));
        CHECK(vcpu.state.pdpte == std::array<u64, 4>{});
        // Without the present bit they do not count.
        cpu::write_physical(vcpu, table + 16, 8, reserved);
        CHECK(cpu::write_cr0(vcpu, protected_paging) == Step::Next);
    }
}
