// SPDX-License-Identifier: BSD-2-Clause
//
// The PC as Debian's SeaBIOS finds it.
#include <catch2/catch.hpp>

#include "tests/machine/pc_guest.hpp"

using machine::RunOutcome;
using test::PcGuest;

namespace {

constexpr u64 between_hashes = 1'000'000;
const std::string at_end = "No bootable device";

/// From where it is until the firmware has given up, and resets the machine for another try;
/// hashes at every 10^7 and at the end.
std::vector<u64> hashes_to_end(PcGuest& guest) {
    std::vector<u64> hashes;
    RunOutcome outcome = RunOutcome::LimitReached;
    while (outcome == RunOutcome::LimitReached) {
        REQUIRE(guest.machine->retired() < 2'000'000'000);
        const u64 stop = (guest.machine->retired() / between_hashes + 1) * between_hashes;
        outcome = guest.machine->run_until(stop);
        hashes.push_back(guest.hash());
    }
    CHECK(outcome == RunOutcome::Reset);
    CHECK(guest.times_logged(at_end) == 1);
    return hashes;
}

}  // namespace

TEST_CASE("PC: SeaBIOS starts, and two starts are one", "[machine][pc][determinism]") {
    if (!test::have_seabios()) return;
    PcGuest first;
    const std::vector<u64> hashes = hashes_to_end(first);
    CHECK(first.times_logged("Found 1 cpu(s)") == 1);
    CHECK(first.serial.text.empty());
    REQUIRE(hashes.size() > 1);

    PcGuest second;
    const u64 middle = first.machine->retired() / 2 + 7;
    std::vector<u64> again;
    while (second.machine->retired() + between_hashes < middle) {
        REQUIRE(second.machine->run_until(second.machine->retired() + between_hashes) ==
                RunOutcome::LimitReached);
        again.push_back(second.hash());
    }
    REQUIRE(second.machine->run_until(middle) == RunOutcome::LimitReached);

    PcGuest third;
    third.machine->restore(second.checkpoint()).value();
    third.log.text = second.log.text;
    CHECK(third.hash() == second.hash());
    const std::vector<u64> rest = hashes_to_end(third);
    again.insert(again.end(), rest.begin(), rest.end());
    CHECK(again == hashes);
    CHECK(third.log.text == first.log.text);
}

TEST_CASE("PC: the buttons, and a reset by port CF9", "[machine][pc]") {
    if (!test::have_seabios()) return;
    PcGuest guest;
    guest.machine->restart_on_reset(true);
    REQUIRE(guest.run_until_logged("Found 1 cpu(s)"));
    constexpr u64 pm1_status = 0x600;
    constexpr u64 power_button = 1 << 8;
    CHECK((guest.board().ports().read(pm1_status, 2) & power_button) == 0);
    guest.press(machine::PcButton::Power);
    REQUIRE(guest.machine->run_until(guest.machine->retired() + 100'000) ==
            RunOutcome::LimitReached);
    CHECK((guest.board().ports().read(pm1_status, 2) & power_button) != 0);
    CHECK(guest.times_logged("Found 1 cpu(s)") == 1);
    guest.log.text.clear();
    guest.press(machine::PcButton::Reset);
    CHECK(guest.run_until_logged("Found 1 cpu(s)"));
    guest.log.text.clear();
    guest.board().ports().write(0xcf9, 1, 2);
    guest.board().ports().write(0xcf9, 1, 6);
    CHECK(guest.run_until_logged("Found 1 cpu(s)"));
}

TEST_CASE("PC: a button that is not there does nothing", "[machine][pc][hostile]") {
    if (!test::have_seabios()) return;
    PcGuest guest;
    guest.press(machine::PcButton{77});
    CHECK(guest.machine->run_until(100'000) == RunOutcome::LimitReached);
}

TEST_CASE("PC: four processors", "[machine][pc]") {
    if (!test::have_seabios()) return;
    machine::PcConfig config = test::pc_config();
    config.processors = 4;
    PcGuest guest(config);
    CHECK(guest.run_until_logged("Found 4 cpu(s)"));
}

TEST_CASE("PC: a reset by port CF9 ends a run that is not to start again", "[machine][pc]") {
    if (!test::have_seabios()) return;
    PcGuest guest;
    REQUIRE(guest.machine->run_until(1000) == RunOutcome::LimitReached);
    guest.board().ports().write(0xcf9, 1, 6);
    CHECK(guest.run_to_end() == RunOutcome::Reset);
}
