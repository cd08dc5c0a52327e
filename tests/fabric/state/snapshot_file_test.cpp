// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/state/snapshot_file.hpp"

#include <catch2/catch.hpp>

#include <random>

#include "tests/support/temporary_folder.hpp"

using namespace fabric;
using Catch::Matchers::Contains;

namespace {

std::vector<u8> noise(usize size) {
    std::mt19937 random(7);
    std::vector<u8> bytes(size);
    for (u8& byte : bytes) byte = static_cast<u8>(random());
    return bytes;
}

std::vector<u8> sample_file(std::string_view kind) {
    SnapshotWriter out = SnapshotWriter::in_memory(kind);
    REQUIRE(out.add_section("cpu", noise(100)).has_value());
    REQUIRE(out.add_section("empty", {}).has_value());
    REQUIRE(out.add_section("zeroes", std::vector<u8>(5000)).has_value());
    return std::move(out.finish_in_memory()).value();
}

constexpr u64 any_size = u64{1} << 30;

}  // namespace

TEST_CASE("Snapshot file: sections come back as they were", "[fabric][state][snapshot]") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("machine.checkpoint");
    const auto large = noise((usize{3} << 20) + 17);  // Over several chunks, and incompressible.
    {
        auto out = SnapshotWriter::create(path, "checkpoint");
        REQUIRE(out.has_value());
        REQUIRE(out.value().add_section("small", noise(3)).has_value());
        REQUIRE(out.value().begin_section("large").has_value());
        for (usize at = 0; at < large.size(); at += 999) {
            const usize size = std::min<usize>(999, large.size() - at);
            REQUIRE(out.value().append(std::span(large).subspan(at, size)).has_value());
        }
        REQUIRE(out.value().end_section().has_value());
        CHECK_FALSE(read_whole_file(path, any_size).has_value());  // Not there before it is whole.
        REQUIRE(out.value().finish().has_value());
    }
    CHECK(folder.files() == 1);
    auto file = SnapshotFile::open(path, "checkpoint");
    REQUIRE(file.has_value());
    CHECK(file.value().section_names() == std::vector<std::string>{"small", "large"});
    CHECK(file.value().section("small", any_size).value() == noise(3));
    CHECK(file.value().section("large", any_size).value() == large);
    CHECK_FALSE(file.value().section("large", 1000).has_value());
    CHECK_FALSE(file.value().section("other", any_size).has_value());
}

TEST_CASE("Snapshot file: an abandoned one leaves nothing behind", "[fabric][state][snapshot]") {
    const test::TemporaryFolder folder;
    {
        auto out = SnapshotWriter::create(folder.file("x"), "checkpoint");
        REQUIRE(out.has_value());
        REQUIRE(out.value().add_section("s", noise(200'000)).has_value());
    }
    CHECK(folder.files() == 0);
    CHECK_FALSE(SnapshotWriter::create(folder.file("no/such/folder"), "checkpoint").has_value());
}

TEST_CASE("Snapshot file: whose fault it is, is said", "[fabric][state][snapshot][hostile]") {
    const auto error_of = [](std::vector<u8> bytes) {
        const auto outcome = SnapshotFile::parse(std::move(bytes), "checkpoint");
        REQUIRE_FALSE(outcome.has_value());
        return outcome.error().message;
    };
    const auto good = sample_file("checkpoint");
    REQUIRE(SnapshotFile::parse(good, "checkpoint").has_value());

    CHECK_THAT(error_of({}), Contains("not a file of Satori's"));
    CHECK_THAT(error_of({'E', 'L', 'F'}), Contains("not a file of Satori's"));
    CHECK_THAT(error_of(sample_file("recording")), Contains("this is a recording"));
    auto later = good;
    later[8] = 2;
    CHECK_THAT(error_of(later), Contains("later version"));
    auto cut = good;
    cut.pop_back();
    CHECK_THAT(error_of(cut), Contains("damaged"));
    auto longer = good;
    longer.push_back(0);
    CHECK_THAT(error_of(longer), Contains("damaged"));
}

TEST_CASE("Snapshot file: any single damage is found", "[fabric][state][snapshot][hostile]") {
    const auto good = sample_file("checkpoint");
    for (usize i = 0; i < good.size(); ++i) {
        CAPTURE(i);
        auto damaged = good;
        damaged[i] = static_cast<u8>(damaged[i] ^ 0x10);
        CHECK_FALSE(SnapshotFile::parse(damaged, "checkpoint").has_value());
        CHECK_FALSE(
            SnapshotFile::parse({good.begin(), good.begin() + static_cast<i64>(i)}, "checkpoint")
                .has_value());
    }
}
