// SPDX-License-Identifier: BSD-2-Clause
//
// Handlers of moves, extensions, LEA, conditional moves and sets, exchanges.
#include "cpu/interpreter/choose.hpp"
#include "cpu/interpreter/fixed_registers.hpp"
#include "cpu/interpreter/lowering.hpp"
#include "cpu/interpreter/operand_shape.hpp"
#include "cpu/semantics/condition.hpp"

namespace cpu::interpreter {

namespace {

template <class T, class Registers>
Handled move_register(HANDLER_ARGUMENTS) {
    set<T>(vcpu, Registers::destination(op), get<T>(vcpu, Registers::source(op)));
    CONTINUE_AT(op + 1);
}

template <class T, class Registers>
Handled move_immediate(HANDLER_ARGUMENTS) {
    set<T>(vcpu, Registers::destination(op), static_cast<T>(op->immediate));
    CONTINUE_AT(op + 1);
}

template <class T, Addressing How, class Registers>
Handled move_load(HANDLER_ARGUMENTS) {
    FIND_READABLE(host, T, (address<How, Access::Read, Registers>(op, vcpu)), slow);
    set<T>(vcpu, Registers::destination(op), load<T>(host));
    CONTINUE_AT(op + 1);
}

template <class T, Addressing How, bool Immediate>
Handled move_store(HANDLER_ARGUMENTS) {
    FIND_WRITABLE(host, T, (address<How, Access::Write>(op, vcpu)), slow);
    store<T>(host, Immediate ? static_cast<T>(op->immediate) : get<T>(vcpu, op->source));
    CONTINUE_AT(op + 1);
}

/// MOVZX, MOVSX, MOVSXD: from type From to register type To.
template <class To, class From, class Registers>
Handled extend_register(HANDLER_ARGUMENTS) {
    const From narrow = get<From>(vcpu, Registers::source(op));
    set<To>(vcpu, Registers::destination(op), static_cast<To>(narrow));
    CONTINUE_AT(op + 1);
}

template <class To, class From, Addressing How, class Registers>
Handled extend_load(HANDLER_ARGUMENTS) {
    FIND_READABLE(host, From, (address<How, Access::Read>(op, vcpu)), slow);
    set<To>(vcpu, Registers::destination(op), static_cast<To>(load<From>(host)));
    CONTINUE_AT(op + 1);
}

template <class T, Addressing How, class Registers>
Handled load_address(HANDLER_ARGUMENTS) {
    const u64 offset = address<How, Access::Read, Registers>(op, vcpu);
    set<T>(vcpu, Registers::destination(op), static_cast<T>(offset));
    CONTINUE_AT(op + 1);
}

template <class T>
Handled move_if(HANDLER_ARGUMENTS) {
    const T source = get<T>(vcpu, op->source);
    const T old = get<T>(vcpu, op->destination);
    set<T>(vcpu, op->destination,
           alu::condition(static_cast<u16>(status), op->code) ? source : old);
    CONTINUE_AT(op + 1);
}

template <class T, Addressing How>
Handled move_if_load(HANDLER_ARGUMENTS) {
    FIND_READABLE(host, T, (address<How, Access::Read>(op, vcpu)), slow);
    const T old = get<T>(vcpu, op->destination);
    set<T>(vcpu, op->destination,
           alu::condition(static_cast<u16>(status), op->code) ? load<T>(host) : old);
    CONTINUE_AT(op + 1);
}

template <u8 Condition>
Handled set_if(HANDLER_ARGUMENTS) {
    set<u8>(vcpu, op->destination, alu::condition(static_cast<u16>(status), Condition));
    CONTINUE_AT(op + 1);
}

template <class T>
Handled exchange_registers(HANDLER_ARGUMENTS) {
    const T left = get<T>(vcpu, op->destination);
    set<T>(vcpu, op->destination, get<T>(vcpu, op->source));
    set<T>(vcpu, op->source, left);
    CONTINUE_AT(op + 1);
}

template <class T, Addressing How>
Handled exchange_memory(HANDLER_ARGUMENTS) {
    FIND_WRITABLE(host, T, (address<How, Access::Write>(op, vcpu)), slow);
    const T old = load<T>(host);
    store<T>(host, get<T>(vcpu, op->source));
    set<T>(vcpu, op->source, old);
    CONTINUE_AT(op + 1);
}

Handled nothing(HANDLER_ARGUMENTS) { CONTINUE_AT(op + 1); }

/// CBW, CWDE, CDQE; CWD, CDQ, CQO.
template <class To, class From>
Handled widen_accumulator(HANDLER_ARGUMENTS) {
    set<To>(vcpu, 0, static_cast<To>(get<From>(vcpu, 0)));
    CONTINUE_AT(op + 1);
}

template <class T, class Signed>
Handled spread_sign(HANDLER_ARGUMENTS) {
    const bool negative = static_cast<Signed>(get<T>(vcpu, 0)) < 0;
    set<T>(vcpu, static_cast<u8>(Gpr::Rdx) * 8, negative ? static_cast<T>(~T{0}) : T{0});
    CONTINUE_AT(op + 1);
}

template <class T>
Handled swap_bytes(HANDLER_ARGUMENTS) {
    const T value = get<T>(vcpu, op->destination);
    if constexpr (sizeof(T) == 4) {
        set<T>(vcpu, op->destination, __builtin_bswap32(value));
    } else {
        set<T>(vcpu, op->destination, __builtin_bswap64(value));
    }
    CONTINUE_AT(op + 1);
}

/// Of registers alone: nothing to do with flags, and nothing that could fail.
Choice ignoring_flags(Handler handler) { return {handler, nullptr, FlagUse::Ignores}; }

Choice choose_move(const Instruction& instruction, const LoweringContext& context, Op& op) {
    const Form& form = form_of(instruction);
    const Shape shape = shape_of(instruction);
    const bool gpr_only = form.operands[0].kind != OperandKind::Offset &&
                          form.operands[1].kind != OperandKind::Offset;
    if (!gpr_only) return {};
    if (!shape.memory) {
        op.destination = operand_register(instruction, 0, shape.size);
        if (shape.immediate) {
            op.immediate = instruction.immediate;
            return ignoring_flags(by_size(shape.size, [&]<class T>() {
                return for_destination<T>(
                    op, []<class Registers>() { return move_immediate<T, Registers>; });
            }));
        }
        op.source = operand_register(instruction, 1, shape.size);
        return ignoring_flags(by_size(shape.size, [&]<class T>() {
            return for_pair<T>(op, []<class Registers>() { return move_register<T, Registers>; });
        }));
    }
    const auto how = lower_address(instruction, context, op, shape.size);
    if (!how) return {};
    if (shape.memory_operand == 1) {
        op.destination = operand_register(instruction, 0, shape.size);
        return by_size_and_address(shape.size, *how, [&]<class T, Addressing How>() {
            return for_base<T, How>(op,
                                    []<class Registers>() { return move_load<T, How, Registers>; });
        });
    }
    if (shape.immediate) {
        op.immediate = instruction.immediate;
        return by_size_and_address(
            shape.size, *how, []<class T, Addressing How>() { return move_store<T, How, true>; });
    }
    op.source = operand_register(instruction, 1, shape.size);
    return by_size_and_address(shape.size, *how,
                               []<class T, Addressing How>() { return move_store<T, How, false>; });
}

/// Calls `make.operator()<To, From>()` for the sizes given; null for a pair that is none.
template <bool Signed, class Make>
Handler by_extension(u32 to, u32 from, Make make) {
    using Byte = std::conditional_t<Signed, i8, u8>;
    using Word = std::conditional_t<Signed, i16, u16>;
    using Dword = std::conditional_t<Signed, i32, u32>;
    switch (to * 8 + from) {
        case 2 * 8 + 1: return make.template operator()<u16, Byte>();
        case 4 * 8 + 1: return make.template operator()<u32, Byte>();
        case 8 * 8 + 1: return make.template operator()<u64, Byte>();
        case 4 * 8 + 2: return make.template operator()<u32, Word>();
        case 8 * 8 + 2: return make.template operator()<u64, Word>();
        case 8 * 8 + 4: return make.template operator()<u64, Dword>();
        default: return nullptr;
    }
}

/// For particular registers: zero extension to 32 bits, MOVSXD.
template <class To, class From>
Handler extend_register_handler(const Op& op) {
    const bool high_byte = op.source % 8 != 0;
    constexpr bool common = sizeof(To) == 4 ? std::is_unsigned_v<From> : sizeof(From) == 4;
    if constexpr (common) {
        if (!high_byte) {
            return for_pair<To>(
                op, []<class Registers>() { return extend_register<To, From, Registers>; });
        }
    }
    return extend_register<To, From, AnyRegisters>;
}

template <bool Signed>
Choice choose_extension(const Instruction& instruction, const LoweringContext& context, Op& op) {
    const Form& form = form_of(instruction);
    const u32 to = operand_bytes(instruction, form.operands[0]);
    const u32 from = operand_bytes(instruction, form.operands[1]);
    op.destination = operand_register(instruction, 0, to);
    if (!instruction.is_memory()) {
        op.source = operand_register(instruction, 1, from);
        return ignoring_flags(by_extension<Signed>(to, from, [&]<class To, class From>() {
            return extend_register_handler<To, From>(op);
        }));
    }
    const auto how = lower_address(instruction, context, op, from);
    if (!how) return {};
    return by_address(*how, [&]<Addressing How>() {
        return by_extension<Signed>(to, from, [&]<class To, class From>() {
            return for_destination<To>(
                op, []<class Registers>() { return extend_load<To, From, How, Registers>; });
        });
    });
}

/// LEA is an address without the segment: only the forms whose cut is plain.
Choice choose_load_address(const Instruction& instruction, const LoweringContext& context, Op& op) {
    const u32 size = operand_bytes(instruction, form_of(instruction).operands[0]);
    Instruction plain = instruction;
    plain.segment = SegReg::Ds;
    LoweringContext anywhere = context;
    anywhere.mode = (context.mode & ~mode::AlignmentCheck) | mode::FlatData;
    if (instruction.address_size == 2) return {};
    const auto how = lower_address(plain, anywhere, op, 1);
    if (!how) return {};
    op.destination = operand_register(instruction, 0, size);
    return ignoring_flags(by_size_and_address(size, *how, [&]<class T, Addressing How>() {
        return for_base<T, How>(op,
                                []<class Registers>() { return load_address<T, How, Registers>; });
    }));
}

Handler choose_conditional_move(const Instruction& instruction, const LoweringContext& context,
                                Op& op) {
    const Shape shape = shape_of(instruction);
    op.code = instruction.opcode & 15;
    op.destination = operand_register(instruction, 0, shape.size);
    if (!shape.memory) {
        op.source = operand_register(instruction, 1, shape.size);
        return by_size(shape.size, []<class T>() { return move_if<T>; });
    }
    const auto how = lower_address(instruction, context, op, shape.size);
    if (!how) return {};
    return by_size_and_address(shape.size, *how,
                               []<class T, Addressing How>() { return move_if_load<T, How>; });
}

template <usize... Conditions>
Handler set_if_by_condition(u8 condition, std::index_sequence<Conditions...>) {
    static constexpr Handler handlers[] = {set_if<Conditions>...};
    return handlers[condition];
}

Choice choose_exchange(const Instruction& instruction, const LoweringContext& context, Op& op) {
    const Shape shape = shape_of(instruction);
    if (!shape.memory) {
        op.destination = operand_register(instruction, 0, shape.size);
        op.source = operand_register(instruction, 1, shape.size);
        return ignoring_flags(by_size(shape.size, []<class T>() { return exchange_registers<T>; }));
    }
    const auto how = lower_address(instruction, context, op, shape.size);
    if (!how) return {};
    op.source = operand_register(instruction, 1 - shape.memory_operand, shape.size);
    return by_size_and_address(shape.size, *how,
                               []<class T, Addressing How>() { return exchange_memory<T, How>; });
}

}  // namespace

Choice lower_move(const Instruction& instruction, const LoweringContext& context, Op& op) {
    switch (form_of(instruction).semantic) {
        case Semantic::mov: return choose_move(instruction, context, op);
        case Semantic::movzx: return choose_extension<false>(instruction, context, op);
        case Semantic::movsx: return choose_extension<true>(instruction, context, op);
        case Semantic::lea: return choose_load_address(instruction, context, op);
        case Semantic::cmovcc: return choose_conditional_move(instruction, context, op);
        case Semantic::xchg: return choose_exchange(instruction, context, op);
        case Semantic::nop: return ignoring_flags(nothing);
        case Semantic::setcc:
            if (instruction.is_memory()) return {};
            op.destination = register_offset(instruction.rm, 1, instruction.rex);
            return set_if_by_condition(instruction.opcode & 15, std::make_index_sequence<16>());
        case Semantic::cbw:
            switch (instruction.operand_size) {
                case 2: return ignoring_flags(widen_accumulator<u16, i8>);
                case 4: return ignoring_flags(widen_accumulator<u32, i16>);
                default: return ignoring_flags(widen_accumulator<u64, i32>);
            }
        case Semantic::cwd:
            switch (instruction.operand_size) {
                case 2: return ignoring_flags(spread_sign<u16, i16>);
                case 4: return ignoring_flags(spread_sign<u32, i32>);
                default: return ignoring_flags(spread_sign<u64, i64>);
            }
        case Semantic::bswap:
            if (instruction.operand_size == 2) return {};
            op.destination = register_offset(instruction.rm, 4, instruction.rex);
            return ignoring_flags(instruction.operand_size == 4 ? Handler{swap_bytes<u32>}
                                                                : swap_bytes<u64>);
        default: return {};
    }
}

}  // namespace cpu::interpreter
