// SPDX-License-Identifier: BSD-2-Clause
#include "devices/video/scan_line.hpp"

#include <algorithm>

namespace devices {

using namespace vga;

namespace {

constexpr u32 font_plane_shift = 16;
constexpr u32 spare_columns = 2;  // Panning moves in what lies right of the edge.

u32 lines_of(const VgaState& state) {
    const u32 overflow = state.crtc[crtc::Overflow];
    return 1u + state.crtc[crtc::VerticalDisplayEnd] + ((overflow & 0x02) << 7) +
           ((overflow & 0x40) << 3);
}

u32 line_compare_of(const VgaState& state) {
    return state.crtc[crtc::LineCompare] + ((state.crtc[crtc::Overflow] & 0x10u) << 4) +
           ((state.crtc[crtc::MaximumScanLine] & 0x40u) << 3);
}

u32 word_of(const VgaState& state, usize high) {
    return u32{state.crtc[high]} << 8 | state.crtc[high + 1];
}

/// Where in plane 2 a character set begins (sequencer, character map select).
u32 font_address(u32 number) {
    static constexpr std::array<u32, 8> addresses = {0x0000, 0x4000, 0x8000, 0xc000,
                                                     0x2000, 0x6000, 0xa000, 0xe000};
    return addresses[number & 7];
}

u8 plane_byte(u32 planes, u32 plane) { return static_cast<u8>(planes >> (8 * plane)); }

}  // namespace

std::array<u8, 16> attribute_colours(const VgaState& state) {
    const u32 select = state.attribute[attribute::ColourSelect];
    const u32 planes = state.attribute[attribute::ColourPlaneEnable] & 0x0fu;
    const bool small = (state.attribute[attribute::ModeControl] & attribute::PaletteSize) != 0;
    std::array<u8, 16> colours{};
    for (u32 i = 0; i < colours.size(); ++i) {
        u32 colour = state.attribute[i & planes];
        if (small) colour = (colour & 0x0f) | (select & 0x03) << 4;
        colours[i] = static_cast<u8>((colour & 0x3f) | (select & 0x0c) << 4);
    }
    return colours;
}

ScanLines::ScanLines(const VgaState& state, const VideoMemory& memory, BlinkPhases phases)
    : state_(state),
      memory_(memory),
      phases_(phases),
      alphanumeric_((state.graphics[graphics::Miscellaneous] & graphics::GraphicsMode) == 0),
      columns_(state.crtc[crtc::HorizontalDisplayEnd] + 1u),
      dots_per_column_(8),
      stretch_(1),
      colours_(attribute_colours(state)) {
    const u8 clocking = state.sequencer[sequencer::ClockingMode];
    if (alphanumeric_ && (clocking & sequencer::EightDots) == 0) dots_per_column_ = 9;
    if ((clocking & sequencer::HalfDotClock) != 0) stretch_ = 2;
    width_ = columns_ * dots_per_column_ * stretch_;
    height_ = lines_of(state);
    dots_.resize(usize{columns_ + spare_columns} * dots_per_column_);
    shown_.resize(width_);
}

std::span<const u8> ScanLines::line(u32 y) {
    const Source source = source_of(y);
    if (alphanumeric_) {
        put_characters(source);
    } else {
        put_pixels(source);
    }
    for (u32 x = 0; x < width_; ++x) shown_[x] = dots_[source.panning + x / stretch_];
    return shown_;
}

/// Below the line that line compare names the counters begin anew (split screen).
ScanLines::Source ScanLines::source_of(u32 y) const {
    const u32 compare = line_compare_of(state_);
    const bool below = y > compare;
    const u32 row_lines = (state_.crtc[crtc::MaximumScanLine] & 0x1fu) + 1;
    const u32 doubled = (state_.crtc[crtc::MaximumScanLine] & crtc::ScanDoubling) != 0 ? 1 : 0;
    const u32 preset = state_.crtc[crtc::PresetRowScan];
    const u8 mode = state_.attribute[attribute::ModeControl];
    const bool panned = !below || (mode & attribute::PanningCompatible) == 0;

    u32 scan = (below ? y - compare - 1 : y) >> doubled;
    if (!below) scan += preset & 0x1f;
    Source source;
    source.row_scan = scan % row_lines;
    source.counter = (below ? 0 : word_of(state_, crtc::StartAddressHigh)) +
                     scan / row_lines * 2 * state_.crtc[crtc::Offset];
    if (!panned) return source;
    source.counter += preset >> 5 & 3;
    const u32 panning = state_.attribute[attribute::HorizontalPanning];
    // With nine dots 8 is none at all, and 0 is one.
    source.panning = dots_per_column_ == 9 ? (panning >= 8 ? 0 : panning + 1) : panning & 7;
    return source;
}

/// CRTC, mode control and underline location: how the counter becomes an address.
u32 ScanLines::plane_address(u32 counter, u32 row_scan) const {
    const u8 mode = state_.crtc[crtc::ModeControl];
    u32 address = counter & 0xffff;
    if ((state_.crtc[crtc::UnderlineLocation] & crtc::DoubleWord) != 0) {
        address = address << 2 | address >> 14;
    } else if ((mode & crtc::ByteMode) == 0) {
        const u32 carried = (mode & crtc::WrapAt64K) != 0 ? address >> 15 : address >> 13;
        address = address << 1 | (carried & 1);
    }
    if ((mode & crtc::NoRowScan0) == 0) address = (address & ~0x2000u) | (row_scan & 1) << 13;
    if ((mode & crtc::NoRowScan1) == 0) address = (address & ~0x4000u) | (row_scan & 2) << 13;
    return address & 0xffff;
}

u32 ScanLines::planes_at(u32 column, const Source& source) const {
    u32 count = column;
    if ((state_.crtc[crtc::UnderlineLocation] & crtc::CountByFour) != 0) {
        count /= 4;
    } else if ((state_.crtc[crtc::ModeControl] & crtc::CountByTwo) != 0) {
        count /= 2;
    }
    return memory_.read_dword(4 * u64{plane_address(source.counter + count, source.row_scan)});
}

void ScanLines::put_characters(const Source& source) {
    for (u32 column = 0; column < columns_ + spare_columns; ++column) {
        put_character(column, source);
    }
}

void ScanLines::put_character(u32 column, const Source& source) {
    const u32 planes = planes_at(column, source);
    const u32 character = plane_byte(planes, 0);
    const u32 attributes = plane_byte(planes, 1);
    const u8 mode = state_.attribute[attribute::ModeControl];
    const bool blinks = (mode & attribute::Blink) != 0;
    const u32 background = attributes >> 4 & (blinks ? 7 : 15);
    const bool hidden = blinks && (attributes & 0x80) != 0 && !phases_.characters_shown;

    const u32 underline = state_.crtc[crtc::UnderlineLocation] & 0x1f;
    const bool underlined = !hidden && source.row_scan == underline && (attributes & 0x77) == 0x01;
    const bool solid = underlined || cursor_covers(source.counter + column, source.row_scan);
    u32 row = hidden ? 0 : glyph_row(character, attributes, source.row_scan);
    if (solid) row = 0xff;

    const u8 ink = colours_[attributes & 15];
    const u8 paper = colours_[background];
    u8* const dots = &dots_[usize{column} * dots_per_column_];
    for (u32 i = 0; i < 8; ++i) dots[i] = (row >> (7 - i) & 1) != 0 ? ink : paper;
    if (dots_per_column_ == 8) return;
    // Lines and boxes reach the next character; the other characters keep their distance.
    const bool joins = (mode & attribute::LineGraphics) != 0 && character >= 0xc0 &&
                       character <= 0xdf && (row & 1) != 0;
    dots[8] = solid || joins ? ink : paper;
}

u8 ScanLines::glyph_row(u32 character, u32 attributes, u32 row_scan) const {
    const u32 select = state_.sequencer[sequencer::CharacterMapSelect];
    const u32 set_a = (select >> 2 & 3) | (select >> 3 & 4);
    const u32 set_b = (select & 3) | (select >> 2 & 4);
    const u32 font = font_address((attributes & 8) != 0 ? set_a : set_b);
    const u32 address = (font + character * 32 + row_scan) & 0xffff;
    return static_cast<u8>(memory_.read_dword(4 * u64{address}) >> font_plane_shift);
}

bool ScanLines::cursor_covers(u32 counter, u32 row_scan) const {
    const u8 start = state_.crtc[crtc::CursorStart];
    if ((start & crtc::CursorOff) != 0 || !phases_.cursor_shown) return false;
    if ((counter & 0xffff) != word_of(state_, crtc::CursorLocationHigh)) return false;
    return row_scan >= (start & 0x1fu) && row_scan <= (state_.crtc[crtc::CursorEnd] & 0x1fu);
}

void ScanLines::put_pixels(const Source& source) {
    const u8 mode = state_.graphics[graphics::Mode];
    for (u32 column = 0; column < columns_ + spare_columns; ++column) {
        const u32 planes = planes_at(column, source);
        u8* const dots = &dots_[usize{column} * 8];
        for (u32 i = 0; i < 8; ++i) {
            if ((mode & graphics::Shift256) != 0) {
                dots[i] = plane_byte(planes, i / 2);  // A pixel is two dots wide.
                continue;
            }
            u32 index = 0;
            if ((mode & graphics::ShiftInterleave) != 0) {
                // Two bits each of an even plane and the odd one after it, as the CGA had them.
                const u32 shift = 6 - 2 * (i % 4);
                index = (u32{plane_byte(planes, i / 4)} >> shift & 3) |
                        (u32{plane_byte(planes, 2 + i / 4)} >> shift & 3) << 2;
            } else {
                const u32 bits = planes >> (7 - i);
                index = (bits & 1) | (bits >> 7 & 2) | (bits >> 14 & 4) | (bits >> 21 & 8);
            }
            dots[i] = colours_[index];
        }
    }
}

}  // namespace devices
