// SPDX-License-Identifier: BSD-2-Clause
//
// Registers of the 82441FX host bridge, in the names of its data sheet (Intel 290549, 3.2).
#pragma once

#include "fabric/support/int_types.hpp"

namespace devices::i440fx {

namespace reg {
constexpr u32 Pmccfg = 0x50;  // PMC configuration.
constexpr u32 Deturbo = 0x52;
constexpr u32 Dbc = 0x53;    // Data bus buffer control.
constexpr u32 Axc = 0x54;    // Auxiliary control.
constexpr u32 Dramr = 0x55;  // DRAM row type.
constexpr u32 Dramc = 0x57;  // DRAM control.
constexpr u32 Dramt = 0x58;  // DRAM timing.
constexpr u32 Pam0 = 0x59;   // Programmable attribute map: 59 to 5F.
constexpr u32 PamCount = 7;
constexpr u32 Drb0 = 0x60;  // DRAM row boundary: 60 to 67.
constexpr u32 Fdhc = 0x68;  // Fixed DRAM hole control.
constexpr u32 Mtt = 0x70;   // Multi-transaction timer.
constexpr u32 Clt = 0x71;   // CPU latency timer.
constexpr u32 Smram = 0x72;
constexpr u32 Errcmd = 0x90;
constexpr u32 Errsts = 0x91;
}  // namespace reg

namespace pam {  // In each half of a byte.
constexpr u8 ReadEnable = 1 << 0;
constexpr u8 WriteEnable = 1 << 1;
constexpr u8 Writable = 0x77;
}  // namespace pam

namespace smram {
constexpr u8 BaseSegment = 0x02;     // 010: A0000 to BFFFF, the only one there is.
constexpr u8 GlobalEnable = 1 << 3;  // G_SMRAME
constexpr u8 Lock = 1 << 4;          // D_LCK
constexpr u8 Closed = 1 << 5;        // D_CLS
constexpr u8 Open = 1 << 6;          // D_OPEN
}  // namespace smram

}  // namespace devices::i440fx
