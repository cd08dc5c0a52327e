// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/core/descriptor.hpp"

#include "cpu/arch/paging.hpp"
#include "cpu/mmu/access.hpp"

namespace cpu {

namespace {

constexpr u64 access_byte = 5;  // Of the eight: P, DPL, S and type.
constexpr u64 busy_bit = u64{2} << 40;

bool write_access_byte(Vcpu& vcpu, const Descriptor& descriptor) {
    const u64 address = table_address(vcpu, descriptor.address + access_byte);
    return write_linear_as(vcpu, address, static_cast<u8>(descriptor.low >> 40),
                           system_privilege(vcpu));
}

}  // namespace

Step raise_for(Vcpu& vcpu, Vector vector, u16 selector) {
    return vcpu.raise(vector, selector & 0xfffcu);
}

Lookup look_up_descriptor(Vcpu& vcpu, u16 selector, Descriptor& into) {
    const CpuState& state = vcpu.state;
    const u32 offset = selector & 0xfff8u;
    const bool local = is_local_selector(selector);
    if (local && !state.ldtr.usable()) return Lookup::Outside;
    const u64 base = local ? state.ldtr.base : state.gdtr.base;
    const u64 limit = local ? state.ldtr.limit : state.gdtr.limit;
    if (offset + 7u > limit) return Lookup::Outside;

    into = {.address = table_address(vcpu, base + offset)};
    const auto low = read_linear_as<u64>(vcpu, into.address, system_privilege(vcpu));
    if (!low) return Lookup::Fault;
    into.low = *low;
    if (!vcpu.long_mode() || !into.is_system()) return Lookup::Found;

    if (offset + 15u > limit) return Lookup::Outside;
    const auto high = read_linear_as<u64>(vcpu, into.address + 8, system_privilege(vcpu));
    if (!high) return Lookup::Fault;
    into.high = *high;
    return Lookup::Found;
}

std::optional<Descriptor> read_descriptor(Vcpu& vcpu, u16 selector, Vector vector) {
    Descriptor found;
    const Lookup lookup = look_up_descriptor(vcpu, selector, found);
    if (lookup == Lookup::Found) return found;
    if (lookup == Lookup::Outside) (void)raise_for(vcpu, vector, selector);
    return std::nullopt;
}

bool mark_accessed(Vcpu& vcpu, Descriptor& descriptor) {
    if (descriptor.is_system() || descriptor.has(Segment::Accessed)) return true;
    descriptor.low |= u64{Segment::Accessed} << 40;
    return write_access_byte(vcpu, descriptor);
}

bool mark_busy(Vcpu& vcpu, Descriptor& descriptor, bool busy) {
    descriptor.low = busy ? descriptor.low | busy_bit : descriptor.low & ~busy_bit;
    return write_access_byte(vcpu, descriptor);
}

u64 cut_to_code(const Vcpu& vcpu, const Descriptor& code, u64 offset) {
    return is_long_code(vcpu, code) ? offset : static_cast<u32>(offset);
}

bool check_target(Vcpu& vcpu, const Descriptor& code, u64 rip) {
    const bool fits = is_long_code(vcpu, code) ? is_canonical(rip) : rip <= code.limit();
    if (!fits) (void)vcpu.raise(Vector::GP, 0);
    return fits;
}

}  // namespace cpu
