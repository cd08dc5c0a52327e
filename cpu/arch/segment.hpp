// SPDX-License-Identifier: BSD-2-Clause
//
// Segment registers with their hidden part, and descriptor-table registers (SDM 3A 3.4).
#pragma once

#include "fabric/support/int_types.hpp"

namespace cpu {

/// A segment register: the selector, and the descriptor as it was when loaded.
struct Segment {
    u16 selector = 0;
    /// Bits 8-15 and 20-23 of the descriptor's second half, moved down by eight, as VMX and SVM
    /// keep them; `Unusable` where the descriptor has limit bits.
    u16 attributes = 0;
    u32 limit = 0;  // In bytes, inclusive: the granularity is already applied.
    u64 base = 0;

    static constexpr u16 TypeMask = 0x000f;
    static constexpr u16 Accessed = 0x0001;
    static constexpr u16 Writable = 0x0002;  // Of data; `Readable` of code.
    static constexpr u16 Readable = 0x0002;
    static constexpr u16 ExpandDown = 0x0004;  // Of data; `Conforming` of code.
    static constexpr u16 Conforming = 0x0004;
    static constexpr u16 Code = 0x0008;
    static constexpr u16 NonSystem = 0x0010;  // S
    static constexpr u16 Present = 0x0080;    // P
    static constexpr u16 Unusable = 0x0100;   // Loaded with a null selector.
    static constexpr u16 Available = 0x1000;  // AVL
    static constexpr u16 Long = 0x2000;       // L
    static constexpr u16 Big = 0x4000;        // D or B
    static constexpr u16 Granular = 0x8000;   // G

    constexpr u8 type() const { return attributes & TypeMask; }
    constexpr u8 dpl() const { return (attributes >> 5) & 3; }
    constexpr u8 rpl() const { return selector & 3; }
    constexpr bool has(u16 bits) const { return (attributes & bits) == bits; }
    constexpr bool usable() const { return (attributes & Unusable) == 0; }
    constexpr bool is_code() const { return has(NonSystem | Code); }

    bool operator==(const Segment&) const = default;

    template <class Self, class Visit>
    static constexpr void fields(Self& state, Visit& visit) {
        visit(1, "selector", state.selector);
        visit(2, "attributes", state.attributes);
        visit(3, "limit", state.limit);
        visit(4, "base", state.base);
    }
};

/// GDTR or IDTR.
struct TableRegister {
    u64 base = 0;
    u16 limit = 0xffff;

    bool operator==(const TableRegister&) const = default;

    template <class Self, class Visit>
    static constexpr void fields(Self& state, Visit& visit) {
        visit(1, "base", state.base);
        visit(2, "limit", state.limit);
    }
};

/// Types of system descriptors (SDM 3A table 3-2). The 64-bit ones share the 32-bit numbers.
enum class SystemType : u8 {
    Tss16Available = 1,
    Ldt = 2,
    Tss16Busy = 3,
    CallGate16 = 4,
    TaskGate = 5,
    InterruptGate16 = 6,
    TrapGate16 = 7,
    TssAvailable = 9,
    TssBusy = 11,
    CallGate = 12,
    InterruptGate = 14,
    TrapGate = 15,
};

}  // namespace cpu
