// SPDX-License-Identifier: BSD-2-Clause
//
// All that the PC's firmware is told through fw_cfg: how much memory and how many processors there
// are, the ACPI and SMBIOS tables, the video BIOS, what to boot from.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "devices/firmware/fw_cfg.hpp"
#include "fabric/support/result.hpp"
#include "machine/board/acpi_tables.hpp"
#include "machine/board/direct_boot.hpp"
#include "machine/board/smbios.hpp"

namespace machine {

struct FirmwareConfig {
    u32 cpu_count = 1;
    u64 low_ram_end = u64{64} << 20;  // RAM from 0 to here,
    u64 high_ram_bytes = 0;           // and from 4 GiB on.
    /// Processors, memory and windows of PCI memory are filled in.
    AcpiConfig acpi;
    SmbiosConfig smbios;
    /// For the display with this PCI identity; none: it stays dark until a driver comes.
    std::vector<u8> video_bios;
    u16 video_vendor = 0x1414;
    u16 video_device = 0x5353;
    /// What to try, first to last, in the firmware's words: "/pci@i0cf8/ide@1,1/drive@0/disk@0".
    std::vector<std::string> boot_order;
    /// How long the firmware offers a menu. Nothing: it does not.
    std::optional<u32> boot_menu_ms;
    /// A serial port on which SeaBIOS shows its text screen as well, and takes keys.
    std::optional<u16> serial_console_port;
    std::optional<DirectBootConfig> direct_boot;
};

fabric::Result<devices::FwCfg::Config> make_firmware_files(FirmwareConfig config);

}  // namespace machine
