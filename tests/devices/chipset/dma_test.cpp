// SPDX-License-Identifier: BSD-2-Clause
#include "devices/chipset/dma.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <memory>

#include "devices/chipset/dma_registers.hpp"
#include "tests/support/device_conformance.hpp"

using namespace devices;
using namespace devices::dma;

namespace {

struct Bench {
    std::unique_ptr<fabric::GuestMemory> memory = fabric::GuestMemory::create(u64{2} << 20).value();
    Dma dma{{}, {*memory}};

    Bench() {
        REQUIRE(memory->map_ram(fabric::Gpa{0}, u64{2} << 20, 0).has_value());
        dma.reset(fabric::ResetKind::PowerOn);
        // As firmware does: the second controller cascades the first.
        out2(Mode, 0xc0);
        out2(SingleMask, 0);
    }

    void out1(u64 index, u8 value) { dma.first_controller().write(index, 1, value); }
    void out2(u64 index, u8 value) { dma.second_controller().write(index * 2, 1, value); }
    u8 in1(u64 index) { return static_cast<u8>(dma.first_controller().read(index, 1)); }
    u8 in2(u64 index) { return static_cast<u8>(dma.second_controller().read(index * 2, 1)); }

    /// Channel 2, as a floppy driver sets it up.
    void set_up(u8 mode, u8 page, u16 address, u16 count) {
        out1(SingleMask, set_bit | 2);
        out1(ClearFlipFlop, 0);
        out1(4, static_cast<u8>(address));
        out1(4, static_cast<u8>(address >> 8));
        out1(5, static_cast<u8>(count));
        out1(5, static_cast<u8>(count >> 8));
        out1(Mode, static_cast<u8>(mode | 2));
        dma.pages().write(1, 1, page);
        out1(SingleMask, 2);
    }
    u16 word1(u64 index) {
        out1(ClearFlipFlop, 0);
        const u8 low = in1(index);
        return static_cast<u16>(low | in1(index) << 8);
    }
    std::array<u8, 4> peek(u64 address) {
        std::array<u8, 4> bytes{};
        REQUIRE(memory->read(fabric::Gpa{address}, bytes));
        return bytes;
    }
};

constexpr std::array<u8, 4> abcd = {'a', 'b', 'c', 'd'};

}  // namespace

TEST_CASE("8237: a block from a device to memory", "[devices][dma]") {
    Bench bench;
    bench.set_up(mode::ToMemory | 0x40, 0x12, 0x3456, 3);
    CHECK(bench.dma.to_memory(2, std::span(abcd).first(2)) == DmaOutcome{2, false});
    CHECK(bench.word1(4) == 0x3458);
    CHECK(bench.word1(5) == 1);
    CHECK(bench.in1(StatusCommand) == 0);
    CHECK(bench.dma.to_memory(2, std::span(abcd).subspan(2)) == DmaOutcome{2, true});
    CHECK(bench.peek(0x12'3456) == abcd);
    CHECK(bench.in1(StatusCommand) == 0x04);
    CHECK(bench.in1(StatusCommand) == 0);  // Reading took it.
    CHECK(bench.word1(5) == 0xffff);
    CHECK(bench.in1(AllMask) == 0xff);  // And the channel is masked.
    CHECK(bench.dma.to_memory(2, abcd) == DmaOutcome{});
}

TEST_CASE("8237: a block from memory, again and again", "[devices][dma]") {
    Bench bench;
    REQUIRE(bench.memory->write(fabric::Gpa{0x1'ffff}, abcd));
    bench.set_up(mode::FromMemory | mode::AutoInitialise, 0x01, 0xffff, 0);
    std::array<u8, 4> got{};
    CHECK(bench.dma.from_memory(2, got) == DmaOutcome{1, true});
    CHECK(got[0] == 'a');
    CHECK(bench.word1(4) == 0xffff);
    CHECK(bench.dma.from_memory(2, got).moved == 1);
}

TEST_CASE("8237: addresses wrap within their 64 KiB, and may run down", "[devices][dma]") {
    Bench bench;
    bench.set_up(mode::ToMemory, 0x03, 0xfffe, 0x100);
    bench.dma.to_memory(2, abcd);
    CHECK(bench.peek(0x3'0000) == std::array<u8, 4>{'c', 'd', 0, 0});
    bench.set_up(mode::ToMemory | mode::Decrement, 0x04, 0x0001, 0x100);
    bench.dma.to_memory(2, abcd);
    CHECK(bench.peek(0x4'0000) == std::array<u8, 4>{'b', 'a', 0, 0});
    CHECK(bench.peek(0x4'fffe) == std::array<u8, 4>{'d', 'c', 0, 0});
}

TEST_CASE("8237: verifying moves the count and no data", "[devices][dma]") {
    Bench bench;
    bench.set_up(mode::Verify, 0x05, 0x10, 3);
    CHECK(bench.dma.to_memory(2, abcd) == DmaOutcome{4, true});
    CHECK(bench.peek(0x5'0010) == std::array<u8, 4>{});
    bench.set_up(mode::FromMemory, 0x05, 0x10, 3);
    CHECK(bench.dma.to_memory(2, abcd) == DmaOutcome{});
}

TEST_CASE("8237: masks, the cascade and the command register hold a channel", "[devices][dma]") {
    Bench bench;
    bench.set_up(mode::ToMemory, 0, 0x5000, 100);
    bench.dma.set_request(2, true);
    CHECK(bench.in1(StatusCommand) == 0x40);
    SECTION("its own mask") { bench.out1(SingleMask, set_bit | 2); }
    SECTION("channel 4's mask") { bench.out2(SingleMask, set_bit | 0); }
    SECTION("its controller disabled") { bench.out1(StatusCommand, command::Disable); }
    SECTION("the other controller disabled") { bench.out2(StatusCommand, command::Disable); }
    SECTION("a master clear") { bench.out1(MasterClear, 0); }
    CHECK(bench.dma.to_memory(2, abcd) == DmaOutcome{});
    CHECK(bench.in1(StatusCommand) == 0x40);
}

TEST_CASE("8237: the second controller moves words", "[devices][dma]") {
    Bench bench;
    bench.out2(ClearFlipFlop, 0);
    bench.out2(2, 0x00);
    bench.out2(2, 0x80);  // Word 8000: the upper 64 KiB of the page.
    bench.out2(3, 1);
    bench.out2(3, 0);
    bench.out2(Mode, mode::ToMemory | 1);
    bench.dma.pages().write(0xb, 1, 0x13);  // Bit 0 of the page counts for nothing.
    bench.out2(SingleMask, 1);
    CHECK(bench.dma.to_memory(5, std::span(abcd).first(3)) == DmaOutcome{2, false});
    CHECK(bench.dma.to_memory(5, std::span(abcd).subspan(2)) == DmaOutcome{2, true});
    CHECK(bench.peek(0x13'0000) == abcd);
    CHECK(bench.in2(StatusCommand) == 0x02);
}

TEST_CASE("8237: memory that is not there reads as ones", "[devices][dma]") {
    Bench bench;
    bench.set_up(mode::FromMemory, 0xf0, 0, 3);
    std::array<u8, 4> got{};
    CHECK(bench.dma.from_memory(2, got).moved == 4);
    CHECK(got == std::array<u8, 4>{0xff, 0xff, 0xff, 0xff});
    bench.set_up(mode::ToMemory, 0xf0, 0, 3);
    CHECK(bench.dma.to_memory(2, abcd).moved == 4);
}

TEST_CASE("8237: page registers, spare ones too, read back", "[devices][dma]") {
    Bench bench;
    for (u8 i = 0; i < 16; ++i) bench.dma.pages().write(i, 1, 0x40u + i);
    for (u8 i = 0; i < 16; ++i) CHECK(bench.dma.pages().read(i, 1) == 0x40u + i);
    CHECK(bench.dma.state().channel[2].page == 0x41);
}

TEST_CASE("8237: state survives a snapshot", "[devices][dma][snapshot]") {
    Bench bench;
    bench.set_up(mode::ToMemory, 0x12, 0x3456, 300);
    bench.dma.to_memory(2, abcd);
    bench.out1(4, 9);  // The flip-flop is half way.
    Bench restored;
    test::check_state_survives(bench.dma, restored.dma);
}

TEST_CASE("8237: conforms to the rules of every device", "[devices][dma][hostile]") {
    Bench bench;
    // The three blocks in one.
    struct AllPorts final : fabric::Device {
        explicit AllPorts(Dma& the_dma) : dma(the_dma) {}
        std::string_view name() const override { return "dma"; }
        void reset(fabric::ResetKind kind) override { dma.reset(kind); }
        void save(fabric::StateWriter& out) const override { dma.save(out); }
        fabric::Result<> restore(fabric::StateReader& in) override { return dma.restore(in); }
        u64 read(u64 offset, u32 size) { return block(offset).read(offset & 0x1f, size); }
        void write(u64 offset, u32 size, u64 value) {
            block(offset).write(offset & 0x1f, size, value);
        }
        fabric::IoHandler& block(u64 offset) {
            if (offset < 0x20) return dma.first_controller();
            return offset < 0x40 ? dma.second_controller() : dma.pages();
        }
        Dma& dma;
    } device(bench.dma);
    test::check_survives_any_access(device, 0x60, 1);

    u64 random = 1;
    std::array<u8, 64> bytes{};
    for (int i = 0; i < 20'000; ++i) {
        random = random * 6364136223846793005 + 1442695040888963407;
        const u64 what = random >> 33;
        device.write(what % 0x60, 1, what >> 8 & 0xff);
        const u32 channel = what >> 16 & 7;
        if (channel == 4) continue;
        bench.dma.to_memory(channel, bytes);
        bench.dma.from_memory(channel, bytes);
    }
}

TEST_CASE("8237: bears any state", "[devices][dma][hostile][snapshot]") {
    Bench bench;
    bench.set_up(mode::ToMemory, 0x12, 0x3456, 300);
    Bench fresh;
    std::array<u8, 300> bytes{};
    test::check_survives_damaged_state(bench.dma, fresh.dma, [&] {
        for (u64 i = 0; i < 16; ++i) {
            fresh.in1(i);
            fresh.in2(i);
        }
        for (const u32 channel : {0u, 1u, 2u, 3u, 5u, 6u, 7u}) {
            fresh.dma.to_memory(channel, bytes);
            fresh.dma.from_memory(channel, bytes);
        }
    });
}
