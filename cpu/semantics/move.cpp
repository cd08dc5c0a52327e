// SPDX-License-Identifier: BSD-2-Clause
//
// Moves, exchanges, conversions.
#include "cpu/semantics/bits.hpp"
#include "cpu/semantics/condition.hpp"
#include "cpu/semantics/integer.hpp"
#include "cpu/semantics/semantics.hpp"
#include "cpu/semantics/shapes.hpp"

namespace cpu::semantics {

namespace {

constexpr u8 rax = static_cast<u8>(Gpr::Rax);

bool condition_met(const Vcpu& vcpu, const Instruction& instruction) {
    return alu::condition(vcpu.state.status, instruction.opcode & 0xf);
}

/// MOVZX, MOVSX, MOVSXD: `extend` makes a u64 of a narrower source.
template <class Extend>
Step move_extended(Vcpu& vcpu, const Instruction& instruction, Extend extend) {
    return for_operand_size(size_of_operand(instruction, 1), [&]<class Source>() {
        const auto source = read_operand<Source>(vcpu, instruction, 1);
        if (!source) return Step::Fault;
        return for_word_size(size_of_operand(instruction, 0), [&]<class T>() {
            const auto extended = static_cast<T>(extend(*source));
            return write_operand<T>(vcpu, instruction, 0, extended) ? Step::Next : Step::Fault;
        });
    });
}

template <class T>
constexpr u64 sign_extend(T value) {
    return static_cast<u64>(i64{static_cast<std::make_signed_t<T>>(value)});
}

/// CMPXCHG8B and 16B compare two registers with the two halves of the operand.
template <class T>
struct Pair {
    T low;
    T high;
    bool operator==(const Pair&) const = default;
};

template <class T>
Step compare_exchange_pair(Vcpu& vcpu, const Instruction& instruction, u64 offset) {
    CpuState& state = vcpu.state;
    const auto part = [&](Gpr which) { return static_cast<T>(state.reg(which)); };
    const Pair<T> expected{part(Gpr::Rax), part(Gpr::Rdx)};
    const Pair<T> desired{part(Gpr::Rbx), part(Gpr::Rcx)};
    Pair<T> found{};
    const auto change = [&](Pair<T> old) {
        found = old;
        return old == expected ? desired : old;
    };
    if (!update<Pair<T>>(vcpu, instruction.segment, offset, change)) return Step::Fault;

    if (found == expected) {
        state.status |= status_flags::ZF;
        return Step::Next;
    }
    state.status &= static_cast<u16>(~status_flags::ZF);
    state.reg(Gpr::Rax) = found.low;
    state.reg(Gpr::Rdx) = found.high;
    return Step::Next;
}

}  // namespace

Step mov(Vcpu& vcpu, const Instruction& instruction) {
    return for_operand_size(size_of_operand(instruction, 0), [&]<class T>() {
        const auto value = read_operand<T>(vcpu, instruction, 1);
        if (!value || !write_operand<T>(vcpu, instruction, 0, *value)) return Step::Fault;
        return Step::Next;
    });
}

Step movzx(Vcpu& vcpu, const Instruction& instruction) {
    return move_extended(vcpu, instruction, [](auto source) { return u64{source}; });
}

Step movsx(Vcpu& vcpu, const Instruction& instruction) {
    return move_extended(vcpu, instruction, [](auto source) { return sign_extend(source); });
}

Step lea(Vcpu& vcpu, const Instruction& instruction) {
    return for_word_size(size_of_operand(instruction, 0), [&]<class T>() {
        const auto offset = static_cast<T>(effective_offset(vcpu, instruction));
        return write_operand<T>(vcpu, instruction, 0, offset) ? Step::Next : Step::Fault;
    });
}

Step xchg(Vcpu& vcpu, const Instruction& instruction) {
    return for_operand_size(size_of_operand(instruction, 0), [&]<class T>() {
        // One of the two may be memory, the first: rows for the accumulator have two registers.
        const auto source = read_operand<T>(vcpu, instruction, 1);
        if (!source) return Step::Fault;
        T old{};
        const auto change = [&](T found) {
            old = found;
            return *source;
        };
        if (!update_operand<T>(vcpu, instruction, 0, change)) return Step::Fault;
        return write_operand<T>(vcpu, instruction, 1, old) ? Step::Next : Step::Fault;
    });
}

/// Where both operands are one register, it ends up with the sum.
Step xadd(Vcpu& vcpu, const Instruction& instruction) {
    return for_operand_size(size_of_operand(instruction, 0), [&]<class T>() {
        const auto source = read_operand<T>(vcpu, instruction, 1);
        if (!source) return Step::Fault;
        u16 status = vcpu.state.status;
        if (!instruction.is_memory()) {
            const T old = read_gpr<T>(vcpu.state, instruction.rm, instruction.rex);
            write_gpr<T>(vcpu.state, instruction.reg, instruction.rex, old);
            write_gpr<T>(vcpu.state, instruction.rm, instruction.rex,
                         alu::add(old, *source, status));
        } else {
            T old{};
            const auto change = [&](T found) {
                old = found;
                return alu::add(found, *source, status);
            };
            if (!update_operand<T>(vcpu, instruction, 0, change)) return Step::Fault;
            write_gpr<T>(vcpu.state, instruction.reg, instruction.rex, old);
        }
        vcpu.state.status = status;
        return Step::Next;
    });
}

/// A destination in memory is written in any case, with its old value if nothing else: a read-only
/// page faults. Undocumented: of two 32-bit registers only the one that gets a value is written,
/// and so zero-extended (seen on Emerald Rapids).
Step cmpxchg(Vcpu& vcpu, const Instruction& instruction) {
    return for_operand_size(size_of_operand(instruction, 0), [&]<class T>() {
        const auto source = read_operand<T>(vcpu, instruction, 1);
        if (!source) return Step::Fault;
        const T accumulator = read_gpr<T>(vcpu.state, rax, instruction.rex);
        T found{};
        if (!instruction.is_memory()) {
            found = read_gpr<T>(vcpu.state, instruction.rm, instruction.rex);
            if (found == accumulator) {
                write_gpr<T>(vcpu.state, instruction.rm, instruction.rex, *source);
            }
        } else {
            const auto change = [&](T old) {
                found = old;
                return old == accumulator ? *source : old;
            };
            if (!update_operand<T>(vcpu, instruction, 0, change)) return Step::Fault;
        }
        alu::cmp(accumulator, found, vcpu.state.status);
        if (found != accumulator) write_gpr<T>(vcpu.state, rax, instruction.rex, found);
        return Step::Next;
    });
}

Step cmpxchg8b(Vcpu& vcpu, const Instruction& instruction) {
    return compare_exchange_pair<u32>(vcpu, instruction, effective_offset(vcpu, instruction));
}

Step cmpxchg16b(Vcpu& vcpu, const Instruction& instruction) {
    const u64 offset = effective_offset(vcpu, instruction);
    // Alignment comes before the segment.
    if ((segment_base(vcpu, instruction.segment) + offset) & 15) return vcpu.raise(Vector::GP, 0);
    return compare_exchange_pair<u64>(vcpu, instruction, offset);
}

Step bswap(Vcpu& vcpu, const Instruction& instruction) {
    return for_word_size(size_of_operand(instruction, 0), [&]<class T>() {
        const auto swap = [](T old) { return alu::bswap(old); };
        return update_operand<T>(vcpu, instruction, 0, swap) ? Step::Next : Step::Fault;
    });
}

Step movbe(Vcpu& vcpu, const Instruction& instruction) {
    return for_word_size(size_of_operand(instruction, 0), [&]<class T>() {
        const auto value = read_operand<T>(vcpu, instruction, 1);
        if (!value) return Step::Fault;
        T swapped;
        if constexpr (sizeof(T) == 2) {
            swapped = static_cast<T>(*value << 8 | *value >> 8);
        } else {
            swapped = alu::bswap(*value);
        }
        return write_operand<T>(vcpu, instruction, 0, swapped) ? Step::Next : Step::Fault;
    });
}

/// The source is read whatever the condition, and a 32-bit destination is written: zero-extended.
Step cmovcc(Vcpu& vcpu, const Instruction& instruction) {
    return for_word_size(size_of_operand(instruction, 0), [&]<class T>() {
        const auto value = read_operand<T>(vcpu, instruction, 1);
        if (!value) return Step::Fault;
        const bool met = condition_met(vcpu, instruction);
        const auto change = [&](T old) { return met ? *value : old; };
        return update_operand<T>(vcpu, instruction, 0, change) ? Step::Next : Step::Fault;
    });
}

Step setcc(Vcpu& vcpu, const Instruction& instruction) {
    const u8 value = condition_met(vcpu, instruction) ? 1 : 0;
    return write_operand<u8>(vcpu, instruction, 0, value) ? Step::Next : Step::Fault;
}

/// CBW, CWDE, CDQE.
Step cbw(Vcpu& vcpu, const Instruction& instruction) {
    const u64 accumulator = vcpu.state.reg(Gpr::Rax);
    switch (instruction.operand_size) {
        case 2:
            write_gpr(vcpu.state, rax, false,
                      static_cast<u16>(sign_extend(static_cast<u8>(accumulator))));
            break;
        case 4:
            write_gpr(vcpu.state, rax, false,
                      static_cast<u32>(sign_extend(static_cast<u16>(accumulator))));
            break;
        default: vcpu.state.reg(Gpr::Rax) = sign_extend(static_cast<u32>(accumulator)); break;
    }
    return Step::Next;
}

/// CWD, CDQ, CQO.
Step cwd(Vcpu& vcpu, const Instruction& instruction) {
    return for_word_size(instruction.operand_size, [&]<class T>() {
        const auto accumulator = static_cast<std::make_signed_t<T>>(vcpu.state.reg(Gpr::Rax));
        const T sign = accumulator < 0 ? static_cast<T>(~T{0}) : T{0};
        write_gpr<T>(vcpu.state, static_cast<u8>(Gpr::Rdx), false, sign);
        return Step::Next;
    });
}

Step xlat(Vcpu& vcpu, const Instruction& instruction) {
    u64 offset = vcpu.state.reg(Gpr::Rbx) + (vcpu.state.reg(Gpr::Rax) & 0xff);
    if (instruction.address_size == 2) offset &= 0xffff;
    if (instruction.address_size == 4) offset &= 0xffff'ffff;
    const auto value = read<u8>(vcpu, instruction.segment, offset);
    if (!value) return Step::Fault;
    write_gpr<u8>(vcpu.state, rax, false, *value);
    return Step::Next;
}

Step nop(Vcpu&, const Instruction&) { return Step::Next; }

}  // namespace cpu::semantics
