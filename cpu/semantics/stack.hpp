// SPDX-License-Identifier: BSD-2-Clause
//
// The stack as PUSH, POP, CALL and RET use it: through SS, with a pointer of the stack's address
// size that is moved only when nothing can fail any more.
#pragma once

#include "cpu/core/vcpu.hpp"
#include "cpu/mmu/access.hpp"

namespace cpu::semantics {

/// Cut to the stack's address size: the pointer wraps within it.
inline u64 stack_offset(const Vcpu& vcpu, u64 pointer) {
    switch (vcpu.stack_address_size()) {
        case 2: return pointer & 0xffff;
        case 4: return pointer & 0xffff'ffff;
        default: return pointer;
    }
}

/// What rSP holds once it points to `pointer`: above a 16-bit stack's SP everything stays.
inline u64 stack_pointer_at(const Vcpu& vcpu, u64 pointer) {
    const u64 cut = stack_offset(vcpu, pointer);
    return vcpu.stack_address_size() == 2 ? (vcpu.state.reg(Gpr::Rsp) & ~u64{0xffff}) | cut : cut;
}

inline void set_stack_pointer(Vcpu& vcpu, u64 pointer) {
    vcpu.state.reg(Gpr::Rsp) = stack_pointer_at(vcpu, pointer);
}

/// `pointer` need not be cut yet.
template <class T>
std::optional<T> read_stack(Vcpu& vcpu, u64 pointer) {
    return read<T>(vcpu, SegReg::Ss, stack_offset(vcpu, pointer));
}

template <class T>
[[nodiscard]] bool write_stack(Vcpu& vcpu, u64 pointer, T value) {
    return write<T>(vcpu, SegReg::Ss, stack_offset(vcpu, pointer), value);
}

template <class T>
[[nodiscard]] bool push_value(Vcpu& vcpu, T value) {
    const u64 pointer = vcpu.state.reg(Gpr::Rsp) - sizeof(T);
    if (!write_stack<T>(vcpu, pointer, value)) return false;
    set_stack_pointer(vcpu, pointer);
    return true;
}

}  // namespace cpu::semantics
