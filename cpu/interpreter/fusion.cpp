// SPDX-License-Identifier: BSD-2-Clause
//
// One operation for two or three instructions: arithmetic or a comparison with the conditional jump
// behind it, and the step of a loop's variable before that. Each operation less is a jump of the
// host's less.
//
// Where the first instruction cannot be done here, `slow_last` does it alone, and the next block
// begins with the jump.
#include <type_traits>
#include <utility>

#include "cpu/interpreter/chain.hpp"
#include "cpu/interpreter/choose.hpp"
#include "cpu/interpreter/lowering.hpp"
#include "cpu/semantics/condition.hpp"
#include "cpu/semantics/integer.hpp"

namespace cpu::interpreter {

namespace {

/// What the flags of left - right say, without making the flags.
template <u8 Condition, class T>
[[gnu::always_inline]] inline bool compares(T left, T right, u16 flags) {
    using Signed = std::make_signed_t<T>;
    const auto signed_left = static_cast<Signed>(left);
    const auto signed_right = static_cast<Signed>(right);
    constexpr bool negated = Condition & 1;
    switch (Condition >> 1) {
        case 1: return (left < right) != negated;
        case 2: return (left == right) != negated;
        case 3: return (left <= right) != negated;
        case 6: return (signed_left < signed_right) != negated;
        case 7: return (signed_left <= signed_right) != negated;
        default: return alu::condition(flags, Condition);
    }
}

/// Makes the flags of left - right, and says whether the condition is met.
template <u8 Condition, class T>
[[gnu::always_inline]] inline bool compare(T left, T right, u32& status) {
    u16 flags = static_cast<u16>(status);
    (void)alu::sub(left, right, flags);
    status = flags;
    return compares<Condition>(left, right, flags);
}

template <class T, bool Immediate>
[[gnu::always_inline]] inline T right_operand(const Op* op, const Vcpu* vcpu) {
    return Immediate ? static_cast<T>(i64{op->displacement}) : get<T>(vcpu, op->source);
}

template <u8 Condition, class T, bool Immediate>
Handled compare_and_jump(HANDLER_ARGUMENTS) {
    const T left = get<T>(vcpu, op->destination);
    const T right = right_operand<T, Immediate>(op, vcpu);
    if (compare<Condition>(left, right, status)) GO_TO(taken);
    GO_TO(next);
}

template <u8 Condition, class T, bool Immediate>
Handled test_and_jump(HANDLER_ARGUMENTS) {
    const T left = get<T>(vcpu, op->destination);
    const T right = right_operand<T, Immediate>(op, vcpu);
    u16 flags = static_cast<u16>(status);
    const T result = alu::and_(left, right, flags);
    status = flags;
    constexpr bool zero = (Condition >> 1) == 2;
    const bool taken = zero ? (result == 0) != (Condition & 1) : alu::condition(flags, Condition);
    if (taken) GO_TO(taken);
    GO_TO(next);
}

/// The register at Op::base has Op::scale added, as a signed number.
template <u8 Condition, class T, bool Immediate, class Stepped>
Handled step_compare_and_jump(HANDLER_ARGUMENTS) {
    const Stepped old = get<Stepped>(vcpu, op->base);
    const auto step = static_cast<Stepped>(i64{static_cast<i8>(op->scale)});
    set<Stepped>(vcpu, op->base, static_cast<Stepped>(old + step));
    const T left = get<T>(vcpu, op->destination);
    const T right = right_operand<T, Immediate>(op, vcpu);
    if (compare<Condition>(left, right, status)) GO_TO(taken);
    GO_TO(next);
}

enum class MemoryForm : u8 { Immediate, Left, Right };  // Memory and a byte; memory first, second.

template <u8 Condition, class T, Addressing How, MemoryForm Form>
Handled compare_memory_and_jump(HANDLER_ARGUMENTS) {
    FIND_READABLE(host, T, (address<How, Access::Read>(op, vcpu)), slow_last);
    const T in_memory = load<T>(host);
    const T other = Form == MemoryForm::Immediate ? static_cast<T>(i64{static_cast<i8>(op->source)})
                                                  : get<T>(vcpu, op->destination);
    const T left = Form == MemoryForm::Right ? other : in_memory;
    const T right = Form == MemoryForm::Right ? in_memory : other;
    if (compare<Condition>(left, right, status)) GO_TO(taken);
    GO_TO(next);
}

struct Add {
    template <class T>
    [[gnu::always_inline]] static T apply(T left, T right, u16& flags) {
        return alu::add(left, right, flags);
    }
};
struct Sub {
    template <class T>
    [[gnu::always_inline]] static T apply(T left, T right, u16& flags) {
        return alu::sub(left, right, flags);
    }
};
struct And {
    template <class T>
    [[gnu::always_inline]] static T apply(T left, T right, u16& flags) {
        return alu::and_(left, right, flags);
    }
};
struct Increment {
    template <class T>
    [[gnu::always_inline]] static T apply(T left, T, u16& flags) {
        return alu::inc(left, flags);
    }
};
struct Decrement {
    template <class T>
    [[gnu::always_inline]] static T apply(T left, T, u16& flags) {
        return alu::dec(left, flags);
    }
};

template <u8 Condition, class Operation, class T>
Handled compute_and_jump(HANDLER_ARGUMENTS) {
    const T left = get<T>(vcpu, op->destination);
    const T right = static_cast<T>(i64{op->displacement});
    const T result = compute<Flags::Made, Operation>(status, left, right);
    set<T>(vcpu, op->destination, result);
    constexpr bool zero = (Condition >> 1) == 2;
    const bool taken = zero ? (result == 0) != (Condition & 1)
                            : alu::condition(static_cast<u16>(status), Condition);
    if (taken) GO_TO(taken);
    GO_TO(next);
}

/// `make.operator()<Condition>()`.
template <class Make, usize... Conditions>
Handler by_condition(u8 condition, Make, std::index_sequence<Conditions...>) {
    static const Handler handlers[] = {Make{}.template operator()<Conditions>()...};
    return handlers[condition & 15];
}
template <class Make>
Handler by_condition(u8 condition, Make make) {
    return by_condition(condition, make, std::make_index_sequence<16>());
}

/// `make.operator()<T>()` for 32 and 64 bits.
template <class Make>
Handler by_common_size(u32 size, Make make) {
    return size == 4 ? make.template operator()<u32>() : make.template operator()<u64>();
}

template <bool Immediate>
Handler compare_handler(bool is_test, u32 size, u8 condition) {
    return by_size(size, [&]<class T>() {
        if (is_test) {
            return by_condition(condition, []<u8 Condition>() -> Handler {
                return test_and_jump<Condition, T, Immediate>;
            });
        }
        return by_condition(condition, []<u8 Condition>() -> Handler {
            return compare_and_jump<Condition, T, Immediate>;
        });
    });
}

template <MemoryForm Form>
Handler compare_memory_handler(u32 size, Addressing how, u8 condition) {
    return by_size_and_address(size, how, [&]<class T, Addressing How>() -> Handler {
        if constexpr (How == Addressing::General) return nullptr;
        return by_condition(condition, []<u8 Condition>() -> Handler {
            return compare_memory_and_jump<Condition, T, How, Form>;
        });
    });
}

template <class Operation>
Handler compute_handler(u32 size, u8 condition) {
    return by_common_size(size, [&]<class T>() {
        return by_condition(condition, []<u8 Condition>() -> Handler {
            return compute_and_jump<Condition, Operation, T>;
        });
    });
}

bool fits_byte(i64 value) { return value == static_cast<i8>(value); }

/// Null: does not fit.
Handler choose_compare_memory(Op& fused, const Op& compare, const Part& part, u8 condition) {
    if (part.how == Addressing::General) return nullptr;
    if (part.immediate) {
        const i64 value = static_cast<i64>(compare.immediate);
        if (!fits_byte(value)) return nullptr;
        fused.source = static_cast<u8>(value);
        return compare_memory_handler<MemoryForm::Immediate>(part.size, part.how, condition);
    }
    if (part.memory_operand == 1) {
        return compare_memory_handler<MemoryForm::Right>(part.size, part.how, condition);
    }
    fused.destination = compare.source;
    return compare_memory_handler<MemoryForm::Left>(part.size, part.how, condition);
}

Handler choose_compute(const Part& part, u8 condition) {
    const bool unary = part.kind == Part::Kind::Increment || part.kind == Part::Kind::Decrement;
    if (part.memory || part.size < 4 || (!part.immediate && !unary)) return nullptr;
    switch (part.kind) {
        case Part::Kind::Add: return compute_handler<Add>(part.size, condition);
        case Part::Kind::Sub: return compute_handler<Sub>(part.size, condition);
        case Part::Kind::And: return compute_handler<And>(part.size, condition);
        case Part::Kind::Increment: return compute_handler<Increment>(part.size, condition);
        case Part::Kind::Decrement: return compute_handler<Decrement>(part.size, condition);
        default: return nullptr;
    }
}

/// What an operation adds to its register. Zero: it is no step.
i64 step_of(const Op& op, const Part& part) {
    if (part.memory || part.size < 4) return 0;
    switch (part.kind) {
        case Part::Kind::Add: return part.immediate ? i64{op.displacement} : 0;
        case Part::Kind::Sub: return part.immediate ? -i64{op.displacement} : 0;
        case Part::Kind::Increment: return 1;
        case Part::Kind::Decrement: return -1;
        default: return 0;
    }
}

template <bool Immediate>
Handler step_handler(u32 step_size, u32 size, u8 condition) {
    return by_common_size(size, [&]<class T>() {
        return by_common_size(step_size, [&]<class Stepped>() {
            return by_condition(condition, []<u8 Condition>() -> Handler {
                return step_compare_and_jump<Condition, T, Immediate, Stepped>;
            });
        });
    });
}

}  // namespace

std::optional<Fused> fuse(const Op& first, const Part& part, const Op& jump) {
    using Kind = Part::Kind;
    Fused fused{first, {}};
    const bool compares = part.kind == Kind::Compare || part.kind == Kind::Test;
    FlagUse flags = FlagUse::Replaces;
    Handler handler = nullptr;
    if (compares && !part.memory) {
        const bool is_test = part.kind == Kind::Test;
        handler = part.immediate ? compare_handler<true>(is_test, part.size, jump.code)
                                 : compare_handler<false>(is_test, part.size, jump.code);
    } else if (part.kind == Kind::Compare) {
        handler = choose_compare_memory(fused.op, first, part, jump.code);
        fused.choice.may_leave = true;
    } else {
        handler = choose_compute(part, jump.code);
        if (part.kind == Kind::Increment || part.kind == Kind::Decrement) flags = FlagUse::Needs;
    }
    if (!handler) return std::nullopt;
    fused.op.handler = handler;
    fused.op.exits = jump.exits;
    fused.choice.handler = handler;
    fused.choice.flags = flags;
    return fused;
}

std::optional<Fused> fuse_step(const Op& step, const Part& part, const Op& compare_and_jump,
                               const Part& compare, u8 condition) {
    const i64 distance = step_of(step, part);
    const bool plain = compare.kind == Part::Kind::Compare && !compare.memory && compare.size >= 4;
    if (!plain || distance == 0 || !fits_byte(distance)) return std::nullopt;
    Fused fused{compare_and_jump, {}};
    fused.op.offset = step.offset;
    fused.op.base = step.destination;
    fused.op.scale = static_cast<u8>(distance);
    fused.op.handler = compare.immediate ? step_handler<true>(part.size, compare.size, condition)
                                         : step_handler<false>(part.size, compare.size, condition);
    fused.choice = {fused.op.handler, nullptr, FlagUse::Replaces};
    return fused;
}

}  // namespace cpu::interpreter
