// SPDX-License-Identifier: BSD-2-Clause
//
// Stacks that control transfers write to, which need not be the current one: everything to be
// pushed is gathered first, then checked, and only then stored.
#pragma once

#include <array>
#include <optional>

#include "cpu/core/descriptor.hpp"
#include "cpu/mmu/access.hpp"

namespace cpu {

struct Stack {
    Segment segment;
    u64 pointer = 0;
    u8 address_size = 4;     // 2, 4 or 8; with 8 there are no segment limits.
    u8 cpl = 0;              // Of the code that will use it.
    u16 fault_selector = 0;  // Error code of a #SS: zero for the current stack.
    /// Where the segment came from, to be marked as accessed; absent if it is loaded already.
    std::optional<Descriptor> descriptor;
};

/// The stack in SS:RSP.
Stack current_stack(const Vcpu& vcpu);

/// The stack that the TSS has for an inner ring. Outside long mode SS is checked: #TS, #SS.
std::optional<Stack> inner_stack(Vcpu& vcpu, u8 cpl);

/// Long mode: the stack in entry 1 to 7 of the TSS's interrupt stack table.
std::optional<u64> interrupt_stack_pointer(Vcpu& vcpu, u8 entry);

/// What accesses of code at this level are allowed to touch.
Privilege privilege_at(const Vcpu& vcpu, u8 cpl);

/// The pointer moved by `distance`, wrapping as stacks of this address size do.
u64 moved_stack_pointer(u64 pointer, u64 distance, u8 address_size);

/// Takes over a stack pointer: narrower ones leave the upper part of RSP, as the hardware does.
void set_stack_pointer(CpuState& state, u8 address_size, u64 pointer);

class StackFrame {
public:
    explicit StackFrame(const Stack& stack) : stack_(stack), pointer_(stack.pointer) {}

    void push(u64 value, u8 bytes) { slots_[count_++] = {value, 0, bytes}; }

    /// Whether all of it can be stored: raises #SS or #PF if not.
    [[nodiscard]] bool prepare(Vcpu& vcpu);
    /// Stores it, and marks the stack segment as accessed.
    [[nodiscard]] bool store(Vcpu& vcpu);
    /// Makes it the current stack.
    void commit(Vcpu& vcpu) const;

    const Stack& stack() const { return stack_; }

private:
    struct Slot {
        u64 value;
        u64 linear;
        u8 bytes;
    };

    std::optional<u64> slot_address(Vcpu& vcpu, u64 offset, u8 bytes) const;

    Stack stack_;
    u64 pointer_;
    std::array<Slot, 48> slots_;  // 31 parameters and a frame's registers.
    usize count_ = 0;
};

/// A value of the current TSS; #TS(its selector) if the TSS ends before.
template <class T>
std::optional<T> read_tss(Vcpu& vcpu, u32 offset) {
    const Segment& tr = vcpu.state.tr;
    if (!tr.usable() || offset + sizeof(T) - 1 > tr.limit) {
        (void)raise_for(vcpu, Vector::TS, tr.selector);
        return std::nullopt;
    }
    return read_linear_as<T>(vcpu, table_address(vcpu, tr.base + offset), system_privilege(vcpu));
}

inline bool is_16_bit_tss(const Segment& tss) { return (tss.attributes & 0x8) == 0; }

}  // namespace cpu
