// SPDX-License-Identifier: BSD-2-Clause
#include "devices/video/vga.hpp"

#include <bit>
#include <utility>

namespace devices {

using namespace vga;

namespace {

/// Bits that exist, by index.
constexpr std::array<u8, sequencer::Count> sequencer_bits = {0x03, 0x3d, 0x0f, 0x3f, 0x0e};
constexpr std::array<u8, graphics::Count> graphics_bits = {0x0f, 0x0f, 0x0f, 0x1f, 0x03,
                                                           0x7b, 0x0f, 0x0f, 0xff};

u8 attribute_bits(usize index) {
    switch (index) {
        case attribute::ModeControl: return 0xef;
        case attribute::OverscanColour: return 0xff;
        case attribute::ColourPlaneEnable: return 0x3f;
        case attribute::HorizontalPanning:
        case attribute::ColourSelect: return 0x0f;
        default: return 0x3f;
    }
}

constexpr u8 nobody = 0xff;

/// What save() writes besides the State.
struct Saved {
    VgaState state;
    std::vector<VideoMemory::Page> memory;

    template <class Self, class Visit>
    static constexpr void fields(Self& saved, Visit& visit) {
        visit(1, "state", saved.state);
        visit(2, "memory", saved.memory);
    }
};

}  // namespace

Vga::Vga(Config config, Wiring wiring)
    : config_(std::move(config)), wiring_(wiring), memory_(wiring.memory, config_.memory_bytes) {
    VERIFY(std::has_single_bit(config_.memory_bytes) && config_.memory_bytes >= 256 << 10 &&
           config_.memory_bytes <= 256 << 20);
    const pci::Identity identity{.vendor = config_.vendor,
                                 .device = config_.device,
                                 .revision = 2,
                                 .class_code = 0x03'0000,
                                 .subsystem_vendor = config_.subsystem_vendor,
                                 .subsystem = config_.subsystem};
    pci_ = std::make_unique<pci::ConfigSpace>(
        state_.pci, identity,
        std::vector<pci::Bar>{
            {.index = 0,
             .name = config_.name + ".memory",
             .kind = pci::BarKind::Memory32,
             .size = config_.memory_bytes,
             .prefetchable = true,
             .moved = [this](std::optional<u64> address) { memory_.place(address); }},
            {.index = 2,
             .name = config_.name + ".registers",
             .kind = pci::BarKind::Memory32,
             .size = memory_registers::Length,
             .widest_access = 2,
             .handler = &memory_registers_}});
}

void Vga::reset(fabric::ResetKind kind) {
    state_ = {};
    pci_->reset();
    // Memory chips keep what they hold while there is power.
    if (kind == fabric::ResetKind::PowerOn) static_cast<void>(memory_.set_pages({}));
    registers_changed();
}

void Vga::save(fabric::StateWriter& out) const { out.write(Saved{state_, memory_.pages()}); }

fabric::Result<> Vga::restore(fabric::StateReader& in) {
    Saved saved;
    TRY(in.read(saved));
    if (!memory_.set_pages(saved.memory)) {
        return fabric::Error{"has video memory of another size"};
    }
    state_ = saved.state;
    // A foreign file may say what no guest can: a picture larger than its memory.
    if (linear_mode_on(state_)) fit_linear_mode();
    pci_->windows_changed();
    registers_changed();
    return {};
}

u64 Vga::Ports::read(u64 offset, u32) { return vga.read_port(offset); }
void Vga::Ports::write(u64 offset, u32, u64 value) {
    vga.write_port(offset, static_cast<u8>(value));
}

/// The CRTC and input status 1 are at the colour or at the monochrome addresses.
bool Vga::answers(u64 port) const {
    const bool colour = (state_.misc_output & misc_output::ColourAddresses) != 0;
    if (port < port::AttributeIndex) return !colour;
    return port < port::ColourCrtcIndex || colour;
}

u8 Vga::read_port(u64 port) {
    if (!answers(port)) return nobody;
    switch (port) {
        case port::AttributeIndex: return state_.attribute_index;
        case port::AttributeData: return read_attribute_data();
        case port::InputStatus0: return input_status0::SwitchSense;
        case port::VideoSubsystemEnable: return state_.subsystem_enabled ? 1 : 0;
        case port::SequencerIndex: return state_.sequencer_index;
        case port::SequencerData:
            return state_.sequencer_index < sequencer::Count
                       ? state_.sequencer[state_.sequencer_index]
                       : u8{0};
        case port::DacMask: return state_.dac_mask;
        case port::DacReadIndex: return state_.dac_reading ? 3 : 0;
        case port::DacWriteIndex: return state_.dac_write_index;
        case port::DacData: return read_dac();
        case port::FeatureControlRead: return state_.feature_control;
        case port::MiscOutputRead: return state_.misc_output;
        case port::GraphicsIndex: return state_.graphics_index;
        case port::GraphicsData:
            return state_.graphics_index < graphics::Count ? state_.graphics[state_.graphics_index]
                                                           : u8{0};
        case port::MonoCrtcIndex:
        case port::ColourCrtcIndex: return state_.crtc_index;
        case port::MonoCrtcData:
        case port::ColourCrtcData:
            return state_.crtc_index < crtc::Count ? state_.crtc[state_.crtc_index] : u8{0};
        case port::MonoInputStatus1:
        case port::ColourInputStatus1: state_.attribute_data_next = false; return input_status_1();
        default: return nobody;
    }
}

void Vga::write_port(u64 port, u8 value) {
    if (!answers(port)) return;
    registers_changed();
    switch (port) {
        case port::AttributeIndex: return write_attribute(value);
        case port::InputStatus0: state_.misc_output = value & 0xef; return;
        case port::VideoSubsystemEnable: state_.subsystem_enabled = (value & 1) != 0; return;
        case port::SequencerIndex: state_.sequencer_index = value & 0x07; return;
        case port::SequencerData: return write_sequencer(value);
        case port::DacMask: state_.dac_mask = value; return;
        case port::DacReadIndex:
            state_.dac_read_index = value;
            state_.dac_component = 0;
            state_.dac_reading = true;
            return;
        case port::DacWriteIndex:
            state_.dac_write_index = value;
            state_.dac_component = 0;
            state_.dac_reading = false;
            return;
        case port::DacData: return write_dac(value);
        case port::GraphicsIndex: state_.graphics_index = value & 0x0f; return;
        case port::GraphicsData: return write_graphics(value);
        case port::MonoCrtcIndex:
        case port::ColourCrtcIndex: state_.crtc_index = value & 0x3f; return;
        case port::MonoCrtcData:
        case port::ColourCrtcData: return write_crtc(value);
        case port::MonoInputStatus1:
        case port::ColourInputStatus1: state_.feature_control = value & 0x0b; return;
        default: return;
    }
}

u8 Vga::read_attribute_data() const {
    const usize index = state_.attribute_index & 0x1f;
    return index < attribute::Count ? state_.attribute[index] : u8{0};
}

void Vga::write_attribute(u8 value) {
    if (!std::exchange(state_.attribute_data_next, !state_.attribute_data_next)) {
        state_.attribute_index = value & 0x3f;
        return;
    }
    const usize index = state_.attribute_index & 0x1f;
    if (index < attribute::Count) state_.attribute[index] = value & attribute_bits(index);
}

u8 Vga::read_dac() {
    const u8 value = state_.dac[3 * usize{state_.dac_read_index} + state_.dac_component % 3];
    if (++state_.dac_component >= 3) {
        state_.dac_component = 0;
        ++state_.dac_read_index;
    }
    return value;
}

/// A colour changes when its third part has come.
void Vga::write_dac(u8 value) {
    const bool eight_bits = (state_.dispi[dispi::Enable] & dispi::EightBitDac) != 0;
    const u8 part = eight_bits ? value : value & u8{0x3f};
    if (state_.dac_component < 2) {
        state_.dac_pending[state_.dac_component++] = part;
        return;
    }
    const usize entry = 3 * usize{state_.dac_write_index++};
    state_.dac[entry] = state_.dac_pending[0];
    state_.dac[entry + 1] = state_.dac_pending[1];
    state_.dac[entry + 2] = part;
    state_.dac_component = 0;
}

void Vga::write_sequencer(u8 value) {
    const usize index = state_.sequencer_index;
    if (index < sequencer::Count) state_.sequencer[index] = value & sequencer_bits[index];
}

void Vga::write_graphics(u8 value) {
    const usize index = state_.graphics_index;
    if (index < graphics::Count) state_.graphics[index] = value & graphics_bits[index];
}

void Vga::write_crtc(u8 value) {
    const usize index = state_.crtc_index;
    if (index >= crtc::Count) return;
    const bool is_protected = (state_.crtc[crtc::VerticalRetraceEnd] & crtc::Protect) != 0;
    if (is_protected && index <= crtc::Overflow) {
        if (index != crtc::Overflow) return;
        constexpr u8 line_compare_8 = 1 << 4;  // The one bit of its register that is not protected.
        value = static_cast<u8>((state_.crtc[index] & ~line_compare_8) | (value & line_compare_8));
    }
    state_.crtc[index] = value;
}

}  // namespace devices
