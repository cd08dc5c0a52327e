// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/core/breakpoints.hpp"

#include <catch2/catch.hpp>

#include "cpu/core/interrupts.hpp"
#include "cpu/interpreter/interpreter.hpp"
#include "tests/support/cpu_bench.hpp"
#include "tests/support/state_difference.hpp"

using cpu::Breakpoints;
using cpu::Gpr;
using cpu::StopCause;
using Reason = cpu::Breakpoints::Reason;
using Watch = cpu::Breakpoints::Watch;

namespace {

constexpr u64 code = 0x10000;
constexpr u64 data = 0x20ff8;
constexpr u64 plenty = 1000;

struct Bench : test::CpuBench {
    cpu::Interpreter engine{*memory};
    Breakpoints breakpoints;

    explicit Bench(bool watched = true) {
        engine.attach(vcpu);
        long_mode();
        if (watched) vcpu.ports.breakpoints = &breakpoints;
    }

    void break_at(u64 linear) {
        if (breakpoints.insert(linear)) engine.breakpoint_placed(linear);
    }
    void watch(u64 first, u64 length, Watch kind) {
        breakpoints.insert(Breakpoints::Watchpoint{{first, length}, kind});
        vcpu.first_level.flush();
    }
    StopCause run(u64 instructions = plenty) { return engine.run(vcpu, instructions); }
    /// The reason of a stop that must have happened.
    Breakpoints::Stop stop() {
        const auto found = breakpoints.take_stop();
        REQUIRE(found);
        CHECK(found->vcpu == &vcpu);
        return *found;
    }
};

/// L: inc rax (0) ; add rcx,rax (3) ; cmp rax,rbx (6) ; jne L (9) ; hlt (b). Ten rounds.
void loop(Bench& bench) {
    bench.poke_bytes(code,
                     {0x48, 0xff, 0xc0, 0x48, 0x01, 0xc1, 0x48, 0x39, 0xd8, 0x75, 0xf5, 0xf4});
    bench.state.reg(Gpr::Rbx) = 10;
}

}  // namespace

TEST_CASE("Breakpoints: each instruction of a block can be stopped at, each time round",
          "[cpu][breakpoints]") {
    const u64 offset = GENERATE(u64{0}, u64{3}, u64{6}, u64{9});
    const bool code_is_warm = GENERATE(false, true);
    CAPTURE(offset, code_is_warm);
    Bench whole(false);
    loop(whole);
    REQUIRE(whole.run() == StopCause::Halted);

    Bench bench;
    loop(bench);
    // Code that was decoded before, and is linked to itself, must look too.
    const u64 rounds_before = code_is_warm ? 2 : 0;
    if (code_is_warm) REQUIRE(bench.run(8) == StopCause::BudgetSpent);
    bench.break_at(code + offset);
    for (u64 round = rounds_before; round < 10; ++round) {
        CAPTURE(round);
        REQUIRE(bench.run() == StopCause::Debugger);
        const auto stop = bench.stop();
        CHECK(stop.reason == Reason::Breakpoint);
        CHECK(stop.address == code + offset);
        CHECK(bench.state.rip == code + offset);
        CHECK(bench.state.retired == 4 * round + offset / 3);
        CHECK(bench.state.reg(Gpr::Rax) == round + (offset == 0 ? 0 : 1));
    }
    REQUIRE(bench.run() == StopCause::Halted);
    CHECK(test::differing_fields(bench.state, whole.state) == "");
}

TEST_CASE("Breakpoints: flags are right at a stop", "[cpu][breakpoints]") {
    // cmp rax,rbx ; lea rcx,[rcx] ; add rdx,1 ; hlt: the comparison's flags are overwritten unseen.
    Bench bench;
    bench.poke_bytes(code, {0x48, 0x39, 0xd8, 0x48, 0x8d, 0x09, 0x48, 0x83, 0xc2, 0x01, 0xf4});
    bench.break_at(code + 6);
    REQUIRE(bench.run() == StopCause::Debugger);
    CHECK((bench.state.rflags() & cpu::rflags::ZF) != 0);
}

TEST_CASE("Breakpoints: taken away, and set again, they do so from the next time on",
          "[cpu][breakpoints]") {
    Bench bench;
    loop(bench);
    bench.break_at(code + 3);
    REQUIRE(bench.run() == StopCause::Debugger);
    (void)bench.stop();
    // As a debugger steps over one: without it, and with it again.
    CHECK(bench.breakpoints.remove(code + 3));
    CHECK_FALSE(bench.breakpoints.remove(code + 3));
    bench.breakpoints.step(bench.vcpu);
    REQUIRE(bench.run() == StopCause::Debugger);
    CHECK(bench.stop().reason == Reason::Step);
    CHECK(bench.state.rip == code + 6);
    bench.breakpoints.cancel_step();
    CHECK_FALSE(bench.breakpoints.insert(code + 3));  // Code is still prepared for it.
    REQUIRE(bench.run() == StopCause::Debugger);
    CHECK(bench.stop().address == code + 3);
    CHECK(bench.state.retired == 5);
}

TEST_CASE("Breakpoints: in 16-bit code the address is linear", "[cpu][breakpoints]") {
    Bench bench;
    bench.state = {};
    bench.real_mode();
    bench.state.segment(cpu::SegReg::Cs) = {
        .selector = 0x1001, .attributes = 0x9b, .limit = 0xffff, .base = 0x10010};
    bench.state.rip = 0;
    bench.poke_bytes(0x10010, {0x40, 0x41, 0xeb, 0xfc});  // inc ax ; inc cx ; jmp back
    bench.break_at(0x10011);
    for (u64 round = 1; round < 4; ++round) {
        REQUIRE(bench.run() == StopCause::Debugger);
        CHECK(bench.stop().address == 0x10011);
        CHECK(bench.state.rip == 1);
        CHECK(bench.state.reg(Gpr::Rax) == round);
    }
}

TEST_CASE("Breakpoints: the end of a budget comes first", "[cpu][breakpoints]") {
    Bench bench;
    loop(bench);
    bench.break_at(code + 3);
    CHECK(bench.run(1) == StopCause::BudgetSpent);
    CHECK_FALSE(bench.breakpoints.take_stop());
    CHECK(bench.run(1) == StopCause::Debugger);
    CHECK(bench.state.retired == 1);
}

TEST_CASE("Breakpoints: a repeated string instruction is one place and one step",
          "[cpu][breakpoints]") {
    // rep movsb ; hlt
    const auto prepare = [](Bench& bench) {
        bench.poke_bytes(code, {0xf3, 0xa4, 0xf4});
        bench.state.reg(Gpr::Rcx) = 1000;
        bench.state.reg(Gpr::Rsi) = 0x20000;
        bench.state.reg(Gpr::Rdi) = 0x30000;
    };
    Bench bench;
    prepare(bench);
    bench.break_at(code);
    REQUIRE(bench.run() == StopCause::Debugger);
    (void)bench.stop();
    CHECK(bench.run(3) == StopCause::BudgetSpent);  // In the middle of it.
    CHECK(bench.state.rip == code);
    CHECK(bench.state.reg(Gpr::Rcx) != 0);
    CHECK(bench.run() == StopCause::Halted);

    Bench stepped;
    prepare(stepped);
    stepped.breakpoints.step(stepped.vcpu);
    StopCause cause = StopCause::BudgetSpent;
    while (cause == StopCause::BudgetSpent) cause = stepped.run();
    REQUIRE(cause == StopCause::Debugger);
    CHECK(stepped.stop().reason == Reason::Step);
    CHECK(stepped.state.rip == code + 2);
    CHECK(stepped.state.reg(Gpr::Rcx) == 0);
}

TEST_CASE("Breakpoints: a step ends in the handler of what the instruction raises",
          "[cpu][breakpoints]") {
    Bench bench;
    constexpr u64 handler = 0x3000;
    bench.set_long_idt_entry(6, test::gate(0x08, handler, 0x8e));
    bench.poke_bytes(code, {0x0f, 0x0b});  // ud2
    bench.breakpoints.step(bench.vcpu);
    REQUIRE(bench.run() == StopCause::Debugger);
    CHECK(bench.stop().reason == Reason::Step);
    CHECK(bench.state.rip == handler);
}

TEST_CASE("Breakpoints: an event instead of a step says where it came from", "[cpu][breakpoints]") {
    Bench bench;
    constexpr u64 handler = 0x3000;
    bench.set_long_idt_entry(2, test::gate(0x08, handler, 0x8e));
    bench.poke_bytes(handler, {0x48, 0xff, 0xc2, 0x48, 0xcf});  // inc rdx ; iretq
    loop(bench);
    bench.state.reg(Gpr::Rdx) = 0;
    bench.breakpoints.step(bench.vcpu);
    cpu::signal_nmi(bench.vcpu);
    REQUIRE(bench.run() == StopCause::Debugger);
    auto stop = bench.stop();
    CHECK(stop.reason == Reason::Event);
    CHECK_FALSE(stop.instruction_done);
    CHECK(stop.interrupted.linear == code);
    CHECK(bench.state.rip == handler);

    bench.breakpoints.cancel_step();
    if (bench.breakpoints.return_to(stop.interrupted)) bench.engine.breakpoint_placed(code);
    REQUIRE(bench.run() == StopCause::Debugger);
    CHECK(bench.stop().reason == Reason::Returned);
    CHECK(bench.state.rip == code);
    CHECK(bench.state.reg(Gpr::Rdx) == 1);
    CHECK(bench.state.reg(Gpr::Rax) == 0);
    CHECK(bench.run() == StopCause::Halted);  // Once is enough.
}

TEST_CASE("Breakpoints: a watched access stops after its instruction", "[cpu][breakpoints]") {
    struct Case {
        u64 first, length;
        Watch watch;
        std::initializer_list<u8> instruction;  // On [rsi], eight bytes.
        bool hit;
        u64 address;
    };
    static const std::initializer_list<u8> load = {0x48, 0x8b, 0x06};
    static const std::initializer_list<u8> store = {0x48, 0x89, 0x06};
    static const std::initializer_list<u8> both = {0x48, 0x01, 0x06};
    static const std::initializer_list<u8> string = {0x48, 0xa5, 0x90};  // movsq from [rsi] ; nop
    const auto each = GENERATE(values<Case>({
        {data, 8, Watch::Write, store, true, data},
        {data, 8, Watch::Write, load, false, 0},
        {data, 8, Watch::Read, load, true, data},
        {data, 8, Watch::Read, store, false, 0},
        {data, 8, Watch::Read, both, true, data},
        {data, 8, Watch::Write, both, true, data},
        {data, 8, Watch::ReadWrite, string, true, data},
        {data + 7, 1, Watch::Write, store, true, data + 7},
        {data + 8, 1, Watch::Write, store, false, 0},
        {data - 1, 1, Watch::Write, store, false, 0},
        {data - 1, 2, Watch::Write, store, true, data},
        {0, 0x100000, Watch::Write, store, true, data},
    }));
    CAPTURE(each.first, each.length, each.watch);
    Bench bench;
    bench.poke_bytes(code, each.instruction);
    bench.poke_bytes(code + 3, {0x48, 0xff, 0xc1, 0xf4});  // inc rcx ; hlt
    bench.state.reg(Gpr::Rsi) = data;
    bench.state.reg(Gpr::Rdi) = 0x150000;
    (void)bench.run(1);  // The page is in all TLBs.
    bench.state.rip = code;
    bench.state.reg(Gpr::Rsi) = data;
    const u64 before = bench.state.retired;
    bench.watch(each.first, each.length, each.watch);
    REQUIRE(bench.run() == (each.hit ? StopCause::Debugger : StopCause::Halted));
    if (!each.hit) return;
    const auto stop = bench.stop();
    CHECK(stop.reason == Reason::Watchpoint);
    CHECK(stop.address == each.address);
    CHECK(stop.watch == each.watch);
    CHECK(bench.state.retired == before + 1);
    CHECK(bench.state.reg(Gpr::Rcx) == 0);
    CHECK(bench.run() == StopCause::Halted);
}

TEST_CASE("Breakpoints: a watched range that nobody touches changes nothing",
          "[cpu][breakpoints]") {
    Bench whole(false);
    Bench watched;
    watched.watch(data, 1, Watch::ReadWrite);
    for (Bench* bench : {&whole, &watched}) {
        // push rax ; mov [0x20800],rax ; pop rbx ; loop, a hundred times
        bench->poke_bytes(
            code, {0x50, 0x48, 0x89, 0x04, 0x25, 0x00, 0x08, 0x02, 0x00, 0x5b, 0xe2, 0xf4, 0xf4});
        bench->state.reg(Gpr::Rcx) = 100;
        REQUIRE(bench->run() == StopCause::Halted);
    }
    CHECK(watched.engine.counters().slow_instructions > whole.engine.counters().slow_instructions);
    CHECK(test::differing_fields(watched.state, whole.state) == "");
}
