// SPDX-License-Identifier: BSD-2-Clause
//
// Register map of the local APIC (SDM 3A table 10-1 for the memory page, table 10-6 for x2APIC
// mode): a register's number is its offset in the page divided by 16, and its MSR less 800H.
#pragma once

#include "fabric/support/int_types.hpp"

namespace cpu::apic {

enum class Register : u8 {
    Id = 0x02,
    Version = 0x03,
    TaskPriority = 0x08,
    ArbitrationPriority = 0x09,
    ProcessorPriority = 0x0a,
    EndOfInterrupt = 0x0b,
    RemoteRead = 0x0c,
    LogicalDestination = 0x0d,
    DestinationFormat = 0x0e,
    SpuriousVector = 0x0f,
    InService = 0x10,         // And the seven after it.
    TriggerMode = 0x18,       // And the seven after it.
    InterruptRequest = 0x20,  // And the seven after it.
    ErrorStatus = 0x28,
    InterruptCommand = 0x30,
    InterruptCommandHigh = 0x31,  // In x2APIC mode the command is one register of 64 bits.
    LvtTimer = 0x32,
    LvtThermal = 0x33,
    LvtPerformance = 0x34,
    LvtLint0 = 0x35,
    LvtLint1 = 0x36,
    LvtError = 0x37,
    InitialCount = 0x38,
    CurrentCount = 0x39,
    DivideConfiguration = 0x3e,
    SelfIpi = 0x3f,  // x2APIC mode only.
};

/// The local vector table, in the order of its registers.
enum class Lvt : u8 { Timer, Thermal, Performance, Lint0, Lint1, Error };
constexpr usize lvt_entries = 6;

enum class DeliveryMode : u8 {
    Fixed = 0,
    LowestPriority = 1,
    Smi = 2,
    RemoteRead = 3,  // Reserved since the Pentium 4.
    Nmi = 4,
    Init = 5,
    Startup = 6,
    ExtInt = 7,
};

/// Version 15H, six LVT entries, and it can hold back the broadcast of an EOI.
constexpr u32 version = 0x15 | (lvt_entries - 1) << 16 | 1u << 24;

namespace lvt {
constexpr u32 Vector = 0xff;
constexpr u32 ModeShift = 8;
constexpr u32 Mode = 7u << ModeShift;
constexpr u32 ActiveLow = 1u << 13;
constexpr u32 RemoteIrr = 1u << 14;
constexpr u32 Level = 1u << 15;
constexpr u32 Masked = 1u << 16;
constexpr u32 TimerModeShift = 17;
constexpr u32 TimerMode = 3u << TimerModeShift;
}  // namespace lvt

namespace svr {
constexpr u32 Vector = 0xff;
constexpr u32 Enabled = 1u << 8;
constexpr u32 FocusDisabled = 1u << 9;  // Kept, without effect.
constexpr u32 SuppressEoiBroadcast = 1u << 12;
constexpr u32 Defined = Vector | Enabled | FocusDisabled | SuppressEoiBroadcast;
}  // namespace svr

namespace esr {
constexpr u32 SendIllegalVector = 1u << 5;
constexpr u32 ReceiveIllegalVector = 1u << 6;
constexpr u32 IllegalRegister = 1u << 7;
}  // namespace esr

namespace icr {
constexpr u32 Vector = 0xff;
constexpr u32 ModeShift = 8;
constexpr u32 Logical = 1u << 11;
constexpr u32 Assert = 1u << 14;
constexpr u32 Level = 1u << 15;
constexpr u32 ShorthandShift = 18;
constexpr u32 Defined = 0x000c'cfff;  // Of the low half; delivery status always reads as idle.
}  // namespace icr

namespace divide {
constexpr u32 Defined = 0xb;
}  // namespace divide

}  // namespace cpu::apic
