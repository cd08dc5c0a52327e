// SPDX-License-Identifier: BSD-2-Clause
//
// How instructions reach memory. Three levels, each on top of the next:
//   by segment   linear_address() applies base, limit, type and canonical checks
//   by linear address   read_linear(), write_linear(): paging, data breakpoints, page crossing,
//   MMIO by physical address read_physical(), write_physical(): page tables, SMRAM
// A failed access returns nothing or false with Vcpu::exception set, and has changed nothing: a
// write over two pages checks both before the first byte is stored.
#pragma once

#include <concepts>
#include <cstring>
#include <optional>
#include <span>

#include "cpu/core/vcpu.hpp"

namespace cpu {

enum class Access : u8 { Read, Write, Execute };

/// The privilege of the program's own accesses: CPL, and for SMAP also RFLAGS.AC.
Privilege data_privilege(const Vcpu& vcpu);
/// Of accesses the processor makes for itself: descriptor tables, TSS, stacks of inner rings.
Privilege system_privilege(const Vcpu& vcpu);

/// Applies the segment to an offset already cut to its address size; `size` bytes will be accessed.
/// Raises #GP(0) or #SS(0), or #AC(0) for a misaligned access where that is on.
std::optional<u64> linear_address(Vcpu& vcpu, SegReg segment, u64 offset, usize size,
                                  Access access);
/// Without #AC: masked moves, gathers and areas.
std::optional<u64> linear_address_at_any_alignment(Vcpu& vcpu, SegReg segment, u64 offset,
                                                   usize size, Access access);
/// Raises #AC(0), and returns true, where an item of an area is misaligned and that is asked for.
bool alignment_fault(Vcpu& vcpu, u64 linear, usize size);

/// The checked slow road for any size up to 4096 bytes; any alignment.
[[nodiscard]] bool read_linear(Vcpu& vcpu, u64 linear, std::span<u8> into, Privilege who);
[[nodiscard]] bool write_linear(Vcpu& vcpu, u64 linear, std::span<const u8> from, Privilege who);
/// Makes sure that a following access cannot fault (page faults and data breakpoints aside).
[[nodiscard]] bool probe_linear(Vcpu& vcpu, u64 linear, usize size, Access access, Privilege who);

/// A pointer to a page's bytes at `linear` for reading or writing `size` bytes, or null if the
/// access crosses a page, is not plain memory, must be told to somebody, or would fault: then the
/// slow road is the one to take. Never raises.
u8* host_pointer(Vcpu& vcpu, u64 linear, usize size, Access access, Privilege who);
/// The same for whoever may yet take another road: null also where the page tables would have to be
/// walked, so that nothing the guest can see has happened.
u8* known_host_pointer(Vcpu& vcpu, u64 linear, usize size, Access access, Privilege who);

u64 read_physical(Vcpu& vcpu, u64 address, usize size);
/// Within one page.
void read_physical_bytes(Vcpu& vcpu, u64 address, std::span<u8> into);
void write_physical(Vcpu& vcpu, u64 address, usize size, u64 value);

template <class T>
std::optional<T> read_linear_as(Vcpu& vcpu, u64 linear, Privilege who) {
    T value;
    if (const u8* host = host_pointer(vcpu, linear, sizeof(T), Access::Read, who)) {
        std::memcpy(&value, host, sizeof(T));
        return value;
    }
    if (!read_linear(vcpu, linear, {reinterpret_cast<u8*>(&value), sizeof(T)}, who)) {
        return std::nullopt;
    }
    return value;
}

template <class T>
[[nodiscard]] bool write_linear_as(Vcpu& vcpu, u64 linear, const T& value, Privilege who) {
    if (u8* host = host_pointer(vcpu, linear, sizeof(T), Access::Write, who)) {
        std::memcpy(host, &value, sizeof(T));
        return true;
    }
    return write_linear(vcpu, linear, {reinterpret_cast<const u8*>(&value), sizeof(T)}, who);
}

/// A data access of the running program through a segment.
template <class T>
std::optional<T> read(Vcpu& vcpu, SegReg segment, u64 offset) {
    const auto linear = linear_address(vcpu, segment, offset, sizeof(T), Access::Read);
    if (!linear) return std::nullopt;
    return read_linear_as<T>(vcpu, *linear, data_privilege(vcpu));
}

template <class T>
[[nodiscard]] bool write(Vcpu& vcpu, SegReg segment, u64 offset, const T& value) {
    const auto linear = linear_address(vcpu, segment, offset, sizeof(T), Access::Write);
    return linear && write_linear_as(vcpu, *linear, value, data_privilege(vcpu));
}

/// A read-modify-write, located for writing before anything is read, as the processor does it: a
/// read-only page faults as a write, and no fault can come between the two halves. `change` maps
/// the old value to the new one; with nothing to write it still counts as a write.
template <class T, std::invocable<T> Change>
[[nodiscard]] bool update(Vcpu& vcpu, SegReg segment, u64 offset, Change change) {
    const auto linear = linear_address(vcpu, segment, offset, sizeof(T), Access::Write);
    if (!linear) return false;
    const Privilege who = data_privilege(vcpu);
    if (u8* host = host_pointer(vcpu, *linear, sizeof(T), Access::Write, who)) {
        T value;
        std::memcpy(&value, host, sizeof(T));
        value = change(value);
        std::memcpy(host, &value, sizeof(T));
        return true;
    }
    if (!probe_linear(vcpu, *linear, sizeof(T), Access::Write, who)) return false;
    const auto old = read_linear_as<T>(vcpu, *linear, who);
    return old && write_linear_as<T>(vcpu, *linear, change(*old), who);
}

}  // namespace cpu
