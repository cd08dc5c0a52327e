// SPDX-License-Identifier: BSD-2-Clause
//
// Boot loaders from CDs, and what they find when they are asked.
#include <catch2/catch.hpp>

#include "tests/systems/person.hpp"
#include "tests/systems/system_guest.hpp"

using machine::RunOutcome;
using test::PcGuest;
using test::Person;

TEST_CASE("GRUB: from a CD to its menu and its prompt, and what it says there",
          "[systems][grub][cd][slow]") {
    const std::string cd = test::system_file("grub-rescue.iso");
    if (cd.empty()) return;
    PcGuest pc(test::system_with_cd(64, cd));
    Person person(pc);
    REQUIRE(person.waits_for("Use the", 10));
    CHECK(person.sees("GNU GRUB"));
    CHECK(person.sees("*GNU/Linux"));
    person.types("c");
    REQUIRE(person.waits_for("grub>", 10));
    person.types("ls<enter>");
    CHECK(person.waits_for("(cd)", 20));
    person.types("clear<enter>");
    person.types("lspci<enter>");
    CHECK(person.waits_for("8086:1237", 20));
    CHECK(person.sees("8086:7111"));
    person.types("clear<enter>");
    person.types("lsmmap<enter>");
    CHECK(person.waits_for("available RAM", 20));
    person.types("clear<enter>");
    INFO(person.screen());
    SECTION("halt, by what it reads of the DSDT") {
        person.types("halt<enter>");
        CHECK_FALSE(person.waits_until([] { return false; }, 20));
        CHECK(person.outcome() == RunOutcome::PowerOff);
    }
    SECTION("reboot") {
        person.types("reboot<enter>");
        CHECK_FALSE(person.waits_until([] { return false; }, 20));
        CHECK(person.outcome() == RunOutcome::Reset);
    }
}
