// SPDX-License-Identifier: BSD-2-Clause
//
// The ROM tests that are full of interrupts, timers and mode changes: cut into slices, or saved and
// taken up elsewhere, anywhere, they end as in one go.
#include <catch2/catch.hpp>

#include <random>

#include "fabric/host/file.hpp"
#include "tests/machine/guest.hpp"

using machine::RunOutcome;
using test::Ending;
using test::Guest;

namespace {

machine::TinyConfig config_of_rom(const std::string& name) {
    const std::string path = std::string(ROM_TESTS) + "/" + name + ".rom";
    return test::config_of(fabric::read_whole_file(path, 1 << 20).value());
}

}  // namespace

TEST_CASE("Checkpoint: taken anywhere among interrupts, the run ends the same",
          "[machine][checkpoint]") {
    const std::string name =
        GENERATE("apic_interrupts", "apic_timer", "nmi", "x2apic", "smm", "init", "mwait");
    CAPTURE(name);
    const machine::TinyConfig config = config_of_rom(name);
    Guest whole(config);
    REQUIRE(whole.run() == RunOutcome::GuestExit);
    const Ending ending = test::ending_of(whole);
    CHECK(ending.debug.find("FAIL") == std::string::npos);

    std::mt19937_64 random(11);
    Guest sliced(config);
    while (sliced.run({}, sliced.machine->retired() + 1 + random() % 3000) !=
           RunOutcome::GuestExit) {
    }
    CHECK(test::ending_of(sliced) == ending);

    for (int i = 0; i < 12; ++i) {
        const u64 when = random() % ending.retired;
        CAPTURE(when);
        Guest stopped(config);
        REQUIRE(stopped.run({}, when) == RunOutcome::LimitReached);
        Guest next(config);
        next.machine->restore(stopped.checkpoint()).value();
        REQUIRE(next.hash() == stopped.hash());
        next.debug.text = stopped.debug.text;
        REQUIRE(next.run() == RunOutcome::GuestExit);
        REQUIRE(test::ending_of(next) == ending);
    }
}
