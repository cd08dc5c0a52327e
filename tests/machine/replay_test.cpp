// SPDX-License-Identifier: BSD-2-Clause
#include <catch2/catch.hpp>

#include "fabric/host/recording_file.hpp"
#include "tests/machine/guest.hpp"
#include "tests/support/temporary_folder.hpp"

using fabric::InputJournal;
using machine::RunOutcome;
using test::Guest;

namespace {

InputJournal::Recording recording_of(const Guest& guest) { return guest.machine->recording(); }

}  // namespace

TEST_CASE("Replay: a recorded run comes out again", "[machine][replay]") {
    Guest live;
    REQUIRE(live.run(test::odd_moments()) == RunOutcome::GuestExit);
    const InputJournal::Recording recording = recording_of(live);
    CHECK(recording.entries.size() == test::odd_moments().size() + 1);

    SECTION("in one go, from a file") {
        const test::TemporaryFolder folder;
        fabric::write_recording(folder.file("run"), recording).value();
        auto read = fabric::read_recording(folder.file("run"));
        REQUIRE(read);
        CHECK(read.value() == recording);
        Guest again(test::config_of(test::workload_rom()), std::move(read).value());
        CHECK(again.run() == RunOutcome::GuestExit);
        CHECK(test::ending_of(again) == test::ending_of(live));
        CHECK_FALSE(again.machine->journal().diverged());
    }
    SECTION("in slices, with keys that nobody asked for") {
        Guest again(test::config_of(test::workload_rom()), recording);
        for (u64 stop = 0; again.machine->run_until(stop) == RunOutcome::LimitReached;
             stop += 9'973) {
            again.type("ignored");
        }
        CHECK(test::ending_of(again) == test::ending_of(live));
        CHECK_FALSE(again.machine->journal().diverged());
    }
}

TEST_CASE("Replay: into a guest that is another, it is said", "[machine][replay]") {
    // mov dx,0x3f8 ; mov al,'A' ; out dx,al ; hlt: input comes when the character has left.
    const auto halting = test::rom_of({0xba, 0xf8, 0x03, 0xb0, 'A', 0xee, 0xf4});
    Guest live(test::config_of(halting));
    REQUIRE(live.run() == RunOutcome::Idle);
    live.type("x");
    REQUIRE(live.run() == RunOutcome::Idle);

    Guest same(test::config_of(halting), recording_of(live));
    CHECK(same.run() == RunOutcome::Idle);
    CHECK(same.hash() == live.hash());
    CHECK_FALSE(same.machine->journal().diverged());

    // The same, but a loop instead of the halt, and a recording that does not know it.
    const auto looping =
        test::config_of(test::rom_of({0xba, 0xf8, 0x03, 0xb0, 'A', 0xee, 0xeb, 0xfe}));
    InputJournal::Recording misattributed = recording_of(live);
    misattributed.machine = recording_of(Guest(looping)).machine;
    Guest other(looping, misattributed);
    CHECK(other.run({}, 5'000'000) == RunOutcome::LimitReached);
    CHECK(other.machine->journal().diverged());
}

TEST_CASE("Replay: of a machine with other ports is refused", "[machine][replay]") {
    Guest live;
    InputJournal::Recording recording = recording_of(live);
    std::string expected;
    SECTION("of another name") {
        recording.ports[0] = "keyboard";
        expected = "'keyboard'";
    }
    SECTION("fewer") {
        recording.ports.pop_back();
        expected = "'none'";
    }
    SECTION("of another ROM") {
        recording.machine.back() ^= 1;
        expected = "another machine";
    }
    SECTION("input for one that is not there") {
        recording.entries.push_back({.when = {}, .port = 9, .bytes = {1}});
        expected = "port 9";
    }
    test::Collected nowhere;
    const auto config = test::config_of(test::workload_rom());
    const auto refused =
        machine::Machine::create(std::make_unique<InputJournal>(recording),
                                 machine::TinyBoard::maker(config, {nowhere, nowhere}));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find(expected) != std::string::npos);
    CHECK(refused.error().message.find('\n') == std::string::npos);
}
