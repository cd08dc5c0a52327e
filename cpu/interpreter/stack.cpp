// SPDX-License-Identifier: BSD-2-Clause
//
// Handlers of PUSH, POP and LEAVE on a flat stack as wide as the code.
#include "cpu/interpreter/choose.hpp"
#include "cpu/interpreter/lowering.hpp"
#include "cpu/interpreter/operand_shape.hpp"

namespace cpu::interpreter {

namespace {

constexpr u8 rsp_offset = static_cast<u8>(Gpr::Rsp) * 8;
constexpr u8 rbp_offset = static_cast<u8>(Gpr::Rbp) * 8;

template <class T, bool Immediate>
Handled push(HANDLER_ARGUMENTS) {
    const T stack = static_cast<T>(get<T>(vcpu, rsp_offset) - sizeof(T));
    FIND_WRITABLE(host, T, (stack), slow);
    store<T>(host, Immediate ? static_cast<T>(op->immediate) : get<T>(vcpu, op->source));
    set<T>(vcpu, rsp_offset, stack);
    CONTINUE_AT(op + 1);
}

template <class T, Addressing How>
Handled push_memory(HANDLER_ARGUMENTS) {
    const u64 linear = address<How, Access::Read>(op, vcpu);
    const u8* from = find_readable(vcpu, tlb, linear, sizeof(T));
    if (!from) [[unlikely]]
        HAND_OVER_TO(slow);
    const T value = load<T>(from);
    const T stack = static_cast<T>(get<T>(vcpu, rsp_offset) - sizeof(T));
    u8* host = find_writable(vcpu, tlb, stack, sizeof(T));
    if (!host) [[unlikely]]
        HAND_OVER_TO(slow);
    store<T>(host, value);
    set<T>(vcpu, rsp_offset, stack);
    CONTINUE_AT(op + 1);
}

template <class T>
Handled pop(HANDLER_ARGUMENTS) {
    const T stack = get<T>(vcpu, rsp_offset);
    FIND_READABLE(host, T, (stack), slow);
    const T value = load<T>(host);
    set<T>(vcpu, rsp_offset, static_cast<T>(stack + sizeof(T)));
    set<T>(vcpu, op->destination, value);  // POP RSP: the value read wins.
    CONTINUE_AT(op + 1);
}

template <class T>
Handled leave(HANDLER_ARGUMENTS) {
    const T frame = get<T>(vcpu, rbp_offset);
    FIND_READABLE(host, T, (frame), slow);
    set<T>(vcpu, rsp_offset, static_cast<T>(frame + sizeof(T)));
    set<T>(vcpu, rbp_offset, load<T>(host));
    CONTINUE_AT(op + 1);
}

Handler choose_push(const Instruction& instruction, const LoweringContext& context, Op& op,
                    bool wide) {
    const Operand& operand = form_of(instruction).operands[0];
    if (detail::is_immediate(operand.kind)) {
        op.immediate = instruction.immediate;
        return wide ? Handler{push<u64, true>} : push<u32, true>;
    }
    const u8 number = detail::gpr_of(instruction, operand);
    if (number != no_register) {
        op.source = static_cast<u8>(number * 8);
        return wide ? Handler{push<u64, false>} : push<u32, false>;
    }
    const auto how = lower_address(instruction, context, op, wide ? 8 : 4);
    if (!how) return nullptr;
    return by_address(*how, [&]<Addressing How>() -> Handler {
        return wide ? Handler{push_memory<u64, How>} : push_memory<u32, How>;
    });
}

}  // namespace

Choice lower_stack(const Instruction& instruction, const LoweringContext& context, Op& op) {
    if (!context.has(mode::FlatStack) || context.has(mode::AlignmentCheck)) return nullptr;
    const bool wide = context.code() == CodeMode::Bits64;
    if (instruction.operand_size != (wide ? 8 : 4)) return nullptr;
    switch (form_of(instruction).semantic) {
        case Semantic::push: return choose_push(instruction, context, op, wide);
        case Semantic::pop: {
            const u8 number = detail::gpr_of(instruction, form_of(instruction).operands[0]);
            if (number == no_register) return nullptr;
            op.destination = static_cast<u8>(number * 8);
            return wide ? Handler{pop<u64>} : pop<u32>;
        }
        case Semantic::leave: return wide ? Handler{leave<u64>} : leave<u32>;
        default: return nullptr;
    }
}

}  // namespace cpu::interpreter
