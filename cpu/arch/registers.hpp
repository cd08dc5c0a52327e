// SPDX-License-Identifier: BSD-2-Clause
//
// Names and numbers of the registers, in encoding order (SDM 2B appendix B).
#pragma once

#include "fabric/support/int_types.hpp"

namespace cpu {

enum class Gpr : u8 {
    Rax,
    Rcx,
    Rdx,
    Rbx,
    Rsp,
    Rbp,
    Rsi,
    Rdi,
    R8,
    R9,
    R10,
    R11,
    R12,
    R13,
    R14,
    R15
};

enum class SegReg : u8 { Es, Cs, Ss, Ds, Fs, Gs };

/// The size of code: CS.L and CS.D.
enum class CodeMode : u8 { Bits16, Bits32, Bits64 };

/// RFLAGS, SDM 1 3.4.3.
namespace rflags {
constexpr u64 CF = 1 << 0;
constexpr u64 Fixed1 = 1 << 1;
constexpr u64 PF = 1 << 2;
constexpr u64 AF = 1 << 4;
constexpr u64 ZF = 1 << 6;
constexpr u64 SF = 1 << 7;
constexpr u64 TF = 1 << 8;
constexpr u64 IF = 1 << 9;
constexpr u64 DF = 1 << 10;
constexpr u64 OF = 1 << 11;
constexpr u64 IOPL = 3 << 12;
constexpr u64 NT = 1 << 14;
constexpr u64 RF = 1 << 16;
constexpr u64 VM = 1 << 17;
constexpr u64 AC = 1 << 18;
constexpr u64 VIF = 1 << 19;
constexpr u64 VIP = 1 << 20;
constexpr u64 ID = 1 << 21;

constexpr u64 Status = CF | PF | AF | ZF | SF | OF;
constexpr u64 Defined = Status | Fixed1 | TF | IF | DF | IOPL | NT | RF | VM | AC | VIF | VIP | ID;
}  // namespace rflags

}  // namespace cpu
