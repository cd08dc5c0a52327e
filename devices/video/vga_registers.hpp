// SPDX-License-Identifier: BSD-2-Clause
//
// Register map of the VGA, in the names of IBM's VGA technical reference (1992), and of the Bochs
// display interface (VBE DISPI).
#pragma once

#include "fabric/support/int_types.hpp"

namespace devices::vga {

/// I/O ports, as offsets from 3B0.
namespace port {
constexpr u64 First = 0x3b0;
constexpr u64 Length = 0x30;
constexpr u64 MonoCrtcIndex = 0x04;
constexpr u64 MonoCrtcData = 0x05;
constexpr u64 MonoInputStatus1 = 0x0a;
constexpr u64 AttributeIndex = 0x10;
constexpr u64 AttributeData = 0x11;
constexpr u64 InputStatus0 = 0x12;  // Writes go to miscellaneous output.
constexpr u64 VideoSubsystemEnable = 0x13;
constexpr u64 SequencerIndex = 0x14;
constexpr u64 SequencerData = 0x15;
constexpr u64 DacMask = 0x16;
constexpr u64 DacReadIndex = 0x17;
constexpr u64 DacWriteIndex = 0x18;
constexpr u64 DacData = 0x19;
constexpr u64 FeatureControlRead = 0x1a;
constexpr u64 MiscOutputRead = 0x1c;
constexpr u64 GraphicsIndex = 0x1e;
constexpr u64 GraphicsData = 0x1f;
constexpr u64 ColourCrtcIndex = 0x24;
constexpr u64 ColourCrtcData = 0x25;
constexpr u64 ColourInputStatus1 = 0x2a;
}  // namespace port

namespace misc_output {
constexpr u8 ColourAddresses = 1 << 0;
constexpr u8 EnableRam = 1 << 1;
constexpr u32 ClockShift = 2;
}  // namespace misc_output

namespace input_status0 {
constexpr u8 SwitchSense = 1 << 4;
}
namespace input_status1 {
constexpr u8 DisplayDisabled = 1 << 0;
constexpr u8 VerticalRetrace = 1 << 3;
}  // namespace input_status1

namespace sequencer {
constexpr usize ClockingMode = 1;
constexpr usize MapMask = 2;
constexpr usize CharacterMapSelect = 3;
constexpr usize MemoryMode = 4;
constexpr usize Count = 5;

constexpr u8 EightDots = 1 << 0;  // Of ClockingMode.
constexpr u8 HalfDotClock = 1 << 3;
constexpr u8 ScreenOff = 1 << 5;
constexpr u8 NoOddEven = 1 << 2;  // Of MemoryMode.
constexpr u8 Chain4 = 1 << 3;
}  // namespace sequencer

namespace crtc {
constexpr usize HorizontalTotal = 0x00;
constexpr usize HorizontalDisplayEnd = 0x01;
constexpr usize VerticalTotal = 0x06;
constexpr usize Overflow = 0x07;
constexpr usize PresetRowScan = 0x08;
constexpr usize MaximumScanLine = 0x09;
constexpr usize CursorStart = 0x0a;
constexpr usize CursorEnd = 0x0b;
constexpr usize StartAddressHigh = 0x0c;
constexpr usize StartAddressLow = 0x0d;
constexpr usize CursorLocationHigh = 0x0e;
constexpr usize CursorLocationLow = 0x0f;
constexpr usize VerticalRetraceStart = 0x10;
constexpr usize VerticalRetraceEnd = 0x11;
constexpr usize VerticalDisplayEnd = 0x12;
constexpr usize Offset = 0x13;
constexpr usize UnderlineLocation = 0x14;
constexpr usize ModeControl = 0x17;
constexpr usize LineCompare = 0x18;
constexpr usize Count = 0x19;

constexpr u8 ScanDoubling = 1 << 7;  // Of MaximumScanLine.
constexpr u8 CursorOff = 1 << 5;     // Of CursorStart.
constexpr u8 Protect = 1 << 7;       // Of VerticalRetraceEnd.
constexpr u8 CountByFour = 1 << 5;   // Of UnderlineLocation.
constexpr u8 DoubleWord = 1 << 6;
constexpr u8 NoRowScan0 = 1 << 0;  // Of ModeControl: address bit 13 is not the row scan's.
constexpr u8 NoRowScan1 = 1 << 1;
constexpr u8 CountByTwo = 1 << 3;
constexpr u8 WrapAt64K = 1 << 5;
constexpr u8 ByteMode = 1 << 6;
}  // namespace crtc

namespace graphics {
constexpr usize SetReset = 0;
constexpr usize EnableSetReset = 1;
constexpr usize ColourCompare = 2;
constexpr usize DataRotate = 3;
constexpr usize ReadMapSelect = 4;
constexpr usize Mode = 5;
constexpr usize Miscellaneous = 6;
constexpr usize ColourDontCare = 7;
constexpr usize BitMask = 8;
constexpr usize Count = 9;

constexpr u8 WriteMode = 0x03;  // Of Mode.
constexpr u8 ReadMode1 = 1 << 3;
constexpr u8 HostOddEven = 1 << 4;
constexpr u8 ShiftInterleave = 1 << 5;
constexpr u8 Shift256 = 1 << 6;
constexpr u8 GraphicsMode = 1 << 0;  // Of Miscellaneous.
constexpr u32 MemoryMapShift = 2;
}  // namespace graphics

namespace attribute {
constexpr usize ModeControl = 0x10;
constexpr usize OverscanColour = 0x11;
constexpr usize ColourPlaneEnable = 0x12;
constexpr usize HorizontalPanning = 0x13;
constexpr usize ColourSelect = 0x14;
constexpr usize Count = 0x15;

constexpr u8 PaletteAddressSource = 1
                                    << 5;  // Of the index: the screen shows the palette's colours.
constexpr u8 LineGraphics = 1 << 2;        // Of ModeControl.
constexpr u8 Blink = 1 << 3;
constexpr u8 PanningCompatible = 1 << 5;
constexpr u8 PixelWidth = 1 << 6;
constexpr u8 PaletteSize = 1 << 7;
}  // namespace attribute

/// The Bochs display interface: two 16-bit ports, index and data.
namespace dispi {
constexpr u64 FirstPort = 0x1ce;
constexpr u64 PortLength = 4;  // Index at 1CE, data at 1CF; guests on other buses use 1D0.

constexpr u16 Id = 0;
constexpr u16 XResolution = 1;
constexpr u16 YResolution = 2;
constexpr u16 BitsPerPixel = 3;
constexpr u16 Enable = 4;
constexpr u16 Bank = 5;
constexpr u16 VirtualWidth = 6;
constexpr u16 VirtualHeight = 7;
constexpr u16 XOffset = 8;
constexpr u16 YOffset = 9;
constexpr u16 VideoMemory64K = 10;
constexpr u16 Count = 11;

constexpr u16 OldestId = 0xb0c0;
constexpr u16 NewestId = 0xb0c5;

constexpr u16 Enabled = 0x01;  // Of Enable.
constexpr u16 GetCapabilities = 0x02;
constexpr u16 EightBitDac = 0x20;
constexpr u16 LinearFrameBuffer = 0x40;
constexpr u16 KeepMemory = 0x80;

constexpr u16 LargestX = 16000;
constexpr u16 LargestY = 12000;
constexpr u16 DeepestPixel = 32;
}  // namespace dispi

/// The registers once more, in memory: BAR 2 of QEMU's standard VGA (docs/specs/standard-vga).
namespace memory_registers {
constexpr u64 Length = 0x1000;
constexpr u64 VgaPorts = 0x400;  // 3C0 to 3DF.
constexpr u64 VgaPortsLength = 0x20;
constexpr u64 Dispi = 0x500;  // A register each two bytes.
}  // namespace memory_registers

}  // namespace devices::vga
