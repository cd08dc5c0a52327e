// SPDX-License-Identifier: BSD-2-Clause
//
// Registers and commands of ATA devices, in the names of ATA/ATAPI-6 (T13 1410D): what both disks
// and packet devices have.
#pragma once

#include "fabric/support/int_types.hpp"

namespace devices::ata {

/// The command block, by offset from 1F0h. On a packet device Count is the interrupt reason, and
/// LbaMid and LbaHigh are the byte count.
enum class Register : u8 {
    Data = 0,
    Features = 1,  // Read: Error.
    Count = 2,
    LbaLow = 3,
    LbaMid = 4,
    LbaHigh = 5,
    Device = 6,
    Command = 7,  // Read: Status.
};

namespace status {
constexpr u8 Error = 1 << 0;  // Of a packet device: CHK.
constexpr u8 DataRequest = 1 << 3;
constexpr u8 SeekComplete = 1 << 4;
constexpr u8 DeviceFault = 1 << 5;
constexpr u8 Ready = 1 << 6;
constexpr u8 Busy = 1 << 7;
}  // namespace status

namespace error {
constexpr u8 Abort = 1 << 2;
constexpr u8 IdNotFound = 1 << 4;
constexpr u8 Uncorrectable = 1 << 6;
constexpr u8 InterfaceCrc = 1 << 7;
constexpr u8 DiagnosticPassed = 0x01;  // After a reset or EXECUTE DEVICE DIAGNOSTIC.
}  // namespace error

namespace device {
constexpr u8 Head = 0x0f;
constexpr u8 Second = 1 << 4;
constexpr u8 Lba = 1 << 6;
constexpr u8 Obsolete = 0xa0;  // Two bits that old hosts set.
}  // namespace device

namespace control {
constexpr u8 InterruptDisable = 1 << 1;  // nIEN
constexpr u8 SoftReset = 1 << 2;         // SRST
constexpr u8 HighOrderByte = 1 << 7;     // HOB
}  // namespace control

namespace command {
constexpr u8 Nop = 0x00;
constexpr u8 DataSetManagement = 0x06;
constexpr u8 DeviceReset = 0x08;
constexpr u8 ReadSectors = 0x20;
constexpr u8 ReadSectorsOnce = 0x21;
constexpr u8 ReadSectorsExt = 0x24;
constexpr u8 ReadDmaExt = 0x25;
constexpr u8 ReadNativeMaxExt = 0x27;
constexpr u8 ReadMultipleExt = 0x29;
constexpr u8 ReadLogExt = 0x2f;
constexpr u8 WriteSectors = 0x30;
constexpr u8 WriteSectorsOnce = 0x31;
constexpr u8 WriteSectorsExt = 0x34;
constexpr u8 WriteDmaExt = 0x35;
constexpr u8 WriteMultipleExt = 0x39;
constexpr u8 WriteDmaFuaExt = 0x3d;
constexpr u8 ReadVerify = 0x40;
constexpr u8 ReadVerifyOnce = 0x41;
constexpr u8 ReadVerifyExt = 0x42;
constexpr u8 Recalibrate = 0x10;  // To 1F.
constexpr u8 Seek = 0x70;         // To 7F.
constexpr u8 ExecuteDiagnostic = 0x90;
constexpr u8 InitializeParameters = 0x91;
constexpr u8 Packet = 0xa0;
constexpr u8 IdentifyPacketDevice = 0xa1;
constexpr u8 Smart = 0xb0;
constexpr u8 ReadMultiple = 0xc4;
constexpr u8 WriteMultiple = 0xc5;
constexpr u8 SetMultipleMode = 0xc6;
constexpr u8 ReadDma = 0xc8;
constexpr u8 ReadDmaOnce = 0xc9;
constexpr u8 WriteDma = 0xca;
constexpr u8 WriteDmaOnce = 0xcb;
constexpr u8 WriteMultipleFuaExt = 0xce;
constexpr u8 StandbyImmediate = 0xe0;
constexpr u8 IdleImmediate = 0xe1;
constexpr u8 Standby = 0xe2;
constexpr u8 Idle = 0xe3;
constexpr u8 ReadBuffer = 0xe4;
constexpr u8 CheckPowerMode = 0xe5;
constexpr u8 Sleep = 0xe6;
constexpr u8 FlushCache = 0xe7;
constexpr u8 WriteBuffer = 0xe8;
constexpr u8 FlushCacheExt = 0xea;
constexpr u8 IdentifyDevice = 0xec;
constexpr u8 SetFeatures = 0xef;
constexpr u8 ReadNativeMax = 0xf8;
// The power commands of ATA-1, which come in the same order.
constexpr u8 OldStandbyImmediate = 0x94;
constexpr u8 OldIdleImmediate = 0x95;
constexpr u8 OldStandby = 0x96;
constexpr u8 OldIdle = 0x97;
constexpr u8 OldCheckPowerMode = 0x98;
constexpr u8 OldSleep = 0x99;
}  // namespace command

/// SET FEATURES, by the Features register.
namespace feature {
constexpr u8 EnableWriteCache = 0x02;
constexpr u8 SetTransferMode = 0x03;
constexpr u8 EnableAdvancedPower = 0x05;
constexpr u8 DisableLookAhead = 0x55;
constexpr u8 DisableRevert = 0x66;
constexpr u8 DisableWriteCache = 0x82;
constexpr u8 DisableAdvancedPower = 0x85;
constexpr u8 EnableLookAhead = 0xaa;
constexpr u8 EnableRevert = 0xcc;
}  // namespace feature

/// The kind of transfer mode, in the high bits of the Count register of SET FEATURES 03.
namespace transfer_mode {
constexpr u8 PioDefault = 0x00;    // 00, 01.
constexpr u8 PioFlow = 0x08;       // 08 to 0C.
constexpr u8 MultiwordDma = 0x20;  // 20 to 22.
constexpr u8 UltraDma = 0x40;      // 40 to 45.
}  // namespace transfer_mode

}  // namespace devices::ata
