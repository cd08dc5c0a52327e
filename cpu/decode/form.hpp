// SPDX-License-Identifier: BSD-2-Clause
//
// A row of the instruction table (cpu/decode/opcodes*.def), and its columns.
//
//     FORM("66 0F 3A 0F /r", palignr, "PALIGNR", "Vdq, Wdq, Ib", Ssse3, Native, "")
//
// Columns: encoding, semantic, mnemonic, operands, feature, attributes, flags.
//
// Encoding, in the manual's words, blank-separated:
//   NP 66 F3 F2            the mandatory prefix (NP: none of them). Without one of these words the
//                          row takes any: 66 and REP then keep their ordinary meaning.
//   VEX.128 VEX.256 VEX.LIG VEX.LZ + .NP .66 .F3 .F2 + .0F .0F38 .0F3A + .W0 .W1 .WIG  (one word)
//   0F, 0F 38, 0F 3A       the map; then the opcode byte; "+r" after it: a register in the low bits
//                          (a row of the same opcode without prefix and "+r" is for REX.B
//                          clear: 90, NOP)
//   /r /0 ... /7           ModRM follows, and its reg field
//   reg mem                only with mod = 3, only with mod < 3
//   a byte after the opcode, as in "0F 01 C8": ModRM must have just this value
//   W0 W1                  REX.W must be clear, set
//   o16 o32 o64            the effective operand size must be this
//   a16 a32 a64            the same for the address size
//
// Operands, in the notation of SDM 2D (opcode map): E G M R I J O X Y V W H L U P Q N S C D A and
// fixed registers (AL CL DX rAX ES 1 ST0 STi ...). VSIB memory is Mx with attribute Vsib. Sizes:
//   b w d q dq qq    1 2 4 8 16 32 bytes (of a vector register: its low bytes)
//   v  operand size; z  2 or 4, immediate of v; y  4, or 8 under REX.W / VEX.W; p  far pointer
//   x  the vector length (16, or 32 under VEX.256); h f e  a half, a quarter, an eighth of it
//   t  80-bit real; s  a descriptor-table register's image; none  the operand is an address (LEA)
//   sIb is Ib sign-extended to the operand size. Iz and J are sign-extended too, Ib, Iw and Iv not.
// The first operand is read and written, the others are read; ":r" ":w" ":rw" after one says
// otherwise.
//
// Flags: "w:OSZAPC u:A r:C", those written with a defined result, left undefined, read. Letters:
// O S Z A P C, and D I for DF and IF.
#pragma once

#include <array>
#include <string_view>

#include "cpu/arch/features.hpp"
#include "fabric/support/int_types.hpp"

namespace cpu {

/// What an instruction does; several rows share one. The interpreter has one entry for each.
enum class Semantic : u16 {
#define SEMANTIC(name) name,
#include "cpu/decode/semantics.def"
#undef SEMANTIC
    Count
};

/// Bits of a row's attributes.
namespace attribute {
constexpr u32 None = 0;
constexpr u32 Only64 = 1 << 0;     // #UD outside 64-bit code.
constexpr u32 No64 = 1 << 1;       // #UD in 64-bit code.
constexpr u32 Lockable = 1 << 2;   // LOCK is allowed with a memory destination; else it is #UD.
constexpr u32 EndsBlock = 1 << 3;  // Control goes elsewhere, or what code means may change.
constexpr u32 Cpl0 = 1 << 4;       // #GP(0) unless CPL = 0.
constexpr u32 Default64 =
    1 << 5;  // In 64-bit code the operand size is 64 without REX.W; 66 makes it 16.
constexpr u32 Force64 =
    1 << 6;  // In 64-bit code it is 64 whatever the prefixes say (near branches).
constexpr u32 Native = 1 << 7;   // Computed by the same instruction on the host (native thunk).
constexpr u32 Aligned = 1 << 8;  // A memory operand must be aligned to its size, else #GP(0).
constexpr u32 X87 = 1 << 9;      // Subject to CR0.EM and CR0.TS: #NM.
constexpr u32 Waits = 1 << 10;   // Delivers a pending x87 error first: #MF.
constexpr u32 Mmx = 1 << 11;     // CR0.EM #UD, CR0.TS #NM, pending x87 error #MF.
constexpr u32 Sse = 1 << 12;     // CR0.EM or not CR4.OSFXSR #UD, CR0.TS #NM.
constexpr u32 Avx = 1 << 13;     // Not CR4.OSXSAVE or XCR0[2:1] != 3: #UD; CR0.TS #NM.
constexpr u32 SimdFp = 1 << 14;  // May raise #XM (#UD where CR4.OSXMMEXCPT is clear).
constexpr u32 Vsib = 1 << 15;    // ModRM addresses a vector of indices.
constexpr u32 ProtectedOnly = 1 << 16;  // #UD in real and virtual-8086 mode.
constexpr u32 String = 1 << 17;         // Takes REP.
constexpr u32 System =
    1 << 18;  // Not for user-mode comparison with the host CPU (I/O, time, CPUID).
constexpr u32 VexNoVvvv = 1 << 19;  // vvvv must be 1111.
constexpr u32 Unmasked =
    1 << 20;  // Memory form takes any alignment although it is legacy SSE m128.
constexpr u32 Undocumented = 1 << 21;  // An alias that processors take and the manual leaves out.
}  // namespace attribute

enum class OperandKind : u8 {
    None,
    ModRmGpr,         // E: register or memory
    RegGpr,           // G
    RmGpr,            // R: ModRM.rm, register only; also +r opcodes
    Memory,           // M, and E/W/Q when the row is `mem`
    VvvvGpr,          // B: VEX.vvvv names a general register
    Immediate,        // I
    SignedImmediate,  // Ib sign-extended to the operand size
    Relative,         // J
    Offset,           // O: absolute, without ModRM
    FarPointer,       // A
    SourceString,     // X: DS:rSI
    TargetString,     // Y: ES:rDI
    RegVector,        // V
    ModRmVector,      // W
    RmVector,         // U
    VvvvVector,       // H
    ImmediateVector,  // L: is4
    RegMmx,           // P
    ModRmMmx,         // Q
    RmMmx,            // N
    SegmentRegister,  // S
    ControlRegister,  // C
    DebugRegister,    // D
    FixedGpr,         // `fixed` is its number
    FixedSegment,
    FixedOne,  // The constant 1.
    St0,
    StI,  // ModRM.rm
};

enum class OperandSize : u8 {
    None,
    Byte,
    Word,
    Dword,
    Qword,
    Dqword,
    Qqword,
    V,
    Z,
    Y,
    P,
    X,
    Half,
    Quarter,
    Eighth,
    Tbyte,
    S
};

struct Operand {
    OperandKind kind = OperandKind::None;
    OperandSize size = OperandSize::None;
    u8 fixed = 0;
    bool read = false;
    bool written = false;
};

/// A row, with its text columns taken apart.
struct Form {
    std::string_view encoding;
    std::string_view mnemonic;
    Semantic semantic{};
    std::array<Operand, 4> operands{};
    u8 operand_count = 0;
    Feature feature = Feature::Always;
    u32 attributes = 0;
    u16 flags_written = 0;  // RFLAGS bits 0-15.
    u16 flags_undefined = 0;
    u16 flags_read = 0;

    bool has(u32 bits) const { return (attributes & bits) == bits; }
};

}  // namespace cpu
