// SPDX-License-Identifier: BSD-2-Clause
//
// What the PC is to its firmware: where RAM lies, what goes through fw_cfg, and what is in CMOS.
#pragma once

#include "devices/chipset/rtc.hpp"
#include "machine/board/firmware_files.hpp"
#include "machine/board/pc.hpp"

namespace machine {

struct PcMemoryMap {
    u64 low_end = 0;     // RAM from 0 up to here, the hole for the display and the firmware in it.
    u64 high_bytes = 0;  // From 4 GiB on.
};

PcMemoryMap memory_map_of(u64 ram_bytes);

FirmwareConfig firmware_config_of(const PcConfig& config, const cpu::CpuModel& model,
                                  const PcDrives::Media& media);

/// What firmware expects in CMOS besides the clock.
void fill_cmos(devices::Rtc& rtc, const PcConfig& config);

}  // namespace machine
