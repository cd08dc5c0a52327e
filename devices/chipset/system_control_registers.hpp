// SPDX-License-Identifier: BSD-2-Clause
//
// Bits of the system control ports (82371AB data sheet, Intel 290562, NMI and port 92 registers).
#pragma once

#include "fabric/support/int_types.hpp"

namespace devices::port61 {
constexpr u8 Timer2Gate = 1 << 0;
constexpr u8 SpeakerData = 1 << 1;
constexpr u8 DisableSerr = 1 << 2;
constexpr u8 DisableIochk = 1 << 3;
constexpr u8 RefreshToggle = 1 << 4;
constexpr u8 Timer2Out = 1 << 5;
constexpr u8 Writable = 0x0f;
}  // namespace devices::port61

namespace devices::port92 {
constexpr u8 Init = 1 << 0;  // Rising.
constexpr u8 A20 = 1 << 1;
constexpr u8 Writable = Init | A20;
}  // namespace devices::port92
