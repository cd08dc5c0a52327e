// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/semantics/shift.hpp"

#include "cpu/semantics/semantics.hpp"
#include "cpu/semantics/shapes.hpp"

namespace cpu::semantics {

namespace {

/// SHLD and SHRD: destination, filling register, count.
template <class Operation>
Step double_shift(Vcpu& vcpu, const Instruction& instruction, Operation operation) {
    return for_word_size(size_of_operand(instruction, 0), [&]<class T>() {
        const auto count = read_operand<u8>(vcpu, instruction, 2);
        if (!count) return Step::Fault;
        return modify<T, T>(vcpu, instruction, [&](T operand, T filling, u16& status) {
            return operation(operand, filling, *count, status);
        });
    });
}

/// SARX and its like: no flags.
template <class Operation>
Step shift_without_flags(Vcpu& vcpu, const Instruction& instruction, Operation operation) {
    return for_dword_size(size_of_operand(instruction, 0), [&]<class T>() {
        return compute_from_two<T, T>(
            vcpu, instruction, [&](T operand, T count, u16&) { return operation(operand, count); });
    });
}

}  // namespace

#define SHIFTS(name)                                                                       \
    Step name(Vcpu& vcpu, const Instruction& instruction) {                                \
        return for_operand_size(size_of_operand(instruction, 0), [&]<class T>() {          \
            return modify<T, u8>(vcpu, instruction, [](T operand, u8 count, u16& status) { \
                return alu::name(operand, count, status);                                  \
            });                                                                            \
        });                                                                                \
    }
SHIFTS(shl)
SHIFTS(shr)
SHIFTS(sar)
SHIFTS(rcl)
SHIFTS(rcr)
#undef SHIFTS

#define ROTATES(name)                                                                         \
    Step name(Vcpu& vcpu, const Instruction& instruction) {                                   \
        const bool as_by_cl = instruction.is_memory() ||                                      \
                              form_of(instruction).operands[1].kind == OperandKind::FixedGpr; \
        return for_operand_size(size_of_operand(instruction, 0), [&]<class T>() {             \
            return modify<T, u8>(vcpu, instruction, [=](T operand, u8 count, u16& status) {   \
                return as_by_cl ? alu::name(operand, count, status)                           \
                                : alu::name##_by_constant(operand, count, status);            \
            });                                                                               \
        });                                                                                   \
    }
ROTATES(rol)
ROTATES(ror)
#undef ROTATES

Step shld(Vcpu& vcpu, const Instruction& instruction) {
    return double_shift(vcpu, instruction, [](auto operand, auto filling, u8 count, u16& status) {
        return alu::shld(operand, filling, count, status);
    });
}

Step shrd(Vcpu& vcpu, const Instruction& instruction) {
    return double_shift(vcpu, instruction, [](auto operand, auto filling, u8 count, u16& status) {
        return alu::shrd(operand, filling, count, status);
    });
}

Step rorx(Vcpu& vcpu, const Instruction& instruction) {
    return shift_without_flags(vcpu, instruction, [](auto operand, auto count) {
        return alu::rorx(operand, static_cast<u8>(count));
    });
}

Step sarx(Vcpu& vcpu, const Instruction& instruction) {
    return shift_without_flags(vcpu, instruction,
                               [](auto operand, auto count) { return alu::sarx(operand, count); });
}

Step shlx(Vcpu& vcpu, const Instruction& instruction) {
    return shift_without_flags(vcpu, instruction,
                               [](auto operand, auto count) { return alu::shlx(operand, count); });
}

Step shrx(Vcpu& vcpu, const Instruction& instruction) {
    return shift_without_flags(vcpu, instruction,
                               [](auto operand, auto count) { return alu::shrx(operand, count); });
}

}  // namespace cpu::semantics
