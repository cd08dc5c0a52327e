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

/// `plain`: the result alone. `use`: what it does with the flags before it.
#define SATORI_BINARY(Name, function, stores, use, plain_result)                  \
    struct Name {                                                                 \
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
SATORI_BINARY(Add, add, true, Replaces, left + right);
SATORI_BINARY(Adc, adc, true, Needs, left);
SATORI_BINARY(Sub, sub, true, Replaces, left - right);
SATORI_BINARY(Sbb, sbb, true, Needs, left);
SATORI_BINARY(And, and_, true, Replaces, left& right);
SATORI_BINARY(Or, or_, true, Replaces, left | right);
SATORI_BINARY(Xor, xor_, true, Replaces, left ^ right);
SATORI_BINARY(Cmp, sub, false, Replaces, left);
SATORI_BINARY(Test, and_, false, Replaces, left);
#undef SATORI_BINARY

/// Whether leaving out the flags leaves anything to do, and possible.
template <class Operation>
constexpr bool has_quiet = Operation::writes&& Operation::flag_use == FlagUse::Replaces;

template <class Operation, class T>
Handled quiet_register_register(HANDLER_ARGUMENTS) {
    set<T>(vcpu, op->destination,
           Operation::plain(get<T>(vcpu, op->destination), get<T>(vcpu, op->source)));
    CONTINUE_AT(op + 1);
}

template <class Operation, class T>
Handled quiet_register_immediate(HANDLER_ARGUMENTS) {
    const T right = static_cast<T>(i64{op->displacement});
    set<T>(vcpu, op->destination, Operation::plain(get<T>(vcpu, op->destination), right));
    CONTINUE_AT(op + 1);
}

template <class Operation, class T, Addressing How>
Handled quiet_register_memory(HANDLER_ARGUMENTS) {
    FIND_READABLE(host, T, (address<How, Access::Read>(op, vcpu)), slow);
    set<T>(vcpu, op->destination, Operation::plain(get<T>(vcpu, op->destination), load<T>(host)));
    CONTINUE_AT(op + 1);
}

template <class Operation, class T>
Handled register_register(HANDLER_ARGUMENTS) {
    u16 flags = static_cast<u16>(status);
    const T result =
        Operation::apply(get<T>(vcpu, op->destination), get<T>(vcpu, op->source), flags);
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

/// INC and DEC keep CF; NOT has to do with no flag at all.
struct Increment {
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

template <class Operation, class T>
Handled unary_register(HANDLER_ARGUMENTS) {
    u16 flags = static_cast<u16>(status);
    set<T>(vcpu, op->destination, Operation::apply(get<T>(vcpu, op->destination), flags));
    status = flags;
    CONTINUE_AT(op + 1);
}

template <class Operation, class T>
Handled quiet_unary_register(HANDLER_ARGUMENTS) {
    set<T>(vcpu, op->destination, Operation::plain(get<T>(vcpu, op->destination)));
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

template <class Operation, class Make>
Handler quiet_by_size(u32 size, Make make) {
    if constexpr (has_quiet<Operation>) return by_size(size, make);
    return nullptr;
}

template <class Operation>
Choice choose_binary(const Instruction& instruction, const LoweringContext& context, Op& op) {
    const Shape shape = shape_of(instruction);
    if (!shape.memory) {
        op.destination = operand_register(instruction, 0, shape.size);
        if (!shape.immediate) {
            op.source = operand_register(instruction, 1, shape.size);
            return {
                by_size(shape.size, []<class T>() { return register_register<Operation, T>; }),
                quiet_by_size<Operation>(
                    shape.size, []<class T>() { return quiet_register_register<Operation, T>; }),
                Operation::flag_use};
        }
        op.displacement = static_cast<i32>(instruction.immediate);
        return {by_size(shape.size, []<class T>() { return register_immediate<Operation, T>; }),
                quiet_by_size<Operation>(
                    shape.size, []<class T>() { return quiet_register_immediate<Operation, T>; }),
                Operation::flag_use};
    }
    const auto how = lower_address(instruction, context, op, shape.size);
    if (!how) return {};
    if (shape.memory_operand == 1) {
        op.destination = operand_register(instruction, 0, shape.size);
        Choice choice = by_size_and_address(shape.size, *how, []<class T, Addressing How>() {
            return register_memory<Operation, T, How>;
        });
        if constexpr (has_quiet<Operation>) {
            choice.quiet = by_size_and_address(shape.size, *how, []<class T, Addressing How>() {
                return quiet_register_memory<Operation, T, How>;
            });
        }
        choice.may_leave = true;
        return choice;
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
Choice choose_unary(const Instruction& instruction, const LoweringContext& context, Op& op) {
    const Shape shape = shape_of(instruction);
    if (!shape.memory) {
        op.destination = operand_register(instruction, 0, shape.size);
        return {by_size(shape.size, []<class T>() { return unary_register<Operation, T>; }),
                by_size(shape.size, []<class T>() { return quiet_unary_register<Operation, T>; }),
                Operation::flag_use};
    }
    const auto how = lower_address(instruction, context, op, shape.size);
    if (!how) return {};
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

Choice lower_arithmetic(const Instruction& instruction, const LoweringContext& context, Op& op) {
    Choice choice;
    switch (form_of(instruction).semantic) {
        case Semantic::add: return choose_binary<Add>(instruction, context, op);
        case Semantic::adc: return choose_binary<Adc>(instruction, context, op);
        case Semantic::sub: return choose_binary<Sub>(instruction, context, op);
        case Semantic::sbb: return choose_binary<Sbb>(instruction, context, op);
        case Semantic::and_: return choose_binary<And>(instruction, context, op);
        case Semantic::or_: return choose_binary<Or>(instruction, context, op);
        case Semantic::xor_: return choose_binary<Xor>(instruction, context, op);
        case Semantic::cmp:
            choice = choose_binary<Cmp>(instruction, context, op);
            mark_fusible(op, instruction, false);
            return choice;
        case Semantic::test:
            choice = choose_binary<Test>(instruction, context, op);
            mark_fusible(op, instruction, true);
            return choice;
        case Semantic::inc: return choose_unary<Increment>(instruction, context, op);
        case Semantic::dec: return choose_unary<Decrement>(instruction, context, op);
        case Semantic::neg: return choose_unary<Negate>(instruction, context, op);
        case Semantic::not_: return choose_unary<Complement>(instruction, context, op);
        default: return {};
    }
}

}  // namespace cpu::interpreter
