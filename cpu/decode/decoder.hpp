// SPDX-License-Identifier: BSD-2-Clause
//
// Bytes to Instruction, by the instruction table. #UD exactly as the table, the mode and the
// model's features say; what depends on control registers (an SSE instruction without CR4.OSFXSR)
// is the engine's business.
#pragma once

#include <span>

#include "cpu/arch/features.hpp"
#include "cpu/decode/form.hpp"
#include "cpu/decode/instruction.hpp"

namespace cpu {

enum class DecodeStatus : u8 {
    Ok,
    Truncated,  // All bytes given were consumed and more are needed.
    TooLong,    // More than 15 bytes: #GP(0).
    Invalid,    // #UD. `length` is of what was looked at.
};

DecodeStatus decode(std::span<const u8> bytes, CodeMode mode, const FeatureSet& features,
                    Instruction& into);

/// All rows. Instruction::form indexes it.
std::span<const Form> forms();
inline const Form& form_of(const Instruction& instruction) { return forms()[instruction.form]; }

std::string_view semantic_name(Semantic semantic);

/// The size in bytes of an operand of this instruction. Zero for an address (LEA).
u32 operand_bytes(const Instruction& instruction, const Operand& operand);

}  // namespace cpu
