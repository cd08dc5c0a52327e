// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "cpu/decode/decoder.hpp"
#include "cpu/interpreter/lowering.hpp"
#include "cpu/semantics/operands.hpp"

namespace cpu::interpreter {

/// Which operand is what, from the row.
struct Shape {
    bool memory = false;
    usize memory_operand = 0;
    u32 size = 0;
    bool immediate = false;
};

inline Shape shape_of(const Instruction& instruction) {
    const Form& form = form_of(instruction);
    Shape shape;
    shape.size = operand_bytes(instruction, form.operands[0]);
    for (usize i = 0; i < form.operand_count; ++i) {
        const OperandKind kind = form.operands[i].kind;
        const bool addresses = kind == OperandKind::Memory ||
                               (kind == OperandKind::ModRmGpr && instruction.is_memory());
        if (addresses) {
            shape.memory = true;
            shape.memory_operand = i;
        }
        shape.immediate = shape.immediate || detail::is_immediate(kind);
    }
    return shape;
}

inline u8 operand_register(const Instruction& instruction, usize which, u32 size) {
    const u8 number = detail::gpr_of(instruction, form_of(instruction).operands[which]);
    return register_offset(number, size, instruction.rex);
}

}  // namespace cpu::interpreter
