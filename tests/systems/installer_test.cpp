// SPDX-License-Identifier: BSD-2-Clause
//
// The Debian installer as it is on the network, to its first screens.
#include <catch2/catch.hpp>

#include "tests/systems/person.hpp"
#include "tests/systems/system_guest.hpp"

using test::PcGuest;
using test::Person;

TEST_CASE("Debian installer: text, on the screen", "[systems][installer][slow]") {
    const std::string kernel = test::system_file("text/linux");
    if (kernel.empty()) return;
    // With half of that it asks nothing about languages.
    PcGuest pc(test::system_with_kernel(1024, kernel, test::system_file("text/initrd.gz"),
                                        "vga=normal --- quiet"));
    Person person(pc);
    CHECK(person.waits_for("Select a language", 300));
    person.keeps_picture("installer-text.png");
    CHECK(person.sees("English"));
    person.types("<enter>");
    CHECK(person.waits_for("Select your location", 60));
    INFO(person.screen());
    CHECK(person.sees("United States"));
}

TEST_CASE("Debian installer: text, on the serial port", "[systems][installer][slow]") {
    const std::string kernel = test::system_file("text/linux");
    if (kernel.empty()) return;
    PcGuest pc(test::system_with_kernel(1024, kernel, test::system_file("text/initrd.gz"),
                                        "console=ttyS0,115200 --- quiet"));
    Person person(pc);
    CHECK(person.waits_for_serial("Select a language", 300));
}
