// SPDX-License-Identifier: BSD-2-Clause
//
// Register map of the PC16550D, in the names of its data sheet (TI SNLS378, section 8).
#pragma once

#include "fabric/support/int_types.hpp"

namespace devices::uart {

enum class Register : u8 {
    Data = 0,             // RBR on read, THR on write; divisor low byte while LCR.DLAB is set.
    InterruptEnable = 1,  // Divisor high byte while LCR.DLAB is set.
    InterruptIdent = 2,   // Read. The same address writes FCR.
    LineControl = 3,
    ModemControl = 4,
    LineStatus = 5,
    ModemStatus = 6,
    Scratch = 7,
};

namespace ier {
constexpr u8 DataAvailable = 1 << 0;
constexpr u8 TransmitterEmpty = 1 << 1;
constexpr u8 LineStatus = 1 << 2;
constexpr u8 ModemStatus = 1 << 3;
constexpr u8 Defined = 0x0f;
}  // namespace ier

namespace iir {
constexpr u8 ModemStatus = 0x00;
constexpr u8 NonePending = 0x01;
constexpr u8 TransmitterEmpty = 0x02;
constexpr u8 DataAvailable = 0x04;
constexpr u8 LineStatus = 0x06;
constexpr u8 CharacterTimeout = 0x0c;
constexpr u8 FifosEnabled = 0xc0;
}  // namespace iir

namespace fcr {
constexpr u8 EnableFifos = 1 << 0;
constexpr u8 ClearReceive = 1 << 1;
constexpr u8 ClearTransmit = 1 << 2;
constexpr u8 TriggerShift = 6;  // Two bits: 1, 4, 8 or 14 characters.
}  // namespace fcr

namespace lcr {
constexpr u8 WordLength = 0x03;  // Data bits, less five.
constexpr u8 TwoStopBits = 1 << 2;
constexpr u8 ParityEnable = 1 << 3;
constexpr u8 DivisorLatch = 1 << 7;
}  // namespace lcr

namespace mcr {
constexpr u8 DataTerminalReady = 1 << 0;
constexpr u8 RequestToSend = 1 << 1;
constexpr u8 Out1 = 1 << 2;
constexpr u8 Out2 = 1 << 3;  // On a PC, gates the interrupt pin onto the bus.
constexpr u8 Loopback = 1 << 4;
constexpr u8 Defined = 0x1f;
}  // namespace mcr

namespace lsr {
constexpr u8 DataReady = 1 << 0;
constexpr u8 Overrun = 1 << 1;
constexpr u8 HoldingEmpty = 1 << 5;
constexpr u8 TransmitterIdle = 1 << 6;
}  // namespace lsr

namespace msr {
constexpr u8 DeltaClearToSend = 1 << 0;
constexpr u8 DeltaDataSetReady = 1 << 1;
constexpr u8 TrailingEdgeRing = 1 << 2;
constexpr u8 DeltaCarrierDetect = 1 << 3;
constexpr u8 Deltas = 0x0f;
constexpr u8 ClearToSend = 1 << 4;
constexpr u8 DataSetReady = 1 << 5;
constexpr u8 Ring = 1 << 6;
constexpr u8 CarrierDetect = 1 << 7;
}  // namespace msr

}  // namespace devices::uart
