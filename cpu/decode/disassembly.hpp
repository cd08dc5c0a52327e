// SPDX-License-Identifier: BSD-2-Clause
//
// Instructions as text for people: traces and messages. By Capstone; nothing is executed by it.
#pragma once

#include <span>
#include <string>

#include "cpu/arch/registers.hpp"
#include "fabric/support/int_types.hpp"

namespace cpu {

/// The first instruction of `bytes`, which lies at `rip`, in Intel's syntax. "(bad)" if it is none.
std::string disassemble(std::span<const u8> bytes, CodeMode mode, u64 rip);

}  // namespace cpu
