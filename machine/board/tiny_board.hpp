// SPDX-License-Identifier: BSD-2-Clause
//
// The smallest machine worth the name: a processor with its local APIC, RAM, a ROM, a UART, the
// APM ports, and the debug ports. It runs the ROMs of roms/, and is the bench on which the
// processor is tested.
//
//   0000'0000   RAM, with the last 128 KiB of the ROM over it up to 000F'FFFF
//   FEE0'0000   the local APIC; nothing is on its pins
//   FFFF'FFFF   the ROM ends here; the processor starts 16 bytes below
//   port B2, B3 APM: a write to B2 is an SMI
//   port E9     debug console        port 3F8  COM1        ports F4, 501  debug exit
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "devices/chipset/apm_port.hpp"
#include "devices/debug/debug_console.hpp"
#include "devices/debug/debug_exit.hpp"
#include "devices/serial/uart16550.hpp"
#include "fabric/host/byte_sink.hpp"
#include "machine/board/board.hpp"
#include "machine/board/console_trace.hpp"

namespace machine {

struct TinyConfig {
    std::vector<u8> rom;
    u64 ram_bytes = u64{64} << 20;
    std::string cpu;  // A model's name; empty for the best the host can do.
    hyperv::FeatureSet hyperv = {};
};

/// Where the board's wires leave the machine.
struct TinyHost {
    fabric::ByteSink& serial;
    fabric::ByteSink& debug_console;
};

class TinyBoard final : public Board {
public:
    static constexpr u64 smallest_ram = u64{1} << 20;
    static constexpr u64 largest_ram = u64{3} << 30;
    static constexpr u64 largest_rom = u64{16} << 20;

    static fabric::Result<std::unique_ptr<Board>> create(const TinyConfig& config, TinyHost host,
                                                         fabric::InputJournal& journal,
                                                         cpu::DeviceClock& clock);

    /// The same, as Machine::create() takes it. The host's ends outlive the machine.
    static MakeBoard maker(TinyConfig config, TinyHost host);

    std::optional<BoardRequest> request() const override;
    usize serial_backlog(usize) const override { return com1_.backlog(); }

    const devices::Uart16550& com1() const { return com1_; }

private:
    TinyBoard(BoardIdentity identity, Parts parts, TinyHost host);
    fabric::Result<> map(const TinyConfig& config);

    ConsoleTrace com1_text_;
    ConsoleTrace debug_text_;
    devices::ApmPort apm_;
    devices::Uart16550 com1_;
    devices::DebugConsole debug_console_;
    devices::DebugExit debug_exit_;
};

}  // namespace machine
