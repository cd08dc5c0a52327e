// SPDX-License-Identifier: BSD-2-Clause
//
// What keys are called: by USB HID usages of page 7 (HID Usage Tables, section 10) on the host's
// side, by scan codes on the guest's. Sets 2 and 3 are tables; set 1 is set 2 as the 8042
// translates it (Microsoft, Keyboard Scan Code Specification 1.3a).
#pragma once

#include <vector>

#include "fabric/support/int_types.hpp"

namespace devices::scan_codes {

constexpr u8 break_prefix = 0xf0;
constexpr u8 extended_prefix = 0xe0;
constexpr u8 pause_prefix = 0xe1;

namespace usage {
constexpr u8 PrintScreen = 0x46;
constexpr u8 Pause = 0x48;
constexpr u8 LeftControl = 0xe0;
constexpr u8 LeftShift = 0xe1;
constexpr u8 LeftAlt = 0xe2;
constexpr u8 RightControl = 0xe4;
constexpr u8 RightShift = 0xe5;
constexpr u8 RightAlt = 0xe6;
}  // namespace usage

/// How a key of set 3 behaves (IBM PS/2 Technical Reference, keyboard, "set 3").
enum class KeyType : u8 { Typematic = 0, MakeBreak = 1, MakeOnly = 2, TypematicMakeBreak = 3 };

struct Key {
    u8 usage = 0;
    u16 set2 = 0;  // With E0 as the high byte where it has that prefix. 0: a sequence of its own.
    u8 set3 = 0;   // 0: not in set 3.
    KeyType set3_type = KeyType::Typematic;
};

/// Null if the keyboard has no such key.
const Key* find_key(u8 usage);

/// The type that a code of set 3 has at power-on.
KeyType default_type(u8 set3_code);

/// One byte of set 2 as the keyboard controller passes it on, where it is no prefix.
u8 translated(u8 set2_byte);

/// A whole sequence of set 2, in set 1.
std::vector<u8> translated(const std::vector<u8>& set2_bytes);

}  // namespace devices::scan_codes
