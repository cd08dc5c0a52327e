// SPDX-License-Identifier: BSD-2-Clause
//
// The fw_cfg interface, in the names of QEMU's docs/specs/fw_cfg.
#pragma once

#include "fabric/support/int_types.hpp"

namespace devices::fw_cfg {

/// I/O ports, from the selector register on.
namespace port {
constexpr u64 Selector = 0;  // 16 bits, write only.
constexpr u64 Data = 1;      // 8 bits.
constexpr u64 DmaHigh = 4;   // 32 bits, big-endian.
constexpr u64 DmaLow = 8;    // Writing it starts the transfer.
constexpr u64 Length = 12;
}  // namespace port

/// Items every firmware knows by number.
namespace key {
constexpr u16 Signature = 0x00;
constexpr u16 Id = 0x01;
constexpr u16 Uuid = 0x02;
constexpr u16 RamSize = 0x03;
constexpr u16 NoGraphic = 0x04;
constexpr u16 NbCpus = 0x05;
constexpr u16 KernelAddress = 0x07;
constexpr u16 KernelSize = 0x08;
constexpr u16 InitrdAddress = 0x0a;
constexpr u16 InitrdSize = 0x0b;
constexpr u16 BootDevice = 0x0c;
constexpr u16 Numa = 0x0d;
constexpr u16 BootMenu = 0x0e;
constexpr u16 MaxCpus = 0x0f;
constexpr u16 KernelEntry = 0x10;
constexpr u16 KernelData = 0x11;
constexpr u16 InitrdData = 0x12;
constexpr u16 CmdlineAddress = 0x13;
constexpr u16 CmdlineSize = 0x14;
constexpr u16 CmdlineData = 0x15;
constexpr u16 SetupAddress = 0x16;
constexpr u16 SetupSize = 0x17;
constexpr u16 SetupData = 0x18;
constexpr u16 FileDirectory = 0x19;
constexpr u16 FirstFile = 0x20;
constexpr u16 Irq0Override = 0x8002;

constexpr u16 WriteChannel = 0x4000;  // A bit of the selector that older firmware sets to write.
}  // namespace key

namespace id {
constexpr u32 Traditional = 1 << 0;
constexpr u32 Dma = 1 << 1;
}  // namespace id

/// FWCfgDmaAccess.control, once turned to the host's byte order.
namespace dma {
constexpr u32 Error = 1 << 0;
constexpr u32 Read = 1 << 1;
constexpr u32 Skip = 1 << 2;
constexpr u32 Select = 1 << 3;
constexpr u32 Write = 1 << 4;
constexpr u32 KeyShift = 16;
}  // namespace dma

constexpr u64 dma_signature = 0x5145'4d55'2043'4647;  // "QEMU CFG", as read from the DMA register.

/// FWCfgFile: size (4, big-endian), select (2, big-endian), reserved (2), name (56).
constexpr usize directory_entry_bytes = 64;
constexpr usize file_name_bytes = 56;

}  // namespace devices::fw_cfg
