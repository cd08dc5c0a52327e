// SPDX-License-Identifier: BSD-2-Clause
//
// Registers, linear modes, retraces, hostile guests and checkpoints; modes are in vga_modes_test.
#include "tests/devices/video/vga_bench.hpp"
#include "tests/support/device_conformance.hpp"

using namespace devices;
using namespace devices::vga;
using test::VgaBench;

namespace {

/// Deterministic; xorshift.
struct Numbers {
    u64 state = 0x9e37'79b9'7f4a'7c15;
    u64 next() {
        state ^= state << 13;
        state ^= state >> 7;
        return state ^= state << 17;
    }
};

/// One of a VGA's register blocks, as a device of its own for the conformance checks.
struct Block {
    Vga& vga;
    fabric::IoHandler& handler;

    void reset(fabric::ResetKind kind) { vga.reset(kind); }
    void save(fabric::StateWriter& out) const { vga.save(out); }
    u64 read(u64 offset, u32 size) { return handler.read(offset, size); }
    void write(u64 offset, u32 size, u64 value) { handler.write(offset, size, value); }
};

void check_survives_any_access(Block block, u64 length, u32 widest_access) {
    const auto saved = [&] {
        fabric::StateWriter out;
        block.save(out);
        return std::vector<u8>(out.bytes().begin(), out.bytes().end());
    };
    const auto power_on = saved();
    for (u32 size = 1; size <= widest_access; size *= 2) {
        for (u64 offset = 0; offset + size <= length; offset += size) {
            for (u64 value = 0; value < 256; ++value) {
                block.write(offset, size, value * 0x0101'0101'0101'0101);
                static_cast<void>(block.read(offset, size));
            }
        }
    }
    block.reset(fabric::ResetKind::PowerOn);
    CHECK(saved() == power_on);
}

}  // namespace

TEST_CASE("VGA: the DAC takes a colour when its third part has come", "[devices][vga]") {
    VgaBench bench;
    bench.out(0x3c8, 5);
    bench.out(0x3c9, 0x3f);
    bench.out(0x3c9, 0x12);
    CHECK(bench.vga->state().dac[15] == 0);
    bench.out(0x3c9, 0xff);
    CHECK(bench.in(0x3c8) == 6);
    bench.out(0x3c7, 5);
    CHECK(bench.in(0x3c7) == 3);
    CHECK(bench.in(0x3c9) == 0x3f);
    CHECK(bench.in(0x3c9) == 0x12);
    CHECK(bench.in(0x3c9) == 0x3f);
    CHECK(bench.in(0x3c9) == 0);  // Of the next.
    bench.out(0x3c8, 0);
    CHECK(bench.in(0x3c7) == 0);
}

TEST_CASE("VGA: the CRTC's timing is protected, but for line compare", "[devices][vga]") {
    VgaBench bench;
    bench.set_mode(test::text_80x25);
    const auto crtc = [&](u8 index) {
        bench.out(0x3d4, index);
        return bench.in(0x3d5);
    };
    bench.set(0x3d4, 0x00, 0x11);
    CHECK(crtc(0x00) == 0x5f);
    bench.set(0x3d4, 0x07, 0x00);
    CHECK(crtc(0x07) == 0x0f);
    bench.set(0x3d4, 0x11, 0x0e);
    bench.set(0x3d4, 0x00, 0x11);
    CHECK(crtc(0x00) == 0x11);
}

TEST_CASE("VGA: the CRTC answers at one of two addresses", "[devices][vga]") {
    VgaBench bench;
    bench.set_mode(test::text_80x25);
    CHECK(bench.in(0x3b5) == 0xff);
    bench.out(0x3c2, 0x66);
    bench.out(0x3b4, 0x13);
    CHECK(bench.in(0x3b5) == 0x28);
    CHECK(bench.in(0x3d5) == 0xff);
    CHECK(bench.in(0x3cc) == 0x66);
}

TEST_CASE("VGA: one attribute port takes index and data in turn", "[devices][vga]") {
    VgaBench bench;
    bench.out(0x3c2, 0x01);
    bench.in(0x3da);
    bench.out(0x3c0, 0x31);
    bench.out(0x3c0, 0x07);
    bench.out(0x3c0, 0x33);
    bench.in(0x3da);
    bench.out(0x3c0, 0x31);
    CHECK(bench.in(0x3c0) == 0x31);
    CHECK(bench.in(0x3c1) == 0x07);
}

TEST_CASE("VGA: retraces come at the mode's rate", "[devices][vga]") {
    VgaBench bench;
    const auto [mode, hertz] = GENERATE(table<const test::VgaMode*, u32>(
        {{&test::text_80x25, 70}, {&test::mode_13h, 70}, {&test::planar_640x480, 60}}));
    bench.set_mode(*mode);
    u32 retraces = 0;
    u32 shown = 0;
    u8 before = bench.in(0x3da);
    constexpr u32 samples = 100'000;
    for (u32 i = 0; i < samples; ++i) {
        bench.pass(10'000);
        const u8 status = bench.in(0x3da);
        if ((status & ~before & input_status1::VerticalRetrace) != 0) ++retraces;
        if ((status & input_status1::DisplayDisabled) == 0) ++shown;
        before = status;
    }
    CHECK(retraces >= hertz - 1);
    CHECK(retraces <= hertz + 1);
    // 80 of 100 characters of a line, and most lines, show something.
    CHECK(shown > samples * 65 / 100);
    CHECK(shown < samples * 80 / 100);
}

TEST_CASE("VGA: a linear mode is memory", "[devices][vga]") {
    struct Case {
        u16 bits;
        std::vector<u8> bytes;
        u32 colour;
    };
    const auto given = GENERATE(values<Case>({
        {8, {0x2a}, VgaBench::colour(0x2a)},
        {15, {0x1f, 0x7c}, 0xff'00ff},
        {16, {0xe0, 0x07}, 0x00'ff00},
        {24, {0x33, 0x22, 0x11}, 0x11'2233},
        {32, {0x33, 0x22, 0x11, 0xff}, 0x11'2233},
    }));
    CAPTURE(given.bits);
    VgaBench bench;
    bench.set_mode(test::mode_13h);
    bench.place_memory();
    bench.set_linear_mode(800, 600, given.bits);
    CHECK(bench.picture().width() == 800);
    CHECK(bench.picture().height() == 600);
    bench.picture();
    CHECK(bench.changed_lines() == 0);
    bench.store((800 * 300 + 7) * given.bytes.size(), given.bytes);
    CHECK(bench.pixel(7, 300) == given.colour);
    CHECK(bench.changed_lines() == 1);
    CHECK(bench.pixel(8, 300) == 0);
}

TEST_CASE("VGA: four planes may be linear too", "[devices][vga]") {
    VgaBench bench;
    bench.set_mode(test::planar_640x480);
    bench.set_linear_mode(800, 600, 4);
    bench.poke(0xa'0000 + 100 * 100 + 1, 0x80);
    CHECK(bench.pixel(8, 100) == VgaBench::colour(0x3f));
    CHECK(bench.pixel(9, 100) == 0);
    bench.set_dispi(9, 100);
    CHECK(bench.pixel(8, 0) == VgaBench::colour(0x3f));
}

TEST_CASE("VGA: every write is seen, whichever way it comes, and by everybody", "[devices][vga]") {
    VgaBench bench;
    bench.set_mode(test::mode_13h);
    bench.place_memory();
    bench.set_linear_mode(1024, 768, 32);
    Frame other;
    bench.picture();
    bench.vga->render(other);
    for (u32 round = 0; round < 3; ++round) {
        const std::array<u8, 4> pixel = {static_cast<u8>(0x10 + round), 0, 0, 0};
        bench.store(4 * 1024 * 5, pixel);
        bench.store(4 * 1024 * 5 + 8, pixel);  // No more to be told of in this look.
        REQUIRE(bench.guest->write(fabric::Gpa{VgaBench::frame_buffer + 4 * 1024 * 700}, pixel));
        CHECK(bench.pixel(0, 5) == 0x10 + round);
        CHECK(bench.changed_lines() == 2);
        CHECK(bench.picture().anything_changed() == false);
        bench.vga->render(other);
        CHECK(other.line(5)[2] == 0x10 + round);
        CHECK(other.line(700)[0] == 0x10 + round);
    }
    bench.set_dispi(5, 2);
    bench.poke(0xa'0000 + 4 * 3, 0x77);  // Bank 2: line 32.
    CHECK(bench.pixel(3, 32) == 0x77);
    CHECK(bench.peek(0xa'0000 + 12) == 0x77);
}

TEST_CASE("VGA: memory is mapped where its BAR says", "[devices][vga]") {
    VgaBench bench;
    const fabric::Gpa where{VgaBench::frame_buffer};
    std::array<u8, 1> byte{};
    CHECK_FALSE(bench.guest->read(where, byte));
    bench.place_memory();
    CHECK(bench.guest->read(where, byte));
    bench.write_config(0x10, 0xd000'0000);
    CHECK_FALSE(bench.guest->read(where, byte));
    CHECK(bench.guest->read(fabric::Gpa{0xd000'0000}, byte));
    bench.write_config(0x04, 0);
    CHECK_FALSE(bench.guest->read(fabric::Gpa{0xd000'0000}, byte));
    CHECK(bench.mmio.read(VgaBench::registers + 0x500, 2) == 0xffff);
}

TEST_CASE("VGA: the registers are in memory as well", "[devices][vga]") {
    VgaBench bench;
    bench.place_memory();
    CHECK(bench.mmio.read(VgaBench::registers + 0x500, 2) == dispi::NewestId);
    bench.mmio.write(VgaBench::registers + 0x502, 2, 1280);
    CHECK(bench.dispi(dispi::XResolution) == 1280);
    bench.mmio.write(VgaBench::registers + 0x408, 1, 9);  // 3C8
    CHECK(bench.in(0x3c8) == 9);
    CHECK(bench.mmio.read(VgaBench::registers + 0x500 + 2 * dispi::VideoMemory64K, 2) == 256);
}

TEST_CASE("VGA: the Bochs interface says what it can, and makes modes fit", "[devices][vga]") {
    VgaBench bench(1 << 20);
    CHECK(bench.dispi(dispi::Id) == dispi::NewestId);
    bench.set_dispi(dispi::Id, 0xb0c2);
    CHECK(bench.dispi(dispi::Id) == 0xb0c2);
    bench.set_dispi(dispi::Enable, dispi::GetCapabilities);
    CHECK(bench.dispi(dispi::XResolution) == 16000);
    CHECK(bench.dispi(dispi::BitsPerPixel) == 32);
    CHECK(bench.dispi(dispi::VideoMemory64K) == 16);
    bench.set_linear_mode(1027, 60000, 32);
    CHECK(bench.dispi(dispi::XResolution) == 1024);
    CHECK(bench.dispi(dispi::YResolution) == 256);
    CHECK(bench.dispi(dispi::VirtualWidth) == 1024);
    CHECK(bench.dispi(dispi::VirtualHeight) == 256);
    bench.set_dispi(dispi::YOffset, 1);
    CHECK(bench.dispi(dispi::YOffset) == 0);
    bench.set_dispi(dispi::Bank, 999);
    CHECK(bench.dispi(dispi::Bank) == 15);
    bench.set_linear_mode(0, 0, 77);
    CHECK(bench.dispi(dispi::XResolution) == 8);
    CHECK(bench.dispi(dispi::YResolution) == 1);
    CHECK(bench.dispi(dispi::BitsPerPixel) == 8);
    bench.set_dispi(dispi::VirtualWidth, 640);
    bench.set_dispi(dispi::YOffset, 3);
    bench.set_dispi(dispi::XOffset, 16);
    bench.poke(0xa'0000 + 3 * 640 + 17, 0x21);
    bench.set_palette();
    CHECK(bench.pixel(1, 0) == VgaBench::colour(0x21));
}

TEST_CASE("VGA: a mode clears its memory, unless told not to", "[devices][vga]") {
    VgaBench bench;
    bench.set_linear_mode(640, 480, 8);
    bench.poke(0xa'0000, 1);
    bench.set_dispi(dispi::Enable, 0);
    bench.set_dispi(dispi::Enable, dispi::Enabled | dispi::KeepMemory);
    CHECK(bench.peek(0xa'0000) == 1);
    bench.set_dispi(dispi::Enable, 0);
    bench.set_dispi(dispi::Enable, dispi::Enabled);
    CHECK(bench.peek(0xa'0000) == 0);
}

TEST_CASE("VGA: colours of eight bits", "[devices][vga]") {
    VgaBench bench;
    bench.set_linear_mode(640, 480, 8);
    bench.set_dispi(dispi::Enable, dispi::Enabled | dispi::EightBitDac | dispi::KeepMemory);
    bench.out(0x3c6, 0xff);
    bench.out(0x3c8, 0);
    for (const u8 part : {u8{0x81}, u8{0x42}, u8{0xff}}) bench.out(0x3c9, part);
    CHECK(bench.pixel(0, 0) == 0x81'42ff);
}

TEST_CASE("VGA: dark where it is switched off, or nobody set it up", "[devices][vga]") {
    VgaBench bench;
    CHECK(bench.picture().width() == 640);
    CHECK(bench.pixel(0, 0) == 0);
    bench.set_mode(test::mode_13h);
    bench.mmio.write(0xa'0000, 4, 0x0909'0909);
    CHECK(bench.pixel(0, 0) == VgaBench::colour(9));
    bench.set(0x3c4, 1, 0x21);
    CHECK(bench.pixel(0, 0) == 0);
    bench.set(0x3c4, 1, 0x01);
    bench.set_attribute(0x11, 3);
    bench.in(0x3da);
    bench.out(0x3c0, 0x00);
    CHECK(bench.pixel(0, 0) == VgaBench::colour(3));
}

TEST_CASE("VGA: state and memory survive a snapshot", "[devices][vga][snapshot]") {
    VgaBench bench(256 << 10);
    bench.set_mode(test::mode_13h);
    bench.place_memory();
    bench.poke(0xa'0000 + 777, 0x42);
    bench.out(0x3c8, 5);
    bench.out(0x3c9, 0x3f);
    bench.in(0x3da);
    bench.out(0x3c0, 0x31);
    bench.ports.write(0x1ce, 2, 4);
    bench.poke(0xa'0000, bench.peek(0xa'0000 + 777));

    VgaBench restored(256 << 10);
    test::check_state_survives(*bench.vga, *restored.vga);
    CHECK(restored.checksum() == bench.checksum());
    std::array<u8, 1> byte{};
    CHECK(restored.guest->read(fabric::Gpa{VgaBench::frame_buffer}, byte));
    CHECK(byte[0] == 0x42);

    VgaBench smaller(512 << 10);
    const std::array<u8, 1> far = {1};
    smaller.place_memory();
    smaller.store((512 << 10) - 1, far);
    const std::vector<u8> bytes = test::saved(*smaller.vga);
    fabric::StateReader in(bytes);
    CHECK_FALSE(restored.vga->restore(in));
    CHECK(restored.vga->state() == bench.vga->state());
}

TEST_CASE("VGA: its ports conform to the rules of every device", "[devices][vga][hostile]") {
    VgaBench bench(256 << 10);
    check_survives_any_access({*bench.vga, bench.vga->ports()}, 0x30, 1);
    check_survives_any_access({*bench.vga, bench.vga->dispi_ports()}, 4, 2);
}

TEST_CASE("VGA: its registers in memory conform as well", "[devices][vga][hostile]") {
    VgaBench bench(256 << 10);
    bench.place_memory();
    Numbers numbers;
    for (u32 i = 0; i < 20'000; ++i) {
        const u32 size = 1u << numbers.next() % 2;
        const u64 offset = numbers.next() % memory_registers::Length & ~u64{size - 1};
        bench.mmio.write(VgaBench::registers + offset, size, numbers.next());
        static_cast<void>(bench.mmio.read(VgaBench::registers + offset, size));
    }
    bench.picture();
}

TEST_CASE("VGA: no guest breaks it", "[devices][vga][hostile]") {
    const u64 memory_bytes = GENERATE(u64{256} << 10, u64{1} << 20);
    VgaBench bench(memory_bytes);
    bench.place_memory();
    Numbers numbers;
    for (u32 i = 0; i < 60'000; ++i) {
        const u64 number = numbers.next();
        const u64 value = numbers.next();
        switch (number % 8) {
            case 0:
            case 1: bench.ports.write(0x3b0 + number / 8 % 0x30, 1, value); break;
            case 2: bench.set(0x3d4, static_cast<u32>(number / 8 % 0x19), value & 0xff); break;
            case 3:
                if (number / 8 % 50 == 0) {
                    bench.set_dispi(static_cast<u16>(number / 400 % 12), static_cast<u16>(value));
                }
                break;
            case 4: bench.mmio.write(0xa'0000 + number / 8 % 0x1'fff8, 8, value); break;
            case 5: static_cast<void>(bench.mmio.read(0xa'0000 + number / 8 % 0x1'fff8, 8)); break;
            case 6: static_cast<void>(bench.ports.read(0x3b0 + number / 8 % 0x30, 1)); break;
            default: bench.pass(value % 100'000); break;
        }
        if (i % 1000 == 0) bench.picture();
    }
    bench.write_config(0x10, 0);  // Over RAM.
    bench.write_config(0x10, 0xffff'ffff);
    bench.picture();
    bench.vga->reset(fabric::ResetKind::PowerOn);
    CHECK(bench.vga->state() == Vga::State{});
}
