// SPDX-License-Identifier: BSD-2-Clause
//
// How instructions of each shape run: fetch operands, compute, store, and only then the flags. The
// computing is a pure function; what is here is the same for every instruction of the shape.
#pragma once

#include "cpu/semantics/operands.hpp"

namespace cpu::semantics {

inline u32 size_of_operand(const Instruction& instruction, usize which) {
    return operand_bytes(instruction, form_of(instruction).operands[which]);
}

/// destination = operation(destination, source, status), for a destination of type T. `Source` is
/// the type of the other operand: T, or u8 for a count.
template <class T, class Source, class Operation>
Step modify(Vcpu& vcpu, const Instruction& instruction, Operation operation) {
    const auto source = read_operand<Source>(vcpu, instruction, 1);
    if (!source) return Step::Fault;
    u16 status = vcpu.state.status;
    const auto change = [&](T old) { return operation(old, *source, status); };
    if (!update_operand<T>(vcpu, instruction, 0, change)) return Step::Fault;
    vcpu.state.status = status;
    return Step::Next;
}

/// destination = operation(destination, status).
template <class Operation>
Step modify_unary(Vcpu& vcpu, const Instruction& instruction, Operation operation) {
    return for_operand_size(size_of_operand(instruction, 0), [&]<class T>() {
        u16 status = vcpu.state.status;
        const auto change = [&](T old) { return operation(old, status); };
        if (!update_operand<T>(vcpu, instruction, 0, change)) return Step::Fault;
        vcpu.state.status = status;
        return Step::Next;
    });
}

/// destination = operation(source, status): the destination, a register, is not read.
template <class T, class Operation>
Step compute(Vcpu& vcpu, const Instruction& instruction, Operation operation) {
    const auto source = read_operand<T>(vcpu, instruction, 1);
    if (!source) return Step::Fault;
    u16 status = vcpu.state.status;
    if (!write_operand<T>(vcpu, instruction, 0, operation(*source, status))) return Step::Fault;
    vcpu.state.status = status;
    return Step::Next;
}

/// destination = operation(first, second, status), of three operands.
template <class T, class Second, class Operation>
Step compute_from_two(Vcpu& vcpu, const Instruction& instruction, Operation operation) {
    const auto first = read_operand<T>(vcpu, instruction, 1);
    if (!first) return Step::Fault;
    const auto second = read_operand<Second>(vcpu, instruction, 2);
    if (!second) return Step::Fault;
    u16 status = vcpu.state.status;
    const T result = operation(*first, *second, status);
    if (!write_operand<T>(vcpu, instruction, 0, result)) return Step::Fault;
    vcpu.state.status = status;
    return Step::Next;
}

}  // namespace cpu::semantics
