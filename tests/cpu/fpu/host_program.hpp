// SPDX-License-Identifier: BSD-2-Clause
//
// Executes an instruction, given as bytes, on the host with chosen vector registers, MXCSR, flags
// and RAX, RCX, RDX, RSI.
#pragma once

#include <array>
#include <span>

#include "cpu/arch/cpu_state.hpp"

namespace test {

struct HostRegisters {
    std::array<cpu::VectorRegister, 16> vector;
    u64 rax = 0;
    u64 rcx = 0;
    u64 rdx = 0;
    u64 rsi = 0;
    u64 rflags = 0x202;
    u64 mxcsr = 0x1f80;
};

/// The host must have AVX.
void run_on_host(std::span<const u8> instruction, HostRegisters& registers);

}  // namespace test
