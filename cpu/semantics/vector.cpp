// SPDX-License-Identifier: BSD-2-Clause
//
// MMX, SSE and AVX: what the host computes, and the instructions whose memory operands depend on a
// mask or on indices (SDM 2A-2C).
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>

#include "cpu/fpu/guest_fp_scope.hpp"
#include "cpu/fpu/native_execution.hpp"
#include "cpu/mmu/access.hpp"
#include "cpu/semantics/operands.hpp"
#include "cpu/semantics/semantics.hpp"

namespace cpu::semantics {

namespace {

using Lanes = std::array<u8, 32>;

Lanes read_vector(const CpuState& state, u8 number) {
    return std::bit_cast<Lanes>(state.vector[number].lanes);
}

/// What is above the vector length becomes zero.
void write_vector(CpuState& state, u8 number, Lanes value, usize length) {
    std::memset(value.data() + length, 0, value.size() - length);
    state.vector[number].lanes = std::bit_cast<std::array<u64, 4>>(value);
}

usize vector_length(const Instruction& instruction) { return instruction.vex_256 ? 32 : 16; }

u64 read_element(const Lanes& lanes, usize at, usize size) {
    u64 value = 0;
    std::memcpy(&value, lanes.data() + at, size);
    return value;
}

bool is_selected(const Lanes& mask, usize at, usize size) {
    return (mask[at + size - 1] & 0x80) != 0;
}

/// Bytes from the first selected element to the end of the last one. Both of its ends are accessed,
/// and it spans at most two pages: an access of all of it faults just when one of the elements
/// would.
struct Extent {
    usize begin = 0;
    usize end = 0;
    bool empty() const { return begin == end; }
    usize size() const { return end - begin; }
};

Extent selected_extent(const Lanes& mask, usize length, usize element) {
    Extent extent;
    for (usize at = 0; at < length; at += element) {
        if (!is_selected(mask, at, element)) continue;
        if (extent.empty()) extent.begin = at;
        extent.end = at + element;
    }
    return extent;
}

/// The linear address of byte `extent.begin` of the operand at `offset`.
std::optional<u64> locate(Vcpu& vcpu, const Instruction& instruction, u64 offset, Extent extent,
                          Access access) {
    u64 first = offset + extent.begin;
    if (instruction.mode != CodeMode::Bits64) first &= 0xffff'ffff;
    return linear_address_at_any_alignment(vcpu, instruction.segment, first, extent.size(), access);
}

/// Stores the selected elements, each run of neighbours in one piece.
Step store_selected(Vcpu& vcpu, const Instruction& instruction, u64 offset, const Lanes& data,
                    const Lanes& mask, usize length, usize element) {
    const Extent extent = selected_extent(mask, length, element);
    if (extent.empty()) return Step::Next;
    const auto linear = locate(vcpu, instruction, offset, extent, Access::Write);
    if (!linear) return Step::Fault;
    const Privilege who = data_privilege(vcpu);
    if (!probe_linear(vcpu, *linear, extent.size(), Access::Write, who)) return Step::Fault;
    for (usize at = extent.begin; at < extent.end;) {
        usize end = at;
        while (end < extent.end && is_selected(mask, end, element)) end += element;
        if (end == at) {
            at += element;
            continue;
        }
        const std::span<const u8> run{data.data() + at, end - at};
        if (!write_linear(vcpu, *linear + (at - extent.begin), run, who)) return Step::Fault;
        at = end;
    }
    return Step::Next;
}

/// VMASKMOVPS and VMASKMOVPD have opcodes of their own; VPMASKMOV has W.
usize mask_element(const Instruction& instruction) {
    if (instruction.opcode >= 0x8c) return instruction.rex_w ? 8 : 4;
    return instruction.opcode & 1 ? 8 : 4;
}

/// MM registers lie in the x87's, by physical number.
u64 read_mmx(const X87State& x87, u8 number) {
    const u32 top = (x87.status >> 11) & 7;
    return x87.st[(number - top) & 7].significand;
}

Lanes mmx_lanes(const X87State& x87, u8 number) {
    Lanes lanes{};
    const u64 value = read_mmx(x87, number & 7);
    std::memcpy(lanes.data(), &value, sizeof(value));
    return lanes;
}

/// What every MMX instruction but EMMS does to the x87: TOP = 0, all registers in use.
void enter_mmx_state(Vcpu& vcpu) {
    load_x87(vcpu);
    u64 ignored = 0;
    asm volatile("movq %%mm0, %0" : "=m"(ignored));
}

/// DS:rDI, or another segment.
u64 maskmov_offset(const Vcpu& vcpu, const Instruction& instruction, usize at) {
    const u64 offset = vcpu.state.reg(Gpr::Rdi) + at;
    if (instruction.address_size == 2) return offset & 0xffff;
    return instruction.address_size == 4 ? offset & 0xffff'ffff : offset;
}

/// Processors look at all eight bytes, whatever the mask selects (SDM 2A, MASKMOVDQU).
bool can_store_half(Vcpu& vcpu, const Instruction& instruction, usize at) {
    const u64 offset = maskmov_offset(vcpu, instruction, at);
    const auto linear =
        linear_address_at_any_alignment(vcpu, instruction.segment, offset, 8, Access::Write);
    return linear && !alignment_fault(vcpu, *linear, 8) &&
           probe_linear(vcpu, *linear, 8, Access::Write, data_privilege(vcpu));
}

Step store_half(Vcpu& vcpu, const Instruction& instruction, usize at, const Lanes& data,
                const Lanes& mask) {
    Lanes part{};
    Lanes selected{};
    std::copy_n(data.begin() + at, 8, part.begin());
    std::copy_n(mask.begin() + at, 8, selected.begin());
    const u64 offset = maskmov_offset(vcpu, instruction, at);
    return store_selected(vcpu, instruction, offset, part, selected, 8, 1);
}

Step store_masked_mmx(Vcpu& vcpu, const Instruction& instruction) {
    const GuestFpScope guest_fp(vcpu);
    if (x87_error_pending(vcpu)) return report_x87_error(vcpu);
    if (!can_store_half(vcpu, instruction, 0)) return Step::Fault;
    save_x87(vcpu);
    const Lanes data = mmx_lanes(vcpu.state.x87, instruction.reg);
    const Lanes mask = mmx_lanes(vcpu.state.x87, instruction.rm);
    const Step stored = store_half(vcpu, instruction, 0, data, mask);
    if (stored == Step::Next) enter_mmx_state(vcpu);
    return stored;
}

struct GatherShape {
    usize element;  // Bytes of data.
    usize index;    // Bytes of an index.
    usize count;
};

GatherShape gather_shape(const Instruction& instruction) {
    const usize element = instruction.rex_w ? 8 : 4;
    const usize index = instruction.opcode & 1 ? 8 : 4;
    return {element, index, vector_length(instruction) / std::max(element, index)};
}

u64 gather_offset(const Vcpu& vcpu, const Instruction& instruction, const Lanes& indices,
                  const GatherShape& shape, usize which) {
    const u64 raw = read_element(indices, which * shape.index, shape.index);
    const u64 index = shape.index == 8 ? raw : static_cast<u64>(i64{static_cast<i32>(raw)});
    const u64 offset = vcpu.state.gpr[instruction.base] + (index << instruction.scale) +
                       static_cast<u64>(i64{instruction.displacement});
    return instruction.address_size == 4 ? static_cast<u32>(offset) : offset;
}

template <class T>
bool load_element(Vcpu& vcpu, const Instruction& instruction, u64 offset, T& into) {
    const auto linear =
        linear_address_at_any_alignment(vcpu, instruction.segment, offset, sizeof(T), Access::Read);
    if (!linear) return false;
    const auto value = read_linear_as<T>(vcpu, *linear, data_privilege(vcpu));
    if (value) into = *value;
    return value.has_value();
}

/// Elements are loaded in order; each one done has its mask cleared, so that after a fault the
/// instruction goes on where it stopped (SDM 2C, VPGATHERDD).
template <class T>
Step gather_elements(Vcpu& vcpu, const Instruction& instruction, const GatherShape& shape) {
    using Elements = std::array<T, sizeof(Lanes) / sizeof(T)>;
    const Lanes indices = read_vector(vcpu.state, instruction.index);
    auto data = std::bit_cast<Elements>(read_vector(vcpu.state, instruction.reg));
    auto mask = std::bit_cast<Elements>(read_vector(vcpu.state, instruction.vvvv));
    const usize used = shape.count * sizeof(T);
    const usize width = vector_length(instruction);
    constexpr unsigned sign = 8 * sizeof(T) - 1;
    for (T& each : std::span(mask).first(width / sizeof(T))) each = T{0} - (each >> sign);
    bool some_done = false;
    for (usize i = 0; i < shape.count; ++i) {
        if (mask[i] == 0) continue;
        const u64 offset = gather_offset(vcpu, instruction, indices, shape, i);
        if (!load_element(vcpu, instruction, offset, data[i])) {
            if (some_done) {
                write_vector(vcpu.state, instruction.reg, std::bit_cast<Lanes>(data), width);
            }
            write_vector(vcpu.state, instruction.vvvv, std::bit_cast<Lanes>(mask), width);
            // What is done is a place to trap at, before the fault is met again.
            const bool stepping = (vcpu.state.other_flags & rflags::TF) != 0;
            return some_done && stepping ? Step::Repeat : Step::Fault;
        }
        mask[i] = 0;
        some_done = true;
    }
    write_vector(vcpu.state, instruction.reg, std::bit_cast<Lanes>(data), used);
    write_vector(vcpu.state, instruction.vvvv, {}, used);
    return Step::Next;
}

}  // namespace

Step native(Vcpu& vcpu, const Instruction& instruction) {
    const GuestFpScope guest_fp(vcpu);
    if (form_of(instruction).has(attribute::Mmx)) {
        if (x87_error_pending(vcpu)) return report_x87_error(vcpu);
        load_x87(vcpu);
    }
    return execute_natively(vcpu, instruction);
}

/// MASKMOVQ and MASKMOVDQU. The latter is two stores, the upper one's offset cut to the address
/// size for itself, and looked at first (measured on a Sapphire Rapids).
Step maskmov(Vcpu& vcpu, const Instruction& instruction) {
    if (form_of(instruction).has(attribute::Mmx)) return store_masked_mmx(vcpu, instruction);
    if (!can_store_half(vcpu, instruction, 8) || !can_store_half(vcpu, instruction, 0)) {
        return Step::Fault;
    }
    const Lanes data = read_vector(vcpu.state, instruction.reg);
    const Lanes mask = read_vector(vcpu.state, instruction.rm);
    const Step upper = store_half(vcpu, instruction, 8, data, mask);
    return upper == Step::Next ? store_half(vcpu, instruction, 0, data, mask) : upper;
}

Step maskmov_load(Vcpu& vcpu, const Instruction& instruction) {
    const usize length = vector_length(instruction);
    const usize element = mask_element(instruction);
    const Lanes mask = read_vector(vcpu.state, instruction.vvvv);
    Lanes data{};
    const Extent extent = selected_extent(mask, length, element);
    if (!extent.empty()) {
        const u64 offset = effective_offset(vcpu, instruction);
        const auto linear = locate(vcpu, instruction, offset, extent, Access::Read);
        if (!linear) return Step::Fault;
        const std::span<u8> into{data.data() + extent.begin, extent.size()};
        if (!read_linear(vcpu, *linear, into, data_privilege(vcpu))) return Step::Fault;
    }
    for (usize at = 0; at < length; at += element) {
        if (!is_selected(mask, at, element)) std::memset(data.data() + at, 0, element);
    }
    write_vector(vcpu.state, instruction.reg, data, length);
    return Step::Next;
}

Step maskmov_store(Vcpu& vcpu, const Instruction& instruction) {
    const Lanes data = read_vector(vcpu.state, instruction.reg);
    const Lanes mask = read_vector(vcpu.state, instruction.vvvv);
    return store_selected(vcpu, instruction, effective_offset(vcpu, instruction), data, mask,
                          vector_length(instruction), mask_element(instruction));
}

Step gather(Vcpu& vcpu, const Instruction& instruction) {
    if (instruction.reg == instruction.index || instruction.reg == instruction.vvvv ||
        instruction.index == instruction.vvvv) {
        return vcpu.raise(Vector::UD);
    }
    const GatherShape shape = gather_shape(instruction);
    return shape.element == 8 ? gather_elements<u64>(vcpu, instruction, shape)
                              : gather_elements<u32>(vcpu, instruction, shape);
}

Step vzeroupper(Vcpu& vcpu, const Instruction& instruction) {
    const usize count = instruction.mode == CodeMode::Bits64 ? 16 : 8;
    for (auto& each : std::span{vcpu.state.vector}.first(count)) each.lanes[2] = each.lanes[3] = 0;
    return Step::Next;
}

Step vzeroall(Vcpu& vcpu, const Instruction& instruction) {
    const usize count = instruction.mode == CodeMode::Bits64 ? 16 : 8;
    for (auto& each : std::span{vcpu.state.vector}.first(count)) each = {};
    return Step::Next;
}

Step emms(Vcpu& vcpu, const Instruction&) {
    const GuestFpScope guest_fp(vcpu);
    if (x87_error_pending(vcpu)) return report_x87_error(vcpu);
    load_x87(vcpu);
    asm volatile("emms");
    return Step::Next;
}

}  // namespace cpu::semantics
