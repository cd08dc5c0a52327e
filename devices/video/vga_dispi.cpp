// SPDX-License-Identifier: BSD-2-Clause
//
// The Bochs display interface: linear modes beside the VGA's own.
#include <algorithm>

#include "devices/video/vga.hpp"

namespace devices {

using namespace vga;

namespace {

/// 4 bits per pixel lie in four planes, a bit of each in a byte for eight pixels.
u64 bytes_of(u64 pixels, u32 bits_per_pixel) {
    return bits_per_pixel == 4 ? pixels / 8 : pixels * ((bits_per_pixel + 7) / 8);
}

/// What of the memory a plane has, or, without planes, all.
u64 memory_of(u64 memory_bytes, u32 bits_per_pixel) {
    return bits_per_pixel == 4 ? memory_bytes / 4 : memory_bytes;
}

u16 clamped(u64 value, u64 least, u64 most) {
    return static_cast<u16>(std::clamp(value, least, std::max(least, most)));
}

}  // namespace

LinearMode linear_mode_of(const VgaState& state, u64 memory_bytes) {
    LinearMode mode;
    mode.width = state.dispi[dispi::XResolution];
    mode.height = state.dispi[dispi::YResolution];
    mode.bits_per_pixel = state.dispi[dispi::BitsPerPixel];
    mode.line_bytes = bytes_of(state.dispi[dispi::VirtualWidth], mode.bits_per_pixel);
    mode.start = state.dispi[dispi::YOffset] * mode.line_bytes +
                 bytes_of(state.dispi[dispi::XOffset], mode.bits_per_pixel);
    const u64 room = memory_of(memory_bytes, mode.bits_per_pixel);
    if (mode.start > room) mode.start = 0;
    return mode;
}

u64 Vga::DispiPorts::read(u64 offset, u32 size) {
    if (size == 2) {
        return offset == 0 ? vga.state_.dispi_index : vga.read_dispi(vga.state_.dispi_index);
    }
    // A word at 1CF comes as two bytes, since its address is odd.
    if (offset == 0) return vga.state_.dispi_index & 0xff;
    const u16 value = vga.read_dispi(vga.state_.dispi_index);
    return offset == 1 ? value & 0xff : value >> 8;
}

void Vga::DispiPorts::write(u64 offset, u32 size, u64 value) {
    if (offset == 0) {
        vga.state_.dispi_index = static_cast<u16>(value);
    } else if (size == 2) {
        vga.write_dispi(vga.state_.dispi_index, static_cast<u16>(value));
    } else if (offset == 1) {
        vga.state_.dispi_pending = static_cast<u8>(value);
    } else if (offset == 2) {
        vga.write_dispi(vga.state_.dispi_index,
                        static_cast<u16>(vga.state_.dispi_pending | (value & 0xff) << 8));
    }
}

u64 Vga::MemoryRegisters::read(u64 offset, u32 size) {
    if (offset >= memory_registers::Dispi &&
        offset < memory_registers::Dispi + 2 * u64{dispi::Count}) {
        const u16 index = static_cast<u16>((offset - memory_registers::Dispi) / 2);
        return u64{vga.read_dispi(index)} >> (8 * (offset % 2));
    }
    u64 value = 0;
    for (u32 i = 0; i < size; ++i) {
        const u64 port = offset + i - memory_registers::VgaPorts;
        const bool is_port = port < memory_registers::VgaPortsLength;
        value |= u64{is_port ? vga.read_port(port::AttributeIndex + port) : u8{0xff}} << (8 * i);
    }
    return value;
}

void Vga::MemoryRegisters::write(u64 offset, u32 size, u64 value) {
    if (offset >= memory_registers::Dispi) {
        const u64 index = (offset - memory_registers::Dispi) / 2;
        if (size == 2 && index < dispi::Count) {
            vga.write_dispi(static_cast<u16>(index), static_cast<u16>(value));
        }
        return;
    }
    for (u32 i = 0; i < size; ++i) {
        const u64 port = offset + i - memory_registers::VgaPorts;
        if (port >= memory_registers::VgaPortsLength) continue;
        vga.write_port(port::AttributeIndex + port, static_cast<u8>(value >> (8 * i)));
    }
}

u16 Vga::read_dispi(u16 index) const {
    const bool capabilities = (state_.dispi[dispi::Enable] & dispi::GetCapabilities) != 0;
    switch (index) {
        case dispi::XResolution: return capabilities ? dispi::LargestX : state_.dispi[index];
        case dispi::YResolution: return capabilities ? dispi::LargestY : state_.dispi[index];
        case dispi::BitsPerPixel: return capabilities ? dispi::DeepestPixel : state_.dispi[index];
        case dispi::VideoMemory64K: return static_cast<u16>(config_.memory_bytes >> 16);
        default: return index < dispi::Count ? state_.dispi[index] : u16{0};
    }
}

void Vga::write_dispi(u16 index, u16 value) {
    registers_changed();
    switch (index) {
        case dispi::Id:
            if (value >= dispi::OldestId && value <= dispi::NewestId) state_.dispi[index] = value;
            return;
        case dispi::XResolution:
        case dispi::YResolution:
        case dispi::BitsPerPixel:
        case dispi::VirtualWidth:
        case dispi::XOffset:
        case dispi::YOffset:
            state_.dispi[index] = value;
            if (linear_mode_on(state_)) fit_linear_mode();
            return;
        case dispi::Bank:
            state_.dispi[index] = clamped(value, 0, (config_.memory_bytes >> 16) - 1);
            return;
        case dispi::Enable: return enable_dispi(value);
        default: return;  // The virtual height follows from the width and the memory.
    }
}

void Vga::enable_dispi(u16 value) {
    const u16 before = state_.dispi[dispi::Enable];
    state_.dispi[dispi::Enable] =
        value & (dispi::Enabled | dispi::GetCapabilities | dispi::EightBitDac |
                 dispi::LinearFrameBuffer | dispi::KeepMemory);
    if (((before ^ value) & dispi::EightBitDac) != 0) {
        // A palette keeps its colours when its registers become wider.
        const bool wider = (value & dispi::EightBitDac) != 0;
        for (u8& part : state_.dac) part = static_cast<u8>(wider ? part << 2 : part >> 2);
    }
    const bool switched_on = ((value & ~before) & dispi::Enabled) != 0;
    if (!switched_on) return;
    state_.dispi[dispi::Bank] = 0;
    state_.dispi[dispi::VirtualWidth] = 0;
    state_.dispi[dispi::XOffset] = 0;
    state_.dispi[dispi::YOffset] = 0;
    fit_linear_mode();
    if ((value & dispi::KeepMemory) == 0) {
        const LinearMode mode = linear_mode_of(state_, config_.memory_bytes);
        const u64 planes = mode.bits_per_pixel == 4 ? 4 : 1;
        memory_.clear(0, mode.height * mode.line_bytes * planes);
    }
}

/// Numbers that do not fit the memory are made to, as the guest reads back.
void Vga::fit_linear_mode() {
    auto& registers = state_.dispi;
    u16& depth = registers[dispi::BitsPerPixel];
    const bool known =
        depth == 4 || depth == 8 || depth == 15 || depth == 16 || depth == 24 || depth == 32;
    if (!known) depth = 8;
    const u64 memory = memory_of(config_.memory_bytes, depth);
    const u64 pixel_bits = depth == 4 ? 1 : 8 * ((depth + 7u) / 8);

    u16& width = registers[dispi::XResolution];
    width = clamped(width & ~7u, 8, dispi::LargestX);
    u16& virtual_width = registers[dispi::VirtualWidth];
    const u64 widest = std::min<u64>(memory * 8 / pixel_bits, 0xffff) & ~u64{7};
    virtual_width = clamped(virtual_width & ~7u, width, widest);
    const u64 lines = memory / bytes_of(virtual_width, depth);
    u16& height = registers[dispi::YResolution];
    height = clamped(height, 1, std::min<u64>(dispi::LargestY, lines));
    registers[dispi::VirtualHeight] = clamped(lines, 1, 0xffff);

    u16& x = registers[dispi::XOffset];
    x = clamped(x, 0, u64{virtual_width} - width);
    u16& y = registers[dispi::YOffset];
    y = clamped(y, 0, lines - height);
}

}  // namespace devices
