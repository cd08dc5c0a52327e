// SPDX-License-Identifier: BSD-2-Clause
//
// Registers of the configuration space that all functions have, in the names of the PCI Local Bus
// Specification 3.0, chapter 6.
#pragma once

#include "fabric/support/int_types.hpp"

namespace devices::pci {

namespace reg {
constexpr u32 VendorId = 0x00;
constexpr u32 DeviceId = 0x02;
constexpr u32 Command = 0x04;
constexpr u32 Status = 0x06;
constexpr u32 RevisionId = 0x08;
constexpr u32 ClassCode = 0x09;  // Three bytes: programming interface, sub-class, class.
constexpr u32 CacheLineSize = 0x0c;
constexpr u32 LatencyTimer = 0x0d;
constexpr u32 HeaderType = 0x0e;
constexpr u32 BaseAddress0 = 0x10;
constexpr u32 SubsystemVendorId = 0x2c;
constexpr u32 SubsystemId = 0x2e;
constexpr u32 ExpansionRom = 0x30;
constexpr u32 CapabilitiesPointer = 0x34;
constexpr u32 InterruptLine = 0x3c;
constexpr u32 InterruptPin = 0x3d;
}  // namespace reg

namespace command {
constexpr u16 IoSpace = 1 << 0;
constexpr u16 MemorySpace = 1 << 1;
constexpr u16 BusMaster = 1 << 2;
constexpr u16 ParityErrorResponse = 1 << 6;
constexpr u16 SerrEnable = 1 << 8;
constexpr u16 InterruptDisable = 1 << 10;
}  // namespace command

namespace status {
constexpr u16 InterruptStatus = 1 << 3;
constexpr u16 CapabilitiesList = 1 << 4;
constexpr u16 Fast = 1 << 7;  // Fast back-to-back capable.
constexpr u16 MediumTiming = 1 << 9;
constexpr u16 Errors = 0xf900;  // Each cleared by writing a one.
}  // namespace status

namespace capability {
constexpr u8 PowerManagement = 0x01;
constexpr u8 Msi = 0x05;
constexpr u8 VendorSpecific = 0x09;
}  // namespace capability

}  // namespace devices::pci
