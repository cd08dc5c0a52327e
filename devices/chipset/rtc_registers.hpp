// SPDX-License-Identifier: BSD-2-Clause
//
// Register map of the MC146818A (Motorola data sheet), and of a PC's use of its RAM.
#pragma once

#include "fabric/support/int_types.hpp"

namespace devices::rtc {

enum Register : u8 {
    Seconds = 0x00,
    SecondsAlarm = 0x01,
    Minutes = 0x02,
    MinutesAlarm = 0x03,
    Hours = 0x04,
    HoursAlarm = 0x05,
    DayOfWeek = 0x06,  // Sunday is 1.
    DayOfMonth = 0x07,
    Month = 0x08,
    Year = 0x09,
    A = 0x0a,
    B = 0x0b,
    C = 0x0c,
    D = 0x0d,
    Century = 0x32,
};

namespace a {
constexpr u8 UpdateInProgress = 0x80;
constexpr u8 Divider = 0x70;
constexpr u8 Divider32kHz = 0x20;
constexpr u8 RateSelect = 0x0f;
}  // namespace a

namespace b {
constexpr u8 Set = 0x80;
constexpr u8 PeriodicEnable = 0x40;
constexpr u8 AlarmEnable = 0x20;
constexpr u8 UpdateEnable = 0x10;
constexpr u8 SquareWave = 0x08;
constexpr u8 Binary = 0x04;
constexpr u8 Hours24 = 0x02;
constexpr u8 DaylightSavings = 0x01;
}  // namespace b

namespace c {
constexpr u8 IrqFlag = 0x80;
constexpr u8 Periodic = 0x40;
constexpr u8 Alarm = 0x20;
constexpr u8 Update = 0x10;
}  // namespace c

constexpr u8 ValidRamAndTime = 0x80;  // Register D.
constexpr u8 AlarmDoNotCare = 0xc0;   // Both high bits: any value matches.
constexpr u8 HourIsPm = 0x80;
constexpr u8 NmiDisabled = 0x80;  // Of the index port.

}  // namespace devices::rtc
