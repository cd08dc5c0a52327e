// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/host/recording_file.hpp"

#include <catch2/catch.hpp>

#include "tests/support/temporary_folder.hpp"

using namespace fabric;
using Catch::Matchers::Contains;

namespace {

InputJournal::Recording sample() {
    return {.machine = "box",
            .ports = {"com1", "entropy"},
            .entries = {{{{0}, 0}, 1, {1, 2, 3}}, {{{100}, 300}, 0, {'x'}}, {{{100}, 301}, 0, {}}},
            .end = {{1000}, 3000}};
}

}  // namespace

TEST_CASE("Recording file: comes back as it was", "[fabric][replay]") {
    const test::TemporaryFolder folder;
    REQUIRE(write_recording(folder.file("r"), sample()).has_value());
    auto read = read_recording(folder.file("r"));
    REQUIRE(read.has_value());
    CHECK(read.value() == sample());
}

TEST_CASE("Recording file: nonsense is refused", "[fabric][replay][hostile]") {
    const test::TemporaryFolder folder;
    auto recording = sample();
    std::string expected;
    SECTION("time goes back") {
        recording.entries[2].when.retired = 299;
        expected = "not in order";
    }
    SECTION("a port that is not named") {
        recording.entries[1].port = 2;
        expected = "does not name";
    }
    SECTION("input after the end") {
        recording.end = {{99}, 3000};
        expected = "after its end";
    }
    REQUIRE(write_recording(folder.file("r"), recording).has_value());
    const auto read = read_recording(folder.file("r"));
    REQUIRE_FALSE(read.has_value());
    CHECK_THAT(read.error().message, Contains(expected));
    CHECK_THAT(read.error().message, Contains(folder.file("r")));
}
