// SPDX-License-Identifier: BSD-2-Clause
//
// The same guest and the same input are the same run, however the host asks for it.
#include <catch2/catch.hpp>

#include <random>

#include "tests/machine/guest.hpp"

using machine::RunOutcome;
using test::Guest;

TEST_CASE("Machine: two runs are one", "[machine][determinism]") {
    Guest first;
    Guest second;
    constexpr u64 between = 100'000;
    RunOutcome outcome = RunOutcome::LimitReached;
    for (u64 stop = between; outcome == RunOutcome::LimitReached; stop += between) {
        outcome = first.run(test::odd_moments(), stop);
        REQUIRE(second.run(test::odd_moments(), stop) == outcome);
        CAPTURE(stop);
        REQUIRE(first.machine->retired() == second.machine->retired());
        REQUIRE(first.hash() == second.hash());
    }
    CHECK(outcome == RunOutcome::GuestExit);
    CHECK(first.machine->board().request()->value == 0u);
    CHECK(first.serial.text == second.serial.text);
    CHECK(first.debug.text == second.debug.text);
    CHECK(first.debug.text.size() == 16);
    CHECK(first.serial.text.back() == '.');
}

TEST_CASE("Machine: other input is another run", "[machine][determinism]") {
    Guest first;
    Guest second;
    REQUIRE(first.run(test::odd_moments()) == RunOutcome::GuestExit);
    test::Typing later = test::odd_moments();
    later.back().when += 500'000;
    REQUIRE(second.run(later) == RunOutcome::GuestExit);
    CHECK(first.debug.text != second.debug.text);
}

TEST_CASE("Machine: slices of any length are one run", "[machine][determinism]") {
    const auto slice = GENERATE(u64{1}, u64{7}, u64{1000}, u64{0});
    CAPTURE(slice);
    // Instruction by instruction, a part of the run will do.
    const u64 end = slice == 1 ? 150'000 : slice == 7 ? 700'000 : Guest::forever;
    Guest whole;
    const RunOutcome outcome = whole.run(test::odd_moments(), end);

    Guest cut;
    std::mt19937_64 random(7);
    RunOutcome so_far = RunOutcome::LimitReached;
    while (so_far == RunOutcome::LimitReached && cut.machine->retired() < end) {
        const u64 step = slice != 0 ? slice : 1 + random() % (u64{1} << (random() % 18));
        const u64 stop = std::min(cut.machine->retired() + step, end);
        so_far = cut.run(test::odd_moments(), stop);
        if (so_far == RunOutcome::LimitReached) REQUIRE(cut.machine->retired() == stop);
    }
    CHECK(so_far == outcome);
    CHECK(cut.state() == whole.state());
    CHECK(test::ending_of(cut) == test::ending_of(whole));
}

TEST_CASE("Machine: a PAUSE takes time, the same in any slices", "[machine][determinism]") {
    // L: pause ; jmp L
    const auto slice = GENERATE(u64{1}, u64{2}, u64{7}, u64{1000});
    Guest guest(test::config_of(test::rom_of({0xf3, 0x90, 0xeb, 0xfc})));
    for (u64 stop = slice; stop < 1000 + slice; stop += slice) {
        REQUIRE(guest.machine->run_until(std::min(stop, u64{1000})) == RunOutcome::LimitReached);
    }
    REQUIRE(guest.machine->retired() == 1000);
    CHECK(guest.machine->now().time.ns > 100'000);
    Guest whole(test::config_of(test::rom_of({0xf3, 0x90, 0xeb, 0xfc})));
    REQUIRE(whole.machine->run_until(1000) == RunOutcome::LimitReached);
    CHECK(guest.hash() == whole.hash());
}

TEST_CASE("Machine: stops at any virtual time are one run", "[machine][determinism]") {
    Guest live;
    REQUIRE(live.run(test::odd_moments()) == RunOutcome::GuestExit);
    const auto config = test::config_of(test::workload_rom());
    Guest cut(config, live.machine->recording());
    std::mt19937_64 random(11);
    RunOutcome so_far = RunOutcome::LimitReached;
    while (so_far == RunOutcome::LimitReached) {
        const fabric::VmTime stop =
            cut.machine->now().time + fabric::VmDuration{1 + random() % (u64{1} << random() % 22)};
        so_far = cut.machine->run_until(Guest::forever, stop);
        if (so_far == RunOutcome::LimitReached) REQUIRE(cut.machine->now().time == stop);
    }
    CHECK(so_far == RunOutcome::GuestExit);
    CHECK(test::ending_of(cut) == test::ending_of(live));
    CHECK_FALSE(cut.machine->journal().diverged());
}

TEST_CASE("Machine: the time of one that is halted for good goes on to a stop", "[machine]") {
    Guest guest(test::config_of(test::rom_of({0xf4})));
    const fabric::VmTime stop{5'000'000};
    CHECK(guest.machine->run_until(100, stop) == RunOutcome::LimitReached);
    CHECK(guest.machine->now().time == stop);
    CHECK(guest.machine->halted());
    guest.type("x");
    CHECK(guest.machine->run_until(100, stop + fabric::VmDuration{1}) == RunOutcome::LimitReached);
    CHECK(guest.machine->recording().entries.back().when.time == stop);
}

TEST_CASE("Machine: input that is typed while the guest is halted for good", "[machine]") {
    Guest guest(test::config_of(test::rom_of({0xf4})));
    CHECK(guest.machine->run_until(100) == RunOutcome::Idle);
    guest.type("x");
    CHECK(guest.machine->run_until(100) == RunOutcome::Idle);
    CHECK(guest.machine->now().time > fabric::VmTime{});
    CHECK(guest.state().activity == cpu::Activity::Halted);
}

TEST_CASE("Machine: a triple fault shuts down, and stays so", "[machine]") {
    // lidt [0x1000] (zeroes) ; int3
    Guest guest(test::config_of(test::rom_of({0x0f, 0x01, 0x1e, 0x00, 0x10, 0xcc})));
    CHECK(guest.machine->run_until(1000) == RunOutcome::Shutdown);
    CHECK(guest.machine->retired() == 3);  // The jump at reset, LIDT, and INT3's delivery.
    const u64 hash = guest.hash();
    CHECK(guest.machine->run_until(1000) == RunOutcome::Shutdown);
    CHECK(guest.hash() == hash);
    Guest restored(test::config_of(test::rom_of({0x0f, 0x01, 0x1e, 0x00, 0x10, 0xcc})));
    restored.machine->restore(guest.checkpoint()).value();
    CHECK(restored.machine->run_until(1000) == RunOutcome::Shutdown);
}

TEST_CASE("Machine: the guest's exit value", "[machine]") {
    // mov al,42 ; out 0xf4,al
    Guest guest(test::config_of(test::rom_of({0xb0, 42, 0xe6, 0xf4})));
    CHECK(guest.machine->run_until(1000) == RunOutcome::GuestExit);
    CHECK(guest.machine->board().request()->value == 42u);
    CHECK(guest.machine->run_until(1000) == RunOutcome::GuestExit);
}
