// SPDX-License-Identifier: BSD-2-Clause
//
// What a PS/2 mouse is told, and what it says (IBM PS/2 Hardware Interface Technical Reference).
#pragma once

#include "fabric/support/int_types.hpp"

namespace devices::ps2_mouse {

namespace command {
constexpr u8 ResetScaling = 0xe6;
constexpr u8 SetScaling = 0xe7;
constexpr u8 SetResolution = 0xe8;
constexpr u8 StatusRequest = 0xe9;
constexpr u8 SetStream = 0xea;
constexpr u8 ReadData = 0xeb;
constexpr u8 ResetWrap = 0xec;
constexpr u8 SetWrap = 0xee;
constexpr u8 SetRemote = 0xf0;
constexpr u8 ReadId = 0xf2;
constexpr u8 SetSampleRate = 0xf3;
constexpr u8 Enable = 0xf4;
constexpr u8 Disable = 0xf5;
constexpr u8 SetDefault = 0xf6;
constexpr u8 Resend = 0xfe;
constexpr u8 Reset = 0xff;
}  // namespace command

constexpr u8 acknowledge = 0xfa;
constexpr u8 resend = 0xfe;
constexpr u8 self_test_passed = 0xaa;

constexpr u8 plain_id = 0;
constexpr u8 wheel_id = 3;
constexpr u8 five_button_id = 4;

namespace report {
constexpr u8 Buttons = 0x07;  // Left, right, middle.
constexpr u8 AlwaysOne = 0x08;
constexpr u8 XSign = 0x10;
constexpr u8 YSign = 0x20;
}  // namespace report

}  // namespace devices::ps2_mouse
