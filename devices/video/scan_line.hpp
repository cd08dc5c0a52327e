// SPDX-License-Identifier: BSD-2-Clause
//
// What a VGA's CRTC, graphics controller and attribute controller make of its memory, a scan line
// at a time: indices into the DAC, a byte a dot.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "devices/video/vga_state.hpp"
#include "devices/video/video_memory.hpp"

namespace devices {

/// Of what blinks: shown, or not.
struct BlinkPhases {
    bool cursor_shown = true;
    bool characters_shown = true;
};

class ScanLines {
public:
    ScanLines(const VgaState& state, const VideoMemory& memory, BlinkPhases phases);

    u32 width() const { return width_; }
    u32 height() const { return height_; }
    /// Valid until the next call.
    std::span<const u8> line(u32 y);

private:
    struct Source {
        u32 counter = 0;  // Of the memory address, at the left edge.
        u32 row_scan = 0;
        u32 panning = 0;  // In dots.
    };

    Source source_of(u32 y) const;
    u32 plane_address(u32 counter, u32 row_scan) const;
    u32 planes_at(u32 column, const Source& source) const;
    void put_characters(const Source& source);
    void put_character(u32 column, const Source& source);
    u8 glyph_row(u32 character, u32 attributes, u32 row_scan) const;
    bool cursor_covers(u32 counter, u32 row_scan) const;
    void put_pixels(const Source& source);

    const VgaState& state_;
    const VideoMemory& memory_;
    BlinkPhases phases_;
    bool alphanumeric_;
    u32 columns_;
    u32 dots_per_column_;
    u32 stretch_;  // 2 where the dot clock is halved.
    u32 width_;
    u32 height_;
    std::array<u8, 16> colours_{};  // The palette: an attribute's index in the DAC.
    std::vector<u8> dots_;          // As the shift registers give them out.
    std::vector<u8> shown_;
};

/// The palette registers, with the colour select register where it counts.
std::array<u8, 16> attribute_colours(const VgaState& state);

}  // namespace devices
