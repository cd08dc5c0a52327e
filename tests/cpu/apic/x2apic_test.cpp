// SPDX-License-Identifier: BSD-2-Clause
#include <catch2/catch.hpp>

#include <map>

#include "tests/cpu/apic/apic_bench.hpp"

using cpu::MsrOutcome;
using cpu::apic::Register;
using test::ApicBench;
using test::ApicCpu;
using test::msr_number;

namespace {

constexpr auto Done = MsrOutcome::Done;
constexpr auto Refused = MsrOutcome::GeneralProtection;

enum class Rights : u8 { Read = 1, Write = 2, Both = 3 };

/// SDM 3A table 10-6.
std::map<u32, Rights> registers() {
    std::map<u32, Rights> all = {
        {0x802, Rights::Read},  {0x803, Rights::Read}, {0x808, Rights::Both}, {0x80a, Rights::Read},
        {0x80b, Rights::Write}, {0x80d, Rights::Read}, {0x80f, Rights::Both}, {0x828, Rights::Both},
        {0x830, Rights::Both},  {0x838, Rights::Both}, {0x839, Rights::Read}, {0x83e, Rights::Both},
        {0x83f, Rights::Write},
    };
    for (u32 index = 0x810; index < 0x828; ++index) all[index] = Rights::Read;
    for (u32 index = 0x832; index <= 0x837; ++index) all[index] = Rights::Both;
    return all;
}

}  // namespace

TEST_CASE("x2APIC: each register can be read or written as the table says", "[cpu][apic]") {
    ApicBench bench;
    ApicCpu& one = bench[0];
    for (u32 index = 0x800; index < 0x900; ++index) {
        CAPTURE(index);
        CHECK_FALSE(one.read_msr(index).has_value());  // Not in this mode.
        CHECK(one.write_msr(index, 0) == Refused);
    }
    one.enter_x2apic_mode();
    const auto known = registers();
    for (u32 index = 0x800; index < 0x900; ++index) {
        CAPTURE(index);
        const auto found = known.find(index);
        const u8 rights = found == known.end() ? 0 : static_cast<u8>(found->second);
        CHECK(one.read_msr(index).has_value() == ((rights & 1) != 0));
        // A self-IPI of vector 0 is an error of its own, not a fault.
        CHECK((one.write_msr(index, 0) == Done) == ((rights & 2) != 0));
        CHECK(one.bench.vcpu.msrs.name(index).empty() == (rights == 0));
    }
}

TEST_CASE("x2APIC: reserved bits are refused", "[cpu][apic]") {
    const auto [index, allowed] = GENERATE(table<u32, u64>({
        {0x808, 0xff},
        {0x80b, 0},
        {0x80f, 0x13ff},
        {0x828, 0},
        {0x830, 0xffff'ffff'000c'cfff},
        {0x832, 0x710ff},
        {0x833, 0x117ff},
        {0x834, 0x117ff},
        {0x835, 0x1f7ff},
        {0x836, 0x1f7ff},
        {0x837, 0x110ff},
        {0x838, 0xffff'ffff},
        {0x83e, 0xb},
        {0x83f, 0xff},
    }));
    CAPTURE(index);
    ApicBench bench;
    ApicCpu& one = bench[0];
    one.enter_x2apic_mode();
    for (unsigned bit = 0; bit < 64; ++bit) {
        CAPTURE(bit);
        const u64 value = u64{1} << bit;
        CHECK((one.write_msr(index, value) == Done) == ((allowed & value) != 0));
    }
}

TEST_CASE("x2APIC: IDs have 32 bits, and the logical one follows", "[cpu][apic]") {
    const auto [id, logical] = GENERATE(
        table<u32, u32>({{0, 1}, {5, 0x20}, {15, 0x8000}, {16, 0x1'0001}, {63, 0x3'8000}}));
    ApicBench bench;
    ApicCpu& one = bench[0];
    one.bench.vcpu.topology.apic_id = id;
    one.write(Register::LogicalDestination, 0x5500'0000);
    one.enter_x2apic_mode();
    CHECK(one.read_msr(0x802) == id);
    CHECK(one.read_msr(0x80d) == logical);
    CHECK(one.read_msr(0x803) == 0x0105'0015u);
}

TEST_CASE("x2APIC: self-IPI, commands of 64 bits, EOI, task priority", "[cpu][apic]") {
    ApicBench bench(2);
    ApicCpu& one = bench[0];
    one.enter_x2apic_mode();
    CHECK(one.write_msr(0x83f, 0x62) == Done);
    CHECK(one.apic.acknowledge() == 0x62);
    CHECK(one.read_msr(0x813) == 4);
    CHECK(one.write_msr(0x80b, 0) == Done);
    CHECK(one.read_msr(0x813) == 0);
    CHECK(one.write_msr(0x83f, 0x0f) == Done);
    CHECK(one.write_msr(0x828, 0) == Done);
    CHECK(one.read_msr(0x828) == cpu::apic::esr::SendIllegalVector);

    CHECK(one.write_msr(0x830, u64{1} << 32 | 0x4070) == Done);  // To one in xAPIC mode.
    CHECK(one.read_msr(0x830) == (u64{1} << 32 | 0x4070));
    CHECK(bench[1].requested(0x70));
    bench[1].command(0, 0x71);  // And back.
    CHECK(one.requested(0x71));

    CHECK(one.write_msr(0x808, 0x7f) == Done);
    CHECK(one.bench.state.cr8 == 7);
    CHECK_FALSE(one.apic.pending());
}

TEST_CASE("x2APIC: entering keeps the state, leaving by disabling loses it", "[cpu][apic]") {
    ApicBench bench;
    ApicCpu& one = bench[0];
    one.write(Register::LvtLint1, 0x400);
    one.command(0x55, 0x4040);
    one.enter_x2apic_mode();
    CHECK(one.read_msr(0x836) == 0x400);
    CHECK(one.read_msr(0x830) == 0x4040);
    CHECK(one.write_msr(0x1b, 0xfee0'0900) == Refused);
    CHECK(one.write_msr(0x1b, 0xfee0'0100) == Done);
    CHECK(one.write_msr(0x1b, 0xfee0'0d00) == Refused);
    CHECK(one.write_msr(0x1b, 0xfee0'0900) == Done);
    CHECK(one.read(Register::LvtLint1) == cpu::apic::lvt::Masked);
    CHECK(one.read(Register::SpuriousVector) == 0xff);
}

TEST_CASE("x2APIC: the MSRs are listed while they are there", "[cpu][apic]") {
    ApicBench bench;
    ApicCpu& one = bench[0];
    const auto listed = [&] {
        std::vector<u32> all;
        for (const auto& bank : one.bench.vcpu.msrs.banks()) {
            for (const u32 index : bank->indices()) {
                if ((index >= 0x800 && index < 0x900) || index == 0x6e0) all.push_back(index);
            }
        }
        return all.size();
    };
    CHECK(listed() == 1);
    one.enter_x2apic_mode();
    CHECK(listed() == 1 + registers().size());
}
