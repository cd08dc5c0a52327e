// SPDX-License-Identifier: BSD-2-Clause
//
// The firmware as somebody in front of the screen meets it: nothing to boot, starting again, many
// processors.
#include <catch2/catch.hpp>

#include "tests/systems/person.hpp"
#include "tests/systems/system_guest.hpp"

using machine::PcConfig;
using test::PcGuest;
using test::Person;

TEST_CASE("Firmware: with nothing to boot it says so on the screen", "[systems][pc]") {
    if (!test::have_seabios()) return;
    PcGuest pc;
    Person person(pc);
    CHECK(person.waits_for("SeaBIOS (version", 5));
    CHECK(person.waits_for("No bootable device.", 30));
}

TEST_CASE("Firmware: Ctrl-Alt-Del starts again", "[systems][pc][input]") {
    if (!test::have_seabios()) return;
    PcGuest pc;
    pc.machine->restart_on_reset(true);
    Person person(pc);
    REQUIRE(person.waits_for("No bootable device.", 30));
    pc.log.text.clear();
    person.types("<ctrl-alt-del>");
    CHECK(person.waits_until([&] { return pc.times_logged("No bootable device.") == 1; }, 30));
    CHECK(pc.times_logged("SeaBIOS (version") != 0);
    CHECK(person.sees("No bootable device."));
}

TEST_CASE("Firmware: up to 64 processors are found", "[systems][pc]") {
    if (!test::have_seabios()) return;
    const u32 processors = GENERATE(1u, 2u, 3u, 8u, 64u);
    CAPTURE(processors);
    PcConfig config = test::pc_config();
    config.processors = processors;
    PcGuest pc(config);
    Person person(pc);
    const std::string found = "Found " + std::to_string(processors) + " cpu(s) max supported " +
                              std::to_string(processors) + " cpu(s)";
    CHECK(person.waits_until([&] { return pc.times_logged(found) == 1; }, 10));
    CHECK(person.waits_for("No bootable device.", 30));
}
