// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/interpreter/lowering.hpp"

#include "cpu/interpreter/handler.hpp"
#include "cpu/semantics/operands.hpp"

namespace cpu::interpreter {

namespace {

std::optional<u8> segment_rule_for(const Instruction& instruction, const LoweringContext& context) {
    const bool based = instruction.segment == SegReg::Fs || instruction.segment == SegReg::Gs;
    if (context.code() == CodeMode::Bits64) {
        if (instruction.address_size == 8) {
            return based ? std::optional<u8>(segment_rule::Based64) : std::nullopt;
        }
        return based ? segment_rule::Based64Cut : segment_rule::Cut64;
    }
    if (instruction.address_size == 2) return segment_rule::Checked16;
    const u32 needed = instruction.segment == SegReg::Ss ? mode::FlatStack : mode::FlatData;
    const bool data = !based && instruction.segment != SegReg::Cs;
    return data && context.has(needed) ? segment_rule::Flat32 : segment_rule::Checked32;
}

constexpr Choice (*families[])(const Instruction&, const LoweringContext&, Op&) = {
    lower_move,  lower_arithmetic, lower_multiply, lower_shift,
    lower_stack, lower_branch,     lower_vector,
};

bool ends_block(const Form& form, const Instruction& instruction) {
    return form.has(attribute::EndsBlock) ||
           (form.has(attribute::String) && instruction.rep != RepPrefix::None);
}

}  // namespace

u8 register_offset(u8 number, u32 size, bool rex) {
    return size == 1 ? byte_register_offset(number, rex) : static_cast<u8>(number * 8);
}

std::optional<Addressing> lower_address(const Instruction& instruction,
                                        const LoweringContext& context, Op& op, u32 size) {
    if (context.has(mode::AlignmentCheck)) return std::nullopt;
    op.size = static_cast<u8>(size);
    op.displacement = instruction.displacement;
    if (instruction.rip_relative) {
        if (segment_rule_for(instruction, context)) return std::nullopt;
        const i64 from_page = i64{context.offset} + instruction.length + instruction.displacement;
        op.displacement = static_cast<i32>(from_page);
        if (op.displacement != from_page) return std::nullopt;
        return Addressing::RipRelative;
    }
    op.base = static_cast<u8>(instruction.base * 8);
    op.index = static_cast<u8>(instruction.index * 8);
    op.scale = instruction.scale;
    if (const auto rule = segment_rule_for(instruction, context)) {
        op.segment_rule = static_cast<u8>(*rule | static_cast<u8>(instruction.segment));
        return Addressing::General;
    }
    return instruction.index == no_register ? Addressing::Base : Addressing::BaseIndex;
}

Lowered lower(const Instruction& instruction, const LoweringContext& context) {
    const Form& form = form_of(instruction);
    const bool ends = ends_block(form, instruction);
    for (const auto family : families) {
        Op op;
        const Choice choice = family(instruction, context, op);
        if (!choice.handler) continue;
        op.handler = choice.handler;
        return {op, choice, ends};
    }
    Op op;
    op.handler = ends ? generic_last : generic;
    op.instruction = context.cache.keep(instruction);
    return {op, Choice(op.handler), ends};
}

}  // namespace cpu::interpreter
