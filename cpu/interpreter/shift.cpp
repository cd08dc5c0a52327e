// SPDX-License-Identifier: BSD-2-Clause
//
// Handlers of shifts, rotates and bit operations on registers.
#include "cpu/semantics/shift.hpp"

#include <bit>
#include <type_traits>

#include "cpu/interpreter/choose.hpp"
#include "cpu/interpreter/fixed_registers.hpp"
#include "cpu/interpreter/lowering.hpp"
#include "cpu/interpreter/operand_shape.hpp"
#include "cpu/semantics/bits.hpp"

namespace cpu::interpreter {

namespace {

/// `plain`: the result alone, of a count that is not zero.
#define SATORI_SHIFT(Name, function, function_by_constant, plain_result)                \
    struct Name {                                                                       \
        template <class T>                                                              \
        [[gnu::always_inline]] static T plain(T value, [[maybe_unused]] int count) {    \
            [[maybe_unused]] constexpr int width = 8 * sizeof(T);                       \
            return static_cast<T>(plain_result);                                        \
        }                                                                               \
        template <class T>                                                              \
        [[gnu::always_inline]] static T apply(T value, u8 count, u16& flags) {          \
            return alu::function(value, count, flags);                                  \
        }                                                                               \
        template <class T>                                                              \
        [[gnu::always_inline]] static T apply_constant(T value, u8 count, u16& flags) { \
            return alu::function_by_constant(value, count, flags);                      \
        }                                                                               \
    }
SATORI_SHIFT(Shl, shl, shl, u64{value} << count);
SATORI_SHIFT(Shr, shr, shr, u64{value} >> count);
SATORI_SHIFT(Sar, sar, sar, i64{static_cast<std::make_signed_t<T>>(value)} >> count);
SATORI_SHIFT(Rol, rol, rol_by_constant, std::rotl(value, count % width));
SATORI_SHIFT(Ror, ror, ror_by_constant, std::rotr(value, count % width));
SATORI_SHIFT(Rcl, rcl, rcl, value);
SATORI_SHIFT(Rcr, rcr, rcr, value);
#undef SATORI_SHIFT

template <class Operation>
struct ByConstant {
    template <class T>
    [[gnu::always_inline]] static T plain(T value, u8 count) {
        return Operation::plain(value, int{count});
    }
    template <class T>
    [[gnu::always_inline]] static T apply(T value, u8 count, u16& flags) {
        return Operation::apply_constant(value, count, flags);
    }
};

constexpr u8 cl_offset = static_cast<u8>(Gpr::Rcx) * 8;

/// By a constant that is not zero, if nobody will see the flags.
template <Flags Seen, class Operation, class T, class Registers>
Handled shift_by_constant(HANDLER_ARGUMENTS) {
    const T old = get<T>(vcpu, Registers::destination(op));
    set<T>(vcpu, Registers::destination(op),
           compute<Seen, ByConstant<Operation>>(status, old, op->code));
    CONTINUE_AT(op + 1);
}

/// With a count of zero a 32-bit destination is still written: its upper half is cleared.
template <class Operation, class T>
Handled shift_by_cl(HANDLER_ARGUMENTS) {
    u16 flags = static_cast<u16>(status);
    const u8 count = get<u8>(vcpu, cl_offset);
    set<T>(vcpu, op->destination, Operation::apply(get<T>(vcpu, op->destination), count, flags));
    status = flags;
    CONTINUE_AT(op + 1);
}

/// RCL and RCR rotate through a flag: for them nothing can be left out.
template <class Operation>
constexpr bool through_carry = std::is_same_v<Operation, Rcl> || std::is_same_v<Operation, Rcr>;

template <Flags Seen, class Operation>
Handler shift_by_constant_handler(const Op& op, u32 size) {
    return by_size(size, [&]<class T>() {
        return for_destination<T>(
            op, []<class Registers>() { return shift_by_constant<Seen, Operation, T, Registers>; });
    });
}

template <class Operation>
Choice choose_shift(const Instruction& instruction, Op& op) {
    if (instruction.is_memory()) return {};
    const Form& form = form_of(instruction);
    const u32 size = operand_bytes(instruction, form.operands[0]);
    op.destination = operand_register(instruction, 0, size);
    if (form.operands[1].kind == OperandKind::FixedGpr) {
        return by_size(size, []<class T>() { return shift_by_cl<Operation, T>; });
    }
    op.code = form.operands[1].kind == OperandKind::FixedOne
                  ? u8{1}
                  : static_cast<u8>(instruction.immediate);
    Choice choice = shift_by_constant_handler<Flags::Made, Operation>(op, size);
    op.code &= size == 8 ? 63 : 31;
    if (op.code == 0 || through_carry<Operation>) return choice;
    choice.quiet = shift_by_constant_handler<Flags::Unseen, Operation>(op, size);
    return choice;
}

enum class BitOperation : u8 { Test, Set, Reset, Complement };

template <BitOperation What, class T, bool Immediate>
Handled bit_operation(HANDLER_ARGUMENTS) {
    u16 flags = static_cast<u16>(status);
    const T value = get<T>(vcpu, op->destination);
    const T index = Immediate ? static_cast<T>(op->code) : get<T>(vcpu, op->source);
    switch (What) {
        case BitOperation::Test: (void)alu::bt(value, index, flags); break;
        case BitOperation::Set: set<T>(vcpu, op->destination, alu::bts(value, index, flags)); break;
        case BitOperation::Reset:
            set<T>(vcpu, op->destination, alu::btr(value, index, flags));
            break;
        case BitOperation::Complement:
            set<T>(vcpu, op->destination, alu::btc(value, index, flags));
            break;
    }
    status = flags;
    CONTINUE_AT(op + 1);
}

/// `make.operator()<T>()` for 16, 32 and 64 bits.
template <class Make>
Handler by_wide_size(u32 size, Make make) {
    switch (size) {
        case 2: return make.template operator()<u16>();
        case 4: return make.template operator()<u32>();
        default: return make.template operator()<u64>();
    }
}

template <BitOperation What>
Handler choose_bit(const Instruction& instruction, Op& op) {
    if (instruction.is_memory()) return nullptr;
    const u32 size = instruction.operand_size;
    op.destination = operand_register(instruction, 0, size);
    if (detail::is_immediate(form_of(instruction).operands[1].kind)) {
        op.code = static_cast<u8>(instruction.immediate);
        return by_wide_size(size, []<class T>() { return bit_operation<What, T, true>; });
    }
    op.source = operand_register(instruction, 1, size);
    return by_wide_size(size, []<class T>() { return bit_operation<What, T, false>; });
}

struct Forward {
    template <class T>
    [[gnu::always_inline]] static u64 apply(u64 old, T source, u16& flags) {
        return alu::bsf(old, source, flags);
    }
};
struct Reverse {
    template <class T>
    [[gnu::always_inline]] static u64 apply(u64 old, T source, u16& flags) {
        return alu::bsr(old, source, flags);
    }
};
struct CountTrailing {
    template <class T>
    [[gnu::always_inline]] static u64 apply(u64 old, T source, u16& flags) {
        const T count = alu::tzcnt(source, flags);
        return sizeof(T) == 2 ? (old & ~u64{0xffff}) | count : count;
    }
};
struct CountLeading {
    template <class T>
    [[gnu::always_inline]] static u64 apply(u64 old, T source, u16& flags) {
        const T count = alu::lzcnt(source, flags);
        return sizeof(T) == 2 ? (old & ~u64{0xffff}) | count : count;
    }
};
struct CountOnes {
    template <class T>
    [[gnu::always_inline]] static u64 apply(u64 old, T source, u16& flags) {
        const T count = alu::popcnt(source, flags);
        return sizeof(T) == 2 ? (old & ~u64{0xffff}) | count : count;
    }
};

template <class Operation, class T>
Handled scan_register(HANDLER_ARGUMENTS) {
    u16 flags = static_cast<u16>(status);
    const u64 old = get<u64>(vcpu, op->destination);
    set<u64>(vcpu, op->destination, Operation::apply(old, get<T>(vcpu, op->source), flags));
    status = flags;
    CONTINUE_AT(op + 1);
}

template <class Operation, class T, Addressing How>
Handled scan_memory(HANDLER_ARGUMENTS) {
    FIND_READABLE(host, T, (address<How, Access::Read>(op, vcpu)), slow);
    u16 flags = static_cast<u16>(status);
    const u64 old = get<u64>(vcpu, op->destination);
    set<u64>(vcpu, op->destination, Operation::apply(old, load<T>(host), flags));
    status = flags;
    CONTINUE_AT(op + 1);
}

template <class Operation>
Handler choose_scan(const Instruction& instruction, const LoweringContext& context, Op& op) {
    const u32 size = instruction.operand_size;
    op.destination = operand_register(instruction, 0, size);
    if (!instruction.is_memory()) {
        op.source = operand_register(instruction, 1, size);
        return by_wide_size(size, []<class T>() { return scan_register<Operation, T>; });
    }
    const auto how = lower_address(instruction, context, op, size);
    if (!how) return nullptr;
    return by_address(*how, [&]<Addressing How>() {
        return by_wide_size(size, []<class T>() { return scan_memory<Operation, T, How>; });
    });
}

}  // namespace

Choice lower_shift(const Instruction& instruction, const LoweringContext& context, Op& op) {
    switch (form_of(instruction).semantic) {
        case Semantic::shl: return choose_shift<Shl>(instruction, op);
        case Semantic::shr: return choose_shift<Shr>(instruction, op);
        case Semantic::sar: return choose_shift<Sar>(instruction, op);
        case Semantic::rol: return choose_shift<Rol>(instruction, op);
        case Semantic::ror: return choose_shift<Ror>(instruction, op);
        case Semantic::rcl: return choose_shift<Rcl>(instruction, op);
        case Semantic::rcr: return choose_shift<Rcr>(instruction, op);
        case Semantic::bt: return choose_bit<BitOperation::Test>(instruction, op);
        case Semantic::bts: return choose_bit<BitOperation::Set>(instruction, op);
        case Semantic::btr: return choose_bit<BitOperation::Reset>(instruction, op);
        case Semantic::btc: return choose_bit<BitOperation::Complement>(instruction, op);
        case Semantic::bsf: return choose_scan<Forward>(instruction, context, op);
        case Semantic::bsr: return choose_scan<Reverse>(instruction, context, op);
        case Semantic::tzcnt: return choose_scan<CountTrailing>(instruction, context, op);
        case Semantic::lzcnt: return choose_scan<CountLeading>(instruction, context, op);
        case Semantic::popcnt: return choose_scan<CountOnes>(instruction, context, op);
        default: return nullptr;
    }
}

}  // namespace cpu::interpreter
