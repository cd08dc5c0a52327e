// SPDX-License-Identifier: BSD-2-Clause
//
// Bits of the control registers, EFER, XCR0 and the debug registers (SDM 3A 2.5, 2.6, 18.2).
#pragma once

#include "fabric/support/int_types.hpp"

namespace cpu {

namespace cr0 {
constexpr u64 PE = 1u << 0;
constexpr u64 MP = 1u << 1;
constexpr u64 EM = 1u << 2;
constexpr u64 TS = 1u << 3;
constexpr u64 ET = 1u << 4;
constexpr u64 NE = 1u << 5;
constexpr u64 WP = 1u << 16;
constexpr u64 AM = 1u << 18;
constexpr u64 NW = 1u << 29;
constexpr u64 CD = 1u << 30;
constexpr u64 PG = 1u << 31;
constexpr u64 Defined = PE | MP | EM | TS | ET | NE | WP | AM | NW | CD | PG;
}  // namespace cr0

namespace cr3 {
constexpr u64 PWT = 1u << 3;
constexpr u64 PCD = 1u << 4;
constexpr u64 PcidMask = 0xfff;
constexpr u64 NoFlush = u64{1} << 63;  // In the value written, when CR4.PCIDE = 1.
}  // namespace cr3

namespace cr4 {
constexpr u64 VME = 1u << 0;
constexpr u64 PVI = 1u << 1;
constexpr u64 TSD = 1u << 2;
constexpr u64 DE = 1u << 3;
constexpr u64 PSE = 1u << 4;
constexpr u64 PAE = 1u << 5;
constexpr u64 MCE = 1u << 6;
constexpr u64 PGE = 1u << 7;
constexpr u64 PCE = 1u << 8;
constexpr u64 OSFXSR = 1u << 9;
constexpr u64 OSXMMEXCPT = 1u << 10;
constexpr u64 UMIP = 1u << 11;
constexpr u64 FSGSBASE = 1u << 16;
constexpr u64 PCIDE = 1u << 17;
constexpr u64 OSXSAVE = 1u << 18;
constexpr u64 SMEP = 1u << 20;
constexpr u64 SMAP = 1u << 21;
}  // namespace cr4

/// IA32_APIC_BASE (SDM 3A 10.4.4, 10.12.1).
namespace apic_base {
constexpr u64 Bsp = 1u << 8;
constexpr u64 Extended = 1u << 10;  // x2APIC mode.
constexpr u64 Enabled = 1u << 11;
constexpr u64 Address = 0x000f'ffff'ffff'f000;
}  // namespace apic_base

namespace efer {
constexpr u64 SCE = 1u << 0;
constexpr u64 LME = 1u << 8;
constexpr u64 LMA = 1u << 10;
constexpr u64 NXE = 1u << 11;
}  // namespace efer

namespace xcr0 {
constexpr u64 X87 = 1 << 0;
constexpr u64 SSE = 1 << 1;
constexpr u64 AVX = 1 << 2;
}  // namespace xcr0

/// IA32_DEBUGCTL. A debug exception clears both (SDM 3B 18.4.1, 18.4.3).
namespace debugctl {
constexpr u64 LBR = 1 << 0;
constexpr u64 BTF = 1 << 1;  // TF traps after taken branches alone.
}  // namespace debugctl

namespace dr6 {
constexpr u64 B0 = 1 << 0;  // B1 to B3 follow.
constexpr u64 BD = 1 << 13;
constexpr u64 BS = 1 << 14;
constexpr u64 BT = 1 << 15;
constexpr u64 PowerOn = 0xffff'0ff0;  // The reserved bits read as ones.
}  // namespace dr6

namespace dr7 {
constexpr u64 GD = 1 << 13;
constexpr u64 PowerOn = 0x400;  // Bit 10 reads as one.
}  // namespace dr7

}  // namespace cpu
