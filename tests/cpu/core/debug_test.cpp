// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/core/debug.hpp"

#include <catch2/catch.hpp>

#include "tests/support/cpu_bench.hpp"

using cpu::Access;
using cpu::Step;
using cpu::Vcpu;

namespace {

constexpr u64 execution = 0;
constexpr u64 writes = 1;
constexpr u64 io = 2;
constexpr u64 all_data = 3;

/// DR7 with one breakpoint enabled: its R/W field, and its length in bytes.
u64 dr7_with(u8 number, u64 kind, u64 length) {
    const u64 field = length == 8 ? 2 : length - 1;
    return cpu::dr7::PowerOn | u64{2} << (2 * number) | (kind | field << 2) << (16 + 4 * number);
}

}  // namespace

TEST_CASE("Debug: an instruction breakpoint is a fault, and RF holds it back", "[cpu][debug]") {
    test::CpuBench bench;
    Vcpu& vcpu = bench.vcpu;
    vcpu.state.dr[2] = 0x1234;
    CHECK_FALSE(cpu::instruction_breakpoint(vcpu, 0x1234));
    CHECK_FALSE(cpu::instruction_breakpoints_enabled(vcpu));
    vcpu.state.dr7 = dr7_with(2, execution, 1);
    CHECK(cpu::instruction_breakpoints_enabled(vcpu));
    CHECK_FALSE(cpu::instruction_breakpoint(vcpu, 0x1235));
    CHECK(cpu::instruction_breakpoint(vcpu, 0x1234));
    CHECK(vcpu.exception.vector == cpu::Vector::DB);
    CHECK(vcpu.exception.dr6 == cpu::dr6::B0 << 2);
    CHECK_FALSE(vcpu.exception.has_error_code);

    vcpu.state.shadow = cpu::InterruptShadow::MovSs;
    CHECK_FALSE(cpu::instruction_breakpoint(vcpu, 0x1234));
    vcpu.state.shadow = cpu::InterruptShadow::None;

    vcpu.state.other_flags |= cpu::rflags::RF;
    CHECK_FALSE(cpu::instruction_breakpoint(vcpu, 0x1234));
    CHECK_FALSE(cpu::data_breakpoint_on_page(vcpu, 0x1234));
}

TEST_CASE("Debug: a data breakpoint covers its length, aligned", "[cpu][debug]") {
    struct Case {
        u64 kind, address, length;
        u64 accessed;
        usize size;
        Access access;
        bool hit;
    };
    const auto each = GENERATE(values<Case>({
        {writes, 0x1000, 4, 0x1003, 1, Access::Write, true},
        {writes, 0x1000, 4, 0x1004, 1, Access::Write, false},
        {writes, 0x1000, 4, 0x0fff, 1, Access::Write, false},
        {writes, 0x1000, 4, 0x0ff9, 8, Access::Write, true},
        {writes, 0x1000, 4, 0x1000, 4, Access::Read, false},
        {writes, 0x1000, 4, 0x1000, 4, Access::Execute, false},
        {all_data, 0x1000, 4, 0x1002, 2, Access::Read, true},
        {all_data, 0x1000, 4, 0x1002, 2, Access::Write, true},
        {all_data, 0x1006, 8, 0x1000, 1, Access::Read, true},  // The low bits do not count.
        {writes, 0x1003, 2, 0x1002, 1, Access::Write, true},
        {writes, 0x1003, 1, 0x1002, 1, Access::Write, false},
        {execution, 0x1000, 1, 0x1000, 1, Access::Read, false},
        {io, 0x1000, 1, 0x1000, 1, Access::Write, false},
    }));
    CAPTURE(each.kind, each.address, each.length, each.accessed, each.size);
    test::CpuBench bench;
    Vcpu& vcpu = bench.vcpu;
    vcpu.attention = 0;
    vcpu.state.dr[1] = each.address;
    vcpu.state.dr7 = dr7_with(1, each.kind, each.length);
    cpu::note_data_breakpoint(vcpu, each.accessed, each.size, each.access);
    CHECK(vcpu.state.events.debug_traps == (each.hit ? cpu::dr6::B0 << 1 : 0));
    CHECK(((vcpu.attention & cpu::attention::Events) != 0) == each.hit);
}

TEST_CASE("Debug: several breakpoints are noted together", "[cpu][debug]") {
    test::CpuBench bench;
    Vcpu& vcpu = bench.vcpu;
    vcpu.state.dr = {0x1000, 0x1000, 0x1000, 0x2000};
    vcpu.state.dr7 = dr7_with(0, writes, 1) | dr7_with(2, all_data, 8) | dr7_with(3, writes, 1);
    cpu::note_data_breakpoint(vcpu, 0x1000, 1, Access::Write);
    CHECK(vcpu.state.events.debug_traps == 0b0101);
    CHECK(cpu::data_breakpoint_on_page(vcpu, 0x1fff));
    CHECK(cpu::data_breakpoint_on_page(vcpu, 0x2fff));
    CHECK_FALSE(cpu::data_breakpoint_on_page(vcpu, 0x3000));
}

TEST_CASE("Debug: watched pages stay off the fast road", "[cpu][debug]") {
    test::CpuBench bench;
    Vcpu& vcpu = bench.vcpu;
    const auto who = cpu::Privilege::Supervisor;
    CHECK(cpu::host_pointer(vcpu, 0x5000, 4, Access::Write, who));
    vcpu.state.dr[0] = 0x5ff8;
    CHECK(cpu::write_debug_register(vcpu, 7, dr7_with(0, writes, 8)) == Step::Next);
    CHECK_FALSE(cpu::host_pointer(vcpu, 0x5000, 4, Access::Write, who));
    CHECK(cpu::write_linear_as<u32>(vcpu, 0x5000, 1, who));
    CHECK(vcpu.state.events.debug_traps == 0);
    CHECK(cpu::write_linear_as<u32>(vcpu, 0x5ffc, 1, who));
    CHECK(vcpu.state.events.debug_traps == 1);
}

TEST_CASE("Debug: I/O breakpoints need CR4.DE", "[cpu][debug]") {
    test::CpuBench bench;
    Vcpu& vcpu = bench.vcpu;
    vcpu.state.dr[0] = 0x3f8;
    vcpu.state.dr7 = dr7_with(0, io, 2);
    cpu::note_io_breakpoint(vcpu, 0x3f8, 1);
    CHECK(vcpu.state.events.debug_traps == 0);
    vcpu.state.cr4 |= cpu::cr4::DE;
    cpu::note_io_breakpoint(vcpu, 0x3fa, 1);
    CHECK(vcpu.state.events.debug_traps == 0);
    cpu::note_io_breakpoint(vcpu, 0x3f6, 4);
    CHECK(vcpu.state.events.debug_traps == 1);
}

TEST_CASE("Debug: reserved bits of DR6 and DR7", "[cpu][debug]") {
    test::CpuBench bench;
    Vcpu& vcpu = bench.vcpu;
    CHECK(cpu::write_debug_register(vcpu, 6, 0) == Step::Next);
    CHECK(cpu::read_debug_register(vcpu, 6) == 0xffff'0ff0);
    CHECK(cpu::write_debug_register(vcpu, 4, 0xffff'ffff) == Step::Next);
    CHECK(cpu::read_debug_register(vcpu, 6) == 0xffff'efff);
    CHECK(cpu::write_debug_register(vcpu, 7, 0) == Step::Next);
    CHECK(cpu::read_debug_register(vcpu, 7) == 0x400);
    CHECK(cpu::write_debug_register(vcpu, 5, 0xffff'ffff) == Step::Next);
    CHECK(cpu::read_debug_register(vcpu, 5) == 0xffff'27ff);
    CHECK(cpu::write_debug_register(vcpu, 7, 0x1'0000'0000) == Step::Fault);
    CHECK(vcpu.exception.vector == cpu::Vector::GP);
    CHECK(cpu::write_debug_register(vcpu, 0, ~u64{0}) == Step::Next);
    CHECK(cpu::read_debug_register(vcpu, 0) == ~u64{0});
}

TEST_CASE("Debug: with BTF, single-step traps follow branches alone", "[cpu][debug]") {
    test::CpuBench bench;
    CHECK(cpu::single_step_traps(bench.state, Step::Next));
    bench.state.msr.debug_control = cpu::debugctl::BTF;
    CHECK_FALSE(cpu::single_step_traps(bench.state, Step::Next));
    CHECK(cpu::single_step_traps(bench.state, Step::Jump));
}
