// SPDX-License-Identifier: BSD-2-Clause
#include <catch2/catch.hpp>

#include <algorithm>
#include <vector>

#include "cpu/semantics/string_cost.hpp"
#include "tests/support/cpu_bench.hpp"

namespace test {

namespace {

using cpu::Gpr;
using cpu::Step;

/// Opcode bytes of a string instruction for an element size: the byte form, or 66, nothing, REX.W
/// before the other form.
std::vector<u8> encoding(u8 byte_opcode, u32 size, std::vector<u8> prefixes) {
    std::vector<u8> bytes = std::move(prefixes);
    if (size == 2) bytes.insert(bytes.begin(), 0x66);
    if (size == 8) bytes.push_back(0x48);
    bytes.push_back(size == 1 ? byte_opcode : static_cast<u8>(byte_opcode + 1));
    return bytes;
}

constexpr u8 rep = 0xf3;
constexpr u8 repne = 0xf2;
constexpr u8 movs = 0xa4;
constexpr u8 cmps = 0xa6;
constexpr u8 stos = 0xaa;
constexpr u8 lods = 0xac;
constexpr u8 scas = 0xae;

struct StringBench : CpuBench {
    StringBench() { long_mode(); }

    void set(u64 rsi, u64 rdi, u64 rcx) {
        state.reg(Gpr::Rsi) = rsi;
        state.reg(Gpr::Rdi) = rdi;
        state.reg(Gpr::Rcx) = rcx;
    }
    void go_down() { state.other_flags |= cpu::rflags::DF; }

    Step execute_bytes(const std::vector<u8>& bytes) {
        for (usize which = 0; which < bytes.size(); ++which) {
            poke<u8>(state.rip + which, bytes[which]);
        }
        return execute();
    }
    /// Until it is through, however often it stops on the way.
    Step finish(const std::vector<u8>& bytes) {
        Step step = execute_bytes(bytes);
        while (step == Step::Repeat) step = execute_bytes(bytes);
        return step;
    }

    std::vector<u8> bytes_at(u64 address, usize size) const {
        std::vector<u8> bytes(size);
        VERIFY(memory->read(fabric::Gpa{address}, bytes));
        return bytes;
    }
    void fill_pattern(u64 address, usize size) {
        for (usize which = 0; which < size; ++which) {
            poke<u8>(address + which, static_cast<u8>(which * 7 + which / 251));
        }
    }
};

TEST_CASE("REP MOVS: elements are copied one after the other, whatever the overlap",
          "[cpu][semantics][string]") {
    constexpr u64 area = 0x2'0f00;  // The strings cross a page.
    constexpr u64 count = 60;
    for (const u32 size : {1u, 2u, 4u, 8u}) {
        for (i64 distance = -20; distance <= 20; ++distance) {
            for (const bool down : {false, true}) {
                StringBench bench;
                bench.fill_pattern(area, 0x400);
                std::vector<u8> expected = bench.bytes_at(area, 0x400);
                const u64 step = down ? u64{0} - size : u64{size};
                const u64 source = area + 0x100 - (down ? step * (count - 1) : 0);
                const u64 target = source + static_cast<u64>(distance);
                for (u64 which = 0; which < count; ++which) {
                    const auto from =
                        expected.begin() + static_cast<i64>(source - area + which * step);
                    const std::vector<u8> element(from, from + size);
                    std::copy(element.begin(), element.end(), from + distance);
                }

                bench.set(source, target, count);
                if (down) bench.go_down();
                CAPTURE(size, distance, down);
                REQUIRE(bench.finish(encoding(movs, size, {rep})) == Step::Next);
                CHECK(bench.bytes_at(area, 0x400) == expected);
                CHECK(bench.state.reg(Gpr::Rcx) == 0);
                CHECK(bench.state.reg(Gpr::Rsi) == source + count * step);
                CHECK(bench.state.reg(Gpr::Rdi) == target + count * step);
            }
        }
    }
}

TEST_CASE("REP STOS and LODS: every size, both ways", "[cpu][semantics][string]") {
    constexpr u64 value = 0x8877'6655'4433'2211;
    for (const u32 size : {1u, 2u, 4u, 8u}) {
        for (const bool down : {false, true}) {
            StringBench bench;
            const u64 step = down ? u64{0} - size : u64{size};
            const u64 first = 0x3'0ff3;
            if (down) bench.go_down();
            bench.state.reg(Gpr::Rax) = value;
            bench.set(0, first, 1000);
            CAPTURE(size, down);
            REQUIRE(bench.finish(encoding(stos, size, {rep})) == Step::Next);
            CHECK(bench.state.reg(Gpr::Rdi) == first + 1000 * step);
            for (const u64 which : {0u, 1u, 2u, 500u, 999u}) {
                const auto stored = bench.bytes_at(first + which * step, size);
                CHECK(
                    std::equal(stored.begin(), stored.end(), reinterpret_cast<const u8*>(&value)));
            }
            const u64 lowest = down ? first + 1000 * step + size : first;
            CHECK(bench.peek<u8>(lowest - 1) == 0);
            CHECK(bench.peek<u8>(lowest + 1000 * size) == 0);

            bench.poke<u64>(first + 700 * step, 0xa5a5'a5a5'a5a5'a5a5);
            bench.set(first, 0, 701);
            REQUIRE(bench.finish(encoding(lods, size, {rep})) == Step::Next);
            CHECK(static_cast<u8>(bench.state.reg(Gpr::Rax)) == 0xa5);
            CHECK(bench.state.reg(Gpr::Rsi) == first + 701 * step);
        }
    }
}

TEST_CASE("REPE CMPS, REPNE SCAS: stop after the element that decides, with its flags",
          "[cpu][semantics][string]") {
    constexpr u64 left = 0x3'0f80;
    constexpr u64 right = 0x4'0123;
    for (const u32 size : {1u, 2u, 4u, 8u}) {
        for (const u64 differing : {0u, 1u, 5u, 63u, 99u}) {
            StringBench bench;
            bench.fill_pattern(left, 100 * size);
            bench.fill_pattern(right, 100 * size);
            bench.poke<u8>(right + differing * size,
                           static_cast<u8>(bench.peek<u8>(left + differing * size) + 1));
            bench.set(left, right, 100);
            CAPTURE(size, differing);
            REQUIRE(bench.finish(encoding(cmps, size, {rep})) == Step::Next);
            CHECK(bench.state.reg(Gpr::Rcx) == 99 - differing);
            CHECK(bench.state.reg(Gpr::Rsi) == left + (differing + 1) * size);
            CHECK((bench.state.status & cpu::status_flags::ZF) == 0);
            CHECK((bench.state.status & cpu::status_flags::CF) != 0);

            // Repeats only while different: ends with the first that is equal.
            bench.set(left + differing * size, right + differing * size, 100 - differing);
            REQUIRE(bench.finish(encoding(cmps, size, {repne})) == Step::Next);
            CHECK(bench.state.reg(Gpr::Rcx) == (differing == 99 ? 0 : 98 - differing));

            bench.state.reg(Gpr::Rax) = 0x1122'3344'5566'7788;
            bench.poke<u64>(left + differing * size, 0x1122'3344'5566'7788);
            bench.set(0, left, 100);
            REQUIRE(bench.finish(encoding(scas, size, {repne})) == Step::Next);
            CHECK((bench.state.status & cpu::status_flags::ZF) != 0);
            CHECK(bench.state.reg(Gpr::Rdi) <= left + (differing + 1) * size);
        }
    }
}

TEST_CASE("REPE CMPS of nothing: flags stay", "[cpu][semantics][string]") {
    StringBench bench;
    bench.set(0x3'0000, 0x3'0001, 0);
    bench.state.status = 0xd700 | 1;
    REQUIRE(bench.execute({rep, cmps}) == Step::Next);
    CHECK(bench.state.status == (0xd700 | 1));
    CHECK(bench.state.retired == 1);
}

TEST_CASE("REP: what it costs does not depend on how it is divided", "[cpu][semantics][string]") {
    struct Case {
        u8 opcode;
        u8 prefix;
        u32 size;
        u64 count;
    };
    const Case cases[] = {{movs, rep, 1, 5000},   {movs, rep, 8, 999},   {stos, rep, 4, 4097},
                          {lods, rep, 2, 2047},   {cmps, rep, 1, 3000},  {cmps, rep, 8, 64},
                          {scas, repne, 1, 5000}, {scas, repne, 4, 130}, {movs, rep, 1, 1},
                          {stos, rep, 1, 64},     {stos, rep, 1, 65}};
    for (const Case& each : cases) {
        for (const u64 ends_after : {u64{0}, each.count / 3, each.count}) {
            u64 whole = 0;
            for (const i64 slice : {i64{1} << 30, i64{1}, i64{2}, i64{7}, i64{50}}) {
                StringBench bench;
                bench.poke<u8>(0x8'0040 + ends_after * each.size, 1);  // Else all is zero.
                bench.state.reg(Gpr::Rax) = each.opcode == scas ? 1 : 0;
                bench.set(0x7'0010, 0x8'0040, each.count);
                const auto bytes = encoding(each.opcode, each.size, {each.prefix});
                Step step = Step::Repeat;
                while (step == Step::Repeat) {
                    bench.vcpu.budget = slice;
                    const u64 before = bench.state.retired;
                    step = bench.execute_bytes(bytes);
                    CHECK(bench.vcpu.budget >= (step == Step::Next ? 1 : 0));
                    REQUIRE(bench.state.retired - before <= static_cast<u64>(slice));
                    if (step == Step::Repeat) REQUIRE(bench.state.retired > before);
                }
                CAPTURE(each.opcode, each.size, each.count, ends_after, slice);
                REQUIRE(step == Step::Next);
                if (whole == 0) whole = bench.state.retired;
                CHECK(bench.state.retired == whole);
            }
            if (each.opcode == movs || each.opcode == stos) {
                CHECK(whole == (each.count * each.size + 63) / 64);
            }
        }
    }
}

TEST_CASE("String cost: the affordable part is within the budget, and at least one element",
          "[cpu][semantics][string]") {
    for (const u32 size : {1u, 2u, 4u, 8u}) {
        const cpu::StringCost cost(size);
        for (const u64 count : {u64{1}, u64{63}, u64{64}, u64{65}, u64{1000}, ~u64{0}}) {
            for (const i64 budget : {i64{1}, i64{2}, i64{3}, i64{16}, i64{1} << 40}) {
                const u64 possible = cost.affordable(count, budget);
                CAPTURE(size, count, budget);
                CHECK(possible >= 1);
                CHECK(possible <= count);
                CHECK(cost.of(count, possible) <= budget);
                CHECK(cost.of(count, possible - 1) < budget);
            }
        }
    }
}

TEST_CASE("REP: a fault on the way leaves the registers at the element that faults",
          "[cpu][semantics][string]") {
    constexpr u64 end = CpuBench::ram_bytes;  // Nothing is mapped from here on.
    for (const u32 size : {1u, 2u, 4u, 8u}) {
        StringBench bench;
        bench.fill_pattern(0x5'0000, 0x100);
        bench.set(0x5'0000, end - 5 * size - (size - 1), 20);
        CAPTURE(size);
        REQUIRE(bench.finish(encoding(movs, size, {rep})) == Step::Fault);
        CHECK(bench.vcpu.exception.vector == cpu::Vector::PF);
        CHECK(bench.vcpu.exception.address == end);
        CHECK(bench.vcpu.exception.error_code == cpu::page_fault::Write);
        CHECK(bench.state.reg(Gpr::Rcx) == 15);
        CHECK(bench.state.reg(Gpr::Rsi) == 0x5'0000 + 5 * size);
        CHECK(bench.state.reg(Gpr::Rdi) == end - (size - 1));
        CHECK(bench.bytes_at(end - 5 * size - (size - 1), 5 * size) ==
              bench.bytes_at(0x5'0000, 5 * size));
        CHECK(bench.state.rip == 0x10000);
    }
}

TEST_CASE("CMPS: a fault on the way leaves the flags from before the instruction",
          "[cpu][semantics][string]") {
    StringBench bench;
    bench.set(CpuBench::ram_bytes - 2, 0x5'0000, 10);
    const u16 before = cpu::status_flags::from_rflags(cpu::rflags::CF);
    bench.state.status = before;
    REQUIRE(bench.finish({rep, cmps}) == Step::Fault);
    CHECK(bench.state.reg(Gpr::Rcx) == 8);
    CHECK(bench.state.status == before);
}

TEST_CASE("String instructions: a 16-bit index wraps within its segment",
          "[cpu][semantics][string]") {
    CpuBench bench;
    bench.real_mode();
    bench.state.segment(cpu::SegReg::Es).base = 0x3'0000;
    bench.state.reg(Gpr::Rdi) = 0xabcd'fffe;
    bench.state.reg(Gpr::Rcx) = 0xabcd'0004;
    bench.state.reg(Gpr::Rax) = 0x77;
    REQUIRE(bench.execute({rep, stos}) == Step::Next);
    CHECK(bench.peek<u16>(0x3'fffe) == 0x7777);
    CHECK(bench.peek<u16>(0x3'0000) == 0x7777);
    CHECK(bench.peek<u8>(0x4'0000) == 0);
    CHECK(bench.state.reg(Gpr::Rdi) == 0xabcd'0002);
    CHECK(bench.state.reg(Gpr::Rcx) == 0xabcd'0000);

    // A word at FFFF does not fit in the segment.
    bench.state.reg(Gpr::Rdi) = 0xfffb;
    bench.state.reg(Gpr::Rcx) = 5;
    REQUIRE(bench.execute({rep, stos + 1}) == Step::Fault);
    CHECK(bench.vcpu.exception.vector == cpu::Vector::GP);
    CHECK(bench.state.reg(Gpr::Rdi) == 0xffff);
    CHECK(bench.state.reg(Gpr::Rcx) == 3);
}

TEST_CASE("MOVS: an override applies to the source alone", "[cpu][semantics][string]") {
    CpuBench bench;
    bench.real_mode();
    bench.state.segment(cpu::SegReg::Fs).base = 0x5'0000;
    bench.state.segment(cpu::SegReg::Es).base = 0x6'0000;
    bench.poke<u16>(0x5'0100, 0xbeef);
    bench.state.reg(Gpr::Rsi) = 0x100;
    bench.state.reg(Gpr::Rdi) = 0x200;
    REQUIRE(bench.execute({0x64, movs + 1}) == Step::Next);
    CHECK(bench.peek<u16>(0x6'0200) == 0xbeef);
}

TEST_CASE("REP with 32-bit addresses in 64-bit code: upper halves are cleared",
          "[cpu][semantics][string]") {
    constexpr u64 upper = 0x1234'5678'0000'0000;
    StringBench bench;
    bench.set(upper | 0x5'0000, upper | 0x6'0000, upper | 3);
    REQUIRE(bench.execute({0x67, rep, movs}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rsi) == 0x5'0003);
    CHECK(bench.state.reg(Gpr::Rdi) == 0x6'0003);
    CHECK(bench.state.reg(Gpr::Rcx) == 0);

    bench.set(upper, upper | 0x6'0000, upper);
    REQUIRE(bench.execute({0x67, repne, scas}) == Step::Next);
    CHECK(bench.state.reg(Gpr::Rdi) == (upper | 0x6'0000));
    CHECK(bench.state.reg(Gpr::Rcx) == 0);
}

TEST_CASE("REP under TF: one iteration at a time", "[cpu][semantics][string]") {
    StringBench bench;
    bench.state.other_flags |= cpu::rflags::TF;
    bench.set(0x5'0000, 0x6'0000, 3);
    CHECK(bench.execute({rep, movs}) == Step::Repeat);
    CHECK(bench.state.reg(Gpr::Rcx) == 2);
    CHECK(bench.execute({rep, movs}) == Step::Repeat);
    CHECK(bench.execute({rep, movs}) == Step::Next);
}

}  // namespace

}  // namespace test
