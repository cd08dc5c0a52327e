// SPDX-License-Identifier: BSD-2-Clause
//
// What all handlers are made of: going on, leaving, registers, addresses and memory.
//
// A handler covers the plain course of its instruction. Where that fails (a page that is not in the
// first-level TLB and cannot be, a fault, a division that overflows) it has changed nothing yet,
// and hands the whole instruction to `slow`, which executes it through cpu::execute, once and
// exactly.
#pragma once

#include <cstring>

#include "cpu/arch/paging.hpp"
#include "cpu/core/vcpu.hpp"
#include "cpu/interpreter/interpreter.hpp"
#include "cpu/interpreter/op.hpp"
#include "cpu/mmu/access.hpp"

#if SATORI_TAIL_CALLS
#if defined(__clang__)
#define SATORI_TAIL_CALL __attribute__((musttail)) return
#else
#define SATORI_TAIL_CALL return  // gcc: a sibling call from -O2 on; tests/cpu checks the stack.
#endif
/// Runs the operation at `next`.
#define CONTINUE_AT(next)                                              \
    do {                                                               \
        const Op* const next_op = (next);                              \
        SATORI_TAIL_CALL next_op->handler(next_op, vcpu, tlb, status); \
    } while (0)
/// Back to the engine's loop. CpuState::rip is right and the budget settled.
#define LEAVE()                                        \
    do {                                               \
        vcpu->state.status = static_cast<u16>(status); \
        return;                                        \
    } while (0)
#define HAND_OVER_TO(function) SATORI_TAIL_CALL function(op, vcpu, tlb, status)
#else
#define SATORI_TAIL_CALL return
#define CONTINUE_AT(next) \
    return Next { (next), status }
#define LEAVE()                                        \
    do {                                               \
        vcpu->state.status = static_cast<u16>(status); \
        return Next{nullptr, 0};                       \
    } while (0)
#define HAND_OVER_TO(function) return function(op, vcpu, tlb, status)
#endif

#define HANDLER_ARGUMENTS                                                                       \
    [[maybe_unused]] const Op *op, [[maybe_unused]] Vcpu *vcpu, [[maybe_unused]] TlbEntry *tlb, \
        [[maybe_unused]] u32 status

namespace cpu::interpreter {

[[gnu::always_inline]] inline Interpreter& engine_of(const Vcpu* vcpu) {
    return *static_cast<Interpreter*>(vcpu->scratch.engine);
}

/// Executes the instruction at `op` through cpu::execute and goes on with the next operation, or
/// leaves if anything is to be seen to first.
Handled slow(HANDLER_ARGUMENTS);
/// The same for what ends a block, and for operations that stand for two instructions.
Handled slow_last(HANDLER_ARGUMENTS);
/// Operations whose only handler is cpu::execute.
Handled generic(HANDLER_ARGUMENTS);
Handled generic_last(HANDLER_ARGUMENTS);
/// Before an instruction that a debugger may want to stop at.
Handled look_for_debugger(HANDLER_ARGUMENTS);
/// In the place of each handler of a block whose bytes have changed.
Handled abandoned(HANDLER_ARGUMENTS);

/// RIP of an operation. 32-bit code wraps at 4 GiB.
inline u64 rip_in(const Vcpu& vcpu, i64 relative_to_page) {
    const u64 rip = vcpu.scratch.code_base + static_cast<u64>(relative_to_page);
    return vcpu.code_mode() == CodeMode::Bits64 ? rip : rip & 0xffff'ffff;
}

template <class T>
[[gnu::always_inline]] inline T get(const Vcpu* vcpu, u8 offset) {
    T value;
    std::memcpy(&value, reinterpret_cast<const u8*>(vcpu->state.gpr.data()) + offset, sizeof(T));
    return value;
}

template <class T>
[[gnu::always_inline]] inline void set(Vcpu* vcpu, u8 offset, T value) {
    u8* place = reinterpret_cast<u8*>(vcpu->state.gpr.data()) + offset;
    if constexpr (sizeof(T) == 4) {
        const u64 extended = value;
        std::memcpy(place, &extended, 8);
    } else {
        std::memcpy(place, &value, sizeof(T));
    }
}

enum class Addressing : u8 { Base, BaseIndex, RipRelative, General };

/// Op::segment_rule for Addressing::General: a kind, and the segment register in the low bits.
namespace segment_rule {
constexpr u8 SegmentMask = 7;
constexpr u8 Flat32 = 1 << 3;      // Cut to 32 bits; a flat segment.
constexpr u8 Based64 = 2 << 3;     // 64-bit code, FS or GS.
constexpr u8 Based64Cut = 3 << 3;  // The same with a 32-bit address size.
constexpr u8 Cut64 = 4 << 3;       // 64-bit code, 32-bit address size, no base.
constexpr u8 Checked32 = 5 << 3;   // Base, limit and type as they are.
constexpr u8 Checked16 = 6 << 3;
constexpr u8 KindMask = 7 << 3;
}  // namespace segment_rule

/// The linear address by Op::segment_rule, or a value no page holds if the segment forbids it.
u64 general_address(const Op* op, Vcpu* vcpu, u64 offset, Access access);

constexpr u64 forbidden_address = 0x8000'0000'0000'0000;  // Non-canonical.

/// Where a handler finds the numbers of its registers: in the operation. fixed_registers.hpp has
/// the alternatives.
struct AnyRegisters {
    static u8 destination(const Op* op) { return op->destination; }
    static u8 source(const Op* op) { return op->source; }
    static u8 base(const Op* op) { return op->base; }
    static u8 index(const Op* op) { return op->index; }
};

template <Addressing How, Access What, class Registers = AnyRegisters>
[[gnu::always_inline]] inline u64 address(const Op* op, Vcpu* vcpu) {
    const u64 displacement = static_cast<u64>(i64{op->displacement});
    if constexpr (How == Addressing::RipRelative) {
        return vcpu->scratch.code_base + displacement;
    } else if constexpr (How == Addressing::Base) {
        return get<u64>(vcpu, Registers::base(op)) + displacement;
    } else {
        const u64 offset = get<u64>(vcpu, Registers::base(op)) +
                           (get<u64>(vcpu, Registers::index(op)) << op->scale) + displacement;
        if constexpr (How == Addressing::BaseIndex) return offset;
        return general_address(op, vcpu, offset, What);
    }
}

/// What a handler does when its page is not in the first-level TLB: fills it and runs the operation
/// again, or hands over to `Otherwise`.
template <Handler Otherwise>
Handled refill_for_read(HANDLER_ARGUMENTS);
template <Handler Otherwise>
Handled refill_for_write(HANDLER_ARGUMENTS);

/// For handlers with two memory operands, whose pages may want the same entry: finds the page
/// without starting over. Null: take the slow road.
const u8* find_readable(Vcpu* vcpu, const TlbEntry* tlb, u64 linear, u64 size);
u8* find_writable(Vcpu* vcpu, const TlbEntry* tlb, u64 linear, u64 size);

[[gnu::always_inline]] inline const TlbEntry& entry_of(const TlbEntry* tlb, u64 linear) {
    return tlb[FirstLevelTlb::index_of(linear)];
}

template <usize Size>
[[gnu::always_inline]] inline bool in_page(u64 linear, u64 tag) {
    return linear - tag <= page_size - Size;
}

template <class T>
[[gnu::always_inline]] inline T load(const u8* host) {
    T value;
    std::memcpy(&value, host, sizeof(T));
    return value;
}

template <class T>
[[gnu::always_inline]] inline void store(u8* host, T value) {
    std::memcpy(host, &value, sizeof(T));
}

}  // namespace cpu::interpreter

/// Declares `host`, a pointer to the bytes of type T at a linear address, or leaves the handler for
/// `otherwise` (slow or slow_last).
#define FIND_READABLE(host, T, linear_address, otherwise)                         \
    const u64 host##_linear = (linear_address);                                   \
    const TlbEntry& host##_entry = entry_of(tlb, host##_linear);                  \
    if (!in_page<sizeof(T)>(host##_linear, host##_entry.read_tag)) [[unlikely]] { \
        engine_of(vcpu).missed = {host##_linear, sizeof(T)};                      \
        HAND_OVER_TO(refill_for_read<otherwise>);                                 \
    }                                                                             \
    const u8* const host = reinterpret_cast<const u8*>(host##_linear + host##_entry.addend)

#define FIND_WRITABLE(host, T, linear_address, otherwise)                          \
    const u64 host##_linear = (linear_address);                                    \
    const TlbEntry& host##_entry = entry_of(tlb, host##_linear);                   \
    if (!in_page<sizeof(T)>(host##_linear, host##_entry.write_tag)) [[unlikely]] { \
        engine_of(vcpu).missed = {host##_linear, sizeof(T)};                       \
        HAND_OVER_TO(refill_for_write<otherwise>);                                 \
    }                                                                              \
    u8* const host = reinterpret_cast<u8*>(host##_linear + host##_entry.addend)
