// SPDX-License-Identifier: BSD-2-Clause
//
// Handlers of two-operand arithmetic and logic, and of the one-operand forms.
#include "cpu/interpreter/choose.hpp"

#include <utility>

#include "cpu/interpreter/lowering.hpp"
#include "cpu/interpreter/operand_shape.hpp"
#include "cpu/semantics/integer.hpp"

namespace cpu::interpreter {

namespace {

#define SATORI_BINARY(Name, function, stores)                             \
    struct Name {                                                         \
        static constexpr bool writes = stores;                            \
        template <class T>                                                \
        [[gnu::always_inline]] static T apply(T left, T right, u16& flags) { \
            return alu::function(left, right, flags);               \
        }                                                                 \
    }
SATORI_BINARY(Add, add, true);
SATORI_BINARY(Adc, adc, true);
SATORI_BINARY(Sub, sub, true);
SATORI_BINARY(Sbb, sbb, true);
SATORI_BINARY(And, and_, true);
SATORI_BINARY(Or, or_, true);
SATORI_BINARY(Xor, xor_, true);
SATORI_BINARY(Cmp, sub, false);
SATORI_BINARY(Test, and_, false);
#undef SATORI_BINARY

template <class Operation, class T>
Handled register_register(HANDLER_ARGUMENTS) {
    u16 flags = static_cast<u16>(status);
    const T result = Operation::apply(get<T>(vcpu, op->destination), get<T>(vcpu, op->source), flags);
    if constexpr (Operation::writes) set<T>(vcpu, op->destination, result);
    status = flags;
    CONTINUE_AT(op + 1);
}

template <class Operation, class T>
Handled register_immediate(HANDLER_ARGUMENTS) {
    u16 flags = static_cast<u16>(status);
    const T right = static_cast<T>(i64{op->displacement});
    const T result = Operation::apply(get<T>(vcpu, op->destination), right, flags);
    if constexpr (Operation::writes) set<T>(vcpu, op->destination, result);
    status = flags;
    CONTINUE_AT(op + 1);
}

template <class Operation, class T, Addressing How>
Handled register_memory(HANDLER_ARGUMENTS) {
    FIND_READABLE(host, T, (address<How, Access::Read>(op, vcpu)), slow);
    u16 flags = static_cast<u16>(status);
    const T result = Operation::apply(get<T>(vcpu, op->destination), load<T>(host), flags);
    if constexpr (Operation::writes) set<T>(vcpu, op->destination, result);
    status = flags;
    CONTINUE_AT(op + 1);
}

/// A memory destination: the right operand is a register or an immediate.
template <class Operation, class T, Addressing How, bool Immediate>
Handled memory_operand(HANDLER_ARGUMENTS) {
    const T right = Immediate ? static_cast<T>(op->immediate) : get<T>(vcpu, op->source);
    if constexpr (Operation::writes) {
        FIND_WRITABLE(host, T, (address<How, Access::Write>(op, vcpu)), slow);
        u16 flags = static_cast<u16>(status);
        store<T>(host, Operation::apply(load<T>(host), right, flags));
        status = flags;
        CONTINUE_AT(op + 1);
    } else {
        FIND_READABLE(host, T, (address<How, Access::Read>(op, vcpu)), slow);
        u16 flags = static_cast<u16>(status);
        (void)Operation::apply(load<T>(host), right, flags);
        status = flags;
        CONTINUE_AT(op + 1);
    }
}

struct Increment {
    template <class T>
    [[gnu::always_inline]] static T apply(T value, u16& flags) {
        return alu::inc(value, flags);
    }
};
struct Decrement {
    template <class T>
    [[gnu::always_inline]] static T apply(T value, u16& flags) {
        return alu::dec(value, flags);
    }
};
struct Negate {
    template <class T>
    [[gnu::always_inline]] static T apply(T value, u16& flags) {
        return alu::neg(value, flags);
    }
};
struct Complement {
    template <class T>
    [[gnu::always_inline]] static T apply(T value, u16&) {
        return static_cast<T>(~value);
    }
};

template <class Operation, class T>
Handled unary_register(HANDLER_ARGUMENTS) {
    u16 flags = static_cast<u16>(status);
    set<T>(vcpu, op->destination, Operation::apply(get<T>(vcpu, op->destination), flags));
    status = flags;
    CONTINUE_AT(op + 1);
}

template <class Operation, class T, Addressing How>
Handled unary_memory(HANDLER_ARGUMENTS) {
    FIND_WRITABLE(host, T, (address<How, Access::Write>(op, vcpu)), slow);
    u16 flags = static_cast<u16>(status);
    store<T>(host, Operation::apply(load<T>(host), flags));
    status = flags;
    CONTINUE_AT(op + 1);
}

template <class Operation>
Handler choose_binary(const Instruction& instruction, const LoweringContext& context, Op& op) {
    const Shape shape = shape_of(instruction);
    if (!shape.memory) {
        op.destination = operand_register(instruction, 0, shape.size);
        if (!shape.immediate) {
            op.source = operand_register(instruction, 1, shape.size);
            return by_size(shape.size, []<class T>() { return register_register<Operation, T>; });
        }
        op.displacement = static_cast<i32>(instruction.immediate);
        return by_size(shape.size, []<class T>() { return register_immediate<Operation, T>; });
    }
    const auto how = lower_address(instruction, context, op, shape.size);
    if (!how) return nullptr;
    if (shape.memory_operand == 1) {
        op.destination = operand_register(instruction, 0, shape.size);
        return by_size_and_address(shape.size, *how, []<class T, Addressing How>() {
            return register_memory<Operation, T, How>;
        });
    }
    if (shape.immediate) {
        op.immediate = instruction.immediate;
        return by_size_and_address(shape.size, *how, []<class T, Addressing How>() {
            return memory_operand<Operation, T, How, true>;
        });
    }
    op.source = operand_register(instruction, 1, shape.size);
    return by_size_and_address(shape.size, *how, []<class T, Addressing How>() {
        return memory_operand<Operation, T, How, false>;
    });
}

template <class Operation>
Handler choose_unary(const Instruction& instruction, const LoweringContext& context, Op& op) {
    const Shape shape = shape_of(instruction);
    if (!shape.memory) {
        op.destination = operand_register(instruction, 0, shape.size);
        return by_size(shape.size, []<class T>() { return unary_register<Operation, T>; });
    }
    const auto how = lower_address(instruction, context, op, shape.size);
    if (!how) return nullptr;
    return by_size_and_address(shape.size, *how, []<class T, Addressing How>() {
        return unary_memory<Operation, T, How>;
    });
}

/// Marks a comparison that a conditional jump behind it can be made one with.
void mark_fusible(Op& op, const Instruction& instruction, bool is_test) {
    const Shape shape = shape_of(instruction);
    if (shape.memory) return;
    op.segment_rule = static_cast<u8>(fusible::Compare | (is_test ? fusible::Test : 0) |
                                      (shape.immediate ? fusible::Immediate : 0));
    op.size = static_cast<u8>(shape.size);
}

}  // namespace

Handler lower_arithmetic(const Instruction& instruction, const LoweringContext& context, Op& op) {
    Handler handler = nullptr;
    switch (form_of(instruction).semantic) {
        case Semantic::add: return choose_binary<Add>(instruction, context, op);
        case Semantic::adc: return choose_binary<Adc>(instruction, context, op);
        case Semantic::sub: return choose_binary<Sub>(instruction, context, op);
        case Semantic::sbb: return choose_binary<Sbb>(instruction, context, op);
        case Semantic::and_: return choose_binary<And>(instruction, context, op);
        case Semantic::or_: return choose_binary<Or>(instruction, context, op);
        case Semantic::xor_: return choose_binary<Xor>(instruction, context, op);
        case Semantic::cmp:
            handler = choose_binary<Cmp>(instruction, context, op);
            mark_fusible(op, instruction, false);
            return handler;
        case Semantic::test:
            handler = choose_binary<Test>(instruction, context, op);
            mark_fusible(op, instruction, true);
            return handler;
        case Semantic::inc: return choose_unary<Increment>(instruction, context, op);
        case Semantic::dec: return choose_unary<Decrement>(instruction, context, op);
        case Semantic::neg: return choose_unary<Negate>(instruction, context, op);
        case Semantic::not_: return choose_unary<Complement>(instruction, context, op);
        default: return nullptr;
    }
}

}  // namespace cpu::interpreter
