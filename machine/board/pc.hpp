// SPDX-License-Identifier: BSD-2-Clause
//
// The PC: what a virtual machine of the first generation is made of, wired as an i440FX board with
// a PIIX4 is. This file and pc.cpp are its wiring diagram; every address and interrupt is there.
//
//   0000'0000   RAM; A0000 to FFFFF is shared with the bus, as the host bridge says
//   000E'0000   the end of the firmware, on the bus
//   E000'0000   PCI
//   FEC0'0000   I/O APIC          FED0'0000   HPET          FEE0'0000   local APICs
//   FFFF'FFFF   the firmware ends here
//   1'0000'0000 RAM that does not fit below E0000000
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "devices/chipset/acpi_pm.hpp"
#include "devices/chipset/apm_port.hpp"
#include "devices/chipset/dma.hpp"
#include "devices/chipset/hpet.hpp"
#include "devices/chipset/i440fx.hpp"
#include "devices/chipset/piix_isa.hpp"
#include "devices/chipset/piix_pm.hpp"
#include "devices/chipset/pit.hpp"
#include "devices/chipset/rtc.hpp"
#include "devices/chipset/system_control.hpp"
#include "devices/debug/debug_console.hpp"
#include "devices/debug/debug_exit.hpp"
#include "devices/firmware/fw_cfg.hpp"
#include "devices/input/i8042.hpp"
#include "devices/input/ps2_keyboard.hpp"
#include "devices/input/ps2_mouse.hpp"
#include "devices/pci/bus.hpp"
#include "devices/storage/ide_channel.hpp"
#include "devices/storage/piix_ide.hpp"
#include "devices/video/vga.hpp"
#include "fabric/host/byte_sink.hpp"
#include "machine/board/board.hpp"
#include "machine/board/console_trace.hpp"
#include "machine/board/direct_boot.hpp"
#include "machine/board/irq_join.hpp"
#include "machine/board/pc_drives.hpp"
#include "machine/board/pc_interrupts.hpp"
#include "machine/board/pc_network.hpp"
#include "machine/board/pc_serial.hpp"

namespace machine {

enum class PcBootDevice : u8 { Disk, Cdrom, Network };

struct PcConfig {
    u64 ram_bytes = u64{512} << 20;
    u32 processors = 1;
    std::string cpu;             // A model's name; empty for the best the host can do.
    std::vector<u8> firmware;    // SeaBIOS.
    std::vector<u8> video_bios;  // Empty: no option ROM for the display.
    std::optional<DirectBootConfig> kernel;
    std::vector<PcDisk> disks;
    std::vector<std::string> cdroms;  // Paths of images.
    std::vector<PcAdapter> adapters;
    /// What the firmware tries, first to last, after a kernel; what is not named comes last.
    /// Nothing: as it is used to, disks before CDs.
    std::vector<PcBootDevice> boot_order;
    hyperv::FeatureSet hyperv = hyperv::preset("windows");
};

/// Where the board's wires leave the machine.
struct PcHost {
    fabric::ByteSink& serial;
    fabric::ByteSink& firmware_log;                        // Ports 402 and E9.
    PcDrives::Notice notice = {};                          // What a person should know of.
    std::array<fabric::ByteSink*, 3> further_serial = {};  // COM2 to COM4; null loses all.
    std::vector<PcLine> lines = {};                        // Of the adapters, in their order.
};

/// On the case.
enum class PcButton : u8 { Power = 1, Reset = 2 };

class Pc final : public Board, private cpu::PackagePins {
public:
    static constexpr u64 smallest_ram = u64{4} << 20;
    static constexpr u64 largest_ram = u64{512} << 30;
    static constexpr u64 largest_firmware = u64{16} << 20;
    static constexpr u32 most_processors = 64;

    static fabric::Result<std::unique_ptr<Board>> create(const PcConfig& config, const PcHost& host,
                                                         fabric::InputJournal& journal,
                                                         cpu::DeviceClock& clock);
    /// The same, as Machine::create() takes it. The host's ends outlive the machine.
    static MakeBoard maker(PcConfig config, PcHost host);

    std::optional<BoardRequest> request() const override;
    void devices_restored() override;
    std::string host_trouble() const override { return drives_.trouble(); }
    void retry_host() override { drives_.retry(); }
    fabric::Result<> save_media(fabric::SnapshotWriter& out) override { return drives_.save(out); }
    fabric::Result<> load_media(const fabric::SnapshotFile& file) override {
        return drives_.load(file);
    }
    u64 media_hash() override { return drives_.hash(); }

    const PcDrives& drives() const { return drives_; }
    PcNetwork& network() { return network_; }
    const devices::Ps2Keyboard& keyboard() const { return keyboard_; }
    devices::Vga& display() { return vga_; }

    /// The journal's port numbers.
    u16 wall_clock_input() const { return wall_clock_input_; }
    u16 keyboard_input() const { return keyboard_input_; }
    u16 mouse_input() const { return mouse_input_; }
    /// Of COM2 to COM4, by number: 1 to 3. COM1 is serial_input().
    u16 further_serial_input(usize port) const { return further_serial_inputs_.at(port - 1); }
    /// Takes pairs of bytes: which port, and whether somebody is at its far end.
    u16 serial_lines_input() const { return serial_lines_input_; }
    usize serial_backlog(usize port) const override { return serial_.port(port).backlog(); }
    const PcSerial& serial() const { return serial_; }
    /// Takes bytes of PcButton.
    u16 button_input() const { return button_input_; }

private:
    Pc(BoardIdentity identity, Parts parts, const PcConfig& config, PcDrives::Media media,
       PcHost host);

    /// The A20 gate has two sources, and follows the one that changed last.
    /// Deviation: a PIIX4 opens it while either says so; but SeaBIOS's INT 15h, function 2400h,
    /// shuts it by port 92 alone, and finds it shut on its other machines.
    class A20Gate final : public fabric::IrqSink {
    public:
        enum Source : u32 { Keyboard, Port92 };

        explicit A20Gate(Pc& pc) : pc_(pc) {}
        fabric::IrqLine line(Source source) { return {*this, source}; }
        void set_level(u32 source, bool level) override;
        void set_open(bool open);
        /// Without an effect: what the sources say after a reset, or in a checkpoint.
        void levels_are(bool keyboard, bool port92) { levels_ = {keyboard, port92}; }

    private:
        Pc& pc_;
        std::array<bool, 2> levels_{};
    };

    /// Firmware's command port pulls SMI# by way of the power management block.
    class ApmCommand final : public fabric::IrqSink {
    public:
        explicit ApmCommand(Pc& pc) : pc_(pc) {}
        void set_level(u32, bool high) override {
            if (high) pc_.pm_.apm_command(pc_.apm_.state().control);
        }

    private:
        Pc& pc_;
    };

    /// Port F0: the coprocessor's error has been seen to.
    class CoprocessorError final : public fabric::IoHandler {
    public:
        explicit CoprocessorError(fabric::IrqLine irq) : irq_(irq) {}
        u64 read(u64, u32) override { return 0xff; }
        void write(u64, u32, u64) override { irq_.set(false); }

    private:
        fabric::IrqLine irq_;
    };

    fabric::Result<> map_memory(const PcConfig& config);
    fabric::Result<> map_legacy_ports();
    fabric::Result<> map_chipset_ports();
    fabric::Result<> map_debug_ports();
    void add_devices();
    void attach_pci_functions();
    void add_inputs(fabric::InputJournal& journal);
    void press(PcButton button);
    void request_reset(devices::ResetRequest what);
    void reset_requested_by_guest() override { reset_requested_ = true; }
    void pulse_init();
    void wires_reset(fabric::ResetKind kind) override;
    void smm_acknowledged(bool entered) override { host_bridge_.set_smm_active(entered); }
    void ferr_asserted() override;

    PcConfig config_;  // Without its blobs.
    ConsoleTrace firmware_text_;
    PcInterrupts interrupts_;
    IrqJoin irqs_{interrupts_};
    A20Gate a20_{*this};
    ApmCommand apm_command_{*this};
    CoprocessorError coprocessor_error_;

    devices::PiixIsa isa_bridge_;
    devices::pci::Bus pci_;
    devices::I440fx host_bridge_;
    devices::AcpiPm pm_;
    devices::PiixPm pm_function_;
    devices::ApmPort apm_;
    PcDrives drives_;
    devices::IdeChannel ide0_;
    devices::IdeChannel ide1_;
    devices::PiixIde ide_function_;
    PcNetwork network_;
    devices::Vga vga_;
    devices::Pit pit_;
    devices::SystemControlB port61_;
    devices::SystemControlA port92_;
    devices::Rtc rtc_;
    devices::Hpet hpet_;
    devices::Dma dma_;
    devices::Ps2Keyboard keyboard_;
    devices::Ps2Mouse mouse_;
    devices::I8042 keyboard_controller_;
    PcSerial serial_;
    devices::DebugConsole firmware_log_;
    devices::DebugExit debug_exit_;
    std::unique_ptr<devices::FwCfg> fw_cfg_;

    bool powered_off_ = false;
    bool reset_requested_ = false;
    u16 wall_clock_input_ = 0;
    u16 keyboard_input_ = 0;
    u16 mouse_input_ = 0;
    std::array<u16, 3> further_serial_inputs_{};
    u16 serial_lines_input_ = 0;
    u16 button_input_ = 0;
};

}  // namespace machine
