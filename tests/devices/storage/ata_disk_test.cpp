// SPDX-License-Identifier: BSD-2-Clause
#include "devices/storage/ata_disk.hpp"

#include "tests/devices/storage/ide_bench.hpp"
#include "tests/support/device_conformance.hpp"

using namespace devices;
using namespace devices::ata;

namespace {

constexpr u64 disk_bytes = u64{4} << 20;
constexpr u64 disk_sectors = disk_bytes / 512;

struct Bench : test::IdeWires {
    explicit Bench(u64 bytes = disk_bytes, bool read_only = false) : image(bytes, read_only) {}

    test::Image image;
    std::vector<fabric::BlockTrouble> troubles;
    AtaDisk disk{
        {}, {events, image.store, [this](const auto& trouble) { troubles.push_back(trouble); }}};
    test::IdeController ide{*this, {&disk, nullptr}};

    std::vector<u8> on_image(u64 sector, u64 count) const {
        const auto first = image.medium.contents.begin() + static_cast<i64>(512 * sector);
        return {first, first + static_cast<i64>(512 * count)};
    }
    u32 identity_word(u32 word) {
        ide.command(command::IdentifyDevice);
        const std::vector<u8> bytes = ide.read_pio(512);
        return u32{bytes[2 * word]} | u32{bytes[2 * word + 1]} << 8;
    }
};

std::vector<u8> pattern(usize bytes, u8 seed) {
    std::vector<u8> data(bytes);
    for (usize i = 0; i < bytes; ++i) data[i] = static_cast<u8>(seed + i * 3 + i / 256);
    return data;
}

}  // namespace

TEST_CASE("ATA disk: says what it is", "[devices][ata]") {
    Bench bench;
    bench.ide.command(command::IdentifyDevice);
    CHECK(bench.irq14.level);
    CHECK(bench.ide.status() == 0x58);
    const std::vector<u8> bytes = bench.ide.read_pio(512);
    CHECK(bench.ide.status() == 0x50);
    u32 sum = 0;
    for (const u8 byte : bytes) sum += byte;
    CHECK((sum & 0xff) == 0);
    CHECK(bytes[0] == 0x40);
    CHECK(bytes[54] == 'a');  // "Satori disk", the high byte of a word first.
    CHECK(bytes[55] == 'S');
    CHECK(bench.identity_word(60) == disk_sectors);
    CHECK(bench.identity_word(100) == disk_sectors);
}

TEST_CASE("ATA disk: sectors are read by PIO, an interrupt for each", "[devices][ata]") {
    Bench bench;
    bench.ide.command(command::ReadSectors, 5, 3);
    CHECK(bench.ide.busy());
    CHECK(bench.ide.in(0x1f2) == bench.ide.status());  // A busy drive shows its status everywhere.
    bench.ide.wait();
    for (u64 i = 0; i < 3; ++i) {
        CAPTURE(i);
        CHECK(bench.irq14.level);
        CHECK(bench.ide.in(0x1f7) == 0x58);
        CHECK_FALSE(bench.irq14.level);
        CHECK(bench.ide.read_pio(512) == bench.on_image(5 + i, 1));
    }
    CHECK(bench.ide.status() == 0x50);
    CHECK_FALSE(bench.irq14.level);
}

TEST_CASE("ATA disk: sectors are written by PIO; the first block needs no interrupt",
          "[devices][ata]") {
    Bench bench;
    const std::vector<u8> data = pattern(1024, 9);
    bench.ide.command(command::WriteSectors, 7, 2);
    CHECK(bench.ide.status() == 0x58);
    CHECK_FALSE(bench.irq14.level);
    bench.ide.write_pio(std::span(data).first(512));
    bench.ide.wait();
    CHECK(bench.irq14.level);
    CHECK(bench.ide.in(0x1f7) == 0x58);
    bench.ide.write_pio(std::span(data).subspan(512));
    bench.ide.wait();
    CHECK(bench.irq14.level);
    CHECK(bench.ide.in(0x1f7) == 0x50);
    CHECK(bench.on_image(7, 2) == data);
}

TEST_CASE("ATA disk: multiple transfers interrupt for each block", "[devices][ata]") {
    Bench bench;
    bench.ide.command(command::ReadMultiple, 0, 8);
    CHECK(bench.ide.status() == 0x51);  // It was not switched on.
    CHECK(bench.ide.in(0x1f1) == error::Abort);

    bench.ide.command(command::SetMultipleMode, 0, 3);
    CHECK(bench.ide.status() == 0x51);
    bench.ide.command(command::SetMultipleMode, 0, 4);
    CHECK(bench.ide.status() == 0x50);
    CHECK(bench.identity_word(59) == 0x0104);

    (void)bench.ide.in(0x1f7);
    const u32 driven = bench.irq14.times_driven;
    bench.ide.command(command::ReadMultiple, 100, 10);
    bench.ide.wait();
    std::vector<u8> data;
    for (const usize block : {4u, 4u, 2u}) {
        CHECK(bench.irq14.level);
        (void)bench.ide.in(0x1f7);
        const std::vector<u8> part = bench.ide.read_pio(512 * block);
        data.insert(data.end(), part.begin(), part.end());
    }
    CHECK(data == bench.on_image(100, 10));
    CHECK(bench.irq14.times_driven == driven + 6);
}

TEST_CASE("ATA disk: 48-bit addresses and counts", "[devices][ata]") {
    Bench bench;
    bench.ide.command_ext(command::ReadSectorsExt, 17, 0x101);
    bench.ide.wait();
    std::vector<u8> data;
    for (u32 i = 0; i < 0x101; ++i) {
        bench.ide.wait();
        const std::vector<u8> sector = bench.ide.read_pio(512);
        data.insert(data.end(), sector.begin(), sector.end());
    }
    CHECK(data == bench.on_image(17, 0x101));

    bench.ide.command_ext(command::ReadSectorsExt, u64{1} << 40, 1);
    CHECK(bench.ide.status() == 0x51);
    CHECK(bench.ide.in(0x1f1) == error::IdNotFound);
    bench.ide.out(0x3f6, control::HighOrderByte);
    CHECK(bench.ide.in(0x1f5) == 1);
}

TEST_CASE("ATA disk: cylinders, heads and sectors", "[devices][ata]") {
    Bench bench;
    bench.ide.out(0x1f6, 0xa0 | 3);  // 4 heads,
    bench.ide.out(0x1f2, 10);        // 10 sectors.
    bench.ide.out(0x1f7, command::InitializeParameters);
    CHECK(bench.identity_word(55) == 4);
    CHECK(bench.identity_word(56) == 10);

    const auto read = [&](u32 cylinder, u32 head, u32 sector) {
        bench.ide.out(0x1f6, 0xa0 | head);
        bench.ide.out(0x1f2, 1);
        bench.ide.out(0x1f3, sector);
        bench.ide.out(0x1f4, cylinder);
        bench.ide.out(0x1f5, cylinder >> 8);
        bench.ide.out(0x1f7, command::ReadSectors);
        bench.ide.wait();
    };
    read(2, 3, 4);
    CHECK(bench.ide.read_pio(512) == bench.on_image((2 * 4 + 3) * 10 + 3, 1));
    for (const auto& [head, sector] : {std::pair{3u, 0u}, {3u, 11u}, {4u, 1u}}) {
        read(0, head, sector);
        CHECK(bench.ide.status() == 0x51);
        CHECK(bench.ide.in(0x1f1) == error::IdNotFound);
    }
}

TEST_CASE("ATA disk: beyond the end is not found", "[devices][ata][hostile]") {
    Bench bench;
    const u8 code = GENERATE(command::ReadSectors, command::WriteSectors, command::ReadDma,
                             command::WriteDma, command::ReadVerify);
    CAPTURE(code);
    const auto& [sector, count] =
        GENERATE(std::pair{disk_sectors, 1u}, std::pair{disk_sectors - 1, 2u},
                 std::pair{u64{0x0fff'ffff}, 0u});
    bench.ide.command(code, sector, count);
    CHECK(bench.ide.status() == 0x51);
    CHECK(bench.ide.in(0x1f1) == error::IdNotFound);
    CHECK(bench.irq14.level);
}

TEST_CASE("ATA disk: DMA scatters and gathers", "[devices][ata]") {
    Bench bench;
    const auto describe = [&] {
        bench.ide.describe(0x1000, 0, 0x8000, 512 + 2, false);
        bench.ide.describe(0x1000, 1, 0x2'0000, 1022, false);
        bench.ide.describe(0x1000, 2, 0x1'0000, 0, true);  // 64 KiB.
    };
    const u32 sectors = 3 + 128;
    describe();
    bench.ide.start_bus_master(0x1000, true);
    bench.ide.command(command::ReadDma, 64, sectors);
    CHECK(bench.ide.bus_master_status() == 0x01);
    bench.ide.wait();
    CHECK(bench.irq14.level);
    CHECK(bench.ide.bus_master_status() == 0x04);  // Table and transfer end together.
    CHECK(bench.ide.in(0x1f7) == 0x50);
    std::vector<u8> read = bench.ide.get(0x8000, 514);
    for (const u8 byte : bench.ide.get(0x2'0000, 1022)) read.push_back(byte);
    for (const u8 byte : bench.ide.get(0x1'0000, 0x1'0000)) read.push_back(byte);
    CHECK(read == bench.on_image(64, sectors));

    bench.ide.out(bench.ide.bus_master, 0);
    bench.ide.command(command::WriteDma, 1000, sectors);
    bench.ide.start_bus_master(0x1000, false);  // Drivers start it after the command.
    bench.ide.wait();
    CHECK(bench.ide.bus_master_status() == 0x04);
    CHECK(bench.on_image(1000, sectors) == read);
}

TEST_CASE("ATA disk: a long DMA transfer goes in pieces", "[devices][ata]") {
    Bench bench;
    constexpr u32 sectors = 1024;
    for (u32 i = 0; i < 8; ++i) {
        bench.ide.describe(0x1000, i, 0x10'0000 + i * 0x1'0000, 0, i == 7);
    }
    bench.ide.start_bus_master(0x1000, true);
    bench.ide.command_ext(command::ReadDmaExt, 3, sectors);
    bench.ide.wait();
    CHECK(bench.ide.bus_master_status() == 0x04);
    CHECK(bench.ide.get(0x10'0000, 512 * sectors) == bench.on_image(3, sectors));
}

TEST_CASE("ATA disk: tables that are too short or too long say so", "[devices][ata][hostile]") {
    Bench bench;
    SECTION("too long: the bus master is still active") {
        bench.ide.describe(0x1000, 0, 0x8000, 1024, true);
        bench.ide.start_bus_master(0x1000, true);
        bench.ide.command(command::ReadDma, 0, 1);
        bench.ide.wait();
        CHECK(bench.ide.bus_master_status() == 0x05);
    }
    SECTION("too short: no interrupt, and a reset helps") {
        bench.ide.describe(0x1000, 0, 0x8000, 512, true);
        bench.ide.start_bus_master(0x1000, true);
        bench.ide.command(command::ReadDma, 0, 2);
        bench.ide.wait();
        CHECK(bench.ide.bus_master_status() == 0x00);
        CHECK(bench.ide.status() == 0x58);
        bench.ide.out(0x3f6, control::SoftReset);
        CHECK(bench.ide.status() == 0x80);
        bench.ide.out(0x3f6, 0);
        CHECK(bench.ide.status() == 0x50);
    }
    SECTION("a region that is no memory is an error") {
        bench.ide.describe(0x1000, 0, 0x4000'0000, 512, true);
        bench.ide.start_bus_master(0x1000, true);
        bench.ide.command(command::ReadDma, 0, 1);
        bench.ide.wait();
        CHECK(bench.ide.bus_master_status() == 0x02);
    }
    SECTION("so is a table that is none") {
        bench.ide.start_bus_master(0xffff'fffc, true);
        bench.ide.command(command::ReadDma, 0, 1);
        bench.ide.wait();
        CHECK(bench.ide.bus_master_status() == 0x02);
    }
    SECTION("the wrong direction moves nothing") {
        bench.ide.describe(0x1000, 0, 0x8000, 512, true);
        bench.ide.start_bus_master(0x1000, false);
        bench.ide.command(command::ReadDma, 0, 1);
        bench.ide.wait();
        CHECK(bench.ide.bus_master_status() == 0x01);
    }
    SECTION("no bus master is allowed: it waits") {
        bench.ide.config(0x04, 2, 1);
        bench.ide.describe(0x1000, 0, 0x8000, 512, true);
        bench.ide.start_bus_master(0x1000, true);
        bench.ide.command(command::ReadDma, 4, 1);
        bench.ide.wait();
        CHECK(bench.ide.bus_master_status() == 0x01);
        bench.ide.config(0x04, 2, 5);
        CHECK(bench.ide.bus_master_status() == 0x04);
        CHECK(bench.ide.get(0x8000, 512) == bench.on_image(4, 1));
    }
}

TEST_CASE("ATA disk: nIEN keeps the interrupt from the bus", "[devices][ata]") {
    Bench bench;
    bench.ide.out(0x3f6, control::InterruptDisable);
    bench.ide.command(command::IdentifyDevice);
    CHECK_FALSE(bench.irq14.level);
    bench.ide.out(0x3f6, 0);
    CHECK(bench.irq14.level);
    (void)bench.ide.status();
    CHECK(bench.irq14.level);  // The alternate status takes nothing back.
    (void)bench.ide.in(0x1f7);
    CHECK_FALSE(bench.irq14.level);
}

TEST_CASE("ATA disk: a drive that is alone answers for the other", "[devices][ata]") {
    Bench bench;
    bench.ide.out(0x1f6, 0xb0);
    bench.ide.out(0x1f2, 0x55);
    CHECK(bench.ide.in(0x1f2) == 0x55);
    CHECK(bench.ide.in(0x1f7) == 0);
    CHECK(bench.ide.status() == 0);
    bench.ide.out(0x1f7, command::IdentifyDevice);
    CHECK(bench.ide.in(0x1f7) == 0);
    CHECK(bench.ide.in(0x177) == 0xff);  // Nothing at all on the other channel.
    CHECK(bench.ide.in(0x376) == 0xff);
}

TEST_CASE("ATA disk: SET FEATURES selects modes and caches", "[devices][ata]") {
    Bench bench;
    bench.ide.command(command::SetFeatures, 0, 0x45, feature::SetTransferMode);
    CHECK(bench.ide.status() == 0x50);
    CHECK(bench.identity_word(88) == 0x203f);
    CHECK(bench.identity_word(63) == 0x0007);
    bench.ide.command(command::SetFeatures, 0, 0x22, feature::SetTransferMode);
    CHECK(bench.identity_word(88) == 0x003f);
    CHECK(bench.identity_word(63) == 0x0407);
    bench.ide.command(command::SetFeatures, 0, 0x46, feature::SetTransferMode);
    CHECK(bench.ide.status() == 0x51);
    bench.ide.command(command::SetFeatures, 0, 0, feature::DisableWriteCache);
    bench.ide.wait();
    CHECK((bench.identity_word(85) & 0x20) == 0);
    CHECK(bench.image.medium.flushes == 1);
    bench.ide.command(command::SetFeatures, 0, 0, 0x77);
    CHECK(bench.ide.in(0x1f1) == error::Abort);
}

TEST_CASE("ATA disk: power modes", "[devices][ata]") {
    Bench bench;
    const auto mode = [&] {
        bench.ide.command(command::CheckPowerMode, 0, 7);
        return bench.ide.in(0x1f2);
    };
    CHECK(mode() == 0xff);
    bench.ide.command(command::StandbyImmediate);
    CHECK(mode() == 0x00);
    bench.ide.command(command::OldIdleImmediate);
    CHECK(mode() == 0x80);
    bench.ide.command(command::ReadVerify, 0, 1);
    bench.ide.wait();
    CHECK(mode() == 0xff);
    bench.ide.command(command::Sleep);
    (void)bench.ide.in(0x1f7);
    bench.ide.command(command::IdentifyDevice);
    CHECK(bench.ide.status() == 0x50);
    bench.ide.out(0x3f6, control::SoftReset);
    bench.ide.out(0x3f6, 0);
    CHECK(mode() == 0xff);
}

TEST_CASE("ATA disk: SMART finds it in good health", "[devices][ata]") {
    Bench bench;
    bench.ide.command(command::Smart, 0xc2'4f00, 1, 0xda);
    CHECK(bench.ide.status() == 0x50);
    CHECK(bench.ide.in(0x1f4) == 0x4f);
    CHECK(bench.ide.in(0x1f5) == 0xc2);
    bench.ide.command(command::Smart, 0xc2'4f00, 1, 0xd0);
    const std::vector<u8> data = bench.ide.read_pio(512);
    u32 sum = 0;
    for (const u8 byte : data) sum += byte;
    CHECK((sum & 0xff) == 0);
    bench.ide.command(command::Smart, 0, 1, 0xd0);  // Without the key.
    CHECK(bench.ide.status() == 0x51);
}

TEST_CASE("ATA disk: TRIM zeroes what it names", "[devices][ata]") {
    Bench bench;
    std::vector<u8> ranges(512);
    ranges[0] = 10;  // 4 sectors from 10,
    ranges[6] = 4;
    ranges[8] = 100;  // and one from 100.
    ranges[14] = 1;
    bench.ide.put(0x8000, ranges);
    bench.ide.describe(0x1000, 0, 0x8000, 512, true);
    bench.ide.start_bus_master(0x1000, false);
    bench.ide.command(command::DataSetManagement, 0, 1, 1);
    bench.ide.wait();
    CHECK(bench.ide.bus_master_status() == 0x04);
    CHECK(bench.ide.status() == 0x50);
    CHECK(bench.on_image(10, 4) == std::vector<u8>(2048));
    CHECK(bench.on_image(100, 1) == std::vector<u8>(512));
    CHECK(bench.on_image(101, 1) != std::vector<u8>(512));
}

TEST_CASE("ATA disk: what no disk knows is aborted", "[devices][ata][hostile]") {
    Bench bench;
    for (u32 code = 0; code < 256; ++code) {
        bench.ide.command(static_cast<u8>(code), 1, 1);
        bench.ide.wait();
        bench.ide.out(0x3f6, control::SoftReset);
        bench.ide.out(0x3f6, 0);
        CHECK(bench.ide.status() == 0x50);
    }
    bench.ide.command(command::Packet);
    CHECK(bench.ide.in(0x1f1) == error::Abort);
}

TEST_CASE("ATA disk: an image that may not be written aborts writes", "[devices][ata]") {
    Bench bench(disk_bytes, true);
    bench.ide.command(command::WriteSectors, 0, 1);
    CHECK(bench.ide.status() == 0x51);
}

TEST_CASE("ATA disk: a full host stalls the disk until there is room", "[devices][ata]") {
    Bench bench;
    bench.image.medium.full = true;
    const std::vector<u8> data = pattern(512, 1);
    bench.ide.command(command::WriteSectors, 3, 1);
    bench.ide.write_pio(data);
    bench.events.run_until(bench.events.now() + fabric::VmDuration{1'000'000'000});
    CHECK(bench.ide.busy());
    REQUIRE(bench.troubles.size() == 1);
    CHECK(bench.troubles[0].kind == fabric::BlockTrouble::Kind::HostFull);
    CHECK(bench.disk.stalled());

    SECTION("there is none: it is told again") {
        bench.disk.retry();
        bench.events.run_until(bench.events.now() + fabric::VmDuration{1});
        CHECK(bench.troubles.size() == 2);
        CHECK(bench.disk.stalled());
    }
    SECTION("there is") {
        bench.image.medium.full = false;
        bench.disk.retry();
        bench.ide.wait();
        CHECK(bench.ide.status() == 0x50);
        CHECK(bench.on_image(3, 1) == data);
    }
    SECTION("it is given up: the guest hears of it") {
        bench.disk.give_up();
        CHECK(bench.ide.status() == 0x51);
        CHECK(bench.ide.in(0x1f1) == error::Uncorrectable);
        CHECK(bench.ide.in(0x1f3) == 3);
    }
    SECTION("the guest resets it") {
        bench.ide.out(0x3f6, control::SoftReset);
        bench.ide.out(0x3f6, 0);
        CHECK_FALSE(bench.disk.stalled());
        CHECK(bench.ide.status() == 0x50);
    }
    SECTION("a restored machine is stalled as well") {
        Bench other;
        test::check_state_survives(bench.disk, other.disk);
        CHECK(other.disk.stalled());
        other.disk.retry();
        other.ide.wait();
        CHECK(other.on_image(3, 1) == data);
    }
}

TEST_CASE("ATA disk: a transfer goes on where a snapshot cut it", "[devices][ata][snapshot]") {
    Bench bench;
    Bench restored;
    const auto move_over = [&] {
        test::check_state_survives(bench.disk, restored.disk);
        const std::vector<u8> channel = test::saved(bench.ide.primary);
        fabric::StateReader channel_in(channel);
        REQUIRE(restored.ide.primary.restore(channel_in).has_value());
        fabric::StateWriter out;
        bench.events.save(out);
        fabric::StateReader in(out.bytes());
        REQUIRE(restored.events.restore(in).has_value());
        CHECK(restored.irq14.times_driven == 0);
    };
    SECTION("in the middle of a block") {
        bench.ide.command(command::ReadSectors, 5, 3);
        bench.ide.wait();
        (void)bench.ide.read_pio(700);
        move_over();
        const std::vector<u8> rest = restored.ide.read_pio(3 * 512 - 700);
        const std::vector<u8> all = bench.on_image(5, 3);
        CHECK(rest == std::vector<u8>(all.begin() + 700, all.end()));
    }
    SECTION("while the image is being read") {
        bench.ide.describe(0x1000, 0, 0x8000, 1024, true);
        restored.ide.describe(0x1000, 0, 0x8000, 1024, true);
        bench.ide.start_bus_master(0x1000, true);
        bench.ide.command(command::ReadDma, 9, 2);
        test::check_state_survives(bench.ide.primary, restored.ide.primary);
        move_over();
        restored.ide.wait();
        CHECK(restored.ide.get(0x8000, 1024) == bench.on_image(9, 2));
    }
    SECTION("while the image is being written") {
        const std::vector<u8> data = pattern(512, 1);
        bench.ide.command(command::WriteSectors, 3, 1);
        bench.ide.write_pio(data);
        move_over();
        restored.ide.wait();
        CHECK(restored.irq14.level);
        CHECK(restored.on_image(3, 1) == data);
    }
}

TEST_CASE("ATA disk: damaged checkpoints are refused or harmless", "[devices][ata][hostile]") {
    Bench bench;
    bench.ide.command(command::WriteSectors, 3, 2);
    bench.ide.write_pio(pattern(512, 1));
    const std::vector<u8> bytes = test::saved(bench.disk);
    Bench other;
    for (usize i = 0; i < bytes.size(); ++i) {
        for (const u8 flip : {u8{0x01}, u8{0x80}, u8{0xff}}) {
            std::vector<u8> damaged = bytes;
            damaged[i] = static_cast<u8>(damaged[i] ^ flip);
            fabric::StateReader in(damaged);
            if (!other.disk.restore(in)) continue;
            (void)other.ide.in(0x1f7);
            other.ide.command(command::IdentifyDevice);
            other.events.run_until(other.events.now() + fabric::VmDuration{10'000'000});
            (void)other.ide.read_pio(1024);
            other.ide.write_pio(std::vector<u8>(1024));
            other.events.run_until(other.events.now() + fabric::VmDuration{10'000'000});
            other.disk.reset(fabric::ResetKind::PowerOn);
        }
    }
    other.disk.reset(fabric::ResetKind::PowerOn);
    CHECK(other.ide.status() == 0x50);
}

TEST_CASE("ATA disk: any access to the channel is survived", "[devices][ata][hostile]") {
    Bench bench;
    const auto poke = [&](fabric::IoHandler& block, u64 length, u32 widest) {
        for (u32 size = 1; size <= widest; size *= 2) {
            for (u64 offset = 0; offset + size <= length; offset += size) {
                for (u64 value = 0; value < 256; ++value) {
                    block.write(offset, size, value * 0x0101'0101);
                    (void)block.read(offset, size);
                }
                bench.events.run_until(bench.events.now() + fabric::VmDuration{10'000'000});
            }
        }
    };
    poke(bench.ide.primary.command_block(), 8, 4);
    poke(bench.ide.primary.control_block(), 1, 1);
    bench.ide.primary.reset(fabric::ResetKind::PowerOn);
    bench.disk.reset(fabric::ResetKind::PowerOn);
    Bench fresh;
    CHECK(bench.disk.state() == fresh.disk.state());
    CHECK_FALSE(bench.irq14.level);
}

TEST_CASE("ATA disk: random transfers agree with a model of the disk", "[devices][ata]") {
    Bench bench;
    std::vector<u8> model = bench.image.medium.contents;
    u64 seed = 20'240;
    const auto random = [&](u64 limit) {
        seed = seed * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
        return (seed >> 33) % limit;
    };
    bench.ide.command(command::SetMultipleMode, 0, 8);
    for (int round = 0; round < 400; ++round) {
        const u32 count = static_cast<u32>(1 + random(40));
        const u64 sector = random(disk_sectors - count);
        const auto there = model.begin() + static_cast<i64>(512 * sector);
        const bool dma = random(2) == 0;
        const bool write = random(2) == 0;
        const std::vector<u8> data = pattern(512 * usize{count}, static_cast<u8>(random(256)));
        if (write) std::copy(data.begin(), data.end(), there);
        if (dma) {
            u32 described = 0;
            for (u32 i = 0; described < data.size(); ++i) {
                const u32 most = static_cast<u32>(data.size()) - described;
                const u32 piece = std::min(most, 2 * static_cast<u32>(1 + random(4000)));
                bench.ide.describe(0x1000, i, 0x1'0000 + described, piece, piece == most);
                described += piece;
            }
            if (write) bench.ide.put(0x1'0000, data);
            bench.ide.start_bus_master(0x1000, !write);
            bench.ide.command(write ? command::WriteDma : command::ReadDma, sector, count);
            bench.ide.wait();
            REQUIRE(bench.ide.bus_master_status() == 0x04);
            bench.ide.out(bench.ide.bus_master, 0);
            if (!write)
                REQUIRE(std::ranges::equal(bench.ide.get(0x1'0000, data.size()),
                                           std::span(&*there, data.size())));
        } else {
            const bool multiple = random(2) == 0;
            const u32 block = multiple ? 8 : 1;
            bench.ide.command(write ? (multiple ? command::WriteMultiple : command::WriteSectors)
                                    : (multiple ? command::ReadMultiple : command::ReadSectors),
                              sector, count);
            std::vector<u8> got;
            for (u32 done = 0; done < count; done += block) {
                bench.ide.wait();
                const usize bytes = 512 * usize{std::min(block, count - done)};
                if (write) {
                    bench.ide.write_pio(std::span(data).subspan(512 * usize{done}, bytes));
                } else {
                    const std::vector<u8> part = bench.ide.read_pio(bytes);
                    got.insert(got.end(), part.begin(), part.end());
                }
            }
            bench.ide.wait();
            if (!write) REQUIRE(std::ranges::equal(got, std::span(&*there, data.size())));
        }
        REQUIRE(bench.ide.in(0x1f7) == 0x50);
    }
    (void)bench.image.store.idle_medium();
    CHECK(bench.image.medium.contents == model);
}
