// SPDX-License-Identifier: BSD-2-Clause
//
// The rows of the instruction table, ordered for decoding: for each opcode byte of each map the
// rows that it may be, in the order of the table, each with what must be true of prefixes and
// ModRM.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "cpu/decode/form.hpp"

namespace cpu::decoding {

/// What rows tell one another apart by, packed.
namespace key {
constexpr u32 PrefixShift = 0;  // 0: none, 1: 66, 2: F3, 3: F2.
constexpr u32 RegShift = 2;
constexpr u32 RmShift = 5;
constexpr u32 Prefix = 3u << PrefixShift;
constexpr u32 Reg = 7u << RegShift;
constexpr u32 Rm = 7u << RmShift;
constexpr u32 Register = 1u << 8;  // mod = 3.
constexpr u32 W = 1u << 9;
constexpr u32 L = 1u << 10;
constexpr u32 Bits64 = 1u << 11;
constexpr u32 RexB = 1u << 12;
}  // namespace key

/// What follows ModRM and displacement.
enum class Trailer : u8 { None, Ib, SignedIb, Iw, Iz, Iv, IwIb, Jb, Jz, Offset, FarPointer, Is4 };

struct Candidate {
    u16 mask = 0;
    u16 value = 0;
    u16 form = 0;
    Feature feature = Feature::Always;
    Trailer trailer = Trailer::None;
    bool conditional = false;  // One of feature, operand_size and address_size must be right.
    bool special = false;      // One of the properties from vsib on is there.
    u8 operand_size = 0;       // Zero: any.
    u8 address_size = 0;
    bool force64 = false;
    bool default64 = false;
    bool lockable = false;
    bool no_vvvv = false;
    bool vsib = false;
    bool segment_register = false;  // ModRM.reg is one: REX.R does not count.
    bool loads_segment = false;     // CS cannot be.
    bool control_register = false;
    bool debug_register = false;
    bool mmx_reg = false;  // REX.R does not count.
    bool mmx_rm = false;   // REX.B does not count.
};

struct OpcodeEntry {
    u16 first = 0;
    u16 count = 0;
    bool mod_rm = false;
    bool ignores_mod = false;         // MOV to and from control and debug registers (SDM 2B, MOV).
    Trailer trailer = Trailer::None;  // What is fetched even if no row fits, before the #UD.
};

class FormTable {
public:
    static const FormTable& instance();

    /// `map` as in Instruction::map; those of VEX are apart.
    const OpcodeEntry& entry(bool vex, u8 map, u8 opcode) const {
        return entries_[usize{vex} * 4 + map][opcode];
    }
    std::span<const Candidate> candidates(const OpcodeEntry& entry) const {
        return {candidates_.data() + entry.first, entry.count};
    }
    std::span<const Form> forms() const { return forms_; }

private:
    FormTable();

    std::vector<Form> forms_;
    std::vector<Candidate> candidates_;
    std::array<std::array<OpcodeEntry, 256>, 8> entries_{};
};

}  // namespace cpu::decoding
