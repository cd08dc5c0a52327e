// SPDX-License-Identifier: BSD-2-Clause
//
// Where the beam is: the CRTC's counters as a function of virtual time.
#include <algorithm>

#include "devices/video/vga.hpp"
#include "fabric/time/frequency.hpp"

namespace devices {

using namespace vga;

namespace {

/// In dots across and lines down.
struct Raster {
    u64 dots_per_line = 0;
    u64 dots_shown = 0;
    u64 lines = 0;
    u64 lines_shown = 0;
    u64 retrace_first = 0;
    u64 retrace_length = 0;

    u64 dots() const { return dots_per_line * lines; }
};

Raster raster_of(const VgaState& state) {
    const auto& crtc = state.crtc;
    const auto& clocking = state.sequencer[sequencer::ClockingMode];
    const u32 overflow = crtc[crtc::Overflow];
    const u64 half = (clocking & sequencer::HalfDotClock) != 0 ? 2 : 1;
    const u64 character = ((clocking & sequencer::EightDots) != 0 ? 8 : 9) * half;
    Raster raster;
    raster.dots_per_line = (crtc[crtc::HorizontalTotal] + 5u) * character;
    raster.dots_shown = (crtc[crtc::HorizontalDisplayEnd] + 1u) * character;
    raster.lines =
        2u + crtc[crtc::VerticalTotal] + ((overflow & 0x01u) << 8) + ((overflow & 0x20u) << 4);
    raster.lines_shown =
        1u + crtc[crtc::VerticalDisplayEnd] + ((overflow & 0x02u) << 7) + ((overflow & 0x40u) << 3);
    raster.retrace_first =
        crtc[crtc::VerticalRetraceStart] + ((overflow & 0x04u) << 6) + ((overflow & 0x80u) << 2);
    // The end is compared with the line's low four bits.
    const u64 distance = (crtc[crtc::VerticalRetraceEnd] - raster.retrace_first) & 0x0f;
    raster.retrace_length = distance == 0 ? 16 : distance;
    return raster;
}

u64 dots_since_power_on(const VgaState& state, fabric::VmTime now) {
    static constexpr std::array<u64, 4> clocks = {25'175'000, 28'322'000, 25'175'000, 25'175'000};
    return fabric::Frequency(clocks[state.misc_output >> misc_output::ClockShift & 3])
        .ticks_at(now);
}

}  // namespace

u64 frames_shown(const VgaState& state, fabric::VmTime now) {
    return dots_since_power_on(state, now) / raster_of(state).dots();
}

u8 Vga::input_status_1() const {
    const Raster raster = raster_of(state_);
    const u64 beam = dots_since_power_on(state_, wiring_.events.now()) % raster.dots();
    const u64 line = beam / raster.dots_per_line;
    const u64 dot = beam % raster.dots_per_line;
    u8 status = 0;
    if (line >= raster.lines_shown || dot >= raster.dots_shown) {
        status |= input_status1::DisplayDisabled;
    }
    // A retrace that the counter never comes to would keep a guest waiting for ever: without one,
    // the last line counts.
    const u64 first = std::min(raster.retrace_first, raster.lines - 1);
    if (line >= first && line - first < raster.retrace_length) {
        status |= input_status1::VerticalRetrace;
    }
    return status;
}

}  // namespace devices
