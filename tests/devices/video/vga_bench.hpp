// SPDX-License-Identifier: BSD-2-Clause
//
// A VGA on a bench: on its ports, its window and the PCI bus, with the register values of the modes
// that a video BIOS sets.
#pragma once

#include <catch2/catch.hpp>

#include <array>
#include <string_view>

#include "devices/pci/bus.hpp"
#include "devices/video/vga.hpp"
#include "fabric/bus/io_space.hpp"
#include "fabric/state/state_hash.hpp"

namespace test {

struct VgaMode {
    std::string_view name;
    u8 misc_output;
    std::array<u8, 5> sequencer;
    std::array<u8, 25> crtc;
    std::array<u8, 9> graphics;
    std::array<u8, 21> attribute;
};

// IBM VGA technical reference, "Video Mode Parameter Values", as BIOSes have them in their tables.
// clang-format off
constexpr VgaMode text_80x25 = {
    "text 80x25", 0x67, {0x03, 0x00, 0x03, 0x00, 0x02},
    {0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0, 0, 0, 0,
     0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff},
    {0, 0, 0, 0, 0, 0x10, 0x0e, 0, 0xff},
    {0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f,
     0x0c, 0, 0x0f, 0x08, 0}};
constexpr VgaMode text_40x25 = {
    "text 40x25", 0x67, {0x03, 0x08, 0x03, 0x00, 0x02},
    {0x2d, 0x27, 0x28, 0x90, 0x2b, 0xa0, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0, 0, 0, 0,
     0x9c, 0x8e, 0x8f, 0x14, 0x1f, 0x96, 0xb9, 0xa3, 0xff},
    {0, 0, 0, 0, 0, 0x10, 0x0e, 0, 0xff},
    {0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f,
     0x0c, 0, 0x0f, 0x08, 0}};
constexpr VgaMode cga_320x200 = {
    "CGA 320x200", 0x63, {0x03, 0x09, 0x03, 0x00, 0x02},
    {0x2d, 0x27, 0x28, 0x90, 0x2b, 0x80, 0xbf, 0x1f, 0x00, 0xc1, 0, 0, 0, 0, 0, 0,
     0x9c, 0x8e, 0x8f, 0x14, 0x00, 0x96, 0xb9, 0xa2, 0xff},
    {0, 0, 0, 0, 0, 0x30, 0x0f, 0, 0xff},
    {0, 0x13, 0x15, 0x17, 2, 4, 6, 7, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
     0x01, 0, 0x03, 0, 0}};
constexpr VgaMode cga_640x200 = {
    "CGA 640x200", 0x63, {0x03, 0x01, 0x01, 0x00, 0x06},
    {0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0x00, 0xc1, 0, 0, 0, 0, 0, 0,
     0x9c, 0x8e, 0x8f, 0x28, 0x00, 0x96, 0xb9, 0xc2, 0xff},
    {0, 0, 0, 0, 0, 0x00, 0x0d, 0, 0xff},
    {0, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17,
     0x01, 0, 0x01, 0, 0}};
constexpr VgaMode ega_320x200 = {
    "EGA 320x200", 0x63, {0x03, 0x09, 0x0f, 0x00, 0x06},
    {0x2d, 0x27, 0x28, 0x90, 0x2b, 0x80, 0xbf, 0x1f, 0x00, 0xc0, 0, 0, 0, 0, 0, 0,
     0x9c, 0x8e, 0x8f, 0x14, 0x00, 0x96, 0xb9, 0xe3, 0xff},
    {0, 0, 0, 0, 0, 0x00, 0x05, 0x0f, 0xff},
    {0, 1, 2, 3, 4, 5, 6, 7, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x01, 0, 0x0f, 0, 0}};
constexpr VgaMode planar_640x480 = {
    "640x480", 0xe3, {0x03, 0x01, 0x0f, 0x00, 0x06},
    {0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0x0b, 0x3e, 0x00, 0x40, 0, 0, 0, 0, 0, 0,
     0xea, 0x8c, 0xdf, 0x28, 0x00, 0xe7, 0x04, 0xe3, 0xff},
    {0, 0, 0, 0, 0, 0x00, 0x05, 0x0f, 0xff},
    {0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f,
     0x01, 0, 0x0f, 0, 0}};
constexpr VgaMode mode_13h = {
    "13h", 0x63, {0x03, 0x01, 0x0f, 0x00, 0x0e},
    {0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0x00, 0x41, 0, 0, 0, 0, 0, 0,
     0x9c, 0x8e, 0x8f, 0x28, 0x40, 0x96, 0xb9, 0xa3, 0xff},
    {0, 0, 0, 0, 0, 0x40, 0x05, 0x0f, 0xff},
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0x41, 0, 0x0f, 0, 0}};
/// Abrash's 320x240, unchained.
constexpr VgaMode mode_x = {
    "X", 0xe3, {0x03, 0x01, 0x0f, 0x00, 0x06},
    {0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0x0d, 0x3e, 0x00, 0x41, 0, 0, 0, 0, 0, 0,
     0xea, 0xac, 0xdf, 0x28, 0x00, 0xe7, 0x06, 0xe3, 0xff},
    {0, 0, 0, 0, 0, 0x40, 0x05, 0x0f, 0xff},
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0x41, 0, 0x0f, 0, 0}};
// clang-format on

struct VgaBench {
    fabric::EventQueue events;
    std::unique_ptr<fabric::GuestMemory> guest;
    fabric::IoSpace ports{"ports"};
    fabric::IoSpace mmio{"mmio"};
    devices::pci::Bus bus{{}, {ports, mmio, {}}};
    std::unique_ptr<devices::Vga> vga;
    devices::Frame frame;

    static constexpr u64 frame_buffer = 0xe000'0000;
    static constexpr u64 registers = 0xe800'0000;

    explicit VgaBench(u64 memory_bytes = u64{16} << 20) {
        guest = fabric::GuestMemory::create(fabric::GuestMemory::smallest_ram).value();
        guest->map_ram(fabric::Gpa{0}, 0xa'0000, 0).value();
        vga = std::make_unique<devices::Vga>(devices::Vga::Config{.memory_bytes = memory_bytes},
                                             devices::Vga::Wiring{events, *guest});
        ports.map({.name = "pci", .first = 0xcf8, .length = 8, .widest_access = 4, .handler = &bus})
            .value();
        ports.map({.name = "vga", .first = 0x3b0, .length = 0x30, .handler = &vga->ports()})
            .value();
        ports
            .map({.name = "dispi",
                  .first = 0x1ce,
                  .length = 4,
                  .widest_access = 2,
                  .handler = &vga->dispi_ports()})
            .value();
        mmio.map({.name = "vga window",
                  .first = devices::Vga::window_address,
                  .length = devices::Vga::window_length,
                  .widest_access = 8,
                  .handler = &vga->window()})
            .value();
        bus.attach(2, 0, *vga);
    }

    u8 in(u64 port) { return static_cast<u8>(ports.read(port, 1)); }
    void out(u64 port, u8 value) { ports.write(port, 1, value); }
    void set(u64 index_port, u32 index, u64 value) {
        ports.write(index_port, 2, index | value << 8);
    }
    void pass(u64 ns) { events.run_until(events.now() + fabric::VmDuration{ns}); }

    void write_config(u32 offset, u32 value) {
        ports.write(0xcf8, 4, 0x8000'0000 | 2 << 11 | offset);
        ports.write(0xcfc, 4, value);
    }
    void place_memory() {
        write_config(0x10, frame_buffer);
        write_config(0x18, registers);
        write_config(0x04, 3);
    }

    void set_attribute(u32 index, u8 value) {
        in(0x3da);
        out(0x3c0, static_cast<u8>(index));
        out(0x3c0, value);
        out(0x3c0, 0x20);
    }

    void set_mode(const VgaMode& mode) {
        out(0x3c2, mode.misc_output);
        for (u32 i = 0; i < mode.sequencer.size(); ++i) set(0x3c4, i, mode.sequencer[i]);
        set(0x3d4, 0x11, 0);
        for (u32 i = 0; i < mode.crtc.size(); ++i) set(0x3d4, i, mode.crtc[i]);
        for (u32 i = 0; i < mode.graphics.size(); ++i) set(0x3ce, i, mode.graphics[i]);
        for (u32 i = 0; i < mode.attribute.size(); ++i) set_attribute(i, mode.attribute[i]);
        set_palette();
    }

    /// Every entry a colour of its own; entry 0 is black.
    void set_palette() {
        out(0x3c6, 0xff);
        out(0x3c8, 0);
        for (u32 i = 0; i < 256; ++i) {
            out(0x3c9, static_cast<u8>(i & 0x3f));
            out(0x3c9, static_cast<u8>(i * 7 & 0x3f));
            out(0x3c9, static_cast<u8>(i >> 2));
        }
    }
    static u32 colour(u32 index) {
        const auto wide = [](u32 part) { return part << 2 | part >> 4; };
        return wide(index & 0x3f) << 16 | wide(index * 7 & 0x3f) << 8 | wide(index >> 2);
    }

    void poke(u64 address, u8 value) { mmio.write(address, 1, value); }
    u8 peek(u64 address) { return static_cast<u8>(mmio.read(address, 1)); }

    void set_dispi(u16 index, u16 value) {
        ports.write(0x1ce, 2, index);
        ports.write(0x1cf, 2, value);
    }
    u16 dispi(u16 index) {
        ports.write(0x1ce, 2, index);
        return static_cast<u16>(ports.read(0x1cf, 2));
    }
    void set_linear_mode(u16 width, u16 height, u16 bits_per_pixel) {
        set_dispi(4, 0);
        set_dispi(1, width);
        set_dispi(2, height);
        set_dispi(3, bits_per_pixel);
        set_dispi(4, 0x41);
    }
    /// As a processor writes: told first where it must be.
    void store(u64 offset, std::span<const u8> bytes) {
        const fabric::Gpa where{frame_buffer + offset};
        const u8 flags = guest->page(where.frame()).flags;
        if ((flags & fabric::page_flag::TellWrites) != 0) guest->note_write(where, bytes.size());
        std::copy(bytes.begin(), bytes.end(),
                  guest->page(where.frame()).host + where.offset_in_page());
    }

    const devices::Frame& picture() {
        vga->render(frame);
        return frame;
    }
    u32 pixel(u32 x, u32 y) { return picture().line(y)[x]; }
    u64 checksum() {
        const auto pixels = picture().pixels();
        return fabric::hash_of({reinterpret_cast<const u8*>(pixels.data()), pixels.size_bytes()});
    }
    u32 changed_lines() {
        u32 count = 0;
        for (u32 y = 0; y < frame.height(); ++y) {
            if (frame.line_changed(y)) ++count;
        }
        return count;
    }
};

}  // namespace test
