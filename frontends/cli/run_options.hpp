// SPDX-License-Identifier: BSD-2-Clause
//
// What a user chose for a run: what the rows of the option table (option_table.hpp) set.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fabric/support/int_types.hpp"
#include "frontends/gdb/server.hpp"
#include "frontends/headless/serial_choice.hpp"
#include "frontends/network/host_networks.hpp"
#include "frontends/screen/screenshots.hpp"
#include "frontends/screen/typist.hpp"
#include "frontends/session/checkpoints.hpp"
#include "frontends/trace/trace_options.hpp"
#include "hyperv/tlfs/feature_set.hpp"
#include "machine/board/pc.hpp"

namespace frontends {

enum class Display : u8 {
    Automatic,  // A window where the host has a display.
    Sdl,
    None,
};

struct RunOptions {
    // The machine.
    std::optional<u64> memory;  // Without: what the board has by default.
    u32 cpus = 1;
    std::string cpu;
    std::string engine = "interpreter";
    std::optional<i64> rtc_ns;  // Since 1970. Without: the host's clock.
    u64 seed = 1;
    std::optional<hyperv::FeatureSet> hyperv;  // Without: what the board has by default.
    bool no_reboot = false;

    // What it starts.
    std::string bios = "/usr/share/seabios/bios-256k.bin";
    std::string vgabios = "/usr/share/seabios/vgabios-stdvga.bin";
    std::string kernel;
    std::string initrd;
    std::string append;
    std::vector<machine::PcBootDevice> boot_order;
    std::string rom;  // With it, the machine is the tiny board; without, a PC.

    std::vector<machine::PcDisk> disks;
    std::vector<std::string> cdroms;
    std::vector<NetworkChoice> networks;

    // Where it is seen.
    std::vector<SerialChoice> serial;  // From COM1 on. None: COM1 is on the terminal.
    Display display = Display::Automatic;
    bool headless = false;     // As Display::None.
    std::optional<bool> pace;  // Without: with a window, a network or a terminal.
    std::vector<ScreenshotOrder> screenshots;
    std::vector<TypedText> typed;
    std::string debug_console = "stdout";

    // The run.
    std::string restore;
    std::vector<CheckpointOrder> saves;
    std::string record;
    std::string replay;
    u64 max_instructions = 0;  // 0: no limit.
    u64 hash_every = 0;        // 0: no hashes.
    bool stats = false;
    TraceOptions trace;

    // Debugging.
    std::optional<gdb::ServerOption> gdb;
    bool gdb_wait = false;
};

}  // namespace frontends
