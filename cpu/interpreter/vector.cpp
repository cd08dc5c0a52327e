// SPDX-License-Identifier: BSD-2-Clause
//
// Handlers of what the host computes for us: SSE, AVX and x87 instructions through native thunks.
// Addresses, alignment and the TLB are seen to here; the thunk gets a host pointer.
#include "cpu/fpu/native_thunks.hpp"
#include "cpu/interpreter/choose.hpp"
#include "cpu/interpreter/lowering.hpp"

namespace cpu::interpreter {

namespace {

/// A memory operand of this many bytes, for the macros that ask for a type.
template <usize Size>
struct Bytes {
    u8 bytes[Size];
};

/// False: an unmasked exception. The slow road meets it again, and raises it.
[[gnu::always_inline]] inline bool compute(const Op* op, Vcpu* vcpu, u8* memory, u32& status) {
    vcpu->state.status = static_cast<u16>(status);
    const auto thunk = reinterpret_cast<NativeThunk>(op->immediate);
    const bool good = thunk(vcpu->state, memory) == 0;
    status = vcpu->state.status;
    return good;
}

Handled native_register(HANDLER_ARGUMENTS) {
    if (!compute(op, vcpu, nullptr, status)) [[unlikely]]
        HAND_OVER_TO(slow);
    CONTINUE_AT(op + 1);
}

/// `Op::code`: the bits of the address that must be clear.
template <usize Size, Addressing How>
Handled native_load(HANDLER_ARGUMENTS) {
    FIND_READABLE(host, Bytes<Size>, (address<How, Access::Read>(op, vcpu)), slow);
    if (host_linear & op->code) [[unlikely]]
        HAND_OVER_TO(slow);
    if (!compute(op, vcpu, const_cast<u8*>(host), status)) [[unlikely]]
        HAND_OVER_TO(slow);
    CONTINUE_AT(op + 1);
}

template <usize Size, Addressing How>
Handled native_store(HANDLER_ARGUMENTS) {
    FIND_WRITABLE(host, Bytes<Size>, (address<How, Access::Write>(op, vcpu)), slow);
    if (host_linear & op->code) [[unlikely]]
        HAND_OVER_TO(slow);
    if (!compute(op, vcpu, host, status)) [[unlikely]]
        HAND_OVER_TO(slow);
    CONTINUE_AT(op + 1);
}

template <usize Size>
Handler choose_memory(Addressing how, bool stores) {
    return by_address(how, [&]<Addressing How>() -> Handler {
        return stores ? Handler{native_store<Size, How>} : native_load<Size, How>;
    });
}

Handler choose_by_bytes(u32 bytes, Addressing how, bool stores) {
    switch (bytes) {
        case 1: return choose_memory<1>(how, stores);
        case 2: return choose_memory<2>(how, stores);
        case 4: return choose_memory<4>(how, stores);
        case 8: return choose_memory<8>(how, stores);
        case 10: return choose_memory<10>(how, stores);
        case 16: return choose_memory<16>(how, stores);
        case 32: return choose_memory<32>(how, stores);
        default: return nullptr;
    }
}

/// The opcode as FOP has it is in the fields for registers, which these instructions have none of.
[[gnu::always_inline]] inline void keep_pointers(const Op* op, Vcpu* vcpu, u64 data) {
    X87State& x87 = vcpu->state.x87;
    x87.instruction_pointer = rip_in(*vcpu, op->offset);
    x87.instruction_selector = 0;
    if (x87_error_pending(*vcpu)) [[unlikely]] {
        x87.opcode = static_cast<u16>(op->destination << 8 | op->source);
        if (op->size != 0) {
            x87.data_pointer = data;
            x87.data_selector = 0;
        }
    }
}

/// False: the registers are not in the host's yet, or an error waits: the slow road sees to it.
[[gnu::always_inline]] inline bool compute_x87(const Op* op, Vcpu* vcpu, u8* memory, u64 data,
                                               u32& status) {
    if (!vcpu->x87_in_host || !compute(op, vcpu, memory, status)) [[unlikely]]
        return false;
    keep_pointers(op, vcpu, data);
    return true;
}

Handled x87_register(HANDLER_ARGUMENTS) {
    if (!compute_x87(op, vcpu, nullptr, 0, status)) [[unlikely]]
        HAND_OVER_TO(slow);
    CONTINUE_AT(op + 1);
}

template <usize Size, Addressing How>
Handled x87_load(HANDLER_ARGUMENTS) {
    FIND_READABLE(host, Bytes<Size>, (address<How, Access::Read>(op, vcpu)), slow);
    if (!compute_x87(op, vcpu, const_cast<u8*>(host), host_linear, status)) [[unlikely]] {
        HAND_OVER_TO(slow);
    }
    CONTINUE_AT(op + 1);
}

template <usize Size, Addressing How>
Handled x87_store(HANDLER_ARGUMENTS) {
    FIND_WRITABLE(host, Bytes<Size>, (address<How, Access::Write>(op, vcpu)), slow);
    if (!compute_x87(op, vcpu, host, host_linear, status)) [[unlikely]]
        HAND_OVER_TO(slow);
    CONTINUE_AT(op + 1);
}

template <usize Size>
Handler choose_x87_memory(Addressing how, bool stores) {
    return by_address(how, [&]<Addressing How>() -> Handler {
        return stores ? Handler{x87_store<Size, How>} : x87_load<Size, How>;
    });
}

Handler choose_x87_by_bytes(u32 bytes, Addressing how, bool stores) {
    switch (bytes) {
        case 2: return choose_x87_memory<2>(how, stores);
        case 4: return choose_x87_memory<4>(how, stores);
        case 8: return choose_x87_memory<8>(how, stores);
        case 10: return choose_x87_memory<10>(how, stores);
        default: return nullptr;
    }
}

const Operand* memory_operand_of(const Form& form) {
    for (usize i = 0; i < form.operand_count; ++i) {
        switch (form.operands[i].kind) {
            case OperandKind::Memory:
            case OperandKind::ModRmGpr:
            case OperandKind::ModRmVector:
            case OperandKind::ModRmMmx: return &form.operands[i];
            default: break;
        }
    }
    return nullptr;
}

/// 64-bit code, in which an operand's offset is its linear address, on a model that keeps pointers
/// the way keep_pointers() does.
Handler choose_x87(const Instruction& instruction, const LoweringContext& context, Op& op) {
    const bool plain = context.has(mode::X87) && context.code() == CodeMode::Bits64 &&
                       context.features.has(Feature::NoFcsFds) &&
                       context.features.has(Feature::FdpExceptionOnly);
    const auto thunk = plain && !instruction.lock ? x87_thunk(instruction) : nullptr;
    if (!thunk) return nullptr;
    Handler handler = x87_register;
    if (instruction.is_memory()) {
        const Operand* operand = memory_operand_of(form_of(instruction));
        if (!operand) return nullptr;
        const u32 bytes = operand_bytes(instruction, *operand);
        const auto how = lower_address(instruction, context, op, bytes);
        if (!how || *how == Addressing::General) return nullptr;
        handler = choose_x87_by_bytes(bytes, *how, operand->written);
    }
    op.immediate = reinterpret_cast<u64>(thunk);
    op.destination = instruction.opcode & 7;
    op.source = instruction.mod_rm;
    return handler;
}

bool available(const Form& form, const LoweringContext& context) {
    if (form.has(attribute::Avx)) return context.has(mode::Avx);
    if (form.has(attribute::Sse)) return context.has(mode::Sse);
    return false;
}

}  // namespace

Choice lower_vector(const Instruction& instruction, const LoweringContext& context, Op& op) {
    const Form& form = form_of(instruction);
    if (form.semantic == Semantic::x87) return choose_x87(instruction, context, op);
    if (form.semantic != Semantic::native || !available(form, context) || instruction.lock) {
        return nullptr;
    }
    const auto thunk = native_thunk(instruction);
    if (!thunk) return nullptr;
    Handler handler = native_register;
    if (instruction.is_memory()) {
        const Operand* operand = memory_operand_of(form);
        if (!operand) return nullptr;
        const u32 bytes = operand_bytes(instruction, *operand);
        const auto how = lower_address(instruction, context, op, bytes);
        if (!how) return nullptr;
        handler = choose_by_bytes(bytes, *how, operand->written);
        op.code = form.has(attribute::Aligned) ? static_cast<u8>(bytes - 1) : u8{0};
    }
    op.immediate = reinterpret_cast<u64>(thunk);
    return handler;
}

}  // namespace cpu::interpreter
