// SPDX-License-Identifier: BSD-2-Clause
//
// One decoded instruction: what decode() makes of the bytes, and all that the engines go by.
#pragma once

#include "cpu/arch/registers.hpp"
#include "fabric/support/int_types.hpp"

namespace cpu {

/// Index of the zero element of CpuState::gpr: an absent base or index register.
constexpr u8 no_register = 16;

enum class RepPrefix : u8 { None, Repne /* F2 */, Rep /* F3 */ };

struct Instruction {
    // Extended to 64 bits as the form says. A far pointer's offset; ENTER's frame size; the address
    // of an Offset operand; the distance of a relative branch.
    u64 immediate = 0;
    i32 displacement = 0;
    u16 form = 0;              // Row of the instruction table.
    u16 second_immediate = 0;  // A far pointer's selector; ENTER's level; the is4 byte of VEX.
    u8 opcode = 0;
    u8 map = 0;  // 0: one byte, 1: 0F, 2: 0F 38, 3: 0F 3A.
    u8 length = 0;
    CodeMode mode = CodeMode::Bits64;
    u8 operand_size = 4;          // Effective, in bytes, of operands of size v: 2, 4 or 8.
    u8 address_size = 8;          // Effective: 2, 4 or 8.
    SegReg segment = SegReg::Ds;  // Of the memory operand, overrides and defaults applied.
    RepPrefix rep = RepPrefix::None;
    bool lock = false;
    bool operand_size_prefix = false;  // 66 was present.
    bool rex = false;                  // Any REX was: selects SPL, BPL, SIL, DIL.
    bool rex_w = false;                // REX.W or VEX.W.
    bool vex = false;
    bool vex_256 = false;
    u8 vvvv = 0;    // As a register number.
    u8 mod_rm = 0;  // Without a ModRM byte C0, or 0 if there is an Offset operand.
    u8 reg = 0;     // ModRM.reg with REX.R; the register of a +r opcode is in rm.
    u8 rm = 0;      // ModRM.rm with REX.B.
    u8 base = no_register;
    u8 index = no_register;  // For VSIB the vector register.
    u8 scale = 0;            // As a shift.
    bool rip_relative = false;

    bool is_memory() const { return mod_rm < 0xc0; }
};

}  // namespace cpu
