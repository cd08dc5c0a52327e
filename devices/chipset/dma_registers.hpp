// SPDX-License-Identifier: BSD-2-Clause
//
// Register map of the 8237A (Intel 231466) and of a PC's page registers.
#pragma once

#include <array>

#include "fabric/support/int_types.hpp"

namespace devices::dma {

// Below 8: address and count of channel n at 2n and 2n + 1.
enum Register : u8 {
    StatusCommand = 0x8,  // Status on read.
    Request = 0x9,
    SingleMask = 0xa,
    Mode = 0xb,
    ClearFlipFlop = 0xc,
    MasterClear = 0xd,  // Temporary register on read.
    ClearMask = 0xe,
    AllMask = 0xf,
};

namespace command {
constexpr u8 Disable = 1 << 2;
}  // namespace command

namespace mode {
constexpr u8 Direction = 0x0c;
constexpr u8 Verify = 0x00;
constexpr u8 ToMemory = 0x04;    // "Write transfer".
constexpr u8 FromMemory = 0x08;  // "Read transfer".
constexpr u8 AutoInitialise = 0x10;
constexpr u8 Decrement = 0x20;
}  // namespace mode

constexpr u8 channel_select = 0x03;
constexpr u8 set_bit = 0x04;  // Of the request and single mask registers.

/// Which channel a page register (80 to 8F) belongs to; -1 for spare ones, which are RAM.
constexpr std::array<i32, 16> channel_of_page = {-1, 2, 3, 1, -1, -1, -1, 0,
                                                 -1, 6, 7, 5, -1, -1, -1, 4};

}  // namespace devices::dma
