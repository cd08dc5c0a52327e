// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/interpreter/interpreter.hpp"

#include <catch2/catch.hpp>

#include <random>

#include "cpu/core/control_register_writes.hpp"
#include "cpu/core/interrupts.hpp"
#include "cpu/core/yield.hpp"
#include "cpu/fpu/guest_fp_scope.hpp"
#include "tests/support/cpu_bench.hpp"
#include "tests/support/state_difference.hpp"

using cpu::Gpr;
using cpu::StopCause;

namespace {

constexpr u64 code = 0x10000;

/// A bench with the engine that runs it.
struct Bench : test::CpuBench {
    cpu::Interpreter engine{*memory};

    Bench() {
        engine.attach(vcpu);
        long_mode();
        // Whatever faults ends in HLT, in a handler of its own on the same stack.
        constexpr u64 handler = 0x3000;
        poke<u8>(handler, 0xf4);
        for (u32 vector = 0; vector < 32; ++vector) {
            set_long_idt_entry(static_cast<u8>(vector), test::gate(0x08, handler, 0x8e));
        }
    }
};

/// One instruction after the other by the slow road.
void step(Bench& bench, u64 instructions) {
    const u64 end = bench.state.retired + instructions;
    bench.vcpu.budget = static_cast<i64>(instructions);
    const cpu::GuestFpScope fp(bench.vcpu);
    while (bench.state.retired < end && bench.state.activity == cpu::Activity::Running) {
        bench.engine.step(bench.vcpu);
    }
}

/// Random bytes, as often as not shaped into something that decodes.
std::vector<u8> random_code(std::mt19937_64& random) {
    static constexpr u8 common[] = {0x01, 0x03, 0x29, 0x2b, 0x31, 0x39, 0x3b, 0x85, 0x89, 0x8b,
                                    0x8d, 0x83, 0x81, 0xc1, 0xd3, 0x0f, 0x50, 0x58, 0x74, 0x7c,
                                    0xf7, 0xff, 0x63, 0x87, 0xc7, 0x6b, 0x69, 0x11, 0x19, 0x88};
    std::vector<u8> bytes;
    while (bytes.size() < 256) {
        if (random() % 2) bytes.push_back(static_cast<u8>(0x48 | (random() & 7)));
        if (random() % 8 == 0) bytes.push_back(0x66);
        bytes.push_back(random() % 4 ? common[random() % std::size(common)]
                                     : static_cast<u8>(random()));
        const u8 modes[] = {0xc0, 0x00, 0x40, 0x80};
        bytes.push_back(static_cast<u8>(modes[random() % 4] | (random() & 0x3f)));
        if (random() % 2) bytes.push_back(static_cast<u8>(random() % 64));
    }
    return bytes;
}

void prepare(Bench& bench, u64 seed) {
    std::mt19937_64 random(seed);
    const auto bytes = random_code(random);
    REQUIRE(bench.memory->write(fabric::Gpa{code}, bytes));
    for (u64 at = 0x20000; at < 0x24000; at += 8) bench.poke<u64>(at, random());
    for (usize i = 0; i < 16; ++i) {
        bench.state.gpr[i] = random() % 4 ? 0x20000 + random() % 0x4000 : random();
    }
    bench.state.reg(Gpr::Rsp) = 0x22000;
    bench.state.set_rflags(random() & cpu::rflags::Status);
}

}  // namespace

TEST_CASE("Interpreter: its handlers do what the slow road does", "[cpu][interpreter]") {
    for (u64 seed = 1; seed <= 1500; ++seed) {
        CAPTURE(seed);
        Bench fast;
        Bench slow;
        prepare(fast, seed);
        prepare(slow, seed);
        (void)fast.engine.run(fast.vcpu, 200);
        step(slow, fast.state.retired);
        REQUIRE(fast.state.rip == slow.state.rip);
        REQUIRE(fast.state.gpr == slow.state.gpr);
        REQUIRE(test::differing_fields(fast.state, slow.state) == "");
        REQUIRE(fast.memory->contents_hash() == slow.memory->contents_hash());
    }
}

TEST_CASE("Interpreter: a budget is kept to the instruction, however it is cut",
          "[cpu][interpreter]") {
    // L: inc rax; lea rcx,[rax+rcx]; cmp rax,rbx; jne L; jmp L
    const auto loop = [](Bench& bench) {
        bench.poke_bytes(code, {0x48, 0xff, 0xc0, 0x48, 0x8d, 0x0c, 0x08, 0x48, 0x39, 0xd8, 0x75,
                                0xf4, 0xeb, 0xf2});
        bench.state.reg(Gpr::Rbx) = 10;
    };
    Bench whole;
    loop(whole);
    CHECK(whole.engine.run(whole.vcpu, 10'007) == StopCause::BudgetSpent);
    CHECK(whole.state.retired == 10'007);
    const u64 slice = GENERATE(1u, 2u, 3u, 7u, 63u, 64u, 1000u);
    Bench cut;
    loop(cut);
    while (cut.state.retired < 10'007) {
        (void)cut.engine.run(cut.vcpu, std::min<u64>(slice, 10'007 - cut.state.retired));
    }
    CHECK(cut.state == whole.state);
}

TEST_CASE("Interpreter: it comes back after every PAUSE", "[cpu][interpreter]") {
    Bench bench;
    bench.poke_bytes(code, {0xf3, 0x90, 0xff, 0xc0, 0xf3, 0x90, 0xeb, 0xfe});
    CHECK(bench.engine.run(bench.vcpu, 100) == StopCause::StopRequested);
    CHECK(cpu::take_yield(bench.vcpu));
    CHECK(bench.state.retired == 1);
    CHECK(bench.engine.run(bench.vcpu, 1) == StopCause::BudgetSpent);
    CHECK_FALSE(cpu::take_yield(bench.vcpu));
    // The last of its budget, too: what comes of it must not depend on how a run is cut.
    CHECK(bench.engine.run(bench.vcpu, 1) == StopCause::StopRequested);
    CHECK(cpu::take_yield(bench.vcpu));
    CHECK(bench.state.rip == code + 6);
    CHECK(bench.engine.run(bench.vcpu, 100) == StopCause::BudgetSpent);
    CHECK(bench.state.retired == 103);
}

TEST_CASE("Interpreter: code that changes itself runs as changed", "[cpu][interpreter][smc]") {
    Bench bench;
    SECTION("the next instruction of the same block") {
        // mov byte [rip+1],7 ; mov al,1 ; hlt
        bench.poke_bytes(code, {0xc6, 0x05, 0x01, 0x00, 0x00, 0x00, 0x07, 0xb0, 0x01, 0xf4});
        CHECK(bench.engine.run(bench.vcpu, 100) == StopCause::Halted);
        CHECK((bench.state.reg(Gpr::Rax) & 0xff) == 7);
    }
    SECTION("an instruction that has run before, in a loop") {
        // L: add eax,1 ; inc byte [rip-5] (the 1) ; cmp eax,100 ; jb L ; hlt
        bench.poke_bytes(code, {0x83, 0xc0, 0x01, 0xfe, 0x05, 0xf9, 0xff, 0xff, 0xff, 0x83, 0xf8,
                                0x64, 0x72, 0xf2, 0xf4});
        CHECK(bench.engine.run(bench.vcpu, 1000) == StopCause::Halted);
        CHECK(bench.state.reg(Gpr::Rax) == 105);  // 1 + 2 + ... + 14
    }
    SECTION("from outside") {
        bench.poke_bytes(code, {0xb0, 0x01, 0xf4});
        CHECK(bench.engine.run(bench.vcpu, 100) == StopCause::Halted);
        bench.poke_bytes(code, {0xb0, 0x02, 0xf4});
        bench.state.rip = code;
        bench.state.activity = cpu::Activity::Running;
        CHECK(bench.engine.run(bench.vcpu, 100) == StopCause::Halted);
        CHECK((bench.state.reg(Gpr::Rax) & 0xff) == 2);
    }
}

TEST_CASE("Interpreter: handlers do not pile up on the stack", "[cpu][interpreter]") {
    // Ten million operations in one run: at eight bytes each they would not fit on any stack.
    Bench bench;
    bench.poke_bytes(code, {0x48, 0xff, 0xc0, 0x48, 0x01, 0xc1, 0xeb, 0xf8});
    CHECK(bench.engine.run(bench.vcpu, 10'000'000) == StopCause::BudgetSpent);
    CHECK(bench.state.retired == 10'000'000);
}

TEST_CASE("Interpreter: a trap flag traps after each instruction", "[cpu][interpreter][debug]") {
    Bench bench;
    bench.poke_bytes(code, {0x48, 0xff, 0xc0, 0x48, 0xff, 0xc0, 0x48, 0xff, 0xc0});
    bench.state.set_rflags(cpu::rflags::TF);
    CHECK(bench.engine.run(bench.vcpu, 100) == StopCause::Halted);
    CHECK(bench.state.reg(Gpr::Rax) == 1);
    CHECK(bench.state.dr6 == (cpu::dr6::PowerOn | cpu::dr6::BS));
}

TEST_CASE("Interpreter: a page that moves is run from where it moved to", "[cpu][interpreter]") {
    Bench bench;
    // Code at 0x200000, which a second page directory entry maps first to 0x0, then to itself.
    bench.poke_bytes(code, {0xb0, 0x01, 0xf4});
    bench.poke<u64>(bench.page_tables + 0x2000 + 8, 0x87);
    bench.state.rip = 0x200000 + code;
    CHECK(bench.engine.run(bench.vcpu, 100) == StopCause::Halted);
    CHECK(bench.state.rip == 0x200000 + code + 3);
}

TEST_CASE("Interpreter: a page mapped twice goes on where each mapping does",
          "[cpu][interpreter]") {
    // 0x200000 and 0x202000 are one page, which ends in a jump to what lies behind it.
    Bench bench;
    constexpr u64 table = 0x1c000;
    bench.poke<u64>(bench.page_tables + 0x2000 + 8, table | 7);
    const u64 frames[] = {0x30000, 0x31000, 0x30000, 0x32000};
    for (usize i = 0; i < std::size(frames); ++i) bench.poke<u64>(table + 8 * i, frames[i] | 7);
    bench.poke_bytes(0x30ffe, {0xeb, 0x00});
    bench.poke_bytes(0x31000, {0xb0, 0x01, 0xf4});
    bench.poke_bytes(0x32000, {0xb0, 0x02, 0xf4});
    const auto al_after = [&](u64 rip) {
        bench.state.rip = rip;
        bench.state.activity = cpu::Activity::Running;
        CHECK(bench.engine.run(bench.vcpu, 100) == StopCause::Halted);
        return bench.state.reg(Gpr::Rax) & 0xff;
    };
    CHECK(al_after(0x200ffe) == 1);
    CHECK(al_after(0x200ffe) == 1);  // By the link that the first time has made.
    CHECK(al_after(0x202ffe) == 2);
    CHECK(al_after(0x200ffe) == 1);
}

TEST_CASE("Interpreter: REP STOS over itself stops there, whatever its slices",
          "[cpu][interpreter][smc]") {
    const u64 slice = GENERATE(1u, 2u, 100u);
    const u64 count = GENERATE(1u, 2u, 300u);
    Bench bench;
    bench.poke_bytes(code, {0xf3, 0xaa, 0xf4});
    bench.state.reg(Gpr::Rax) = 0x90;
    bench.state.reg(Gpr::Rcx) = count;
    bench.state.reg(Gpr::Rdi) = code;
    StopCause cause = StopCause::BudgetSpent;
    while (cause == StopCause::BudgetSpent) cause = bench.engine.run(bench.vcpu, slice);
    CHECK(cause == StopCause::Halted);
    // The first element makes of it NOP, STOSB. Where that is the last one too, it has completed.
    CHECK(bench.state.reg(Gpr::Rdi) == code + (count == 1 ? 1 : 2));
    CHECK(bench.state.reg(Gpr::Rcx) == count - 1);
    CHECK(bench.state.rip == code + 3);
}

TEST_CASE("Interpreter: another address space has other code, also without a flush",
          "[cpu][interpreter]") {
    Bench bench;
    constexpr u64 other = 0x18000;
    const u64 first_pages = bench.peek<u64>(bench.page_tables + 0x2000);
    bench.poke<u64>(bench.page_tables + 0x2008, 0x1c000 | 7);
    bench.poke<u64>(0x1c000, 0x30000 | 7);
    bench.poke<u64>(other, (other + 0x1000) | 7);
    bench.poke<u64>(other + 0x1000, (other + 0x2000) | 7);
    bench.poke<u64>(other + 0x2000, first_pages);
    bench.poke<u64>(other + 0x2008, (other + 0x3000) | 7);
    bench.poke<u64>(other + 0x3000, 0x31000 | 7);
    bench.poke_bytes(0x30000, {0xb0, 0x01, 0xf4});
    bench.poke_bytes(0x31000, {0xb0, 0x02, 0xf4});
    bench.state.cr4 |= cpu::cr4::PCIDE;
    const auto al_under = [&](u64 cr3) {
        constexpr u64 no_flush = u64{1} << 63;
        CHECK(cpu::write_cr3(bench.vcpu, cr3 | no_flush) == cpu::Step::Next);
        bench.state.rip = 0x200000;
        bench.state.activity = cpu::Activity::Running;
        CHECK(bench.engine.run(bench.vcpu, 100) == StopCause::Halted);
        return bench.state.reg(Gpr::Rax) & 0xff;
    };
    CHECK(al_under(bench.page_tables | 1) == 1);
    CHECK(al_under(other | 2) == 2);
    CHECK(al_under(bench.page_tables | 1) == 1);
}

TEST_CASE("Interpreter: a store that finds its page moved moves the code in it too",
          "[cpu][interpreter]") {
    const u64 slice = GENERATE(1u, 100u);
    Bench bench;
    bench.poke<u64>(bench.page_tables + 0x2008, 0x1c000 | 7);
    bench.poke<u64>(0x1c000, 0x30000 | 7);
    // nop; mov byte [rip+0x800],1; mov al,1; hlt, and the same with mov al,2
    for (const u64 frame : {0x30000u, 0x31000u}) {
        bench.poke_bytes(frame, {0x90, 0xc6, 0x05, 0x00, 0x08, 0x00, 0x00, 0x01, 0xb0,
                                 static_cast<u8>(frame >> 12 & 1 ? 2 : 1), 0xf4});
    }
    bench.state.rip = 0x200000;
    CHECK(bench.engine.run(bench.vcpu, 1) == StopCause::BudgetSpent);
    // From now on the page lies elsewhere, but that is seen only when the store makes it dirty.
    bench.poke<u64>(0x1c000, 0x31000 | 7);
    StopCause cause = StopCause::BudgetSpent;
    while (cause == StopCause::BudgetSpent) cause = bench.engine.run(bench.vcpu, slice);
    CHECK(cause == StopCause::Halted);
    CHECK(bench.peek<u8>(0x31808) == 1);
    CHECK((bench.state.reg(Gpr::Rax) & 0xff) == 2);
}

TEST_CASE("Interpreter: VEX is no prefix in real mode, in blocks too", "[cpu][interpreter]") {
    Bench bench;
    bench.state = {};
    bench.real_mode();
    bench.state.cr4 = cpu::cr4::OSFXSR | cpu::cr4::OSXSAVE;
    bench.state.xcr0 = cpu::xcr0::X87 | cpu::xcr0::SSE | cpu::xcr0::AVX;
    bench.poke<u32>(6 * 4, 0x0300'0000);  // #UD: to 300:0, an HLT.
    bench.state.vector[2].lanes = {1, 2, 3, 4};
    const u64 at = bench.state.segment(cpu::SegReg::Cs).base + bench.state.rip;
    bench.poke_bytes(at, {0x90, 0xc5, 0xc8, 0x59, 0xd0});  // nop; vmulps xmm2, xmm6, xmm0
    CHECK(bench.engine.run(bench.vcpu, 100) == StopCause::Halted);
    CHECK(bench.state.rip == 1);
    CHECK(bench.state.vector[2].lanes[0] == 1);
}
