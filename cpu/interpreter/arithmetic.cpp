// SPDX-License-Identifier: BSD-2-Clause
//
// Handlers of two-operand arithmetic and logic, and of the one-operand forms.
#include "cpu/interpreter/choose.hpp"

#include <utility>

#include "cpu/interpreter/fixed_registers.hpp"
#include "cpu/interpreter/lowering.hpp"
#include "cpu/interpreter/operand_shape.hpp"
#include "cpu/semantics/integer.hpp"

namespace cpu::interpreter {

namespace {

/// `part_kind`: for fusion. `plain`: the result alone. `use`: what it does with the flags before
/// it.
#define SATORI_BINARY(Name, function, stores, use, part_kind, plain_result)       \
    struct Name {                                                                 \
        static constexpr Part::Kind kind = Part::Kind::part_kind;                 \
        static constexpr bool writes = stores;                                    \
        static constexpr FlagUse flag_use = FlagUse::use;                         \
        template <class T>                                                        \
        [[gnu::always_inline]] static T plain(T left, [[maybe_unused]] T right) { \
            return static_cast<T>(plain_result);                                  \
        }                                                                         \
        template <class T>                                                        \
        [[gnu::always_inline]] static T apply(T left, T right, u16& flags) {      \
            return alu::function(left, right, flags);                             \
        }                                                                         \
    }
SATORI_BINARY(Add, add, true, Replaces, Add, left + right);
SATORI_BINARY(Adc, adc, true, Needs, None, left);
SATORI_BINARY(Sub, sub, true, Replaces, Sub, left - right);
SATORI_BINARY(Sbb, sbb, true, Needs, None, left);
SATORI_BINARY(And, and_, true, Replaces, And, left& right);
SATORI_BINARY(Or, or_, true, Replaces, None, left | right);
SATORI_BINARY(Xor, xor_, true, Replaces, None, left ^ right);
SATORI_BINARY(Cmp, sub, false, Replaces, Compare, left);
SATORI_BINARY(Test, and_, false, Replaces, Test, left);
#undef SATORI_BINARY

/// Whether leaving out the flags leaves anything to do, and possible.
template <class Operation>
constexpr bool has_quiet = Operation::writes&& Operation::flag_use == FlagUse::Replaces;

template <Flags Seen, class Operation, class T, class Registers>
Handled register_register(HANDLER_ARGUMENTS) {
    const T left = get<T>(vcpu, Registers::destination(op));
    const T right = get<T>(vcpu, Registers::source(op));
    const T result = compute<Seen, Operation>(status, left, right);
    if constexpr (Operation::writes) set<T>(vcpu, Registers::destination(op), result);
    CONTINUE_AT(op + 1);
}

template <Flags Seen, class Operation, class T, class Registers>
Handled register_immediate(HANDLER_ARGUMENTS) {
    const T left = get<T>(vcpu, Registers::destination(op));
    const T right = static_cast<T>(i64{op->displacement});
    const T result = compute<Seen, Operation>(status, left, right);
    if constexpr (Operation::writes) set<T>(vcpu, Registers::destination(op), result);
    CONTINUE_AT(op + 1);
}

template <Flags Seen, class Operation, class T, Addressing How, class Registers>
Handled register_memory(HANDLER_ARGUMENTS) {
    FIND_READABLE(host, T, (address<How, Access::Read>(op, vcpu)), slow);
    const T left = get<T>(vcpu, Registers::destination(op));
    const T result = compute<Seen, Operation>(status, left, load<T>(host));
    if constexpr (Operation::writes) set<T>(vcpu, Registers::destination(op), result);
    CONTINUE_AT(op + 1);
}

/// A memory destination: the right operand is a register or an immediate.
template <class Operation, class T, Addressing How, bool Immediate>
Handled memory_operand(HANDLER_ARGUMENTS) {
    const T right = Immediate ? static_cast<T>(op->immediate) : get<T>(vcpu, op->source);
    if constexpr (Operation::writes) {
        FIND_WRITABLE(host, T, (address<How, Access::Write>(op, vcpu)), slow);
        store<T>(host, compute<Flags::Made, Operation>(status, load<T>(host), right));
        CONTINUE_AT(op + 1);
    } else {
        FIND_READABLE(host, T, (address<How, Access::Read>(op, vcpu)), slow);
        (void)compute<Flags::Made, Operation>(status, load<T>(host), right);
        CONTINUE_AT(op + 1);
    }
}

/// INC and DEC keep CF; NOT has to do with no flag at all.
struct Increment {
    static constexpr Part::Kind kind = Part::Kind::Increment;
    static constexpr FlagUse flag_use = FlagUse::Needs;
    template <class T>
    [[gnu::always_inline]] static T plain(T value) {
        return static_cast<T>(value + 1);
    }
    template <class T>
    [[gnu::always_inline]] static T apply(T value, u16& flags) {
        return alu::inc(value, flags);
    }
};
struct Decrement {
    static constexpr Part::Kind kind = Part::Kind::Decrement;
    static constexpr FlagUse flag_use = FlagUse::Needs;
    template <class T>
    [[gnu::always_inline]] static T plain(T value) {
        return static_cast<T>(value - 1);
    }
    template <class T>
    [[gnu::always_inline]] static T apply(T value, u16& flags) {
        return alu::dec(value, flags);
    }
};
struct Negate {
    static constexpr Part::Kind kind = Part::Kind::None;
    static constexpr FlagUse flag_use = FlagUse::Replaces;
    template <class T>
    [[gnu::always_inline]] static T plain(T value) {
        return static_cast<T>(0 - value);
    }
    template <class T>
    [[gnu::always_inline]] static T apply(T value, u16& flags) {
        return alu::neg(value, flags);
    }
};
struct Complement {
    static constexpr Part::Kind kind = Part::Kind::None;
    static constexpr FlagUse flag_use = FlagUse::Ignores;
    template <class T>
    [[gnu::always_inline]] static T plain(T value) {
        return static_cast<T>(~value);
    }
    template <class T>
    [[gnu::always_inline]] static T apply(T value, u16&) {
        return static_cast<T>(~value);
    }
};

template <Flags Seen, class Operation, class T, class Registers>
Handled unary_register(HANDLER_ARGUMENTS) {
    const T old = get<T>(vcpu, Registers::destination(op));
    set<T>(vcpu, Registers::destination(op), compute<Seen, Operation>(status, old));
    CONTINUE_AT(op + 1);
}

template <class Operation, class T, Addressing How>
Handled unary_memory(HANDLER_ARGUMENTS) {
    FIND_WRITABLE(host, T, (address<How, Access::Write>(op, vcpu)), slow);
    store<T>(host, compute<Flags::Made, Operation>(status, load<T>(host)));
    CONTINUE_AT(op + 1);
}

/// For each pair of registers where it is worth the thousands of them: results without flags.
template <Flags Seen, class Operation>
Handler register_register_handler(const Op& op, u32 size) {
    return by_size(size, [&]<class T>() {
        if constexpr (!has_quiet<Operation>) {
            return Handler{register_register<Seen, Operation, T, AnyRegisters>};
        } else if constexpr (Seen == Flags::Made) {
            return for_destination<T>(op, []<class Registers>() {
                return register_register<Seen, Operation, T, Registers>;
            });
        } else {
            return for_pair<T>(op, []<class Registers>() {
                return register_register<Seen, Operation, T, Registers>;
            });
        }
    });
}

template <Flags Seen, class Operation>
Handler register_immediate_handler(const Op& op, u32 size) {
    return by_size(size, [&]<class T>() {
        return for_destination<T>(op, []<class Registers>() {
            return register_immediate<Seen, Operation, T, Registers>;
        });
    });
}

template <Flags Seen, class Operation>
Handler register_memory_handler(const Op& op, u32 size, Addressing how) {
    return by_size_and_address(size, how, [&]<class T, Addressing How>() {
        return for_destination<T>(op, []<class Registers>() {
            return register_memory<Seen, Operation, T, How, Registers>;
        });
    });
}

template <Flags Seen, class Operation>
Handler unary_handler(const Op& op, u32 size) {
    return by_size(size, [&]<class T>() {
        return for_destination<T>(
            op, []<class Registers>() { return unary_register<Seen, Operation, T, Registers>; });
    });
}

/// Both handlers of an operation that has two, from `make.operator()<Flags>()`.
template <class Operation, class Make>
Choice exact_and_quiet(Make make) {
    Choice choice{make.template operator()<Flags::Made>(), nullptr, Operation::flag_use};
    if constexpr (has_quiet<Operation>) choice.quiet = make.template operator()<Flags::Unseen>();
    return choice;
}

template <class Operation>
Choice choose_binary_memory(const Instruction& instruction, const LoweringContext& context, Op& op,
                            const Shape& shape) {
    const auto how = lower_address(instruction, context, op, shape.size);
    if (!how) return {};
    Choice choice;
    if (shape.memory_operand == 1) {
        op.destination = operand_register(instruction, 0, shape.size);
        choice = exact_and_quiet<Operation>([&]<Flags Seen>() {
            return register_memory_handler<Seen, Operation>(op, shape.size, *how);
        });
        choice.flags = FlagUse::Needs;
        choice.may_leave = true;
    } else if (shape.immediate) {
        op.immediate = instruction.immediate;
        choice = by_size_and_address(shape.size, *how, []<class T, Addressing How>() {
            return memory_operand<Operation, T, How, true>;
        });
    } else {
        op.source = operand_register(instruction, 1, shape.size);
        choice = by_size_and_address(shape.size, *how, []<class T, Addressing How>() {
            return memory_operand<Operation, T, How, false>;
        });
    }
    choice.part.how = *how;
    return choice;
}

template <class Operation>
Choice choose_binary_register(const Instruction& instruction, Op& op, const Shape& shape) {
    op.destination = operand_register(instruction, 0, shape.size);
    if (shape.immediate) {
        op.displacement = static_cast<i32>(instruction.immediate);
        return exact_and_quiet<Operation>([&]<Flags Seen>() {
            return register_immediate_handler<Seen, Operation>(op, shape.size);
        });
    }
    op.source = operand_register(instruction, 1, shape.size);
    return exact_and_quiet<Operation>(
        [&]<Flags Seen>() { return register_register_handler<Seen, Operation>(op, shape.size); });
}

template <class Operation>
Choice choose_binary(const Instruction& instruction, const LoweringContext& context, Op& op) {
    const Shape shape = shape_of(instruction);
    Choice choice = shape.memory ? choose_binary_memory<Operation>(instruction, context, op, shape)
                                 : choose_binary_register<Operation>(instruction, op, shape);
    choice.part.kind = Operation::kind;
    choice.part.size = static_cast<u8>(shape.size);
    choice.part.immediate = shape.immediate;
    choice.part.memory = shape.memory;
    choice.part.memory_operand = static_cast<u8>(shape.memory_operand);
    return choice;
}

template <class Operation>
Choice choose_unary(const Instruction& instruction, const LoweringContext& context, Op& op) {
    const Shape shape = shape_of(instruction);
    if (!shape.memory) {
        op.destination = operand_register(instruction, 0, shape.size);
        Choice choice{unary_handler<Flags::Made, Operation>(op, shape.size),
                      unary_handler<Flags::Unseen, Operation>(op, shape.size), Operation::flag_use};
        choice.part = {.kind = Operation::kind, .size = static_cast<u8>(shape.size)};
        return choice;
    }
    const auto how = lower_address(instruction, context, op, shape.size);
    if (!how) return {};
    return by_size_and_address(shape.size, *how, []<class T, Addressing How>() {
        return unary_memory<Operation, T, How>;
    });
}

}  // namespace

Choice lower_arithmetic(const Instruction& instruction, const LoweringContext& context, Op& op) {
    switch (form_of(instruction).semantic) {
        case Semantic::add: return choose_binary<Add>(instruction, context, op);
        case Semantic::adc: return choose_binary<Adc>(instruction, context, op);
        case Semantic::sub: return choose_binary<Sub>(instruction, context, op);
        case Semantic::sbb: return choose_binary<Sbb>(instruction, context, op);
        case Semantic::and_: return choose_binary<And>(instruction, context, op);
        case Semantic::or_: return choose_binary<Or>(instruction, context, op);
        case Semantic::xor_: return choose_binary<Xor>(instruction, context, op);
        case Semantic::cmp: return choose_binary<Cmp>(instruction, context, op);
        case Semantic::test: return choose_binary<Test>(instruction, context, op);
        case Semantic::inc: return choose_unary<Increment>(instruction, context, op);
        case Semantic::dec: return choose_unary<Decrement>(instruction, context, op);
        case Semantic::neg: return choose_unary<Negate>(instruction, context, op);
        case Semantic::not_: return choose_unary<Complement>(instruction, context, op);
        default: return {};
    }
}

}  // namespace cpu::interpreter
