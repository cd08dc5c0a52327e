// SPDX-License-Identifier: BSD-2-Clause
#include "devices/storage/atapi_cdrom.hpp"

#include "tests/devices/storage/ide_bench.hpp"
#include "tests/support/device_conformance.hpp"

using namespace devices;
using namespace devices::mmc;

namespace {

constexpr u64 disc_sectors = 1000;

using Packet = std::vector<u8>;

/// A CD drive that is the first on its channel.
struct Bench : test::IdeWires {
    explicit Bench(bool with_disc = true)
        : drive({}, {events, with_disc ? &disc.store : nullptr,
                     [this](const auto& trouble) { troubles.push_back(trouble); }}) {
        for (int i = 0; i < 2; ++i) (void)command({0x00});  // The news of the first day.
    }

    test::Image disc{disc_sectors * 2048, true};
    std::vector<fabric::BlockTrouble> troubles;
    AtapiCdrom drive;
    test::IdeController ide{*this, {&drive, nullptr}};

    void send(Packet packet, u16 limit, u8 features) const {
        packet.resize(12);
        ide.out(0x1f6, 0xa0);
        ide.out(0x1f1, features);
        ide.out(0x1f4, limit);
        ide.out(0x1f5, limit >> 8);
        ide.out(0x1f7, ata::command::Packet);
        ide.wait();
        CHECK(ide.status() == 0x58);
        CHECK(ide.in(0x1f2) == 1);  // A command, from the host.
        ide.write_pio(packet);
    }

    /// By PIO; what came in.
    std::vector<u8> command(const Packet& packet, u16 limit = 0xfffe) const {
        send(packet, limit, 0);
        std::vector<u8> data;
        while (true) {
            ide.wait();
            const u8 status = ide.in(0x1f7);
            if ((status & 0x08) == 0) break;
            CHECK(ide.in(0x1f2) == 2);  // Data, to the host.
            const auto bytes = static_cast<usize>(ide.in(0x1f4) | ide.in(0x1f5) << 8);
            CHECK(bytes <= limit);
            std::vector<u8> block = ide.read_pio(bytes);
            block.resize(bytes);
            data.insert(data.end(), block.begin(), block.end());
        }
        CHECK(ide.in(0x1f2) == 3);
        return data;
    }
    bool failed() const { return (ide.status() & 1) != 0; }
    Sense sense() const {
        const std::vector<u8> data = command({0x03, 0, 0, 0, 18});
        REQUIRE(data.size() == 18);
        return {data[2], data[12], data[13]};
    }
    Sense sense_of(const Packet& packet) const {
        (void)command(packet);
        return failed() ? sense() : Sense{};
    }
    std::vector<u8> on_disc(u64 sector, u64 count) const {
        const auto first = disc.medium.contents.begin() + static_cast<i64>(2048 * sector);
        return {first, first + static_cast<i64>(2048 * count)};
    }
    int event() const {
        const auto data = command({0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8});
        return data.size() == 8 ? data[4] : -1;
    }
};

u32 big(std::span<const u8> bytes) {
    return u32{bytes[0]} << 24 | u32{bytes[1]} << 16 | u32{bytes[2]} << 8 | u32{bytes[3]};
}

}  // namespace

TEST_CASE("ATAPI: a packet device can be told apart", "[devices][atapi]") {
    Bench bench;
    bench.ide.out(0x3f6, 4);
    bench.ide.out(0x3f6, 0);
    CHECK(bench.ide.status() == 0);
    CHECK(bench.ide.in(0x1f4) == 0x14);
    CHECK(bench.ide.in(0x1f5) == 0xeb);
    bench.ide.out(0x1f7, ata::command::IdentifyDevice);
    CHECK(bench.ide.status() == 0x51);
    CHECK(bench.ide.in(0x1f4) == 0x14);
    bench.ide.out(0x1f7, ata::command::IdentifyPacketDevice);
    CHECK(bench.ide.status() == 0x58);
    const std::vector<u8> identity = bench.ide.read_pio(512);
    CHECK(bench.ide.status() == 0x50);
    CHECK((identity[0] | identity[1] << 8) == 0x85c0);
}

TEST_CASE("ATAPI: news come before all else, but not before INQUIRY", "[devices][atapi]") {
    Bench bench;
    bench.drive.reset(fabric::ResetKind::Platform);
    CHECK(bench.command({0x12, 0, 0, 0, 36}).size() == 36);
    CHECK(bench.sense_of({0x00}) == sense::ResetOccurred);
    CHECK(bench.sense_of({0x25}) == sense::MediumMayHaveChanged);
    CHECK(bench.sense_of({0x00}) == Sense{});
}

TEST_CASE("ATAPI: sectors are read by PIO in blocks of the host's size", "[devices][atapi]") {
    Bench bench;
    const u16 limit = GENERATE(u16{0xfffe}, u16{2048}, u16{3000}, u16{2});
    CAPTURE(limit);
    const u8 count = limit == 2 ? 1 : 70;
    CHECK(bench.command({0x28, 0, 0, 0, 0, 100, 0, 0, count}, limit) == bench.on_disc(100, count));
    CHECK_FALSE(bench.failed());
    CHECK(bench.irq14.level == false);
}

TEST_CASE("ATAPI: sectors are read by DMA", "[devices][atapi]") {
    Bench bench;
    for (u32 i = 0; i < 3; ++i) {
        bench.ide.describe(0x1000, i, 0x10'0000 + i * 0x1'0000, i == 2 ? 0x2000 : 0, i == 2);
    }
    bench.ide.start_bus_master(0x1000, true);
    bench.send({0xa8, 0, 0, 0, 1, 0, 0, 0, 0, 68}, 0, 1);
    bench.ide.wait();
    CHECK(bench.ide.bus_master_status() == 0x04);
    CHECK(bench.ide.in(0x1f7) == 0x50);
    CHECK(bench.ide.get(0x10'0000, 68 * 2048) == bench.on_disc(256, 68));
}

TEST_CASE("ATAPI: beyond the end of the disc", "[devices][atapi][hostile]") {
    Bench bench;
    CHECK(bench.sense_of({0x28, 0, 0, 0, 3, 0xe8, 0, 0, 1}) == sense::OutOfRange);
    CHECK(bench.sense_of({0x28, 0, 0, 0, 3, 0xe7, 0, 0, 2}) == sense::OutOfRange);
    CHECK(bench.sense_of({0xa8, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}) ==
          sense::OutOfRange);
    CHECK(bench.sense_of({0x28, 0, 0, 0, 3, 0xe7, 0, 0, 1}) == Sense{});
    CHECK(bench.sense_of({0xff}) == sense::InvalidOperation);
    CHECK(bench.sense() == Sense{});  // Told once.
}

TEST_CASE("ATAPI: capacity and table of contents", "[devices][atapi]") {
    Bench bench;
    const auto capacity = bench.command({0x25});
    REQUIRE(capacity.size() == 8);
    CHECK(big(capacity) == disc_sectors - 1);
    CHECK(capacity[6] == 8);

    const auto toc = bench.command({0x43, 0, 0, 0, 0, 0, 0, 3, 0x24});
    REQUIRE(toc.size() == 20);
    CHECK(toc[1] == 18);
    CHECK(toc[6] == 1);
    CHECK(toc[14] == 0xaa);
    CHECK(big(std::span(toc).subspan(16)) == disc_sectors);
    const auto msf = bench.command({0x43, 2, 0, 0, 0, 0, 0, 3, 0x24});
    CHECK(std::vector<u8>(msf.begin() + 8, msf.begin() + 12) == std::vector<u8>{0, 0, 2, 0});
    CHECK(bench.command({0x43, 0, 1, 0, 0, 0, 0, 0, 12}).size() == 12);
    CHECK(bench.command({0x43, 0, 2, 0, 0, 0, 0, 3, 0x24}).size() == 48);
    CHECK(bench.command({0x43, 0, 0, 0, 0, 0, 0, 0, 7}).size() == 7);  // An odd room.
    CHECK(bench.sense_of({0x43, 0, 0, 0, 0, 0, 5, 3, 0x24}) == sense::InvalidField);
}

TEST_CASE("ATAPI: raw sectors", "[devices][atapi]") {
    Bench bench;
    const auto raw = bench.command({0xbe, 0, 0, 0, 0, 1, 0, 0, 2, 0xf8});
    REQUIRE(raw.size() == 2 * 2352);
    CHECK(std::vector<u8>(raw.begin() + 11, raw.begin() + 16) == std::vector<u8>{0, 0, 2, 1, 1});
    CHECK(std::vector<u8>(raw.begin() + 16, raw.begin() + 16 + 2048) == bench.on_disc(1, 1));
    CHECK(bench.command({0xbe, 0, 0, 0, 0, 1, 0, 0, 2, 0x10}) == bench.on_disc(1, 2));
    // From 00:02:03 to 00:02:04 is sector 3.
    CHECK(bench.command({0xb9, 0, 0, 0, 2, 3, 0, 2, 4, 0x10}) == bench.on_disc(3, 1));
    CHECK(bench.sense_of({0xb9, 0, 0, 0, 1, 3, 0, 2, 4, 0x10}) == sense::InvalidField);
}

TEST_CASE("ATAPI: what it can do depends on the disc", "[devices][atapi]") {
    Bench bench;
    const auto configuration = bench.command({0x46, 0, 0, 0, 0, 0, 0, 1, 0});
    REQUIRE(configuration.size() > 8);
    CHECK(configuration[7] == profile::CdRom);
    CHECK(big(configuration) == configuration.size() - 4);
    const auto page = bench.command({0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 100});
    CHECK(page.size() == 8 + 20);
    CHECK(page[1] == page.size() - 2);
    CHECK(bench.command({0x1a, 0, 0x3f, 0, 200}).size() == 4 + 8 + 16 + 20);
    CHECK(bench.sense_of({0x5a, 0, 0x07, 0, 0, 0, 0, 0, 100}) == sense::InvalidField);
    CHECK(bench.command({0x51, 0, 0, 0, 0, 0, 0, 0, 34}).size() == 34);
    CHECK(bench.command({0x52, 1, 0, 0, 0, 1, 0, 0, 36}).size() == 36);
    CHECK(bench.sense_of({0xad, 0, 0, 0, 0, 0, 0, 0, 8, 4}).code == 0x30);
}

TEST_CASE("ATAPI: parameters that the host sends are taken", "[devices][atapi]") {
    Bench bench;
    bench.send({0x55, 0x10, 0, 0, 0, 0, 0, 0, 16}, 10, 0);
    for (const u32 expected : {10u, 6u}) {
        CHECK(bench.ide.status() == 0x58);
        CHECK(bench.ide.in(0x1f2) == 0);
        CHECK(bench.ide.in(0x1f4) == expected);
        bench.ide.write_pio(std::vector<u8>(expected));
    }
    CHECK(bench.ide.status() == 0x50);
    CHECK(bench.ide.in(0x1f2) == 3);
}

TEST_CASE("ATAPI: an empty drive", "[devices][atapi]") {
    Bench bench(false);
    CHECK(bench.sense_of({0x00}) == sense::MediumNotPresent);
    CHECK(bench.sense_of({0x28, 0, 0, 0, 0, 0, 0, 0, 1}) == sense::MediumNotPresent);
    CHECK(bench.event() == 0);

    test::Image disc(2048 * 50, true);
    CHECK(bench.drive.change_disc(&disc.store));
    CHECK(bench.event() == static_cast<int>(MediaEvent::NewMedia));
    CHECK(bench.event() == 0);
    CHECK(bench.sense_of({0x00}) == sense::MediumMayHaveChanged);
    CHECK(big(bench.command({0x25})) == 49);
    CHECK(bench.drive.change_disc(nullptr));
    CHECK(bench.event() == static_cast<int>(MediaEvent::MediaRemoval));
}

TEST_CASE("ATAPI: a locked tray asks the guest first", "[devices][atapi]") {
    Bench bench;
    (void)bench.command({0x1e, 0, 0, 0, 1});
    CHECK(bench.sense_of({0x1b, 0, 0, 0, 2}) == sense::RemovalPrevented);
    CHECK_FALSE(bench.drive.change_disc(nullptr));
    CHECK(bench.event() == static_cast<int>(MediaEvent::EjectRequest));
    (void)bench.command({0x1e});
    (void)bench.command({0x1b, 0, 0, 0, 2});
    CHECK_FALSE(bench.failed());
    CHECK(bench.sense_of({0x00}) == sense::MediumNotPresentTrayOpen);
    CHECK(bench.drive.change_disc(nullptr));
    CHECK(bench.sense_of({0x00}) == sense::MediumNotPresent);
}

TEST_CASE("ATAPI: the guest opens the tray and closes it again", "[devices][atapi]") {
    Bench bench;
    (void)bench.command({0x1b, 0, 0, 0, 2});
    CHECK(bench.event() == static_cast<int>(MediaEvent::MediaRemoval));
    CHECK(bench.sense_of({0x25}) == sense::MediumNotPresentTrayOpen);
    (void)bench.command({0x1b, 0, 0, 0, 3});
    CHECK(bench.event() == static_cast<int>(MediaEvent::NewMedia));
    CHECK(bench.sense_of({0x25}) == sense::MediumMayHaveChanged);
    CHECK(bench.sense_of({0x25}) == Sense{});
}

TEST_CASE("ATAPI: a disc that vanishes while it is read", "[devices][atapi][hostile]") {
    Bench bench;
    bench.send({0x28, 0, 0, 0, 0, 0, 0, 0, 60}, 0xfffe, 0);
    CHECK(bench.ide.busy());
    CHECK(bench.drive.change_disc(nullptr));
    bench.ide.wait();
    CHECK(bench.failed());
}

TEST_CASE("ATAPI: DEVICE RESET helps at any time", "[devices][atapi]") {
    Bench bench;
    bench.send({0x28, 0, 0, 0, 0, 0, 0, 0, 60}, 0xfffe, 0);
    bench.ide.out(0x1f7, ata::command::DeviceReset);
    CHECK(bench.ide.status() == 0);
    CHECK(bench.ide.in(0x1f4) == 0x14);
    CHECK(bench.sense_of({0x00}) == Sense{});
}

TEST_CASE("ATAPI: a sector that the host cannot read", "[devices][atapi]") {
    Bench bench;
    bench.disc.medium.broken = true;
    bench.send({0x28, 0, 0, 0, 0, 0, 0, 0, 1}, 0xfffe, 0);
    bench.events.run_until(bench.events.now() + fabric::VmDuration{1'000'000'000});
    CHECK(bench.troubles.size() == 1);
    REQUIRE(bench.drive.stalled());
    bench.drive.give_up();
    CHECK(bench.failed());
    CHECK(bench.sense() == sense::UnrecoveredReadError);
}

TEST_CASE("ATAPI: a transfer goes on where a snapshot cut it", "[devices][atapi][snapshot]") {
    Bench bench;
    Bench restored;
    bench.send({0x28, 0, 0, 0, 0, 7, 0, 0, 2}, 1000, 0);
    std::vector<u8> data;
    const bool busy = GENERATE(false, true);
    if (!busy) {
        bench.ide.wait();
        data = bench.ide.read_pio(900);
    }
    test::check_state_survives(bench.drive, restored.drive);
    fabric::StateWriter out;
    bench.events.save(out);
    fabric::StateReader in(out.bytes());
    REQUIRE(restored.events.restore(in).has_value());
    CHECK(restored.irq14.level == false);

    while (data.size() < 2 * 2048) {
        restored.ide.wait();
        REQUIRE((restored.ide.status() & 8) != 0);
        const std::vector<u8> more = restored.ide.read_pio(2);
        data.insert(data.end(), more.begin(), more.end());
    }
    CHECK(data == bench.on_disc(7, 2));
}

TEST_CASE("ATAPI: damaged checkpoints are refused or harmless", "[devices][atapi][hostile]") {
    Bench bench;
    bench.send({0x43, 0, 0, 0, 0, 0, 0, 0, 20}, 10, 0);
    (void)bench.ide.read_pio(4);
    const std::vector<u8> bytes = test::saved(bench.drive);
    Bench other;
    for (usize i = 0; i < bytes.size(); ++i) {
        for (const u8 flip : {u8{0x01}, u8{0xff}}) {
            std::vector<u8> damaged = bytes;
            damaged[i] = static_cast<u8>(damaged[i] ^ flip);
            fabric::StateReader in(damaged);
            if (!other.drive.restore(in)) continue;
            (void)other.ide.read_pio(1024);
            other.ide.write_pio(std::vector<u8>(64));
            other.events.run_until(other.events.now() + fabric::VmDuration{10'000'000});
            (void)other.ide.read_pio(1024);
            other.drive.reset(fabric::ResetKind::PowerOn);
        }
    }
    CHECK(other.ide.status() == 0);
}

TEST_CASE("ATAPI: any packet is survived", "[devices][atapi][hostile]") {
    Bench bench;
    u64 seed = 7;
    const auto random = [&] {
        seed = seed * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
        return static_cast<u8>(seed >> 40);
    };
    for (u32 i = 0; i < 6000; ++i) {
        Packet packet(12);
        for (u8& byte : packet) byte = random() < 100 ? random() : u8{0};
        packet[0] = static_cast<u8>(i);
        bench.send(packet, static_cast<u16>(random() << 8 | random()), random() & 1);
        for (int step = 0; step < 4; ++step) {
            bench.events.run_until(bench.events.now() + fabric::VmDuration{5'000'000});
            (void)bench.ide.read_pio(512);
            bench.ide.write_pio(std::vector<u8>(64));
        }
        bench.ide.out(0x1f7, ata::command::DeviceReset);
        REQUIRE(bench.ide.status() == 0);
    }
    bench.drive.reset(fabric::ResetKind::PowerOn);
    test::Image disc(2048, true);
    fabric::EventQueue events;
    CHECK(bench.drive.state() == AtapiCdrom({}, {events, &disc.store, {}}).state());
}
