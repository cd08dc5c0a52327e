// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>
#include <vector>

#include "fabric/support/int_types.hpp"
#include "fabric/support/result.hpp"

namespace frontends {

struct RunOptions {
    std::string rom;  // With it, the machine is the tiny board; without, a PC.
    std::string bios = "/usr/share/seabios/bios-256k.bin";
    std::string video_bios = "/usr/share/seabios/vgabios-stdvga.bin";
    std::string kernel;
    std::string initrd;
    std::string append;
    std::vector<std::string> disks;  // As drive_option.hpp says.
    std::vector<std::string> cdroms;
    std::string rtc = "host";
    u32 cpus = 1;
    std::string memory;  // Empty: what the board has by default.
    std::string cpu;
    std::string engine = "interpreter";
    std::string debug_console = "stdout";
    std::string record;
    std::string replay;
    std::string restore;
    std::string save;
    u64 max_instructions = 0;  // 0: no limit.
    u64 hash_every = 0;        // 0: no hashes.
    u64 seed = 1;
    bool stats = false;
    bool no_reboot = false;
};

/// Runs a guest to its end. The value is the process status.
fabric::Result<int> run_guest(const RunOptions& options);

/// "64M", "2G", "512K", or bytes.
fabric::Result<u64> parse_size(const std::string& text);

}  // namespace frontends
