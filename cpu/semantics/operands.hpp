// SPDX-License-Identifier: BSD-2-Clause
//
// Reading and writing operands by their place in the row: registers, immediates and memory alike.
#pragma once

#include <cstring>
#include <optional>

#include "cpu/core/vcpu.hpp"
#include "cpu/decode/decoder.hpp"
#include "cpu/mmu/access.hpp"

namespace cpu {

/// Offset of a register's low byte, or of AH to BH, within CpuState::gpr.
constexpr u8 byte_register_offset(u8 number, bool rex) {
    return !rex && number >= 4 && number < 8 ? static_cast<u8>((number - 4) * 8 + 1)
                                             : static_cast<u8>(number * 8);
}

template <class T>
T read_gpr(const CpuState& state, u8 number, bool rex) {
    T value;
    const auto* bytes = reinterpret_cast<const u8*>(state.gpr.data());
    const usize offset = sizeof(T) == 1 ? byte_register_offset(number, rex) : usize{number} * 8;
    std::memcpy(&value, bytes + offset, sizeof(T));
    return value;
}

/// A 32-bit write clears the upper half; narrower ones keep the rest.
template <class T>
void write_gpr(CpuState& state, u8 number, bool rex, T value) {
    if constexpr (sizeof(T) >= 4) {
        state.gpr[number] = value;
    } else {
        auto* bytes = reinterpret_cast<u8*>(state.gpr.data());
        const usize offset = sizeof(T) == 1 ? byte_register_offset(number, rex) : usize{number} * 8;
        std::memcpy(bytes + offset, &value, sizeof(T));
    }
}

/// The memory operand's offset within its segment, cut to the address size.
u64 effective_offset(const Vcpu& vcpu, const Instruction& instruction);

/// Added to an offset to make a linear address; zero for most segments in 64-bit code.
u64 segment_base(const Vcpu& vcpu, SegReg segment);

/// RIP after this instruction; outside 64-bit code it wraps at 4 GiB.
u64 next_rip(const Vcpu& vcpu, const Instruction& instruction);

/// The value of an operand that is a general register, memory or an immediate.
template <class T>
std::optional<T> read_operand(Vcpu& vcpu, const Instruction& instruction, usize which);

template <class T>
[[nodiscard]] bool write_operand(Vcpu& vcpu, const Instruction& instruction, usize which, T value);

/// Replaces the operand by what `change` makes of it. See cpu::update for memory.
template <class T, class Change>
[[nodiscard]] bool update_operand(Vcpu& vcpu, const Instruction& instruction, usize which,
                                  Change change);

/// Calls `function.template operator()<T>()` with the unsigned type of `bytes` bytes.
template <class Function>
Step for_operand_size(u32 bytes, Function function) {
    switch (bytes) {
        case 1: return function.template operator()<u8>();
        case 2: return function.template operator()<u16>();
        case 4: return function.template operator()<u32>();
        default: return function.template operator()<u64>();
    }
}

/// The same for instructions without a byte form, and for those with 32 and 64 bits alone.
template <class Function>
Step for_word_size(u32 bytes, Function function) {
    switch (bytes) {
        case 2: return function.template operator()<u16>();
        case 4: return function.template operator()<u32>();
        default: return function.template operator()<u64>();
    }
}
template <class Function>
Step for_dword_size(u32 bytes, Function function) {
    return bytes == 8 ? function.template operator()<u64>() : function.template operator()<u32>();
}

// ---- definitions ----

namespace detail {
/// The number of the general register an operand names, or no_register if it names none.
inline u8 gpr_of(const Instruction& instruction, const Operand& operand) {
    switch (operand.kind) {
        case OperandKind::ModRmGpr: return instruction.is_memory() ? no_register : instruction.rm;
        case OperandKind::RmGpr: return instruction.rm;
        case OperandKind::RegGpr: return instruction.reg;
        case OperandKind::VvvvGpr: return instruction.vvvv;
        case OperandKind::FixedGpr: return operand.fixed;
        default: return no_register;
    }
}

inline bool is_immediate(OperandKind kind) {
    return kind == OperandKind::Immediate || kind == OperandKind::SignedImmediate;
}
}  // namespace detail

template <class T>
std::optional<T> read_operand(Vcpu& vcpu, const Instruction& instruction, usize which) {
    const Operand& operand = form_of(instruction).operands[which];
    const u8 number = detail::gpr_of(instruction, operand);
    if (number != no_register) return read_gpr<T>(vcpu.state, number, instruction.rex);
    if (detail::is_immediate(operand.kind)) return static_cast<T>(instruction.immediate);
    if (operand.kind == OperandKind::FixedOne) return T{1};
    return read<T>(vcpu, instruction.segment, effective_offset(vcpu, instruction));
}

template <class T>
bool write_operand(Vcpu& vcpu, const Instruction& instruction, usize which, T value) {
    const u8 number = detail::gpr_of(instruction, form_of(instruction).operands[which]);
    if (number != no_register) {
        write_gpr<T>(vcpu.state, number, instruction.rex, value);
        return true;
    }
    return write<T>(vcpu, instruction.segment, effective_offset(vcpu, instruction), value);
}

template <class T, class Change>
bool update_operand(Vcpu& vcpu, const Instruction& instruction, usize which, Change change) {
    const u8 number = detail::gpr_of(instruction, form_of(instruction).operands[which]);
    if (number != no_register) {
        const T old = read_gpr<T>(vcpu.state, number, instruction.rex);
        write_gpr<T>(vcpu.state, number, instruction.rex, change(old));
        return true;
    }
    return update<T>(vcpu, instruction.segment, effective_offset(vcpu, instruction), change);
}

}  // namespace cpu
