// SPDX-License-Identifier: BSD-2-Clause
//
// Register map and descriptors of the 82540EM, in the names of the PCI/PCI-X Family of Gigabit
// Ethernet Controllers Software Developer's Manual (Intel 317453), chapters 3, 5 and 13.
#pragma once

#include "fabric/support/bit_range.hpp"
#include "fabric/support/int_types.hpp"

namespace devices::e1000 {

constexpr u32 register_bytes = 0x2'0000;  // What BAR 0 shows.
constexpr u32 io_bytes = 64;              // What BAR 2 shows: IOADDR, IODATA, reserved.

namespace reg {
constexpr u32 Ctrl = 0x0000;
constexpr u32 CtrlShadow = 0x0004;
constexpr u32 Status = 0x0008;
constexpr u32 Eecd = 0x0010;
constexpr u32 Eerd = 0x0014;
constexpr u32 CtrlExt = 0x0018;
constexpr u32 Mdic = 0x0020;
constexpr u32 Fcal = 0x0028;
constexpr u32 Fcah = 0x002c;
constexpr u32 Fct = 0x0030;
constexpr u32 Vet = 0x0038;
constexpr u32 Icr = 0x00c0;
constexpr u32 Itr = 0x00c4;
constexpr u32 Ics = 0x00c8;
constexpr u32 Ims = 0x00d0;
constexpr u32 Imc = 0x00d8;
constexpr u32 Rctl = 0x0100;
constexpr u32 Fcttv = 0x0170;
constexpr u32 Txcw = 0x0178;
constexpr u32 Tctl = 0x0400;
constexpr u32 Tipg = 0x0410;
constexpr u32 Ait = 0x0458;
constexpr u32 Ledctl = 0x0e00;
constexpr u32 Pba = 0x1000;
constexpr u32 Fcrtl = 0x2160;
constexpr u32 Fcrth = 0x2168;
constexpr u32 Rdbal = 0x2800;
constexpr u32 Rdbah = 0x2804;
constexpr u32 Rdlen = 0x2808;
constexpr u32 Rdh = 0x2810;
constexpr u32 Rdt = 0x2818;
constexpr u32 Rdtr = 0x2820;
constexpr u32 Rxdctl = 0x2828;
constexpr u32 Radv = 0x282c;
constexpr u32 Rsrpd = 0x2c00;
constexpr u32 Txdmac = 0x3000;
constexpr u32 Tdbal = 0x3800;
constexpr u32 Tdbah = 0x3804;
constexpr u32 Tdlen = 0x3808;
constexpr u32 Tdh = 0x3810;
constexpr u32 Tdt = 0x3818;
constexpr u32 Tidv = 0x3820;
constexpr u32 Txdctl = 0x3828;
constexpr u32 Tadv = 0x382c;
constexpr u32 Tspmt = 0x3830;
constexpr u32 Statistics = 0x4000;
constexpr u32 Rxcsum = 0x5000;
constexpr u32 Mta = 0x5200;   // 128 words.
constexpr u32 Ra = 0x5400;    // 16 pairs, RAL and RAH.
constexpr u32 Vfta = 0x5600;  // 128 words.
constexpr u32 Wuc = 0x5800;
constexpr u32 Wufc = 0x5808;
constexpr u32 Manc = 0x5820;
}  // namespace reg

/// Counters, by place in a table of words that starts at reg::Statistics.
enum class Statistic : u8 {
    MPC = 4,
    RLEC = 16,
    PRC64 = 23,  // Six of them, by size.
    GPRC = 29,
    BPRC = 30,
    MPRC = 31,
    GPTC = 32,
    GORC = 34,  // Of two words, low and high, as GOTC, TOR and TOT.
    GOTC = 36,
    RNBC = 40,
    RUC = 41,
    ROC = 43,
    TOR = 48,
    TOT = 50,
    TPR = 52,
    TPT = 53,
    PTC64 = 54,  // Six of them, by size.
    MPTC = 60,
    BPTC = 61,
    TSCTC = 62,
    TSCTFC = 63,
};
constexpr u32 statistics_count = 64;

namespace ctrl {
constexpr u32 FullDuplex = 1 << 0;
constexpr u32 LinkReset = 1 << 3;
constexpr u32 SetLinkUp = 1 << 6;
constexpr u32 Reset = 1 << 26;
constexpr u32 VlanMode = 1 << 30;  // VME
constexpr u32 PhyReset = u32{1} << 31;
constexpr u32 PowerOn = 0x0000'0201;  // Full duplex, 1000 Mb/s.
constexpr u32 SelfClearing = LinkReset | Reset | PhyReset;
}  // namespace ctrl

namespace status {
constexpr u32 FullDuplex = 1 << 0;
constexpr u32 LinkUp = 1 << 1;
constexpr u32 TxOff = 1 << 4;
using Speed = fabric::BitRange<7, 6>;
using DetectedSpeed = fabric::BitRange<9, 8>;  // ASDV
}  // namespace status

namespace eecd {
constexpr u32 Clock = 1 << 0;
constexpr u32 ChipSelect = 1 << 1;
constexpr u32 DataIn = 1 << 2;
constexpr u32 DataOut = 1 << 3;
constexpr u32 FlashWriteMask = 3 << 4;
constexpr u32 FlashWriteDisabled = 1 << 4;
constexpr u32 Request = 1 << 6;
constexpr u32 Grant = 1 << 7;
constexpr u32 Present = 1 << 8;
constexpr u32 Written = Clock | ChipSelect | DataIn | FlashWriteMask | Request;
}  // namespace eecd

namespace eerd {
constexpr u32 Start = 1 << 0;
constexpr u32 Done = 1 << 4;
using Address = fabric::BitRange<15, 8>;
using Data = fabric::BitRange<31, 16>;
}  // namespace eerd

namespace ctrl_ext {
constexpr u32 EepromReset = 1 << 13;
}  // namespace ctrl_ext

namespace mdic {
using Data = fabric::BitRange<15, 0>;
using Register = fabric::BitRange<20, 16>;
using Phy = fabric::BitRange<25, 21>;
using Operation = fabric::BitRange<27, 26>;
constexpr u32 OperationWrite = 1;
constexpr u32 OperationRead = 2;
constexpr u32 Ready = 1 << 28;
constexpr u32 InterruptEnable = 1 << 29;
constexpr u32 Error = 1 << 30;
constexpr u32 PhyAddress = 1;  // Of the PHY on the chip.
}  // namespace mdic

/// Causes of interrupts: ICR, ICS, IMS, IMC.
namespace icr {
constexpr u32 TXDW = 1 << 0;
constexpr u32 TXQE = 1 << 1;
constexpr u32 LSC = 1 << 2;
constexpr u32 RXDMT0 = 1 << 4;
constexpr u32 RXO = 1 << 6;
constexpr u32 RXT0 = 1 << 7;
constexpr u32 MDAC = 1 << 9;
constexpr u32 TXD_LOW = 1 << 15;
constexpr u32 SRPD = 1 << 16;
constexpr u32 Defined = 0x0001'fedf;
}  // namespace icr

namespace rctl {
constexpr u32 Enable = 1 << 1;
constexpr u32 UnicastPromiscuous = 1 << 3;
constexpr u32 MulticastPromiscuous = 1 << 4;
constexpr u32 LongPackets = 1 << 5;
using Loopback = fabric::BitRange<7, 6>;
using MinimumThreshold = fabric::BitRange<9, 8>;
using MulticastOffset = fabric::BitRange<13, 12>;
constexpr u32 AcceptBroadcast = 1 << 15;
using BufferSize = fabric::BitRange<17, 16>;
constexpr u32 VlanFilter = 1 << 18;
constexpr u32 CfiEnable = 1 << 19;
constexpr u32 CfiValue = 1 << 20;
constexpr u32 BufferSizeExtension = 1 << 25;
constexpr u32 StripCrc = 1 << 26;
}  // namespace rctl

namespace tctl {
constexpr u32 Enable = 1 << 1;
constexpr u32 PadShortPackets = 1 << 3;
}  // namespace tctl

namespace rdtr {
using Delay = fabric::BitRange<15, 0>;
constexpr u32 Flush = u32{1} << 31;  // FPD
}  // namespace rdtr

namespace txdctl {
using LowThreshold = fabric::BitRange<31, 25>;  // In units of eight descriptors.
}  // namespace txdctl

namespace rxcsum {
using Start = fabric::BitRange<7, 0>;
constexpr u32 IpOffload = 1 << 8;
constexpr u32 TcpUdpOffload = 1 << 9;
}  // namespace rxcsum

namespace rah {
using AddressSelect = fabric::BitRange<17, 16>;
constexpr u32 Valid = u32{1} << 31;
}  // namespace rah

constexpr u32 descriptor_bytes = 16;

/// Transmit descriptors: an address of eight bytes, then these eight. A context has other eight in
/// the place of the address.
namespace txd {
using LegacyLength = fabric::BitRange<15, 0>;
using LegacyChecksumOffset = fabric::BitRange<23, 16>;  // CSO
using LegacyChecksumStart = fabric::BitRange<47, 40>;   // CSS
using Length = fabric::BitRange<19, 0>;                 // Of data and context: PAYLEN.
using Kind = fabric::BitRange<23, 20>;                  // DTYP
constexpr u64 KindContext = 0;
constexpr u64 KindData = 1;
constexpr u64 EndOfPacket = u64{1} << 24;
constexpr u64 InsertFcs = u64{1} << 25;
constexpr u64 InsertChecksum = u64{1} << 26;  // Legacy: IC.
constexpr u64 Segment = u64{1} << 26;         // Extended: TSE.
constexpr u64 ReportStatus = u64{1} << 27;
constexpr u64 Extended = u64{1} << 29;
constexpr u64 VlanInsert = u64{1} << 30;
constexpr u64 DelayInterrupt = u64{1} << 31;
constexpr u64 Done = u64{1} << 32;
using Options = fabric::BitRange<47, 40>;  // POPTS of data.
constexpr u8 InsertIpChecksum = 1 << 0;
constexpr u8 InsertTcpUdpChecksum = 1 << 1;
using Special = fabric::BitRange<63, 48>;
// Of a context.
constexpr u64 Tcp = u64{1} << 24;
constexpr u64 Ipv4 = u64{1} << 25;
using HeaderLength = fabric::BitRange<47, 40>;
using SegmentSize = fabric::BitRange<63, 48>;  // MSS
using IpStart = fabric::BitRange<7, 0>;        // IPCSS, in the first eight bytes, as what follows.
using IpOffset = fabric::BitRange<15, 8>;      // IPCSO
using IpEnd = fabric::BitRange<31, 16>;        // IPCSE
using TcpUdpStart = fabric::BitRange<39, 32>;
using TcpUdpOffset = fabric::BitRange<47, 40>;
using TcpUdpEnd = fabric::BitRange<63, 48>;
}  // namespace txd

/// Receive descriptors: status and errors.
namespace rxd {
constexpr u8 Done = 1 << 0;
constexpr u8 EndOfPacket = 1 << 1;
constexpr u8 IgnoreChecksum = 1 << 2;
constexpr u8 VlanPacket = 1 << 3;
constexpr u8 TcpUdpChecked = 1 << 5;
constexpr u8 IpChecked = 1 << 6;
constexpr u8 InexactFilter = 1 << 7;
constexpr u8 TcpUdpError = 1 << 5;
constexpr u8 IpError = 1 << 6;
}  // namespace rxd

}  // namespace devices::e1000
