// SPDX-License-Identifier: BSD-2-Clause
//
// memtest86+: a kernel of its own, and all of memory through the processor's eyes.
#include <catch2/catch.hpp>

#include "tests/systems/person.hpp"
#include "tests/systems/system_guest.hpp"

using test::PcGuest;
using test::Person;

TEST_CASE("memtest86+: one pass over 64 MiB finds no error", "[systems][memtest][slow]") {
    const std::string kernel = test::system_file("memtest.bin");
    if (kernel.empty()) return;
    PcGuest pc(test::system_with_kernel(64, kernel, "", ""));
    Person person(pc);
    REQUIRE(person.waits_for("Memtest86+", 10));
    const auto over = [&] { return person.sees("Pass:  1") || !person.sees("Errors: 0 "); };
    REQUIRE(person.waits_for("Errors: 0 ", 30));
    CHECK(person.waits_until(over, 100'000));
    INFO(person.screen());
    CHECK(person.sees("Pass:  1"));
    CHECK(person.sees("Errors: 0 "));
}

TEST_CASE("memtest86+: from a CD, with four processors", "[systems][memtest][cd][slow]") {
    const std::string cd = test::system_file("memtest.iso");
    if (cd.empty()) return;
    machine::PcConfig config = test::system_with_cd(64, cd);
    config.processors = 4;
    PcGuest pc(config);
    Person person(pc);
    REQUIRE(person.waits_for("Memtest86+", 60));
    CHECK(person.waits_for("4 Threads", 30));
    CHECK(person.waits_for("Testing", 30));
    INFO(person.screen());
    CHECK(person.sees("Errors: 0 "));
}
