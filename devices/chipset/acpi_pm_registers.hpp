// SPDX-License-Identifier: BSD-2-Clause
//
// Power management registers of the 82371AB (PIIX4; Intel 290562, 7.2), in its names, by their
// offsets from PMBASE. ACPI's names: PM1a_EVT, PM1a_CNT, PM_TMR, GPE0.
#pragma once

#include "fabric/support/int_types.hpp"

namespace devices::acpi_pm {

constexpr u64 register_block = 0x40;

constexpr u64 pmsts = 0x00;
constexpr u64 pmen = 0x02;
constexpr u64 pmcntrl = 0x04;
constexpr u64 pmtmr = 0x08;
constexpr u64 gpsts = 0x0c;
constexpr u64 gpen = 0x0e;
constexpr u64 pcntrl = 0x10;
constexpr u64 plvl2 = 0x14;
constexpr u64 plvl3 = 0x15;
constexpr u64 glbsts = 0x18;
constexpr u64 devsts = 0x1c;
constexpr u64 glben = 0x20;
constexpr u64 glbctl = 0x28;
constexpr u64 devctl = 0x2c;
constexpr u64 gpireg = 0x30;
constexpr u64 gporeg = 0x34;

namespace pm1 {
constexpr u16 TimerOverflow = 1 << 0;  // TMROF
constexpr u16 BusMaster = 1 << 4;      // BM_STS
constexpr u16 Global = 1 << 5;         // GBL
constexpr u16 PowerButton = 1 << 8;    // PWRBTN
constexpr u16 RealTimeClock = 1 << 10;
constexpr u16 PowerButtonOverride = 1 << 11;
constexpr u16 Resume = 1 << 15;  // RSM_STS: ACPI's WAK_STS.
constexpr u16 Status =
    TimerOverflow | BusMaster | Global | PowerButton | RealTimeClock | PowerButtonOverride | Resume;
constexpr u16 Enable = TimerOverflow | Global | PowerButton | RealTimeClock;
}  // namespace pm1

namespace control {
constexpr u16 SciEnable = 1 << 0;
constexpr u16 BusMasterReload = 1 << 1;
constexpr u16 GlobalRelease = 1 << 2;  // Write only.
constexpr u32 SuspendTypeShift = 10;   // Three bits: SleepType.
constexpr u16 SuspendType = 7 << SuspendTypeShift;
constexpr u16 SuspendEnable = 1 << 13;  // Write only.
constexpr u16 Kept = SciEnable | BusMasterReload | SuspendType;
}  // namespace control

namespace global {
constexpr u16 BiosStatus = 1 << 0;
constexpr u16 ApmStatus = 1 << 5;
constexpr u16 BiosEnable = 1 << 1;
constexpr u32 SmiEnable = 1 << 0;    // Of GLBCTL.
constexpr u32 BiosRelease = 1 << 1;  // Of GLBCTL; write only.
}  // namespace global

}  // namespace devices::acpi_pm
