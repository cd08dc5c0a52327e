// SPDX-License-Identifier: BSD-2-Clause
//
// Instructions that the host computes: for each distinct encoding a small function is generated
// once, which loads what the instruction reads from CpuState, executes the same instruction, and
// stores what it wrote. Rounding, flags, NaNs and undefined results are a processor's own.
//
// Thunks run within a GuestFpScope.
#pragma once

#include "cpu/decode/decoder.hpp"
#include "cpu/fpu/guest_fp_scope.hpp"
#include "cpu/fpu/host_features.hpp"

namespace cpu {

/// `memory` is where the memory operand is, of exactly its size, and aligned where the instruction
/// asks for it. 0, or 1: a floating-point error is to be reported and nothing has changed, flags in
/// MXCSR aside.
using NativeThunk = u32 (*)(CpuState& state, void* memory);

/// For instructions on general and vector registers alone. Null: go through execute().
NativeThunk native_thunk(const Instruction& instruction);

/// The same for arithmetic, loads and stores of the x87, for an engine that has seen to it that the
/// registers are in the host's, and keeps FIP. A pending error makes it return 1, with nothing
/// done.
NativeThunk x87_thunk(const Instruction& instruction);

/// The same for all rows: those on MMX and x87 registers need load_x87() first. Never null, but
/// good only until the next call.
NativeThunk native_thunk_for_now(const Instruction& instruction);

}  // namespace cpu
