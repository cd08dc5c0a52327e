// SPDX-License-Identifier: BSD-2-Clause
//
// Modes, as pictures.
#include "tests/devices/video/vga_bench.hpp"

using namespace devices;
using test::VgaBench;

namespace {

/// A font in which row r of character c is c ^ (r * 37): no two rows of two characters are alike.
void load_font(VgaBench& bench) {
    bench.set(0x3c4, 2, 4);
    bench.set(0x3c4, 4, 6);
    bench.set(0x3ce, 5, 0);
    bench.set(0x3ce, 6, 4);
    for (u32 character = 0; character < 256; ++character) {
        for (u32 row = 0; row < 16; ++row) {
            bench.poke(0xa'0000 + character * 32 + row, static_cast<u8>(character ^ (row * 37)));
        }
    }
    bench.set(0x3c4, 2, 3);
    bench.set(0x3c4, 4, 2);
    bench.set(0x3ce, 5, 0x10);
    bench.set(0x3ce, 6, 0x0e);
}

void write_text(VgaBench& bench, u32 cells) {
    for (u32 i = 0; i < cells; ++i) {
        bench.mmio.write(0xb'8000 + 2 * i, 2, (i & 0xff) | (i * 11 & 0x7f) << 8);
    }
}

}  // namespace

TEST_CASE("VGA: text has its characters, attributes and a ninth dot", "[devices][vga]") {
    VgaBench bench;
    bench.set_mode(test::text_80x25);
    load_font(bench);
    bench.set(0x3d4, 0x0a, 0x20);  // No cursor.
    bench.mmio.write(0xb'8000, 2, 0x1f41);
    bench.mmio.write(0xb'8002, 2, 0x1fc1);
    CHECK(bench.picture().width() == 720);
    CHECK(bench.picture().height() == 400);
    const u32 ink = VgaBench::colour(0x3f);
    const u32 paper = VgaBench::colour(1);
    for (u32 row = 0; row < 16; ++row) {
        for (u32 x = 0; x < 8; ++x) {
            CHECK(bench.pixel(x, row) == (((0x41 ^ row * 37) >> (7 - x) & 1) != 0 ? ink : paper));
        }
        CHECK(bench.pixel(8, row) == paper);
        CHECK(bench.pixel(17, row) == (((0xc1 ^ row * 37) & 1) != 0 ? ink : paper));
    }
}

TEST_CASE("VGA: cursor and characters blink in virtual time", "[devices][vga]") {
    VgaBench bench;
    bench.set_mode(test::text_80x25);
    load_font(bench);
    bench.mmio.write(0xb'8000, 2, 0x9f00);
    bench.set(0x3d4, 0x0e, 0);
    bench.set(0x3d4, 0x0f, 1);
    bench.mmio.write(0xb'8002, 2, 0x0700);
    const u32 ink = VgaBench::colour(0x3f);
    const u32 paper = VgaBench::colour(1);
    const u32 cursor = VgaBench::colour(7);
    u32 cursor_flips = 0;
    u32 character_flips = 0;
    u32 cursor_before = bench.pixel(9, 14);
    u32 character_before = bench.pixel(2, 1);
    for (u32 frame = 0; frame < 64; ++frame) {
        bench.pass(14'268'000);  // A frame of 70.09 Hz.
        const u32 cursor_now = bench.pixel(9, 14);
        const u32 character_now = bench.pixel(2, 1);
        REQUIRE((cursor_now == cursor || cursor_now == 0));
        REQUIRE((character_now == ink || character_now == paper));
        if (cursor_now != std::exchange(cursor_before, cursor_now)) ++cursor_flips;
        if (character_now != std::exchange(character_before, character_now)) ++character_flips;
    }
    CHECK(cursor_flips >= 7);
    CHECK(cursor_flips <= 8);
    CHECK(character_flips >= 3);
    CHECK(character_flips <= 4);
}

TEST_CASE("VGA: mode 13h has a byte for a pixel", "[devices][vga]") {
    VgaBench bench;
    bench.set_mode(test::mode_13h);
    for (u32 y = 0; y < 200; ++y) {
        for (u32 x = 0; x < 320; x += 4) {
            const u32 first = (x + y) & 0xfc;
            bench.mmio.write(0xa'0000 + y * 320 + x, 4, first * 0x0101'0101 + 0x0302'0100);
        }
    }
    const Frame& picture = bench.picture();
    REQUIRE(picture.width() == 640);
    REQUIRE(picture.height() == 400);
    u32 wrong = 0;
    for (u32 y = 0; y < 400; ++y) {
        for (u32 x = 0; x < 640; ++x) {
            const u32 expected = (((x / 2 & ~3u) + y / 2) & 0xfc) + (x / 2 & 3);
            if (picture.line(y)[x] != VgaBench::colour(expected)) ++wrong;
        }
    }
    CHECK(wrong == 0);
    CHECK(bench.peek(0xa'0000 + 5 * 320 + 6) == 8 + 2);
}

TEST_CASE("VGA: mode X shows pages, panned and split", "[devices][vga]") {
    VgaBench bench;
    bench.set_mode(test::mode_x);
    const auto put = [&](u32 page, u32 x, u32 y, u8 value) {
        bench.set(0x3c4, 2, 1u << (x & 3));
        bench.poke(0xa'0000 + page + y * 80 + x / 4, value);
    };
    put(0, 0, 0, 11);
    put(0x4b00, 5, 7, 22);
    REQUIRE(bench.picture().height() == 480);
    CHECK(bench.pixel(0, 0) == VgaBench::colour(11));
    CHECK(bench.pixel(1, 1) == VgaBench::colour(11));
    CHECK(bench.pixel(2, 1) == 0);

    bench.set(0x3d4, 0x0c, 0x4b);
    CHECK(bench.pixel(0, 0) == 0);
    CHECK(bench.pixel(10, 14) == VgaBench::colour(22));
    CHECK(bench.pixel(11, 15) == VgaBench::colour(22));
    bench.set_attribute(0x13, 2);  // One pixel to the left.
    CHECK(bench.pixel(8, 14) == VgaBench::colour(22));
    bench.set_attribute(0x13, 0);

    bench.set(0x3d4, 0x18, 399 & 0xff);  // From line 400 on, memory from 0 on.
    bench.set(0x3d4, 0x07, (0x3e & ~0x10) | (399 >> 8 & 1) << 4);
    bench.set(0x3d4, 0x09, 0x41 & ~0x40);
    CHECK(bench.pixel(10, 14) == VgaBench::colour(22));
    CHECK(bench.pixel(0, 399) == 0);
    CHECK(bench.pixel(0, 400) == VgaBench::colour(11));
}

TEST_CASE("VGA: write modes, set/reset, function and bit mask", "[devices][vga]") {
    VgaBench bench;
    bench.set_mode(test::planar_640x480);
    const auto plane = [&](u32 number) {
        bench.set(0x3ce, 4, number);
        return bench.peek(0xa'0000);
    };
    bench.poke(0xa'0000, 0x5a);
    for (u32 i = 0; i < 4; ++i) CHECK(plane(i) == 0x5a);

    SECTION("0: rotation, and planes of their own by set/reset") {
        bench.set(0x3ce, 3, 4);
        bench.set(0x3ce, 0, 0x02);
        bench.set(0x3ce, 1, 0x03);
        bench.poke(0xa'0000, 0x12);
        CHECK(plane(0) == 0x00);
        CHECK(plane(1) == 0xff);
        CHECK(plane(2) == 0x21);
    }
    SECTION("0: XOR with the latches where the bit mask lets it") {
        plane(0);
        bench.set(0x3ce, 3, 3 << 3);
        bench.set(0x3ce, 8, 0x0f);
        bench.poke(0xa'0000, 0xff);
        CHECK(plane(3) == 0x55);
    }
    SECTION("1: a copy of the latches") {
        bench.poke(0xa'0001, 0x77);
        plane(0);
        bench.set(0x3ce, 5, 1);
        bench.poke(0xa'0001, 0xff);
        bench.set(0x3ce, 5, 0);
        CHECK(bench.peek(0xa'0001) == 0x5a);
    }
    SECTION("2: a colour") {
        bench.set(0x3ce, 5, 2);
        bench.set(0x3ce, 8, 0xf0);
        plane(0);
        bench.poke(0xa'0000, 0x05);
        CHECK(plane(0) == 0xfa);
        CHECK(plane(1) == 0x0a);
        CHECK(plane(2) == 0xfa);
    }
    SECTION("3: set/reset where the byte and the bit mask have ones") {
        bench.set(0x3ce, 5, 3);
        bench.set(0x3ce, 0, 0x08);
        plane(0);
        bench.poke(0xa'0000, 0xff);
        CHECK(plane(0) == 0x00);
        CHECK(plane(3) == 0xff);
    }
    SECTION("read mode 1 compares colours") {
        bench.set(0x3ce, 5, 8);
        bench.set(0x3ce, 2, 0x0f);
        CHECK(bench.peek(0xa'0000) == 0x5a);
        bench.set(0x3ce, 7, 0);
        CHECK(bench.peek(0xa'0000) == 0xff);
    }
    SECTION("the map mask keeps planes as they are") {
        bench.set(0x3c4, 2, 0x04);
        bench.poke(0xa'0000, 0x00);
        CHECK(plane(1) == 0x5a);
        CHECK(plane(2) == 0x00);
    }
}

TEST_CASE("VGA: the window is where the graphics controller puts it", "[devices][vga]") {
    VgaBench bench;
    bench.set_mode(test::planar_640x480);
    bench.poke(0xa'0000, 0x12);
    CHECK(bench.peek(0xb'8000) == 0xff);
    bench.set(0x3ce, 6, 0x0d);
    CHECK(bench.peek(0xb'8000) == 0x12);
    CHECK(bench.peek(0xa'0000) == 0xff);
    bench.set(0x3ce, 6, 0x09);
    CHECK(bench.peek(0xb'0000) == 0x12);
    bench.out(0x3c2, 0xe1);  // RAM disabled.
    CHECK(bench.peek(0xb'0000) == 0xff);
}

// The graphics modes were compared with what QEMU 7.2 shows after the same accesses, dot for dot
// (but for the low two bits of a colour); text too, where QEMU stretches characters B0 to BF as
// well.
TEST_CASE("VGA: pictures of all modes are those of the first day", "[devices][vga]") {
    struct Golden {
        const test::VgaMode& mode;
        u32 width, height;
        u64 checksum;
    };
    const auto golden = GENERATE(values<Golden>({
        {test::text_80x25, 720, 400, 0xc747'7275'ce89'dc95},
        {test::text_40x25, 720, 400, 0xd6a8'c119'0f99'b5ec},
        {test::cga_320x200, 640, 400, 0x66db'16f4'0ae6'68f2},
        {test::cga_640x200, 640, 400, 0x3df2'9cdb'f3ba'8bc5},
        {test::ega_320x200, 640, 400, 0x1749'3993'88f7'51d6},
        {test::planar_640x480, 640, 480, 0xf18c'd592'c6ee'00a3},
        {test::mode_13h, 640, 400, 0xb3ed'9704'46c4'e389},
        {test::mode_x, 640, 480, 0x4497'00ea'1059'cb30},
    }));
    CAPTURE(golden.mode.name);
    VgaBench bench;
    bench.set_mode(golden.mode);
    const bool text = golden.mode.graphics[6] == 0x0e;
    if (text) {
        load_font(bench);
        write_text(bench, 80 * 25);
    } else {
        const u64 window = (golden.mode.graphics[6] & 8) != 0 ? 0xb'8000 : 0xa'0000;
        const u32 bytes = window == 0xb'8000 ? 0x4000 : 0xfa00;
        for (u32 i = 0; i < bytes; ++i) {
            if ((golden.mode.sequencer[4] & 0x0c) == 4) bench.set(0x3c4, 2, i >> 3 & 0x0f);
            bench.poke(window + i, static_cast<u8>(i * 5 ^ i >> 8));
        }
    }
    CHECK(bench.picture().width() == golden.width);
    CHECK(bench.picture().height() == golden.height);
    CHECK(bench.checksum() == golden.checksum);
}
