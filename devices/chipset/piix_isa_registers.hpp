// SPDX-License-Identifier: BSD-2-Clause
//
// Registers of function 0 of the PIIX, the bridge to ISA, in the names of the data sheets (82371SB:
// Intel 290550; 82371AB: Intel 290562, chapter 4).
#pragma once

#include "fabric/support/int_types.hpp"

namespace devices::piix_isa {

namespace reg {
constexpr u32 Iort = 0x4c;     // ISA I/O recovery timer.
constexpr u32 Xbcs = 0x4e;     // X-bus chip select.
constexpr u32 PirqRcA = 0x60;  // PIRQ route control: 60 to 63.
constexpr u32 SerIrqc = 0x64;  // Serial IRQ control.
constexpr u32 Tom = 0x69;      // Top of memory.
constexpr u32 Mstat = 0x6a;    // Miscellaneous status.
constexpr u32 Mbdma0 = 0x76;   // Motherboard device DMA control.
constexpr u32 ApicBase = 0x80;
constexpr u32 Dlc = 0x82;      // Deterministic latency control.
constexpr u32 Pdmacfg = 0x90;  // PCI DMA configuration.
constexpr u32 Ddmabp = 0x92;   // Distributed DMA base pointers.
constexpr u32 Gencfg = 0xb0;   // General configuration.
constexpr u32 RtcCfg = 0xcb;   // Real-time clock configuration.
}  // namespace reg

namespace pirq {
constexpr u8 Disabled = 1 << 7;
constexpr u8 Irq = 0x0f;
constexpr u8 Writable = Disabled | Irq;
}  // namespace pirq

namespace rc {                      // Reset control, port CF9.
constexpr u8 SystemReset = 1 << 1;  // Which kind the next one is: hard.
constexpr u8 ResetCpu = 1 << 2;     // Its rise resets.
constexpr u8 Writable = SystemReset | ResetCpu;
}  // namespace rc

}  // namespace devices::piix_isa
