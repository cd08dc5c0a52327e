// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/semantics/integer.hpp"

#include "cpu/semantics/multiply.hpp"
#include "cpu/semantics/semantics.hpp"
#include "cpu/semantics/shapes.hpp"

namespace cpu::semantics {

namespace {

/// ADD and its like.
template <class Operation>
Step modify_any_size(Vcpu& vcpu, const Instruction& instruction, Operation operation) {
    return for_operand_size(size_of_operand(instruction, 0),
                            [&]<class T>() { return modify<T, T>(vcpu, instruction, operation); });
}

/// CMP and TEST: two operands, only flags.
template <class Operation>
Step compare(Vcpu& vcpu, const Instruction& instruction, Operation operation) {
    return for_operand_size(size_of_operand(instruction, 0), [&]<class T>() {
        const auto left = read_operand<T>(vcpu, instruction, 0);
        if (!left) return Step::Fault;
        const auto right = read_operand<T>(vcpu, instruction, 1);
        if (!right) return Step::Fault;
        operation(*left, *right, vcpu.state.status);
        return Step::Next;
    });
}

template <class T>
alu::Halves<T> read_accumulator(const CpuState& state) {
    if constexpr (sizeof(T) == 1) {
        const u64 ax = state.reg(Gpr::Rax);
        return {static_cast<T>(ax), static_cast<T>(ax >> 8)};
    } else {
        return {static_cast<T>(state.reg(Gpr::Rax)), static_cast<T>(state.reg(Gpr::Rdx))};
    }
}

template <class T>
void write_accumulator(CpuState& state, alu::Halves<T> halves) {
    if constexpr (sizeof(T) == 1) {
        write_gpr<u16>(state, 0, false, static_cast<u16>(halves.high << 8 | halves.low));
    } else {
        write_gpr<T>(state, static_cast<u8>(Gpr::Rax), false, halves.low);
        write_gpr<T>(state, static_cast<u8>(Gpr::Rdx), false, halves.high);
    }
}

template <class Operation>
Step multiply(Vcpu& vcpu, const Instruction& instruction, Operation operation) {
    return for_operand_size(size_of_operand(instruction, 0), [&]<class T>() {
        const auto source = read_operand<T>(vcpu, instruction, 0);
        if (!source) return Step::Fault;
        CpuState& state = vcpu.state;
        const auto accumulator = static_cast<T>(state.reg(Gpr::Rax));
        write_accumulator<T>(state, operation(accumulator, *source, state.status));
        return Step::Next;
    });
}

template <class Operation>
Step divide(Vcpu& vcpu, const Instruction& instruction, Operation operation) {
    return for_operand_size(size_of_operand(instruction, 0), [&]<class T>() {
        const auto divisor = read_operand<T>(vcpu, instruction, 0);
        if (!divisor) return Step::Fault;
        alu::Halves<T> halves = read_accumulator<T>(vcpu.state);
        if (!operation(halves, *divisor, vcpu.state.status)) return vcpu.raise(Vector::DE);
        write_accumulator<T>(vcpu.state, halves);
        return Step::Next;
    });
}

}  // namespace

#define MODIFIES(name)                                                                     \
    Step name(Vcpu& vcpu, const Instruction& instruction) {                                \
        return modify_any_size(vcpu, instruction, [](auto left, auto right, u16& status) { \
            return alu::name(left, right, status);                                         \
        });                                                                                \
    }
MODIFIES(add)
MODIFIES(adc)
MODIFIES(sub)
MODIFIES(sbb)
MODIFIES(and_)
MODIFIES(or_)
MODIFIES(xor_)
#undef MODIFIES

#define MODIFIES_ALONE(name)                                                               \
    Step name(Vcpu& vcpu, const Instruction& instruction) {                                \
        return modify_unary(vcpu, instruction,                                             \
                            [](auto old, u16& status) { return alu::name(old, status); }); \
    }
MODIFIES_ALONE(neg)
MODIFIES_ALONE(inc)
MODIFIES_ALONE(dec)
#undef MODIFIES_ALONE

Step not_(Vcpu& vcpu, const Instruction& instruction) {
    return modify_unary(vcpu, instruction,
                        [](auto old, u16&) { return static_cast<decltype(old)>(~old); });
}

Step cmp(Vcpu& vcpu, const Instruction& instruction) {
    return compare(vcpu, instruction,
                   [](auto left, auto right, u16& status) { alu::cmp(left, right, status); });
}

Step test(Vcpu& vcpu, const Instruction& instruction) {
    return compare(vcpu, instruction,
                   [](auto left, auto right, u16& status) { alu::test(left, right, status); });
}

Step mul(Vcpu& vcpu, const Instruction& instruction) {
    return multiply(vcpu, instruction, [](auto left, auto right, u16& status) {
        return alu::mul(left, right, status);
    });
}

Step imul(Vcpu& vcpu, const Instruction& instruction) {
    return multiply(vcpu, instruction, [](auto left, auto right, u16& status) {
        return alu::imul(left, right, status);
    });
}

/// With two operands the destination is also the first factor.
Step imul_truncating(Vcpu& vcpu, const Instruction& instruction) {
    const auto operation = [](auto left, auto right, u16& status) {
        return alu::imul_truncating(left, right, status);
    };
    const bool three_operands = form_of(instruction).operand_count == 3;
    return for_word_size(size_of_operand(instruction, 0), [&]<class T>() {
        return three_operands ? compute_from_two<T, T>(vcpu, instruction, operation)
                              : modify<T, T>(vcpu, instruction, operation);
    });
}

Step div(Vcpu& vcpu, const Instruction& instruction) {
    return divide(vcpu, instruction, [](auto& dividend, auto divisor, u16& status) {
        return alu::div(dividend, divisor, status);
    });
}

Step idiv(Vcpu& vcpu, const Instruction& instruction) {
    return divide(vcpu, instruction, [](auto& dividend, auto divisor, u16& status) {
        return alu::idiv(dividend, divisor, status);
    });
}

}  // namespace cpu::semantics
