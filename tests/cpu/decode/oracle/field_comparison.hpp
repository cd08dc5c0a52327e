// SPDX-License-Identifier: BSD-2-Clause
//
// What our table and decoder say of an instruction's operands against what Zydis says.
#pragma once

#include <Zydis/Zydis.h>
#include <span>
#include <string>

#include "cpu/decode/instruction.hpp"

namespace test::decode {

/// Empty if there is none.
std::string field_difference(const cpu::Instruction& ours, const ZydisDecodedInstruction& zydis,
                             std::span<const ZydisDecodedOperand> operands);

}  // namespace test::decode
