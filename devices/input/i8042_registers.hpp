// SPDX-License-Identifier: BSD-2-Clause
//
// Ports, bits and commands of a PC's keyboard controller (IBM PS/2 Hardware Interface Technical
// Reference, "Keyboard and Auxiliary Device Controller").
#pragma once

#include "fabric/support/int_types.hpp"

namespace devices::i8042 {

namespace status {
constexpr u8 OutputFull = 1 << 0;
constexpr u8 InputFull = 1 << 1;
constexpr u8 SystemFlag = 1 << 2;
constexpr u8 Command = 1 << 3;  // What was last written was a command.
constexpr u8 Unlocked = 1 << 4;
constexpr u8 AuxiliaryData = 1 << 5;
}  // namespace status

/// The command byte: byte 0 of the controller's RAM.
namespace control {
constexpr u8 KeyboardInterrupt = 1 << 0;
constexpr u8 AuxiliaryInterrupt = 1 << 1;
constexpr u8 SystemFlag = 1 << 2;
constexpr u8 DisableKeyboard = 1 << 4;
constexpr u8 DisableAuxiliary = 1 << 5;
constexpr u8 Translate = 1 << 6;
}  // namespace control

namespace output_port {
constexpr u8 NotReset = 1 << 0;
constexpr u8 A20 = 1 << 1;
constexpr u8 KeyboardIrq = 1 << 4;
constexpr u8 AuxiliaryIrq = 1 << 5;
constexpr u8 LinesIdle = 0xc0;
}  // namespace output_port

namespace command {
constexpr u8 ReadRam = 0x20;   // To 3F.
constexpr u8 WriteRam = 0x60;  // To 7F.
constexpr u8 TestPassword = 0xa4;
constexpr u8 LoadPassword = 0xa5;
constexpr u8 DisableAuxiliary = 0xa7;
constexpr u8 EnableAuxiliary = 0xa8;
constexpr u8 TestAuxiliary = 0xa9;
constexpr u8 SelfTest = 0xaa;
constexpr u8 TestKeyboard = 0xab;
constexpr u8 DisableKeyboard = 0xad;
constexpr u8 EnableKeyboard = 0xae;
constexpr u8 ReadInputPort = 0xc0;
constexpr u8 ReadOutputPort = 0xd0;
constexpr u8 WriteOutputPort = 0xd1;
constexpr u8 WriteKeyboardBuffer = 0xd2;
constexpr u8 WriteAuxiliaryBuffer = 0xd3;
constexpr u8 WriteAuxiliary = 0xd4;
constexpr u8 A20Off = 0xdd;
constexpr u8 A20On = 0xdf;
constexpr u8 ReadTestInputs = 0xe0;
constexpr u8 Pulse = 0xf0;  // To FF: the low four bits of the output port, where zero.
}  // namespace command

constexpr u8 self_test_passed = 0x55;
constexpr u8 no_password = 0xf1;
constexpr u8 interface_works = 0x00;

}  // namespace devices::i8042
