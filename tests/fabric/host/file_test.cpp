// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/host/file.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

#include "fabric/host/entropy.hpp"
#include "fabric/host/wall_clock.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace fabric;
using Catch::Matchers::Contains;

TEST_CASE("File: a replacement is whole or absent", "[fabric][host]") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("f");
    const std::vector<u8> first = {1, 2, 3};
    {
        auto file = FileReplacement::begin(path);
        REQUIRE(file.has_value());
        REQUIRE(file.value().append(first).has_value());
        REQUIRE(file.value().commit().has_value());
    }
    {
        auto abandoned = FileReplacement::begin(path);
        REQUIRE(abandoned.has_value());
        REQUIRE(abandoned.value().append(std::vector<u8>(100)).has_value());
    }
    CHECK(read_whole_file(path, 100).value() == first);
    CHECK(folder.files() == 1);
}

TEST_CASE("File: what cannot be read is named", "[fabric][host][hostile]") {
    const test::TemporaryFolder folder;
    CHECK_THAT(read_whole_file(folder.file("absent"), 10).error().message, Contains("absent"));
    CHECK_THAT(read_whole_file("/", 10).error().message, Contains("not a file"));
    auto file = FileReplacement::begin(folder.file("large"));
    REQUIRE(file.value().append(std::vector<u8>(11)).has_value());
    REQUIRE(file.value().commit().has_value());
    CHECK_THAT(read_whole_file(folder.file("large"), 10).error().message, Contains("11 bytes"));
}

TEST_CASE("Host: entropy fills, the steady clock does not go back", "[fabric][host]") {
    std::vector<u8> bytes(4096);
    REQUIRE(fill_with_host_entropy(bytes).has_value());
    CHECK(std::count(bytes.begin(), bytes.end(), 0) < 100);
    const u64 before = host_steady_clock_ns();
    host_sleep_ns(1000);
    CHECK(host_steady_clock_ns() >= before + 1000);
    CHECK(host_wall_clock_ns() > 1'700'000'000'000'000'000);
}
