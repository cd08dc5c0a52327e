// SPDX-License-Identifier: BSD-2-Clause
//
// The numbers of the Hypervisor Top Level Functional Specification (TLFS), by its own names as far
// as they go. Sections are those of version 6.0b; "web" is the edition that followed it.
#pragma once

#include "roms/runtime/runtime.h"

namespace tlfs {

/// 19, Appendix C.
namespace msr {
enum : u32 {
    GuestOsId = 0x40000000,
    Hypercall = 0x40000001,
    VpIndex = 0x40000002,
    Reset = 0x40000003,
    VpRuntime = 0x40000010,
    TimeRefCount = 0x40000020,
    ReferenceTsc = 0x40000021,
    TscFrequency = 0x40000022,
    ApicFrequency = 0x40000023,
    NpiepConfig = 0x40000040,
    Eoi = 0x40000070,
    Icr = 0x40000071,
    Tpr = 0x40000072,
    VpAssistPage = 0x40000073,
    Scontrol = 0x40000080,
    Sversion = 0x40000081,
    Siefp = 0x40000082,
    Simp = 0x40000083,
    Eom = 0x40000084,
    Sint0 = 0x40000090,
    Stimer0Config = 0x400000b0,
    Stimer0Count = 0x400000b1,
    GuestIdle = 0x400000f0,
    StatsPartitionRetail = 0x400000e0,
    DebugControl = 0x400000f1,
    CrashP0 = 0x40000100,
    CrashCtl = 0x40000105,
    ReenlightenmentControl = 0x40000106,
    TscEmulationControl = 0x40000107,
    TscEmulationStatus = 0x40000108,
    TimeUnhaltedConfig = 0x40000114,
    TimeUnhaltedCount = 0x40000115,
    TscInvariantControl = 0x40000118,
};
}  // namespace msr

/// 4.2.2: what leaf 0x40000003 says, as (register, bit): bits 0 to 31 are EAX's, 32 to 63 EBX's,
/// 64 to 95 EDX's.
enum class Feature : u8 {
    VpRuntime = 0,
    ReferenceCounter = 1,
    Synic = 2,
    SyntheticTimers = 3,
    InterruptControl = 4,
    HypercallMsrs = 5,
    VpIndex = 6,
    Reset = 7,
    Stats = 8,
    ReferenceTsc = 9,
    GuestIdle = 10,
    Frequencies = 11,
    Reenlightenment = 13,
    TscInvariant = 15,
    PartitionId = 32 + 1,
    PostMessages = 32 + 4,
    SignalEvents = 32 + 5,
    VpRegisters = 32 + 17,
    ExtendedHypercalls = 32 + 20,
    StartVirtualProcessor = 32 + 21,
    XmmInput = 64 + 4,
    FrequenciesShown = 64 + 8,
    GuestCrash = 64 + 10,
    DebugMsrs = 64 + 11,
    Npiep = 64 + 12,
    ExtendedGvaRanges = 64 + 14,
    XmmOutput = 64 + 15,
    SintPolling = 64 + 17,
    HypercallLock = 64 + 18,
    DirectTimers = 64 + 19,
    TimeUnhaltedTimer = 64 + 23,
};

/// 2.4.5: bits of EAX in leaf 0x40000004.
enum class Advice : u8 {
    LocalFlush = 1,
    RemoteFlush = 2,
    ApicMsrs = 3,
    ResetMsr = 4,
    DeprecatedAutoEoi = 9,
    ClusterIpi = 10,
    ExProcessorMasks = 11,
};

/// 18, Appendix B; InsufficientBuffers as every later text has it (B prints 0x33 twice).
enum Status : u16 {
    Success = 0,
    InvalidHypercallCode = 2,
    InvalidHypercallInput = 3,
    InvalidAlignment = 4,
    InvalidParameter = 5,
    AccessDenied = 6,
    InvalidPartitionId = 0xd,
    InvalidVpIndex = 0xe,
    InvalidConnectionId = 0x12,
    InvalidVpState = 0x15,
};

/// 17, Appendix A.
namespace code {
enum : u16 {
    FlushVirtualAddressSpace = 0x02,
    FlushVirtualAddressList = 0x03,
    NotifyLongSpinWait = 0x08,
    SendSyntheticClusterIpi = 0x0b,
    FlushVirtualAddressSpaceEx = 0x13,
    FlushVirtualAddressListEx = 0x14,
    SendSyntheticClusterIpiEx = 0x15,
    GetPartitionId = 0x46,
    GetVpRegisters = 0x50,
    SetVpRegisters = 0x51,
    PostMessage = 0x5c,
    SignalEvent = 0x5d,
    StartVirtualProcessor = 0x99,
    GetVpIndexFromApicId = 0x9a,
    ExtQueryCapabilities = 0x8001,
    ExtGetBootZeroedMemory = 0x8002,
};
}  // namespace code

constexpr u64 partition_self = ~u64{0};
constexpr u32 vp_index_self = 0xfffffffe;
constexpr u64 page_enable = 1;

/// A guest of ours is open source; its kind has no number.
constexpr u64 guest_os_id = u64{1} << 63 | u64{0x7f} << 56 | 1;

/// 11.10: a slot of the SIM page.
struct Message {
    u32 type;
    u8 payload_size;
    u8 flags;
    u16 reserved;
    u64 origination;
    u64 payload[30];
};
static_assert(sizeof(Message) == 256);
constexpr u32 message_timer_expired = 0x80000010;
constexpr u8 message_pending = 1;

/// 12.7.3
struct ReferenceTscPage {
    u32 sequence;
    u32 reserved;
    u64 scale;
    i64 offset;
    u64 zero[509];
};
static_assert(sizeof(ReferenceTscPage) == 4096);

namespace sint {
constexpr u64 Masked = 1 << 16;
constexpr u64 AutoEoi = 1 << 17;
constexpr u64 Polling = 1 << 18;
}  // namespace sint

namespace stimer {
constexpr u64 Enabled = 1 << 0;
constexpr u64 Periodic = 1 << 1;
constexpr u64 Lazy = 1 << 2;
constexpr u64 AutoEnable = 1 << 3;
constexpr u64 Direct = 1 << 12;
constexpr u64 vector(u8 number) { return u64{number} << 4; }
constexpr u64 sint(u8 number) { return u64{number} << 16; }
}  // namespace stimer

/// What CPUID says of the machine this runs on. Another hypervisor than Hv#1 is none.
bool hypervisor_present();
bool shows(Feature feature);
bool advises(Advice advice);

}  // namespace tlfs
