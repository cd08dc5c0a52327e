// SPDX-License-Identifier: BSD-2-Clause
//
// Command words of the 8259A (Intel 231468), in the names of its data sheet.
#pragma once

#include "fabric/support/int_types.hpp"

namespace devices::pic {

namespace icw1 {
constexpr u8 NeedsIcw4 = 1 << 0;
constexpr u8 Single = 1 << 1;
constexpr u8 Level = 1 << 3;
constexpr u8 Icw1 = 1 << 4;  // Tells it from OCW2 and OCW3.
}  // namespace icw1

namespace icw2 {
constexpr u8 VectorBase = 0xf8;
}  // namespace icw2

namespace icw4 {
constexpr u8 AutomaticEoi = 1 << 1;
constexpr u8 SpecialFullyNested = 1 << 4;
}  // namespace icw4

namespace ocw2 {
constexpr u8 Level = 0x07;
constexpr u8 Specific = 1 << 6;
constexpr u8 Eoi = 1 << 5;
constexpr u8 Rotate = 1 << 7;
}  // namespace ocw2

namespace ocw3 {
constexpr u8 Ocw3 = 1 << 3;
constexpr u8 ReadInService = 1 << 0;
constexpr u8 ReadCommand = 1 << 1;
constexpr u8 Poll = 1 << 2;
constexpr u8 SpecialMask = 1 << 5;
constexpr u8 SpecialMaskCommand = 1 << 6;
}  // namespace ocw3

}  // namespace devices::pic
