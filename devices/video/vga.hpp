// SPDX-License-Identifier: BSD-2-Clause
//
// A VGA (IBM VGA technical reference) with the Bochs display interface: what SeaBIOS's video BIOS
// for QEMU's standard VGA expects, under a PCI identity of the board's choice.
//
// All text, planar, chained and unchained modes, with latches, write modes, split screen, panning,
// cursor and blinking; linear modes of 4 to 32 bits per pixel, whose frame buffer is memory to the
// processors. Retraces follow the CRTC's counters in virtual time. The picture is made from the
// state at the moment of looking: changes within a frame are not seen. Not modelled: the vertical
// interrupt, light pen, monitor sensing, the monochrome adapter's graphics, a PCI expansion ROM
// (the firmware is given the video BIOS as a file), interlace, skews of cursor and display enable.
// Deviation: the VGA's own ports and window answer whatever the PCI command register says.
#pragma once

#include <memory>
#include <string>

#include "devices/pci/function.hpp"
#include "devices/video/frame.hpp"
#include "devices/video/vga_state.hpp"
#include "devices/video/video_memory.hpp"
#include "fabric/bus/device.hpp"
#include "fabric/time/event_queue.hpp"

namespace devices {

class Vga final : public fabric::Device, public pci::Function {
public:
    struct Config {
        std::string name = "vga";
        u64 memory_bytes = u64{16} << 20;  // A power of two, from 256 KiB to 256 MiB.
        /// Hyper-V's first generation shows 1414:5353, for which Linux has hyperv_drm; as 1234:1111
        /// Linux takes it for a standard VGA of QEMU's, and loads bochs_drm. SeaBIOS, its video
        /// BIOS, VESA drivers and text consoles ask for neither.
        u16 vendor = 0x1414;
        u16 device = 0x5353;
        u16 subsystem_vendor = 0;
        u16 subsystem = 0;
    };

    struct Wiring {
        fabric::EventQueue& events;
        fabric::GuestMemory& memory;
    };

    using State = VgaState;

    Vga(Config config, Wiring wiring);

    std::string_view name() const override { return config_.name; }
    void reset(fabric::ResetKind kind) override;
    void save(fabric::StateWriter& out) const override;
    fabric::Result<> restore(fabric::StateReader& in) override;

    pci::ConfigSpace& config() override { return *pci_; }

    // For the board to map.

    fabric::IoHandler& ports() { return ports_; }        // 3B0, 48 bytes, one at a time.
    fabric::IoHandler& dispi_ports() { return dispi_; }  // 1CE, 4 bytes, two at a time.
    fabric::IoHandler& window() { return window_; }      // A'0000, 128 KiB, eight at a time.
    static constexpr u64 window_address = 0xa'0000;
    static constexpr u64 window_length = 0x2'0000;

    /// The picture, and what of it is new to this frame. Changes nothing that a guest can see.
    void render(Frame& frame);

    const State& state() const { return state_; }
    const VideoMemory& memory() const { return memory_; }

private:
    /// What the guest reaches, by the road it takes.
    struct Ports final : fabric::IoHandler {
        explicit Ports(Vga& owner) : vga(owner) {}
        u64 read(u64 offset, u32 size) override;
        void write(u64 offset, u32 size, u64 value) override;
        Vga& vga;
    };
    struct DispiPorts final : fabric::IoHandler {
        explicit DispiPorts(Vga& owner) : vga(owner) {}
        u64 read(u64 offset, u32 size) override;
        void write(u64 offset, u32 size, u64 value) override;
        Vga& vga;
    };
    struct MemoryRegisters final : fabric::IoHandler {
        explicit MemoryRegisters(Vga& owner) : vga(owner) {}
        u64 read(u64 offset, u32 size) override;
        void write(u64 offset, u32 size, u64 value) override;
        Vga& vga;
    };
    struct Window final : fabric::IoHandler {
        explicit Window(Vga& owner) : vga(owner) {}
        u64 read(u64 offset, u32 size) override;
        void write(u64 offset, u32 size, u64 value) override;
        Vga& vga;
    };

    // Registers (vga.cpp).

    u8 read_port(u64 port);
    void write_port(u64 port, u8 value);
    bool answers(u64 port) const;
    u8 read_attribute_data() const;
    void write_attribute(u8 value);
    u8 read_dac();
    void write_dac(u8 value);
    void write_crtc(u8 value);
    void write_sequencer(u8 value);
    void write_graphics(u8 value);

    // Linear modes (vga_dispi.cpp).

    u16 read_dispi(u16 index) const;
    void write_dispi(u16 index, u16 value);
    void enable_dispi(u16 value);
    void fit_linear_mode();

    // Memory, as seen through the window (vga_memory.cpp).

    struct WindowPlace {
        bool decoded = false;
        u64 offset = 0;
    };
    WindowPlace place_in_window(u64 offset) const;
    u8 read_window(u64 offset);
    void write_window(u64 offset, u8 value);
    u8 read_planes(u64 offset);
    void write_planes(u64 offset, u8 value);
    u32 blend(u8 value) const;

    // Retraces (vga_timing.cpp).

    u8 input_status_1() const;

    void registers_changed() { ++register_changes_; }

    Config config_;
    Wiring wiring_;
    State state_;
    VideoMemory memory_;
    std::unique_ptr<pci::ConfigSpace> pci_;
    Ports ports_{*this};
    DispiPorts dispi_{*this};
    MemoryRegisters memory_registers_{*this};
    Window window_{*this};
    u64 register_changes_ = 1;  // What is shown hangs on registers too: for the frames' phases.
};

/// What the linear mode shows; only while it is on.
LinearMode linear_mode_of(const VgaState& state, u64 memory_bytes);

/// Frames since power-on, by the CRTC's counters: the pace of what blinks.
u64 frames_shown(const VgaState& state, fabric::VmTime now);

}  // namespace devices
