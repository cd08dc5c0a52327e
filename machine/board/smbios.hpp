// SPDX-License-Identifier: BSD-2-Clause
//
// SMBIOS 2.8 (DMTF DSP0134): what the machine is called and what it consists of, as files for the
// firmware. Structures 0, 1, 2, 3, 4, 16, 17, 19, 32 and 127.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "fabric/support/int_types.hpp"

namespace machine {

struct SmbiosConfig {
    struct Range {
        u64 first = 0;
        u64 length = 0;
    };

    // Guest: Linux' ata_piix leaves all disks alone where this is "Microsoft Corporation", "Virtual
    // Machine": Hyper-V offers them a second time, on VMBus. Wrong for a machine without.
    std::string manufacturer = "Satori";
    std::string product = "Virtual Machine";
    std::string version = "1.0";
    std::string serial_number = "0000-0000-0000-0000-0000-0000-00";
    std::string bios_vendor = "Satori";
    std::string bios_version = "1.0";
    std::string bios_date = "01/01/2026";
    std::string processor = "Satori virtual processor";
    /// As it is written: 00112233-4455-6677-8899-aabbccddeeff is these bytes in order.
    std::array<u8, 16> uuid{};
    u32 cpu_count = 1;
    u32 cpu_mhz = 1000;
    std::vector<Range> ram{{0, u64{64} << 20}};  // Where RAM lies, lowest first.
};

/// For fw_cfg. The firmware fills in where it has put the structures.
struct SmbiosFiles {
    std::vector<u8> anchor;  // etc/smbios/smbios-anchor
    std::vector<u8> tables;  // etc/smbios/smbios-tables
};

SmbiosFiles make_smbios_files(const SmbiosConfig& config);

}  // namespace machine
