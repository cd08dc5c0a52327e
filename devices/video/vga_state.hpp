// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <array>
#include <vector>

#include "devices/pci/config_space.hpp"
#include "devices/video/vga_registers.hpp"
#include "fabric/state/saved_state.hpp"

namespace devices {

/// All that a guest can change of a VGA, its memory aside.
struct VgaState {
    u8 misc_output = 0;
    u8 feature_control = 0;
    bool subsystem_enabled = true;
    u8 sequencer_index = 0;
    std::array<u8, vga::sequencer::Count> sequencer{};
    u8 crtc_index = 0;
    std::array<u8, vga::crtc::Count> crtc{};
    u8 graphics_index = 0;
    std::array<u8, vga::graphics::Count> graphics{};
    u8 attribute_index = 0;
    bool attribute_data_next = false;  // What 3C0 takes: the index or the data.
    std::array<u8, vga::attribute::Count> attribute{};
    u8 dac_mask = 0xff;
    u8 dac_read_index = 0;
    u8 dac_write_index = 0;
    u8 dac_component = 0;  // Red, green, blue.
    bool dac_reading = false;
    std::array<u8, 2> dac_pending{};  // Red and green, until blue completes them.
    std::array<u8, 768> dac{};
    u32 latches = 0;  // A byte for each plane, plane 0 lowest.
    u16 dispi_index = 0;
    u8 dispi_pending = 0;  // The low byte of a write to 1CF, which the bus splits, being odd.
    std::array<u16, vga::dispi::Count> dispi = {vga::dispi::NewestId, 640, 480, 8};
    pci::ConfigState pci;

    bool operator==(const VgaState&) const = default;

    template <class Self, class Visit>
    static constexpr void fields(Self& state, Visit& visit) {
        visit(1, "misc_output", state.misc_output);
        visit(2, "feature_control", state.feature_control);
        visit(3, "subsystem_enabled", state.subsystem_enabled);
        visit(4, "sequencer_index", state.sequencer_index);
        visit(5, "sequencer", state.sequencer);
        visit(6, "crtc_index", state.crtc_index);
        visit(7, "crtc", state.crtc);
        visit(8, "graphics_index", state.graphics_index);
        visit(9, "graphics", state.graphics);
        visit(10, "attribute_index", state.attribute_index);
        visit(11, "attribute_data_next", state.attribute_data_next);
        visit(12, "attribute", state.attribute);
        visit(13, "dac_mask", state.dac_mask);
        visit(14, "dac_read_index", state.dac_read_index);
        visit(15, "dac_write_index", state.dac_write_index);
        visit(16, "dac_component", state.dac_component);
        visit(17, "dac_reading", state.dac_reading);
        visit(18, "dac_pending", state.dac_pending);
        visit(19, "dac", state.dac);
        visit(20, "latches", state.latches);
        visit(21, "dispi_index", state.dispi_index);
        visit(22, "dispi", state.dispi);
        visit(23, "pci", state.pci);
        visit(24, "dispi_pending", state.dispi_pending);
    }
};

/// How the Bochs display interface lays pixels out in video memory.
struct LinearMode {
    u32 width = 0;
    u32 height = 0;
    u32 bits_per_pixel = 0;
    u64 line_bytes = 0;  // For 4 bits per pixel: of each plane.
    u64 start = 0;

    bool operator==(const LinearMode&) const = default;
};

inline bool linear_mode_on(const VgaState& state) {
    return (state.dispi[vga::dispi::Enable] & vga::dispi::Enabled) != 0;
}

}  // namespace devices
