// SPDX-License-Identifier: BSD-2-Clause
//
// Handlers of near branches: jumps, calls, returns, and comparisons fused with the jump behind
// them. They take code without a limit (Mode FlatCode) whose branches are as wide as its addresses;
// the rest goes through cpu::execute.
#include <type_traits>
#include <utility>

#include "cpu/interpreter/chain.hpp"
#include "cpu/interpreter/choose.hpp"
#include "cpu/interpreter/lowering.hpp"
#include "cpu/interpreter/operand_shape.hpp"
#include "cpu/semantics/condition.hpp"
#include "cpu/semantics/integer.hpp"

namespace cpu::interpreter {

bool prepare_miss(Vcpu* vcpu, Exit& exit) {
    const u64 target = rip_in(*vcpu, exit.target);
    if (!is_canonical(target)) return false;
    vcpu->state.rip = target;
    engine_of(vcpu).ask_to_link(exit);
    return true;
}

/// The branch faults. What this operation did before it stays done.
static Handled branch_alone(HANDLER_ARGUMENTS) {
    if (op->remaining <= 1) HAND_OVER_TO(slow_last);
    vcpu->budget += 1;
    vcpu->state.rip = rip_in(*vcpu, op->exits->branch);
    LEAVE();
}

[[gnu::noinline]] Handled missed_taken(HANDLER_ARGUMENTS) {
    if (!prepare_miss(vcpu, op->exits->taken)) HAND_OVER_TO(branch_alone);
    LEAVE();
}

[[gnu::noinline]] Handled missed_next(HANDLER_ARGUMENTS) {
    if (!prepare_miss(vcpu, op->exits->next)) HAND_OVER_TO(branch_alone);
    LEAVE();
}

namespace {

constexpr u8 rsp_offset = static_cast<u8>(Gpr::Rsp) * 8;

Handled fall_through(HANDLER_ARGUMENTS) { GO_TO(next); }

Handled jump(HANDLER_ARGUMENTS) { GO_TO(taken); }

template <u8 Condition>
Handled jump_if(HANDLER_ARGUMENTS) {
    if (alu::condition(static_cast<u16>(status), Condition)) GO_TO(taken);
    GO_TO(next);
}

/// The return address of a near call.
template <class T>
[[gnu::always_inline]] inline T after_call(const Op* op, const Vcpu* vcpu) {
    return static_cast<T>(vcpu->scratch.code_base + static_cast<u64>(op->exits->next.target));
}

/// The first time, and where the budget ends: the push waits until the target is known to be good.
template <class T>
[[gnu::noinline]] Handled call_without_link(HANDLER_ARGUMENTS) {
    const T stack = static_cast<T>(get<T>(vcpu, rsp_offset) - sizeof(T));
    FIND_WRITABLE(host, T, (stack), slow_last);
    if (!prepare_miss(vcpu, op->exits->taken)) HAND_OVER_TO(slow_last);
    store<T>(host, after_call<T>(op, vcpu));
    set<T>(vcpu, rsp_offset, stack);
    LEAVE();
}

template <class T>
Handled call(HANDLER_ARGUMENTS) {
    const T stack = static_cast<T>(get<T>(vcpu, rsp_offset) - sizeof(T));
    FIND_WRITABLE(host, T, (stack), slow_last);
    const Exit& exit = op->exits->taken;
    const Block* const there = exit.block;
    if (!is_linked(vcpu, exit) || !pay_for(vcpu, there)) [[unlikely]] {
        HAND_OVER_TO(call_without_link<T>);
    }
    store<T>(host, after_call<T>(op, vcpu));
    set<T>(vcpu, rsp_offset, stack);
    if (exit.context != 0) vcpu->scratch.code_base += static_cast<u64>(exit.page_step);
    CONTINUE_AT(there->ops);
}

template <class T>
Handled return_near(HANDLER_ARGUMENTS) {
    const T stack = get<T>(vcpu, rsp_offset);
    FIND_READABLE(host, T, (stack), slow_last);
    const T target = load<T>(host);
    if (!is_canonical(target)) [[unlikely]]
        HAND_OVER_TO(slow_last);
    set<T>(vcpu, rsp_offset, static_cast<T>(stack + sizeof(T) + op->immediate));
    GO_TO_RIP(target);
}

template <class T>
Handled jump_register(HANDLER_ARGUMENTS) {
    const T target = get<T>(vcpu, op->destination);
    if (!is_canonical(target)) [[unlikely]]
        HAND_OVER_TO(slow_last);
    GO_TO_RIP(target);
}

template <class T, Addressing How>
Handled jump_memory(HANDLER_ARGUMENTS) {
    FIND_READABLE(host, T, (address<How, Access::Read>(op, vcpu)), slow_last);
    const T target = load<T>(host);
    if (!is_canonical(target)) [[unlikely]]
        HAND_OVER_TO(slow_last);
    GO_TO_RIP(target);
}

/// False: the push cannot be done here, and nothing has changed.
template <class T>
[[gnu::always_inline]] inline bool push_return(const Op* op, Vcpu* vcpu, const TlbEntry* tlb) {
    const T stack = static_cast<T>(get<T>(vcpu, rsp_offset) - sizeof(T));
    u8* host = find_writable(vcpu, tlb, stack, sizeof(T));
    if (!host) [[unlikely]]
        return false;
    store<T>(host, static_cast<T>(rip_in(*vcpu, static_cast<i64>(op->immediate))));
    set<T>(vcpu, rsp_offset, stack);
    return true;
}

template <class T>
Handled call_register(HANDLER_ARGUMENTS) {
    const T target = get<T>(vcpu, op->destination);
    if (!is_canonical(target) || !push_return<T>(op, vcpu, tlb)) [[unlikely]] {
        HAND_OVER_TO(slow_last);
    }
    GO_TO_RIP(target);
}

template <class T, Addressing How>
Handled call_memory(HANDLER_ARGUMENTS) {
    const u64 linear = address<How, Access::Read>(op, vcpu);
    const u8* host = find_readable(vcpu, tlb, linear, sizeof(T));
    if (!host) [[unlikely]]
        HAND_OVER_TO(slow_last);
    const T target = load<T>(host);
    if (!is_canonical(target) || !push_return<T>(op, vcpu, tlb)) [[unlikely]] {
        HAND_OVER_TO(slow_last);
    }
    GO_TO_RIP(target);
}

template <usize... Conditions>
constexpr auto jump_table(std::index_sequence<Conditions...>) {
    return std::array<Handler, sizeof...(Conditions)>{jump_if<Conditions>...};
}

constexpr auto conditions = std::make_index_sequence<16>();

/// Near branches as wide as the code, into code without a limit.
bool plain_branch(const Instruction& instruction, const LoweringContext& context) {
    if (!context.has(mode::FlatCode)) return false;
    if (context.code() == CodeMode::Bits64) return true;
    return context.code() == CodeMode::Bits32 && instruction.operand_size == 4;
}

bool plain_stack(const LoweringContext& context) {
    return context.has(mode::FlatStack) && !context.has(mode::AlignmentCheck);
}

Exits* make_exits(const Instruction& instruction, const LoweringContext& context) {
    const i64 next = i64{context.offset} + instruction.length;
    Exits* exits = context.cache.allocate_exits();
    exits->branch = context.offset;
    exits->next = make_exit(next);
    exits->taken = make_exit(next + static_cast<i64>(instruction.immediate));
    return exits;
}

template <template <class> class OfWidth>
Handler by_code(const LoweringContext& context) {
    return context.code() == CodeMode::Bits64 ? OfWidth<u64>::handler : OfWidth<u32>::handler;
}

template <class T>
struct Call {
    static constexpr Handler handler = call<T>;
};
template <class T>
struct ReturnNear {
    static constexpr Handler handler = return_near<T>;
};
template <class T>
struct JumpRegister {
    static constexpr Handler handler = jump_register<T>;
};
template <class T>
struct CallRegister {
    static constexpr Handler handler = call_register<T>;
};

Handler choose_indirect(const Instruction& instruction, const LoweringContext& context, Op& op,
                        bool is_call) {
    const u32 size = context.code() == CodeMode::Bits64 ? 8 : 4;
    if (is_call) op.immediate = u64{context.offset} + instruction.length;
    if (!instruction.is_memory()) {
        op.destination = static_cast<u8>(instruction.rm * 8);
        return is_call ? by_code<CallRegister>(context) : by_code<JumpRegister>(context);
    }
    const auto how = lower_address(instruction, context, op, size);
    if (!how) return nullptr;
    return by_address(*how, [&]<Addressing How>() -> Handler {
        if (size == 8) return is_call ? Handler{call_memory<u64, How>} : jump_memory<u64, How>;
        return is_call ? Handler{call_memory<u32, How>} : jump_memory<u32, How>;
    });
}

}  // namespace

Op lower_fall_through(BlockCache& cache, i64 target) {
    Op op;
    op.handler = fall_through;
    op.exits = cache.allocate_exits();
    op.exits->next = make_exit(target);
    return op;
}

Choice lower_branch(const Instruction& instruction, const LoweringContext& context, Op& op) {
    if (!plain_branch(instruction, context)) return nullptr;
    Choice choice;
    switch (form_of(instruction).semantic) {
        case Semantic::jmp_relative: op.exits = make_exits(instruction, context); return jump;
        case Semantic::jcc:
            op.exits = make_exits(instruction, context);
            op.code = instruction.opcode & 15;
            choice = jump_table(conditions)[op.code];
            choice.part.kind = Part::Kind::Jump;
            return choice;
        case Semantic::call_relative:
            if (!plain_stack(context)) return nullptr;
            op.exits = make_exits(instruction, context);
            return by_code<Call>(context);
        case Semantic::ret_near:
            if (!plain_stack(context)) return nullptr;
            op.immediate = instruction.immediate & 0xffff;
            return by_code<ReturnNear>(context);
        case Semantic::jmp_near: return choose_indirect(instruction, context, op, false);
        case Semantic::call_near:
            if (!plain_stack(context)) return nullptr;
            return choose_indirect(instruction, context, op, true);
        default: return nullptr;
    }
}

}  // namespace cpu::interpreter
