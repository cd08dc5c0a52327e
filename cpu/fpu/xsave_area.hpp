// SPDX-License-Identifier: BSD-2-Clause
//
// The FXSAVE and XSAVE areas (SDM 1 10.5.1, 13.4): where each piece of state lies, and its bytes.
#pragma once

#include <array>
#include <span>

#include "cpu/arch/cpu_state.hpp"

namespace cpu::xsave_area {

constexpr usize x87_control = 0;  // Control, status, tags, opcode and pointers: 24 bytes.
constexpr usize x87_control_size = 24;
constexpr usize mxcsr = 24;  // MXCSR and its mask.
constexpr usize mxcsr_size = 8;
constexpr usize x87_registers = 32;
constexpr usize x87_registers_size = 128;
constexpr usize xmm = 160;
constexpr usize legacy_size = 512;
constexpr usize header = 512;
constexpr usize header_size = 64;
constexpr usize avx = 576;  // In the compacted form too: it is the first there.
constexpr usize avx_size = 256;
constexpr usize full_size = avx + avx_size;

constexpr u64 compacted = u64{1} << 63;  // In XCOMP_BV.

struct Header {
    u64 xstate_bv = 0;
    u64 xcomp_bv = 0;
    std::array<u64, 6> reserved{};
};
static_assert(sizeof(Header) == header_size);

using Bytes = std::array<u8, full_size>;

/// `wide_pointers`: the REX.W forms, with 64-bit pointers and no selectors. `count`: of registers,
/// 16 in 64-bit code and 8 elsewhere.
void store_x87(const X87State& x87, bool wide_pointers, Bytes& bytes);
void store_mxcsr(u32 mxcsr, Bytes& bytes);
void store_xmm(const CpuState& state, usize count, Bytes& bytes);
void store_avx(const CpuState& state, usize count, Bytes& bytes);

void load_x87(const Bytes& bytes, bool wide_pointers, bool selectors, X87State& x87);
u32 load_mxcsr(const Bytes& bytes);
void load_xmm(const Bytes& bytes, usize count, CpuState& state);
void load_avx(const Bytes& bytes, usize count, CpuState& state);

/// As after FNINIT, with the registers zero (SDM 1 13.6).
X87State initial_x87();
void clear_xmm(CpuState& state, usize count);
void clear_avx(CpuState& state, usize count);

}  // namespace cpu::xsave_area
