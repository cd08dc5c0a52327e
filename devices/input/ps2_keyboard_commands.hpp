// SPDX-License-Identifier: BSD-2-Clause
//
// What a PS/2 keyboard is told, and what it says, besides scan codes (IBM PS/2 Hardware Interface
// Technical Reference).
#pragma once

#include "fabric/support/int_types.hpp"

namespace devices::ps2_keyboard {

namespace command {
constexpr u8 SetLeds = 0xed;
constexpr u8 Echo = 0xee;
constexpr u8 SelectScanSet = 0xf0;
constexpr u8 ReadId = 0xf2;
constexpr u8 SetTypematic = 0xf3;
constexpr u8 Enable = 0xf4;
constexpr u8 DefaultDisable = 0xf5;
constexpr u8 SetDefault = 0xf6;
constexpr u8 AllTypematic = 0xf7;
constexpr u8 AllMakeBreak = 0xf8;
constexpr u8 AllMakeOnly = 0xf9;
constexpr u8 AllTypematicMakeBreak = 0xfa;
constexpr u8 KeyTypematic = 0xfb;
constexpr u8 KeyMakeBreak = 0xfc;
constexpr u8 KeyMakeOnly = 0xfd;
constexpr u8 Resend = 0xfe;
constexpr u8 Reset = 0xff;
constexpr u8 First = SetLeds;
}  // namespace command

constexpr u8 acknowledge = 0xfa;
constexpr u8 resend = 0xfe;
constexpr u8 self_test_passed = 0xaa;
constexpr u8 id_first = 0xab;
constexpr u8 id_second = 0x83;
constexpr u8 overrun = 0x00;
constexpr u8 overrun_of_set1 = 0xff;

}  // namespace devices::ps2_keyboard
