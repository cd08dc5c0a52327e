// SPDX-License-Identifier: BSD-2-Clause
//
// A disk that boots, written to through the BIOS and by bus master DMA; what is on the image
// afterwards; checkpoints among the transfers. And what cannot be a drive.
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <functional>
#include <random>

#include "fabric/host/file.hpp"
#include "tests/machine/pc_guest.hpp"
#include "tests/support/temporary_folder.hpp"

using devices::AtaDisk;
using fabric::BlockOperation;
using machine::PcConfig;
using machine::PcDisk;
using machine::PcDrives;
using machine::RunOutcome;
using test::PcGuest;

namespace {

constexpr usize sector = AtaDisk::sector_bytes;
constexpr u64 image_bytes = u64{1} << 20;

// As disk_guest.asm has them.
constexpr usize data_first = 64;
constexpr usize data_sectors = 64;
constexpr usize written = 200;
constexpr usize written_by_dma = 208;
constexpr usize sectors_by_dma = 8;

std::vector<u8> contents(const std::string& path) {
    return fabric::read_whole_file(path, 1 << 24).value();
}

void put_file(const std::string& path, const std::vector<u8>& bytes) {
    std::ofstream out(path, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<i64>(bytes.size()));
}

std::vector<u8> fresh_image() {
    std::vector<u8> image = contents(DISK_GUEST);
    image.resize(image_bytes);
    std::mt19937 random(13);
    for (usize i = data_first * sector; i < image.size(); ++i) {
        image[i] = static_cast<u8>(random());
    }
    return image;
}

u32 sum_of_data(const std::vector<u8>& image) {
    u32 sum = 0;
    for (usize i = data_first * sector; i < (data_first + data_sectors) * sector; i += 4) {
        sum = sum << 1 | sum >> 31;
        for (usize byte = 0; byte < 4; ++byte) sum += u32{image[i + byte]} << (8 * byte);
    }
    return sum;
}

std::vector<u8> image_afterwards() {
    std::vector<u8> image = fresh_image();
    const u32 sum = sum_of_data(image);
    const auto fill = [&](usize first, usize count) {
        for (usize i = first * sector; i < (first + count) * sector; ++i) {
            image[i] = static_cast<u8>(sum >> (8 * (i % 4)));
        }
    };
    fill(written, 1);
    fill(written_by_dma, sectors_by_dma);
    return image;
}

std::string said_to_the_end() {
    char sum[9];
    std::snprintf(sum, sizeof sum, "%08x", sum_of_data(fresh_image()));
    return "Booted.\r\nINT 13h reads " + std::string(sum) + "\r\nINT 13h writes\r\nDMA reads " +
           sum + "\r\nDMA writes\r\nDone.\r\n";
}

PcConfig with_disk(const std::string& path, bool snapshot) {
    PcConfig config = test::pc_config();
    config.disks = {PcDisk{.path = path, .snapshot = snapshot}};
    return config;
}

struct Ending {
    u64 hash = 0;
    u64 retired = 0;
    std::string serial;
    bool operator==(const Ending&) const = default;
};

Ending ending_of(PcGuest& guest) {
    REQUIRE(guest.run_to_end() == RunOutcome::PowerOff);
    return {guest.hash(), guest.machine->retired(), guest.serial.text};
}

struct Moment {
    const char* name;
    std::function<bool(const AtaDisk::State&)> here;
    bool seen = false;
};

bool at_image(const AtaDisk::State& state, u8 command) {
    return state.phase == AtaDisk::Phase::AtImage && state.command == command;
}

std::vector<Moment> moments() {
    return {{"a sector half read by PIO",
             [](auto& state) {
                 return state.phase == AtaDisk::Phase::PioIn && state.position % sector != 0;
             }},
            {"a sector is to be written by PIO",
             [](auto& state) { return state.phase == AtaDisk::Phase::PioOut; }},
            {"the image is being written to",
             [](auto& state) {
                 return state.request.active && state.request.operation == BlockOperation::Write;
             }},
            {"DMA reads", [](auto& state) { return at_image(state, 0xc8); }},
            {"DMA writes", [](auto& state) { return at_image(state, 0xca); }}};
}

/// Steps through the run and stops where `at` has something to look at.
void visit_moments(PcGuest& guest, const std::function<void(const char*)>& at) {
    std::vector<Moment> all = moments();
    while (guest.serial.text.empty()) {
        REQUIRE(guest.machine->run_until(guest.machine->retired() + 20'000) ==
                RunOutcome::LimitReached);
    }
    while (guest.machine->run_until(guest.machine->retired() + 11) == RunOutcome::LimitReached) {
        const AtaDisk::State& state = guest.board().drives().disk(0)->state();
        if (state.phase == AtaDisk::Phase::Idle) continue;
        for (Moment& moment : all) {
            if (moment.seen || !moment.here(state)) continue;
            moment.seen = true;
            at(moment.name);
        }
    }
    for (const Moment& moment : all) {
        CAPTURE(moment.name);
        CHECK(moment.seen);
    }
}

std::string refusal(const std::vector<PcDisk>& disks, const std::vector<std::string>& cdroms) {
    const auto opened = PcDrives::open(disks, cdroms);
    if (opened) return "none";
    CHECK(opened.error().message.find('\n') == std::string::npos);
    return opened.error().message;
}

bool mentions(const std::string& text, const std::string& word) {
    return text.find(word) != std::string::npos;
}

}  // namespace

TEST_CASE("PC drives: a disk boots, is read and written", "[machine][pc][disk]") {
    if (!test::have_seabios()) return;
    const test::TemporaryFolder folder;
    const std::string path = folder.file("disk.img");
    put_file(path, fresh_image());
    const bool snapshot = GENERATE(false, true);
    CAPTURE(snapshot);
    {
        PcGuest guest(with_disk(path, snapshot));
        CHECK(ending_of(guest).serial == said_to_the_end());
        CHECK(guest.times_logged("Satori disk") > 0);
        CHECK(guest.notices.empty());
    }
    CHECK(contents(path) == (snapshot ? fresh_image() : image_afterwards()));
}

TEST_CASE("PC drives: a checkpoint among transfers ends the same", "[machine][pc][disk]") {
    if (!test::have_seabios()) return;
    const test::TemporaryFolder folder;
    const std::string path = folder.file("disk.img");
    put_file(path, fresh_image());
    Ending whole;
    {
        PcGuest guest(with_disk(path, true));
        whole = ending_of(guest);
    }
    SECTION("with an overlay, which is in it") {
        PcGuest stepped(with_disk(path, true));
        visit_moments(stepped, [&](const char* moment) {
            CAPTURE(moment);
            PcGuest elsewhere(with_disk(path, true));
            elsewhere.machine->restore(stepped.checkpoint()).value();
            REQUIRE(elsewhere.hash() == stepped.hash());
            elsewhere.serial.text = stepped.serial.text;
            CHECK(ending_of(elsewhere) == whole);
        });
        CHECK(ending_of(stepped) == whole);
    }
    SECTION("with an image, which is beside it") {
        PcGuest stepped(with_disk(path, false));
        visit_moments(stepped, [&](const char* moment) {
            CAPTURE(moment);
            const fabric::SnapshotFile checkpoint = stepped.checkpoint();
            const std::string copy = folder.file("copy.img");
            std::filesystem::copy_file(path, copy,
                                       std::filesystem::copy_options::overwrite_existing);
            {
                PcGuest elsewhere(with_disk(copy, false));
                elsewhere.machine->restore(checkpoint).value();
                elsewhere.serial.text = stepped.serial.text;
                const Ending ending = ending_of(elsewhere);
                CHECK(ending.serial == whole.serial);
                CHECK(ending.retired == whole.retired);
            }
            CHECK(contents(copy) == image_afterwards());
        });
    }
}

TEST_CASE("PC drives: a checkpoint fits the drives it was made with", "[machine][pc][disk]") {
    if (!test::have_seabios()) return;
    const test::TemporaryFolder folder;
    const std::string path = folder.file("disk.img");
    put_file(path, fresh_image());
    const PcGuest saved(with_disk(path, true));
    PcGuest bare;
    const u64 hash = bare.hash();
    const auto outcome = bare.machine->restore(saved.checkpoint());
    REQUIRE_FALSE(outcome.has_value());
    CHECK(mentions(outcome.error().message, "ide0.disk0 of 1048576 bytes with snapshot=on"));
    CHECK(mentions(outcome.error().message, "--disk"));
    CHECK(bare.hash() == hash);
}

TEST_CASE("PC drives: everybody has a place", "[machine][pc][disk]") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("disk.img");
    put_file(path, std::vector<u8>(4096));
    const PcDisk disk{.path = path, .snapshot = true};
    const auto places = [&](usize disks, usize cdroms) {
        return PcDrives::text_of(
            PcDrives::open(std::vector<PcDisk>(disks, disk), std::vector<std::string>(cdroms, path))
                .value());
    };
    const std::string with = " of 4096 bytes with snapshot=on";
    const std::string of = " of 4096 bytes";
    CHECK(places(0, 0).empty());
    CHECK(places(1, 0) == "ide0.disk0" + with);
    CHECK(places(0, 1) == "ide1.cdrom0" + of);
    CHECK(places(1, 2) == "ide0.disk0" + with + ", ide1.cdrom0" + of + ", ide1.cdrom1" + of);
    CHECK(places(3, 1) == "ide0.disk0" + with + ", ide0.disk1" + with + ", ide1.disk0" + with +
                              ", ide1.cdrom1" + of);
    CHECK(places(0, 4).size() == 4 * std::string("ide0.cdrom0 of 4096 bytes, ").size() - 2);
    CHECK(mentions(refusal(std::vector<PcDisk>(4, disk), {path}), "room for 4"));
}

TEST_CASE("PC drives: SeaBIOS finds all four", "[machine][pc][disk]") {
    if (!test::have_seabios()) return;
    const test::TemporaryFolder folder;
    const std::string path = folder.file("disk.img");
    put_file(path, std::vector<u8>(1 << 20));
    PcConfig config = test::pc_config();
    config.disks.assign(3, PcDisk{.path = path, .snapshot = true});
    config.cdroms = {path};
    PcGuest guest(config);
    REQUIRE(guest.run_until_logged("No bootable device"));
    for (const char* found : {"ata0-0: Satori disk", "ata0-1: Satori disk", "ata1-0: Satori disk",
                              "ata1-1: Satori DVD-ROM"}) {
        CAPTURE(found, guest.log.text);
        CHECK(guest.times_logged(found) > 0);
    }
}

TEST_CASE("PC drives: what cannot be one is refused in a line", "[machine][pc][disk][hostile]") {
    const test::TemporaryFolder folder;
    const std::string absent = folder.file("absent.img");
    CHECK(mentions(refusal({{.path = absent}}, {}), "truncate -s 8G " + absent));
    CHECK(mentions(refusal({}, {absent}), "CD: " + absent + ": No such file"));
    const std::string odd = folder.file("odd.img");
    put_file(odd, std::vector<u8>(1000));
    CHECK(mentions(refusal({{.path = odd}}, {}), odd + ": its size, 1000 bytes"));
    put_file(odd, std::vector<u8>(512));
    CHECK(mentions(refusal({}, {odd}), "2048"));
    CHECK(mentions(refusal({{.path = odd}, {.path = odd}}, {}), "in use"));
    CHECK(mentions(refusal({{.path = odd}, {.path = odd, .snapshot = true}}, {}), "in use"));
    CHECK(refusal({{.path = odd, .snapshot = true}, {.path = odd, .snapshot = true}}, {}) ==
          "none");
}
