// SPDX-License-Identifier: BSD-2-Clause
//
// Descriptors as they stand in the tables (SDM 3A 3.4.5, 3.5, 5.8.3): segments, system segments and
// gates, and how the processor reads and marks them.
#pragma once

#include <optional>

#include "cpu/core/vcpu.hpp"

namespace cpu {

constexpr bool is_null_selector(u16 selector) { return (selector & 0xfffc) == 0; }
constexpr u8 rpl_of(u16 selector) { return selector & 3; }
constexpr u16 with_rpl(u16 selector, u8 rpl) { return static_cast<u16>((selector & 0xfffc) | rpl); }
constexpr bool is_local_selector(u16 selector) { return (selector & 4) != 0; }

struct Descriptor {
    u64 low = 0;
    u64 high = 0;     // The second half of those that have sixteen bytes in long mode.
    u64 address = 0;  // Linear, of the first byte.

    constexpr u16 attributes() const { return (low >> 40) & 0xf0ff; }
    constexpr bool has(u16 bits) const { return (attributes() & bits) == bits; }
    constexpr u8 dpl() const { return (attributes() >> 5) & 3; }
    constexpr bool present() const { return has(Segment::Present); }
    constexpr bool is_system() const { return !has(Segment::NonSystem); }
    constexpr SystemType system_type() const {
        return static_cast<SystemType>(attributes() & Segment::TypeMask);
    }
    constexpr bool is_system(SystemType type) const { return is_system() && system_type() == type; }
    constexpr bool is_code() const { return has(Segment::NonSystem | Segment::Code); }
    constexpr bool is_conforming_code() const { return is_code() && has(Segment::Conforming); }
    constexpr bool is_data() const { return !is_system() && !is_code(); }
    constexpr bool is_writable_data() const { return is_data() && has(Segment::Writable); }
    constexpr bool is_readable() const {
        return is_data() || (is_code() && has(Segment::Readable));
    }

    constexpr u32 limit() const {
        const auto raw = static_cast<u32>((low & 0xffff) | ((low >> 32) & 0xf0000));
        return has(Segment::Granular) ? raw << 12 | 0xfff : raw;
    }
    constexpr u64 base() const {
        return ((low >> 16) & 0xff'ffff) | (low >> 56) << 24 | high << 32;
    }
    constexpr Segment segment(u16 selector) const {
        return {.selector = selector, .attributes = attributes(), .limit = limit(), .base = base()};
    }

    // Of gates.
    constexpr bool is_16_bit_gate() const { return !has(0x8); }
    constexpr u16 gate_selector() const { return static_cast<u16>(low >> 16); }
    constexpr u64 gate_offset() const {
        if (is_16_bit_gate()) return low & 0xffff;
        return (low & 0xffff) | (low >> 48) << 16 | high << 32;
    }
    constexpr u8 gate_parameters() const { return (low >> 32) & 0x1f; }
    constexpr u8 interrupt_stack() const { return (low >> 32) & 7; }
};

/// Raises `vector` with the selector as error code.
Step raise_for(Vcpu& vcpu, Vector vector, u16 selector);

enum class Lookup : u8 {
    Found,
    Outside,  // Beyond the limit of its table, or there is no such table. Nothing was raised.
    Fault,    // Reading the table raised a fault.
};

/// Finds the descriptor of a selector that is not null. System descriptors are read with their
/// second half in long mode.
Lookup look_up_descriptor(Vcpu& vcpu, u16 selector, Descriptor& into);

/// The same; one outside its table raises `vector`.
std::optional<Descriptor> read_descriptor(Vcpu& vcpu, u16 selector, Vector vector = Vector::GP);

/// Sets the accessed bit of a segment's descriptor in its table, if it is clear.
[[nodiscard]] bool mark_accessed(Vcpu& vcpu, Descriptor& descriptor);

/// Sets or clears the busy bit of a TSS descriptor.
[[nodiscard]] bool mark_busy(Vcpu& vcpu, Descriptor& descriptor, bool busy);

/// An address as it is in this mode: 32 bits outside long mode.
inline u64 table_address(const Vcpu& vcpu, u64 linear) {
    return vcpu.long_mode() ? linear : linear & 0xffff'ffff;
}

/// Whether a descriptor's code would be 64-bit code.
/// An offset within such a segment, from an operand that may be wider.
u64 cut_to_code(const Vcpu& vcpu, const Descriptor& code, u64 offset);

inline bool is_long_code(const Vcpu& vcpu, const Descriptor& code) {
    return vcpu.long_mode() && code.has(Segment::Long);
}

/// Raises #GP(0) unless RIP may take this value in that code segment.
[[nodiscard]] bool check_target(Vcpu& vcpu, const Descriptor& code, u64 rip);

}  // namespace cpu
