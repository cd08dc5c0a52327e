// SPDX-License-Identifier: BSD-2-Clause
//
// Register map of the 82093AA (Intel 290566), and the EOI register that chipsets added with version
// 20H.
#pragma once

#include "fabric/support/int_types.hpp"

namespace devices::ioapic {

/// Offsets in the memory block.
constexpr u64 select_offset = 0x00;  // IOREGSEL.
constexpr u64 window_offset = 0x10;  // IOWIN.
constexpr u64 eoi_offset = 0x40;

/// Numbers for the select register. From `Redirection` on two to each input, low half first.
enum class Register : u8 {
    Id = 0x00,
    Version = 0x01,
    Arbitration = 0x02,
    Redirection = 0x10,
};

constexpr u32 id_mask = 0x0f00'0000;

namespace redirection {
constexpr u64 Vector = 0xff;
constexpr u64 ModeShift = 8;
constexpr u64 Logical = 1 << 11;
constexpr u64 ActiveLow = 1 << 13;
constexpr u64 RemoteIrr = 1 << 14;
constexpr u64 Level = 1 << 15;
constexpr u64 Masked = 1 << 16;
constexpr u64 DestinationShift = 56;
constexpr u64 Writable = 0xff00'0000'0001'afff;
}  // namespace redirection

enum class DeliveryMode : u8 {
    Fixed,
    LowestPriority,
    Smi,
    Reserved3,
    Nmi,
    Init,
    Reserved6,
    ExtInt
};

}  // namespace devices::ioapic
