// SPDX-License-Identifier: BSD-2-Clause
//
// A debugger looks on, and the run stays what it was.
#include "machine/run/debugger.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <map>

#include "tests/machine/guest.hpp"
#include "tests/machine/pc_guest.hpp"

using machine::Debugger;
using machine::RunOutcome;
using test::Guest;
using Kind = machine::Debugger::Stop::Kind;

namespace {

constexpr u64 end = 3'000'000;

/// Runs to `until`, taking note of each stop on the way.
template <class Note>
void run_with_stops(Guest& guest, Debugger& debugger, u64 until, Note note) {
    while (guest.run(test::odd_moments(), until) == RunOutcome::Debugger) {
        if (const auto stop = debugger.look_at_stop()) note(*stop);
    }
}

/// Where code has been at some moments of the workload.
const std::vector<u64>& visited_places() {
    static const std::vector<u64> places = [] {
        Guest guest;
        std::vector<u64> found;
        for (u64 when = 1001; when < end; when += 99'991) {
            if (guest.run(test::odd_moments(), when) != RunOutcome::LimitReached) break;
            found.push_back(cpu::linear_rip(guest.machine->board().vcpu()));
        }
        return found;
    }();
    return places;
}

struct Whole {
    u64 retired = 0;
    u64 hash = 0;
};
const Whole& undisturbed() {
    static const Whole whole = [] {
        Guest guest;
        (void)guest.run(test::odd_moments(), end);
        return Whole{guest.machine->retired(), guest.hash()};
    }();
    return whole;
}

}  // namespace

TEST_CASE("Debugger: breakpoints do not change a run", "[machine][debugger]") {
    Guest guest;
    Debugger debugger(*guest.machine);
    for (const u64 place : visited_places()) debugger.insert_breakpoint(place);
    std::map<u64, u64> hits;
    u64 last = ~u64{0};
    run_with_stops(guest, debugger, end, [&](const Debugger::Stop& stop) {
        REQUIRE(stop.kind == Kind::Breakpoint);
        REQUIRE(stop.address == cpu::linear_rip(guest.machine->board().vcpu()));
        REQUIRE(guest.machine->retired() != last);  // Never twice for one arrival.
        last = guest.machine->retired();
        ++hits[stop.address];
        // What is hit all the time has been seen.
        if (hits[stop.address] == 50) CHECK(debugger.remove_breakpoint(stop.address));
    });
    for (const u64 place : visited_places()) {
        CAPTURE(place);
        CHECK(hits[place] > 0);
    }
    CHECK(guest.machine->retired() == undisturbed().retired);
    CHECK(guest.hash() == undisturbed().hash);
}

TEST_CASE("Debugger: watchpoints do not change a run", "[machine][debugger]") {
    Guest guest;
    Debugger debugger(*guest.machine);
    constexpr u64 stack = 0x7000;
    constexpr u64 page = 0x1000;
    debugger.insert_watchpoint({{stack, page}, Debugger::Watch::ReadWrite});
    u64 hits = 0;
    run_with_stops(guest, debugger, end, [&](const Debugger::Stop& stop) {
        REQUIRE(stop.kind == Kind::Watchpoint);
        REQUIRE(stop.address - stack < page);
        if (++hits == 2000) debugger.remove_all();
    });
    CHECK(hits == 2000);
    CHECK(guest.machine->retired() == undisturbed().retired);
    CHECK(guest.hash() == undisturbed().hash);
}

TEST_CASE("Debugger: steps do not change a run", "[machine][debugger]") {
    Guest guest;
    Debugger debugger(*guest.machine);
    const bool into_events = GENERATE(false, true);
    debugger.step_into_events(into_events);
    debugger.step(0);
    u64 steps = 0;
    run_with_stops(guest, debugger, end, [&](const Debugger::Stop& stop) {
        REQUIRE(stop.kind == Kind::Step);
        if (++steps < 60'000) debugger.step(0);
    });
    CHECK(steps == 60'000);
    CHECK(guest.machine->retired() == undisturbed().retired);
    CHECK(guest.hash() == undisturbed().hash);
}

TEST_CASE("Debugger: looking at memory finds what the guest has, and leaves no trace",
          "[machine][debugger]") {
    Guest guest;
    (void)guest.run({}, 200'000);
    const u64 hash = guest.hash();
    Debugger debugger(*guest.machine);
    std::vector<u8> rom(64);
    REQUIRE(debugger.read_memory(0, 0xf0000, rom) == rom.size());
    CHECK(std::equal(rom.begin(), rom.end(), test::workload_rom().begin()));
    CHECK(debugger.physical_address(0, 0xf0123) == 0xf0123u);
    CHECK(debugger.read_memory(0, 0x7000'0000, rom) == 0);
    CHECK_FALSE(debugger.physical_address(0, 0x8000'0000'0000'0000));
    // Four megabytes of RAM end here.
    CHECK(debugger.read_physical(0x40'0000 - 16, rom) == 16);
    CHECK(debugger.read_physical(0x40'0000 - 64, rom) == 64);
    CHECK(guest.hash() == hash);
}

TEST_CASE("Debugger: what is changed by hand is recorded, and replayed", "[machine][debugger]") {
    Guest guest;
    {
        Debugger debugger(*guest.machine);
        (void)guest.run({}, 100'000);
        const std::vector<u8> bytes = {1, 2, 3, 4, 5};
        debugger.write_memory(0, 0x20'0ffe, bytes).value();
        std::vector<u8> now(5);
        CHECK(debugger.read_memory(0, 0x20'0ffe, now) == 5);
        CHECK(now == bytes);
        const cpu::NamedRegister& r15 = *cpu::find_register("r15");
        debugger.write_register(0, r15, {0x1234'5678'9abc'def0, 0}).value();
        CHECK(guest.state().gpr[15] == 0x1234'5678'9abc'def0);
        CHECK_FALSE(debugger.write_memory(0, 0xf0000, bytes));      // ROM.
        CHECK_FALSE(debugger.write_memory(0, 0x7000'0000, bytes));  // Nothing.
        CHECK_FALSE(debugger.write_register(0, *cpu::find_register("cr0"), {0, 0}));
    }
    const RunOutcome outcome = guest.run({}, end);
    Guest again(test::config_of(test::workload_rom()), guest.machine->recording());
    Debugger debugger(*again.machine);
    CHECK(again.machine->run_until(end) == outcome);
    CHECK_FALSE(again.machine->journal().diverged());
    CHECK(again.hash() == guest.hash());
    const std::vector<u8> byte = {0};
    CHECK_FALSE(debugger.write_physical(0x1000, byte));
}

TEST_CASE("Debugger: pokes that are none change nothing", "[machine][debugger][hostile]") {
    Guest guest;
    const u64 hash = guest.hash();
    for (const std::vector<u8>& poke : std::initializer_list<std::vector<u8>>{
             {},
             {1},
             {2, 0, 0, 0, 0},
             {3, 0, 0, 0, 0, 0, 0, 0, 0},
             {1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2},
             {2, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'r', 'a', 'x'},
             {2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'n', 'o'}}) {
        guest.machine->journal().post(guest.machine->board().poke_input(), poke);
    }
    (void)guest.machine->run_until(0);
    CHECK(guest.hash() == hash);
}

TEST_CASE("Debugger: processors are stepped one by one, by their turns", "[machine][debugger]") {
    if (!test::have_seabios()) return;
    machine::PcConfig config = test::pc_config();
    config.processors = 2;
    constexpr u64 enough = 3'000'000;
    test::PcGuest undisturbed(config);
    REQUIRE(undisturbed.run_to_end(enough) == RunOutcome::LimitReached);

    test::PcGuest guest(config);
    Debugger debugger(*guest.machine);
    std::array<u64, 2> steps{};
    u32 wanted = 0;
    debugger.step(wanted);
    RunOutcome outcome = RunOutcome::Debugger;
    while ((outcome = guest.run_to_end(enough)) == RunOutcome::Debugger) {
        const auto stop = debugger.look_at_stop();
        if (!stop) continue;
        REQUIRE(stop->kind == Kind::Step);
        REQUIRE(stop->processor == wanted);
        ++steps[wanted];
        // The second one takes no step before the firmware starts it, and soon is let to halt.
        wanted = steps[0] < 3000 ? 0 : 1;
        if (steps[1] < 3000) debugger.step(wanted);
    }
    CHECK(outcome == RunOutcome::LimitReached);
    CHECK(steps[0] == 3000);
    CHECK(steps[1] > 0);
    CHECK(guest.hash() == undisturbed.hash());
}

TEST_CASE("Debugger: a PAUSE is one step, and those after it too", "[machine][debugger]") {
    // pause ; inc ax ; pause ; pause ; inc ax ; jmp to itself
    Guest guest(test::config_of(
        test::rom_of({0xf3, 0x90, 0x40, 0xf3, 0x90, 0xf3, 0x90, 0x40, 0xeb, 0xfe})));
    Debugger debugger(*guest.machine);
    std::vector<u64> places;
    debugger.step(0);
    run_with_stops(guest, debugger, 7, [&](const Debugger::Stop&) {
        places.push_back(cpu::linear_rip(guest.machine->board().vcpu()) & 0xfff);
        debugger.step(0);
    });
    CHECK(places == std::vector<u64>{0, 2, 3, 5, 7, 8, 8});
}
