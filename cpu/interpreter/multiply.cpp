// SPDX-License-Identifier: BSD-2-Clause
//
// Handlers of multiplication and division.
#include "cpu/semantics/multiply.hpp"

#include "cpu/interpreter/choose.hpp"
#include "cpu/interpreter/lowering.hpp"
#include "cpu/interpreter/operand_shape.hpp"

namespace cpu::interpreter {

namespace {

constexpr u8 rax_offset = static_cast<u8>(Gpr::Rax) * 8;
constexpr u8 rdx_offset = static_cast<u8>(Gpr::Rdx) * 8;

template <class T>
Handled multiply_register(HANDLER_ARGUMENTS) {
    u16 flags = static_cast<u16>(status);
    set<T>(vcpu, op->destination,
           alu::imul_truncating(get<T>(vcpu, op->destination), get<T>(vcpu, op->source), flags));
    status = flags;
    CONTINUE_AT(op + 1);
}

template <class T>
Handled quiet_multiply_register(HANDLER_ARGUMENTS) {
    set<T>(vcpu, op->destination,
           static_cast<T>(get<T>(vcpu, op->destination) * get<T>(vcpu, op->source)));
    CONTINUE_AT(op + 1);
}

template <class T>
Handled quiet_multiply_register_by_constant(HANDLER_ARGUMENTS) {
    set<T>(vcpu, op->destination,
           static_cast<T>(get<T>(vcpu, op->source) * static_cast<T>(op->immediate)));
    CONTINUE_AT(op + 1);
}

template <class T, Addressing How>
Handled multiply_memory(HANDLER_ARGUMENTS) {
    FIND_READABLE(host, T, (address<How, Access::Read>(op, vcpu)), slow);
    u16 flags = static_cast<u16>(status);
    set<T>(vcpu, op->destination,
           alu::imul_truncating(get<T>(vcpu, op->destination), load<T>(host), flags));
    status = flags;
    CONTINUE_AT(op + 1);
}

template <class T>
Handled multiply_register_by_constant(HANDLER_ARGUMENTS) {
    u16 flags = static_cast<u16>(status);
    set<T>(vcpu, op->destination,
           alu::imul_truncating(get<T>(vcpu, op->source), static_cast<T>(op->immediate), flags));
    status = flags;
    CONTINUE_AT(op + 1);
}

template <class T, Addressing How>
Handled multiply_memory_by_constant(HANDLER_ARGUMENTS) {
    FIND_READABLE(host, T, (address<How, Access::Read>(op, vcpu)), slow);
    u16 flags = static_cast<u16>(status);
    set<T>(vcpu, op->destination,
           alu::imul_truncating(load<T>(host), static_cast<T>(op->immediate), flags));
    status = flags;
    CONTINUE_AT(op + 1);
}

/// Operations on rDX:rAX: false where they raise #DE.
struct Multiply {
    template <class T>
    [[gnu::always_inline]] static bool apply(alu::Halves<T>& pair, T operand, u16& flags) {
        pair = alu::mul(pair.low, operand, flags);
        return true;
    }
};
struct MultiplySigned {
    template <class T>
    [[gnu::always_inline]] static bool apply(alu::Halves<T>& pair, T operand, u16& flags) {
        pair = alu::imul(pair.low, operand, flags);
        return true;
    }
};
struct Divide {
    template <class T>
    [[gnu::always_inline]] static bool apply(alu::Halves<T>& pair, T operand, u16& flags) {
        return alu::div(pair, operand, flags);
    }
};
struct DivideSigned {
    template <class T>
    [[gnu::always_inline]] static bool apply(alu::Halves<T>& pair, T operand, u16& flags) {
        return alu::idiv(pair, operand, flags);
    }
};

template <class Operation, class T>
Handled accumulator_register(HANDLER_ARGUMENTS) {
    u16 flags = static_cast<u16>(status);
    alu::Halves<T> pair{get<T>(vcpu, rax_offset), get<T>(vcpu, rdx_offset)};
    if (!Operation::apply(pair, get<T>(vcpu, op->source), flags)) [[unlikely]]
        HAND_OVER_TO(slow);
    set<T>(vcpu, rax_offset, pair.low);
    set<T>(vcpu, rdx_offset, pair.high);
    status = flags;
    CONTINUE_AT(op + 1);
}

template <class Operation, class T, Addressing How>
Handled accumulator_memory(HANDLER_ARGUMENTS) {
    FIND_READABLE(host, T, (address<How, Access::Read>(op, vcpu)), slow);
    u16 flags = static_cast<u16>(status);
    alu::Halves<T> pair{get<T>(vcpu, rax_offset), get<T>(vcpu, rdx_offset)};
    if (!Operation::apply(pair, load<T>(host), flags)) [[unlikely]]
        HAND_OVER_TO(slow);
    set<T>(vcpu, rax_offset, pair.low);
    set<T>(vcpu, rdx_offset, pair.high);
    status = flags;
    CONTINUE_AT(op + 1);
}

/// `make.operator()<T>()` for 32 and 64 bits; the narrow ones are rare enough for the slow road.
template <class Make>
Handler by_common_size(u32 size, Make make) {
    if (size == 4) return make.template operator()<u32>();
    if (size == 8) return make.template operator()<u64>();
    return nullptr;
}

template <class Operation>
Handler choose_accumulator(const Instruction& instruction, const LoweringContext& context, Op& op) {
    const Shape shape = shape_of(instruction);
    if (!shape.memory) {
        op.source = register_offset(instruction.rm, shape.size, instruction.rex);
        return by_common_size(shape.size,
                              []<class T>() { return accumulator_register<Operation, T>; });
    }
    const auto how = lower_address(instruction, context, op, shape.size);
    if (!how) return nullptr;
    return by_address(*how, [&]<Addressing How>() {
        return by_common_size(shape.size,
                              []<class T>() { return accumulator_memory<Operation, T, How>; });
    });
}

Choice choose_truncating(const Instruction& instruction, const LoweringContext& context, Op& op) {
    const Shape shape = shape_of(instruction);
    op.destination = operand_register(instruction, 0, shape.size);
    op.immediate = instruction.immediate;
    if (!shape.memory) {
        op.source = operand_register(instruction, 1, shape.size);
        return {by_common_size(shape.size,
                               [&]<class T>() -> Handler {
                                   return shape.immediate
                                              ? Handler{multiply_register_by_constant<T>}
                                              : multiply_register<T>;
                               }),
                by_common_size(shape.size,
                               [&]<class T>() -> Handler {
                                   return shape.immediate
                                              ? Handler{quiet_multiply_register_by_constant<T>}
                                              : quiet_multiply_register<T>;
                               }),
                FlagUse::Needs};
    }
    const auto how = lower_address(instruction, context, op, shape.size);
    if (!how) return {};
    return by_address(*how, [&]<Addressing How>() {
        return by_common_size(shape.size, [&]<class T>() -> Handler {
            return shape.immediate ? Handler{multiply_memory_by_constant<T, How>}
                                   : multiply_memory<T, How>;
        });
    });
}

}  // namespace

Choice lower_multiply(const Instruction& instruction, const LoweringContext& context, Op& op) {
    switch (form_of(instruction).semantic) {
        case Semantic::imul_truncating: return choose_truncating(instruction, context, op);
        case Semantic::mul: return choose_accumulator<Multiply>(instruction, context, op);
        case Semantic::imul: return choose_accumulator<MultiplySigned>(instruction, context, op);
        case Semantic::div: return choose_accumulator<Divide>(instruction, context, op);
        case Semantic::idiv: return choose_accumulator<DivideSigned>(instruction, context, op);
        default: return nullptr;
    }
}

}  // namespace cpu::interpreter
