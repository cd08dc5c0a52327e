// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/semantics/bits.hpp"

#include <bit>

#include "cpu/semantics/multiply.hpp"
#include "cpu/semantics/semantics.hpp"
#include "cpu/semantics/shapes.hpp"

namespace cpu::semantics {

namespace {

u64 cut_to_address_size(const Instruction& instruction, u64 offset) {
    switch (instruction.address_size) {
        case 2: return offset & 0xffff;
        case 4: return offset & 0xffff'ffff;
        default: return offset;
    }
}

/// With the index in a register, a memory operand is the bit string that begins at its address: the
/// index is signed and selects the word (SDM 2A 3.1.1.9, Bit(BitBase, BitOffset)).
template <class T>
u64 offset_of_bit(const Vcpu& vcpu, const Instruction& instruction, T index) {
    constexpr int bits_log2 = std::countr_zero(8 * sizeof(T));
    u64 offset = effective_offset(vcpu, instruction);
    if (form_of(instruction).operands[1].kind == OperandKind::RegGpr) {
        const i64 distance = static_cast<std::make_signed_t<T>>(index);
        offset += static_cast<u64>(distance >> bits_log2) * sizeof(T);
    }
    return cut_to_address_size(instruction, offset);
}

/// BTS, BTR and BTC.
template <class Operation>
Step modify_bit(Vcpu& vcpu, const Instruction& instruction, Operation operation) {
    return for_word_size(size_of_operand(instruction, 0), [&]<class T>() {
        if (!instruction.is_memory()) return modify<T, T>(vcpu, instruction, operation);
        const auto index = read_operand<T>(vcpu, instruction, 1);
        if (!index) return Step::Fault;
        u16 status = vcpu.state.status;
        const u64 offset = offset_of_bit<T>(vcpu, instruction, *index);
        const auto change = [&](T old) { return operation(old, *index, status); };
        if (!update<T>(vcpu, instruction.segment, offset, change)) return Step::Fault;
        vcpu.state.status = status;
        return Step::Next;
    });
}

/// BSF and BSR.
template <class Operation>
Step scan(Vcpu& vcpu, const Instruction& instruction, Operation operation) {
    return for_word_size(size_of_operand(instruction, 0), [&]<class T>() {
        const auto source = read_operand<T>(vcpu, instruction, 1);
        if (!source) return Step::Fault;
        u64& destination = vcpu.state.gpr[instruction.reg];
        destination = operation(destination, *source, vcpu.state.status);
        return Step::Next;
    });
}

/// PDEP and PEXT.
template <class Operation>
Step move_masked(Vcpu& vcpu, const Instruction& instruction, Operation operation) {
    return for_dword_size(size_of_operand(instruction, 0), [&]<class T>() {
        return compute_from_two<T, T>(
            vcpu, instruction, [&](T source, T mask, u16&) { return operation(source, mask); });
    });
}

}  // namespace

Step bt(Vcpu& vcpu, const Instruction& instruction) {
    return for_word_size(size_of_operand(instruction, 0), [&]<class T>() {
        const auto index = read_operand<T>(vcpu, instruction, 1);
        if (!index) return Step::Fault;
        const auto operand =
            instruction.is_memory()
                ? read<T>(vcpu, instruction.segment, offset_of_bit<T>(vcpu, instruction, *index))
                : read_operand<T>(vcpu, instruction, 0);
        if (!operand) return Step::Fault;
        (void)alu::bt(*operand, *index, vcpu.state.status);
        return Step::Next;
    });
}

#define MODIFIES_BIT(name)                                                               \
    Step name(Vcpu& vcpu, const Instruction& instruction) {                              \
        return modify_bit(vcpu, instruction, [](auto operand, auto index, u16& status) { \
            return alu::name(operand, index, status);                                    \
        });                                                                              \
    }
MODIFIES_BIT(bts)
MODIFIES_BIT(btr)
MODIFIES_BIT(btc)
#undef MODIFIES_BIT

Step bsf(Vcpu& vcpu, const Instruction& instruction) {
    return scan(vcpu, instruction, [](u64 destination, auto source, u16& status) {
        return alu::bsf(destination, source, status);
    });
}

Step bsr(Vcpu& vcpu, const Instruction& instruction) {
    return scan(vcpu, instruction, [](u64 destination, auto source, u16& status) {
        return alu::bsr(destination, source, status);
    });
}

#define COMPUTES(name, for_size)                                                                \
    Step name(Vcpu& vcpu, const Instruction& instruction) {                                     \
        return for_size(size_of_operand(instruction, 0), [&]<class T>() {                       \
            return compute<T>(vcpu, instruction,                                                \
                              [](T source, u16& status) { return alu::name(source, status); }); \
        });                                                                                     \
    }
COMPUTES(tzcnt, for_word_size)
COMPUTES(lzcnt, for_word_size)
COMPUTES(popcnt, for_word_size)
COMPUTES(blsi, for_dword_size)
COMPUTES(blsmsk, for_dword_size)
COMPUTES(blsr, for_dword_size)
#undef COMPUTES

#define COMPUTES_FROM_TWO(name)                                                                   \
    Step name(Vcpu& vcpu, const Instruction& instruction) {                                       \
        return for_dword_size(size_of_operand(instruction, 0), [&]<class T>() {                   \
            return compute_from_two<T, T>(vcpu, instruction, [](T first, T second, u16& status) { \
                return alu::name(first, second, status);                                          \
            });                                                                                   \
        });                                                                                       \
    }
COMPUTES_FROM_TWO(andn)
COMPUTES_FROM_TWO(bextr)
COMPUTES_FROM_TWO(bzhi)
#undef COMPUTES_FROM_TWO

Step pdep(Vcpu& vcpu, const Instruction& instruction) {
    return move_masked(vcpu, instruction,
                       [](auto source, auto mask) { return alu::pdep(source, mask); });
}

Step pext(Vcpu& vcpu, const Instruction& instruction) {
    return move_masked(vcpu, instruction,
                       [](auto source, auto mask) { return alu::pext(source, mask); });
}

/// The first operand gets the high half, the second the low one; where both are one register, the
/// high half stays.
Step mulx(Vcpu& vcpu, const Instruction& instruction) {
    return for_dword_size(size_of_operand(instruction, 0), [&]<class T>() {
        const auto source = read_operand<T>(vcpu, instruction, 2);
        if (!source) return Step::Fault;
        const auto product = alu::mulx(static_cast<T>(vcpu.state.reg(Gpr::Rdx)), *source);
        if (!write_operand<T>(vcpu, instruction, 1, product.low)) return Step::Fault;
        if (!write_operand<T>(vcpu, instruction, 0, product.high)) return Step::Fault;
        return Step::Next;
    });
}

#define ADDS_IN_CHAIN(name)                                                           \
    Step name(Vcpu& vcpu, const Instruction& instruction) {                           \
        return for_dword_size(size_of_operand(instruction, 0), [&]<class T>() {       \
            return modify<T, T>(vcpu, instruction, [](T left, T right, u16& status) { \
                return alu::name(left, right, status);                                \
            });                                                                       \
        });                                                                           \
    }
ADDS_IN_CHAIN(adcx)
ADDS_IN_CHAIN(adox)
#undef ADDS_IN_CHAIN

Step crc32(Vcpu& vcpu, const Instruction& instruction) {
    return for_operand_size(size_of_operand(instruction, 1), [&]<class T>() {
        const auto source = read_operand<T>(vcpu, instruction, 1);
        if (!source) return Step::Fault;
        u64& destination = vcpu.state.gpr[instruction.reg];
        destination = alu::crc32(static_cast<u32>(destination), *source);
        return Step::Next;
    });
}

}  // namespace cpu::semantics
