// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/host/block_store.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "fabric/host/overlay_image.hpp"
#include "fabric/host/raw_image.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace fabric;

namespace {

constexpr u64 KiB = 1024;

std::string image_of(const test::TemporaryFolder& folder, u64 bytes) {
    const std::string path = folder.file("disk.img");
    std::ofstream file(path, std::ios::binary);
    for (u64 i = 0; i < bytes; ++i) file.put(static_cast<char>(i / 512 + i));
    return path;
}

std::vector<u8> contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<u8> read(BlockMedium& medium, u64 offset, u64 bytes) {
    std::vector<u8> into(bytes);
    REQUIRE_FALSE(medium.read(offset, into).has_value());
    return into;
}

std::unique_ptr<RawImage> raw(const std::string& path, ImageAccess access) {
    auto opened = RawImage::open(path, access, 512);
    REQUIRE(opened.has_value());
    return std::move(opened).value();
}

std::unique_ptr<OverlayImage> overlay(const std::string& path) {
    auto made = OverlayImage::create(raw(path, ImageAccess::ReadOnly), "");
    REQUIRE(made.has_value());
    return std::move(made).value();
}

std::string refusal(const std::string& path, ImageAccess access, u32 sector) {
    auto opened = RawImage::open(path, access, sector);
    REQUIRE_FALSE(opened.has_value());
    CHECK(opened.error().message.find(path) != std::string::npos);
    return opened.error().message;
}

/// A medium that is full until somebody makes room.
struct FullMedium final : BlockMedium {
    u64 size() const override { return 4 * KiB; }
    bool read_only() const override { return false; }
    const std::string& name() const override { return label; }
    std::optional<BlockTrouble> read(u64, std::span<u8>) override { return std::nullopt; }
    std::optional<BlockTrouble> write(u64, std::span<const u8>) override {
        if (!full) return std::nullopt;
        return BlockTrouble{BlockTrouble::Kind::HostFull, "no space"};
    }
    std::optional<BlockTrouble> flush() override { return std::nullopt; }
    std::optional<BlockTrouble> discard(u64, u64) override { return std::nullopt; }

    std::string label = "full";
    bool full = true;
};

}  // namespace

TEST_CASE("Raw image: what cannot be a disk is refused in words", "[fabric][block][hostile]") {
    const test::TemporaryFolder folder;
    CHECK(refusal(folder.file("absent"), ImageAccess::ReadOnly, 512).find("No such file") !=
          std::string::npos);

    const std::string path = image_of(folder, 4 * KiB);
    CHECK(refusal(path, ImageAccess::ReadOnly, 3000).find("multiple") != std::string::npos);
    std::filesystem::resize_file(path, 0);
    CHECK(refusal(path, ImageAccess::ReadOnly, 512).find("empty") != std::string::npos);

    std::filesystem::create_directory(folder.file("folder"));
    refusal(folder.file("folder"), ImageAccess::ReadOnly, 512);
}

TEST_CASE("Raw image: a file that may not be written says how to go on", "[fabric][block]") {
    if (::geteuid() == 0) return;  // The superuser may write everything.
    const test::TemporaryFolder folder;
    const std::string path = image_of(folder, 4 * KiB);
    std::filesystem::permissions(path, std::filesystem::perms::owner_read);
    CHECK(refusal(path, ImageAccess::ReadWrite, 512).find("snapshot=on") != std::string::npos);
    CHECK(RawImage::open(path, ImageAccess::ReadOnly, 512).has_value());
}

TEST_CASE("Raw image: two machines never write one image", "[fabric][block]") {
    const test::TemporaryFolder folder;
    const std::string path = image_of(folder, 4 * KiB);
    {
        const auto writer = raw(path, ImageAccess::ReadWrite);
        CHECK(refusal(path, ImageAccess::ReadWrite, 512).find("in use") != std::string::npos);
        CHECK(refusal(path, ImageAccess::ReadOnly, 512).find("in use") != std::string::npos);
    }
    const auto reader = raw(path, ImageAccess::ReadOnly);
    const auto another = raw(path, ImageAccess::ReadOnly);
    CHECK(refusal(path, ImageAccess::ReadWrite, 512).find("in use") != std::string::npos);
}

TEST_CASE("Raw image: bytes are where they were put; discarded ones are zero", "[fabric][block]") {
    const test::TemporaryFolder folder;
    const std::string path = image_of(folder, 64 * KiB);
    std::vector<u8> expected = contents(path);
    {
        const auto image = raw(path, ImageAccess::ReadWrite);
        CHECK(image->size() == 64 * KiB);
        const std::vector<u8> written(1024, 0xa5);
        REQUIRE_FALSE(image->write(512, written).has_value());
        REQUIRE_FALSE(image->discard(8 * KiB, 4 * KiB).has_value());
        REQUIRE_FALSE(image->flush().has_value());
        std::fill_n(expected.begin() + 512, 1024, u8{0xa5});
        std::fill_n(expected.begin() + 8 * KiB, 4 * KiB, u8{0});
        CHECK(read(*image, 0, 64 * KiB) == expected);
    }
    CHECK(contents(path) == expected);
}

TEST_CASE("Overlay: the image beneath is never touched", "[fabric][block]") {
    const test::TemporaryFolder folder;
    const std::string path = image_of(folder, 300 * KiB);  // The last cluster is short.
    const std::vector<u8> before = contents(path);
    std::vector<u8> expected = before;
    const auto image = overlay(path);

    u64 seed = 1;
    for (int i = 0; i < 300; ++i) {
        seed = seed * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
        const u64 length = 512 * (1 + (seed >> 33) % 200);
        const u64 offset = 512 * ((seed >> 17) % ((300 * KiB - length) / 512 + 1));
        if (i % 7 == 0) {
            REQUIRE_FALSE(image->discard(offset, length).has_value());
            std::fill_n(expected.begin() + static_cast<i64>(offset), length, u8{0});
        } else {
            const std::vector<u8> bytes(length, static_cast<u8>(i));
            REQUIRE_FALSE(image->write(offset, bytes).has_value());
            std::copy(bytes.begin(), bytes.end(), expected.begin() + static_cast<i64>(offset));
        }
        REQUIRE(read(*image, 0, 300 * KiB) == expected);
    }
    CHECK(contents(path) == before);
}

TEST_CASE("Overlay: what was written is in the checkpoint", "[fabric][block][snapshot]") {
    const test::TemporaryFolder folder;
    const std::string path = image_of(folder, 300 * KiB);
    const auto image = overlay(path);
    REQUIRE_FALSE(image->write(1000 * 256, std::vector<u8>(5000, 7)).has_value());
    REQUIRE_FALSE(image->write(299 * KiB, std::vector<u8>(KiB, 9)).has_value());
    REQUIRE_FALSE(image->discard(0, 70 * KiB).has_value());

    SnapshotWriter out = SnapshotWriter::in_memory("checkpoint");
    REQUIRE(image->save(out, "disk").has_value());
    auto bytes = out.finish_in_memory();
    REQUIRE(bytes.has_value());
    auto file = SnapshotFile::parse(bytes.value(), "checkpoint");
    REQUIRE(file.has_value());

    const auto restored = overlay(path);
    REQUIRE_FALSE(restored->write(100 * KiB, std::vector<u8>(KiB, 1)).has_value());
    const std::vector<u8> before = read(*restored, 0, 300 * KiB);
    auto clusters = restored->load(file.value(), "disk");
    REQUIRE(clusters.has_value());
    CHECK(read(*restored, 0, 300 * KiB) == before);
    CHECK(restored->contents_hash() != image->contents_hash());
    restored->replace(std::move(clusters).value());
    CHECK(read(*restored, 0, 300 * KiB) == read(*image, 0, 300 * KiB));
    CHECK(restored->written_clusters() == image->written_clusters());
    CHECK(restored->contents_hash() == image->contents_hash());
    REQUIRE_FALSE(restored->write(299 * KiB, std::vector<u8>(1, 8)).has_value());
    CHECK(restored->contents_hash() != image->contents_hash());

    SECTION("but not in that of a disk of another size") {
        std::filesystem::resize_file(path, 200 * KiB);
        const auto smaller = overlay(path);
        CHECK_FALSE(smaller->load(file.value(), "disk").has_value());
    }
}

TEST_CASE("Block store: requests are done in order and finished in any", "[fabric][block]") {
    const test::TemporaryFolder folder;
    const std::string path = image_of(folder, 64 * KiB);
    BlockStore store(raw(path, ImageAccess::ReadWrite));
    std::vector<BlockStore::Ticket> reads;
    for (u8 i = 1; i <= 20; ++i) {
        store.forget(
            store.start({.operation = BlockOperation::Write, .data = std::vector<u8>(512, i)}));
        reads.push_back(store.start({.operation = BlockOperation::Read, .length = 512}));
    }
    for (usize i = reads.size(); i-- > 0;) {
        const BlockOutcome outcome = store.finish(reads[i]);
        CHECK_FALSE(outcome.trouble.has_value());
        CHECK(outcome.data == std::vector<u8>(512, static_cast<u8>(i + 1)));
    }
    CHECK(read(store.idle_medium(), 0, 512) == std::vector<u8>(512, 20));
}

TEST_CASE("Block store: a request beyond the end is trouble, not a crash",
          "[fabric][block][hostile]") {
    const test::TemporaryFolder folder;
    BlockStore store(raw(image_of(folder, 64 * KiB), ImageAccess::ReadOnly));
    const u64 offset = GENERATE(u64{64 * KiB}, u64{64 * KiB} - 511, ~u64{0}, ~u64{0} - 511);
    CAPTURE(offset);
    const auto ticket =
        store.start({.operation = BlockOperation::Read, .offset = offset, .length = 512});
    CHECK(store.finish(ticket).trouble.has_value());
}

TEST_CASE("Block store: what is being written survives the store", "[fabric][block]") {
    const test::TemporaryFolder folder;
    const std::string path = image_of(folder, 64 * KiB);
    {
        BlockStore store(raw(path, ImageAccess::ReadWrite));
        for (u64 i = 0; i < 64; ++i) {
            store.forget(store.start({.operation = BlockOperation::Write,
                                      .offset = i * KiB,
                                      .data = std::vector<u8>(KiB, 0x77)}));
        }
    }
    CHECK(contents(path) == std::vector<u8>(64 * KiB, 0x77));
}

TEST_CASE("Block store: a full host gives the data back for another try", "[fabric][block]") {
    auto medium = std::make_unique<FullMedium>();
    FullMedium& full = *medium;
    BlockStore store(std::move(medium));
    const std::vector<u8> data(512, 3);
    BlockOutcome outcome =
        store.finish(store.start({.operation = BlockOperation::Write, .data = data}));
    REQUIRE(outcome.trouble.has_value());
    CHECK(outcome.trouble->kind == BlockTrouble::Kind::HostFull);
    CHECK(outcome.data == data);

    static_cast<void>(store.idle_medium());
    full.full = false;
    outcome = store.finish(
        store.start({.operation = BlockOperation::Write, .data = std::move(outcome.data)}));
    CHECK_FALSE(outcome.trouble.has_value());
}
