// SPDX-License-Identifier: BSD-2-Clause
#include "machine/board/pc_network.hpp"

#include <catch2/catch.hpp>

#include "devices/network/e1000_registers.hpp"
#include "fabric/host/file.hpp"
#include "tests/machine/pc_guest.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace devices;
using machine::Machine;
using machine::PcConfig;
using machine::PcNetwork;

namespace {

PcConfig with_adapters(usize count) {
    PcConfig config = test::pc_config();
    config.adapters.resize(count);
    return config;
}

struct Line final : fabric::PacketSink {
    void accept(std::span<const u8> frame) override {
        frames.emplace_back(frame.begin(), frame.end());
    }
    std::vector<std::vector<u8>> frames;
};

/// What SeaBIOS gave the adapter's registers.
u64 registers_of(machine::Pc& pc, usize number) {
    return pc.network().adapter(number).config().dword(0x10) & ~u32{15};
}

/// A machine past its firmware, with an adapter that a test programs as a driver would.
struct Guest {
    explicit Guest(fabric::PacketCapture* capture = nullptr) {
        const PcConfig config = with_adapters(1);
        const machine::PcHost host{
            .serial = serial, .firmware_log = log, .lines = {{&line, capture}}};
        machine = Machine::create(std::make_unique<fabric::InputJournal>(),
                                  machine::Pc::maker(config, host))
                      .value();
        // Until the firmware has nothing to do but wait.
        while (log.text.find("No bootable device") == std::string::npos) {
            pass(10'000'000);
            REQUIRE(machine->now().time < fabric::VmTime{20'000'000'000});
        }
    }
    void pass(u64 ns) {
        (void)machine->run_until(~u64{0}, machine->now().time + fabric::VmDuration{ns});
    }
    machine::Pc& pc() { return dynamic_cast<machine::Pc&>(machine->board()); }
    void set(u32 offset, u32 value) { pc().mmio().write(registers_of(pc(), 0) + offset, 4, value); }
    u32 get(u32 offset) {
        return static_cast<u32>(pc().mmio().read(registers_of(pc(), 0) + offset, 4));
    }
    /// A ring of eight buffers of 2 KiB at 8 MiB.
    void start_receiver() {
        pass(200'000'000);  // For the link.
        pc().network().adapter(0).config().write(4, 2, 7);
        for (u64 i = 0; i < 8; ++i) {
            const u64 buffer = 0x80'1000 + 0x800 * i;
            std::array<u8, 16> descriptor{};
            for (usize at = 0; at < 8; ++at) {
                descriptor[at] = static_cast<u8>(buffer >> (8 * at));
            }
            REQUIRE(pc().memory().write(fabric::Gpa{0x80'0000 + 16 * i}, descriptor));
        }
        set(e1000::reg::Ctrl, 0x41);
        set(e1000::reg::Rdbal, 0x80'0000);
        set(e1000::reg::Rdlen, 128);
        set(e1000::reg::Rdt, 7);
        set(e1000::reg::Rctl, 0x8002);
    }
    void post_frames(int count) {
        for (int i = 0; i < count; ++i) {
            const std::vector<u8> frame(1000, 0xff);
            machine->journal().post(pc().network().frame_input(0), frame);
        }
    }
    fabric::SnapshotFile checkpoint() const {
        fabric::SnapshotWriter out = fabric::SnapshotWriter::in_memory("checkpoint");
        machine->save(out).value();
        return fabric::SnapshotFile::parse(out.finish_in_memory().value(), "checkpoint").value();
    }

    test::Collected serial;
    test::Collected log;
    Line line;
    std::unique_ptr<Machine> machine;
};

}  // namespace

TEST_CASE("PC network: adapters stand in their slots, each with an address", "[machine][network]") {
    if (!test::have_seabios()) return;
    test::PcGuest guest(with_adapters(4));
    (void)guest.run_until_logged("No bootable device");
    for (u8 i = 0; i < 4; ++i) {
        CAPTURE(i);
        const u64 registers = registers_of(guest.board(), i);
        REQUIRE(registers != 0);
        CHECK(guest.board().mmio().read(registers + e1000::reg::Ra, 4) == 0x5441'5302);
        CHECK(guest.board().mmio().read(registers + e1000::reg::Ra + 4, 4) ==
              (0x8000'0300u + (u32{i} << 8)));
    }
}

TEST_CASE("PC network: too many adapters, or two of one address", "[machine][network]") {
    const auto five = PcNetwork::check(std::vector<machine::PcAdapter>(5));
    REQUIRE_FALSE(five);
    CHECK_THAT(five.error().message, Catch::Contains("5 network adapters"));
    std::vector<machine::PcAdapter> twins(2);
    twins[1].mac = std::array<u8, 6>{0x02, 0x53, 0x41, 0x54, 0x00, 0x03};
    const auto same = PcNetwork::check(twins);
    REQUIRE_FALSE(same);
    CHECK_THAT(same.error().message, Catch::Contains("02:53:41:54:00:03"));
    CHECK(PcNetwork::text_of(std::vector<machine::PcAdapter>(1)) == "net0 02:53:41:54:00:03");
}

TEST_CASE("PC network: a checkpoint among frames", "[machine][network][snapshot]") {
    if (!test::have_seabios()) return;
    Guest guest;
    guest.start_receiver();
    guest.post_frames(12);
    // The third is on the line; the ring has room for seven.
    guest.pass(20'000);
    const auto file = guest.checkpoint();
    const auto& state = guest.pc().network().adapter(0).state();
    REQUIRE(!state.receive.on_the_line.empty());
    REQUIRE(guest.get(e1000::reg::Rdh) != 0);

    Guest restored;
    restored.machine->restore(file).value();
    CHECK(restored.machine->state_hash() == guest.machine->state_hash());
    for (Guest* each : {&guest, &restored}) each->pass(1'000'000);
    CHECK(restored.get(e1000::reg::Rdh) == 7);
    CHECK(restored.machine->state_hash() == guest.machine->state_hash());
    CHECK(restored.pc().network().adapter(0).state().receive.buffered.size() == 5);
}

TEST_CASE("PC network: a checkpoint of another machine's adapters", "[machine][network]") {
    if (!test::have_seabios()) return;
    const auto file = test::PcGuest().checkpoint();
    test::PcGuest other(with_adapters(1));
    const auto outcome = other.machine->restore(file);
    REQUIRE_FALSE(outcome);
    CHECK_THAT(outcome.error().message, Catch::Contains("no network") && Catch::Contains("--net"));
}

TEST_CASE("PC network: a capture, live and in the replay", "[machine][network][replay]") {
    if (!test::have_seabios()) return;
    const test::TemporaryFolder folder;
    const auto bytes = [&](const std::string& name) {
        return fabric::read_whole_file(folder.file(name), 1 << 20).value();
    };
    fabric::InputJournal::Recording recording;
    {
        const auto capture = fabric::PacketCapture::create(folder.file("live"), "net0").value();
        Guest guest(capture.get());
        guest.post_frames(2);
        guest.pass(1'000'000);
        guest.post_frames(1);
        guest.pass(1'000'000);
        recording = guest.machine->recording();
    }
    CHECK(bytes("live").size() > 3 * 1000);
    {
        const auto capture = fabric::PacketCapture::create(folder.file("replayed"), "net0").value();
        test::Collected serial;
        test::Collected log;
        const machine::PcHost host{
            .serial = serial, .firmware_log = log, .lines = {{nullptr, capture.get()}}};
        const auto replayed = Machine::create(std::make_unique<fabric::InputJournal>(recording),
                                              machine::Pc::maker(with_adapters(1), host))
                                  .value();
        (void)replayed->run_until(~u64{0}, recording.end.time);
        CHECK_FALSE(replayed->journal().diverged());
    }
    CHECK(bytes("replayed") == bytes("live"));
}
