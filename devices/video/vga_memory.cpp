// SPDX-License-Identifier: BSD-2-Clause
//
// What lies between a processor and the four planes: the graphics controller and the sequencer's
// choice of planes. A plane address p has its four bytes together, at 4 * p of the video memory.
#include "devices/video/vga.hpp"

namespace devices {

using namespace vga;

namespace {

constexpr u64 bank_bytes = 64 << 10;

/// Four bits, each spread over a plane's byte.
constexpr u32 spread(u32 bits) {
    u32 planes = 0;
    for (u32 plane = 0; plane < 4; ++plane) {
        if ((bits >> plane & 1) != 0) planes |= u32{0xff} << (8 * plane);
    }
    return planes;
}

constexpr u32 in_every_plane(u8 value) { return value * u32{0x0101'0101}; }

u8 rotated(u8 value, u32 count) {
    return static_cast<u8>((u32{value} >> count | u32{value} << (8 - count)) & 0xff);
}

bool odd_even_writes(const VgaState& state) {
    return (state.sequencer[sequencer::MemoryMode] & sequencer::NoOddEven) == 0;
}

bool chained(const VgaState& state) {
    return (state.sequencer[sequencer::MemoryMode] & sequencer::Chain4) != 0;
}

}  // namespace

u64 Vga::Window::read(u64 offset, u32 size) {
    u64 value = 0;
    for (u32 i = 0; i < size; ++i) value |= u64{vga.read_window(offset + i)} << (8 * i);
    return value;
}

void Vga::Window::write(u64 offset, u32 size, u64 value) {
    for (u32 i = 0; i < size; ++i) {
        vga.write_window(offset + i, static_cast<u8>(value >> (8 * i)));
    }
}

/// Graphics controller, miscellaneous, bits 3:2.
Vga::WindowPlace Vga::place_in_window(u64 offset) const {
    struct Range {
        u64 first, length;
    };
    static constexpr std::array<Range, 4> ranges = {
        {{0, 0x2'0000}, {0, 0x1'0000}, {0x1'0000, 0x8000}, {0x1'8000, 0x8000}}};
    const u32 map = state_.graphics[graphics::Miscellaneous] >> graphics::MemoryMapShift & 3;
    const Range range = ranges[map];
    const bool inside = offset >= range.first && offset - range.first < range.length;
    const bool enabled = (state_.misc_output & misc_output::EnableRam) != 0;
    return {inside && enabled, offset - range.first};
}

u8 Vga::read_window(u64 offset) {
    const u64 bank = state_.dispi[dispi::Bank] * bank_bytes;
    if (linear_mode_on(state_) && state_.dispi[dispi::BitsPerPixel] != 4) {
        return offset < bank_bytes ? memory_.read_byte(bank + offset) : u8{0xff};
    }
    const WindowPlace place = place_in_window(offset);
    if (!place.decoded) return 0xff;
    return read_planes(place.offset % bank_bytes + (linear_mode_on(state_) ? bank : 0));
}

void Vga::write_window(u64 offset, u8 value) {
    const u64 bank = state_.dispi[dispi::Bank] * bank_bytes;
    if (linear_mode_on(state_) && state_.dispi[dispi::BitsPerPixel] != 4) {
        if (offset < bank_bytes) memory_.write_byte(bank + offset, value);
        return;
    }
    const WindowPlace place = place_in_window(offset);
    if (!place.decoded) return;
    write_planes(place.offset % bank_bytes + (linear_mode_on(state_) ? bank : 0), value);
}

u8 Vga::read_planes(u64 offset) {
    u64 address = offset;
    u32 plane = state_.graphics[graphics::ReadMapSelect];
    if (chained(state_)) {
        plane = offset & 3;
        address &= ~u64{3};
    } else if ((state_.graphics[graphics::Mode] & graphics::HostOddEven) != 0) {
        plane = (plane & 2) | (offset & 1);
        address &= ~u64{1};
    }
    state_.latches = memory_.read_dword(4 * address);
    if ((state_.graphics[graphics::Mode] & graphics::ReadMode1) == 0) {
        return static_cast<u8>(state_.latches >> (8 * plane));
    }
    // A bit for each pixel that has the colour, in the planes that are cared for.
    const u32 differs = (state_.latches ^ spread(state_.graphics[graphics::ColourCompare])) &
                        spread(state_.graphics[graphics::ColourDontCare]);
    return static_cast<u8>(~(differs | differs >> 8 | differs >> 16 | differs >> 24));
}

void Vga::write_planes(u64 offset, u8 value) {
    u64 address = offset;
    u32 planes = state_.sequencer[sequencer::MapMask];
    if (chained(state_)) {
        planes &= 1u << (offset & 3);
        address &= ~u64{3};
    } else if (odd_even_writes(state_)) {
        planes &= (offset & 1) != 0 ? 0x0a : 0x05;
        address &= ~u64{1};
    }
    if (planes == 0) return;
    const u32 mask = spread(planes);
    const u32 before = memory_.read_dword(4 * address);
    memory_.write_dword(4 * address, (before & ~mask) | (blend(value) & mask));
}

/// What the four planes are to hold: write modes 0 to 3, set/reset, function, bit mask, latches.
u32 Vga::blend(u8 value) const {
    const auto& registers = state_.graphics;
    const u32 write_mode = registers[graphics::Mode] & graphics::WriteMode;
    if (write_mode == 1) return state_.latches;

    const u8 turned = rotated(value, registers[graphics::DataRotate] & 7);
    u8 bits = registers[graphics::BitMask];
    u32 data = 0;
    if (write_mode == 0) {
        const u32 set_by_register = spread(registers[graphics::EnableSetReset]);
        data = (in_every_plane(turned) & ~set_by_register) |
               (spread(registers[graphics::SetReset]) & set_by_register);
    } else if (write_mode == 2) {
        data = spread(value & 0x0f);
    } else {
        bits &= turned;
        data = spread(registers[graphics::SetReset]);
    }
    switch (registers[graphics::DataRotate] >> 3 & 3) {
        case 1: data &= state_.latches; break;
        case 2: data |= state_.latches; break;
        case 3: data ^= state_.latches; break;
        default: break;
    }
    const u32 mask = in_every_plane(bits);
    return (data & mask) | (state_.latches & ~mask);
}

}  // namespace devices
