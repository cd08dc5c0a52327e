// SPDX-License-Identifier: BSD-2-Clause
//
// From the state to a picture.
#include "devices/video/scan_line.hpp"
#include "devices/video/vga.hpp"

namespace devices {

using namespace vga;

namespace {

constexpr u64 vga_memory = 256 << 10;  // As much as the VGA's own modes reach.

using Palette = std::array<u32, 256>;

Palette palette_of(const VgaState& state) {
    const bool eight_bits = (state.dispi[dispi::Enable] & dispi::EightBitDac) != 0;
    const auto widened = [&](u8 part) {
        return eight_bits ? u32{part} : u32{part} << 2 | part >> 4;
    };
    Palette palette{};
    for (u32 i = 0; i < palette.size(); ++i) {
        const u8* const parts = &state.dac[usize{3} * (i & state.dac_mask)];
        palette[i] = widened(parts[0]) << 16 | widened(parts[1]) << 8 | widened(parts[2]);
    }
    return palette;
}

bool shows_text(const VgaState& state) {
    return (state.graphics[graphics::Miscellaneous] & graphics::GraphicsMode) == 0;
}

/// The cursor blinks every 16 frames, characters every 32.
BlinkPhases phases_at(u64 frames) {
    return {.cursor_shown = (frames >> 3 & 1) == 0, .characters_shown = (frames >> 4 & 1) == 0};
}

void fill(Frame& frame, u32 colour) {
    std::vector<u32> line(frame.width(), colour);
    for (u32 y = 0; y < frame.height(); ++y) frame.put_line(y, line);
}

/// A CRTC that nobody has set up shows nothing: a screen of the usual size, dark.
bool set_up(const VgaState& state) {
    return state.crtc[crtc::HorizontalTotal] != 0 && state.crtc[crtc::VerticalTotal] != 0;
}

void render_scan_lines(Frame& frame, const VgaState& state, const VideoMemory& memory,
                       BlinkPhases phases) {
    if (!set_up(state)) {
        frame.begin(640, 480);
        return fill(frame, 0);
    }
    ScanLines lines(state, memory, phases);
    frame.begin(lines.width(), lines.height());
    const Palette palette = palette_of(state);
    if ((state.sequencer[sequencer::ClockingMode] & sequencer::ScreenOff) != 0) {
        return fill(frame, 0);
    }
    if ((state.attribute_index & attribute::PaletteAddressSource) == 0) {
        return fill(frame, palette[state.attribute[attribute::OverscanColour]]);
    }
    std::vector<u32> colours(frame.width());
    for (u32 y = 0; y < frame.height(); ++y) {
        const std::span<const u8> dots = lines.line(y);
        for (usize x = 0; x < dots.size(); ++x) colours[x] = palette[dots[x]];
        frame.put_line(y, colours);
    }
}

constexpr u32 widened(u32 part, u32 bits) { return part << (8 - bits) | part >> (2 * bits - 8); }

u32 colour_of_16(u32 pixel) {
    return widened(pixel >> 11 & 31, 5) << 16 | widened(pixel >> 5 & 63, 6) << 8 |
           widened(pixel & 31, 5);
}

u32 colour_of_15(u32 pixel) {
    return widened(pixel >> 10 & 31, 5) << 16 | widened(pixel >> 5 & 31, 5) << 8 |
           widened(pixel & 31, 5);
}

/// One line of a linear mode, its bytes all within the memory.
void convert(std::span<const u8> bytes, u32 bits_per_pixel, const Palette& palette,
             std::span<u32> into) {
    const u8* from = bytes.data();
    for (u32& colour : into) {
        switch (bits_per_pixel) {
            case 15: colour = colour_of_15(from[0] | u32{from[1]} << 8); break;
            case 16: colour = colour_of_16(from[0] | u32{from[1]} << 8); break;
            case 24:
            case 32: colour = from[0] | u32{from[1]} << 8 | u32{from[2]} << 16; break;
            default: colour = palette[from[0]]; break;
        }
        from += (bits_per_pixel + 7) / 8;
    }
}

/// One line of four planes; `first` is a plane's byte.
void convert_planes(const VideoMemory& memory, u64 first, const std::array<u8, 16>& colours,
                    const Palette& palette, std::span<u32> into) {
    for (usize x = 0; x < into.size(); ++x) {
        const u32 bits = memory.read_dword(4 * (first + x / 8)) >> (7 - x % 8);
        const u32 index = (bits & 1) | (bits >> 7 & 2) | (bits >> 14 & 4) | (bits >> 21 & 8);
        into[x] = palette[colours[index]];
    }
}

/// Lines whose pages were written since the frame's last look, or all.
void render_linear(Frame& frame, const VgaState& state, const VideoMemory& memory,
                   bool everything) {
    const LinearMode mode = linear_mode_of(state, memory.size());
    frame.begin(mode.width, mode.height);
    const Palette palette = palette_of(state);
    const auto colours = attribute_colours(state);
    const bool planes = mode.bits_per_pixel == 4;
    const u64 line_bytes =
        planes ? mode.width / 2 : u64{mode.width} * ((mode.bits_per_pixel + 7) / 8);
    std::vector<u32> line(mode.width);
    for (u32 y = 0; y < mode.height; ++y) {
        const u64 first = mode.start + y * mode.line_bytes;
        const u64 offset = planes ? 4 * first : first;
        if (!everything && !frame.size_changed() &&
            !memory.written_since(frame.made_from.look, offset, line_bytes)) {
            continue;
        }
        if (planes) {
            convert_planes(memory, first, colours, palette, line);
        } else if (offset <= memory.size() && line_bytes <= memory.size() - offset) {
            convert(memory.bytes().subspan(offset, line_bytes), mode.bits_per_pixel, palette, line);
        } else {
            std::fill(line.begin(), line.end(), 0);
        }
        frame.put_line(y, line);
    }
}

}  // namespace

void Vga::render(Frame& frame) {
    const bool linear = linear_mode_on(state_);
    const u64 frames = frames_shown(state_, wiring_.events.now());
    const u64 phases = !linear && shows_text(state_) ? frames >> 3 & 3 : 0;
    const bool registers = frame.made_from.registers != register_changes_;
    const bool blinked = frame.made_from.phases != phases;
    if (linear) {
        render_linear(frame, state_, memory_, registers);
    } else if (registers || blinked || memory_.written_since(frame.made_from.look, 0, vga_memory)) {
        render_scan_lines(frame, state_, memory_, phases_at(frames));
    } else {
        frame.begin(frame.width(), frame.height());
    }
    frame.made_from = {memory_.looks(), register_changes_, phases};
    memory_.looked();
}

}  // namespace devices
