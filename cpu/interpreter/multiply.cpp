// SPDX-License-Identifier: BSD-2-Clause
//
// Handlers of multiplication and division.
#include "cpu/semantics/multiply.hpp"

#include "cpu/interpreter/choose.hpp"
#include "cpu/interpreter/fixed_registers.hpp"
#include "cpu/interpreter/lowering.hpp"
#include "cpu/interpreter/operand_shape.hpp"

namespace cpu::interpreter {

namespace {

constexpr u8 rax_offset = static_cast<u8>(Gpr::Rax) * 8;
constexpr u8 rdx_offset = static_cast<u8>(Gpr::Rdx) * 8;

/// IMUL with a result as wide as its operands.
struct Truncating {
    template <class T>
    [[gnu::always_inline]] static T plain(T left, T right) {
        return static_cast<T>(left * right);
    }
    template <class T>
    [[gnu::always_inline]] static T apply(T left, T right, u16& flags) {
        return alu::imul_truncating(left, right, flags);
    }
};

template <Flags Seen, class T, class Registers>
Handled multiply_register(HANDLER_ARGUMENTS) {
    const T left = get<T>(vcpu, Registers::destination(op));
    const T right = get<T>(vcpu, Registers::source(op));
    set<T>(vcpu, Registers::destination(op), compute<Seen, Truncating>(status, left, right));
    CONTINUE_AT(op + 1);
}

template <Flags Seen, class T, class Registers>
Handled multiply_register_by_constant(HANDLER_ARGUMENTS) {
    const T left = get<T>(vcpu, Registers::source(op));
    const T right = static_cast<T>(op->immediate);
    set<T>(vcpu, Registers::destination(op), compute<Seen, Truncating>(status, left, right));
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

template <Flags Seen>
Handler truncating_handler(const Op& op, const Shape& shape) {
    return by_common_size(shape.size, [&]<class T>() {
        if (shape.immediate) {
            return for_pair<T>(op, []<class Registers>() {
                return multiply_register_by_constant<Seen, T, Registers>;
            });
        }
        return for_pair<T>(op,
                           []<class Registers>() { return multiply_register<Seen, T, Registers>; });
    });
}

Choice choose_truncating(const Instruction& instruction, const LoweringContext& context, Op& op) {
    const Shape shape = shape_of(instruction);
    op.destination = operand_register(instruction, 0, shape.size);
    op.immediate = instruction.immediate;
    if (!shape.memory) {
        op.source = operand_register(instruction, 1, shape.size);
        return {truncating_handler<Flags::Made>(op, shape),
                truncating_handler<Flags::Unseen>(op, shape), FlagUse::Needs};
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
