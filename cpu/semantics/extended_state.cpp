// SPDX-License-Identifier: BSD-2-Clause
//
// Saving and restoring x87, SSE and AVX state, and XCR0 (SDM 1 10.5, 13).
#include <cstring>

#include "cpu/fpu/guest_fp_scope.hpp"
#include "cpu/fpu/xsave_area.hpp"
#include "cpu/semantics/memory_area.hpp"
#include "cpu/semantics/semantics.hpp"

namespace cpu::semantics {

namespace {

namespace area = cpu::xsave_area;

constexpr u32 initial_mxcsr = 0x1f80;
constexpr u64 mxcsr_owners = xcr0::SSE | xcr0::AVX;

usize register_count(const Instruction& instruction) {
    return instruction.mode == CodeMode::Bits64 ? 16 : 8;
}

bool any_nonzero(const CpuState& state, usize count, usize first_lane) {
    for (usize i = 0; i < count; ++i) {
        const auto& lanes = state.vector[i].lanes;
        if ((lanes[first_lane] | lanes[first_lane + 1]) != 0) return true;
    }
    return false;
}

/// The components that are not as after reset (XINUSE), by their contents, MXCSR aside. The x87
/// registers have been brought back.
u64 components_in_use(const CpuState& state, usize count) {
    u64 used = 0;
    if (!(state.x87 == area::initial_x87())) used |= xcr0::X87;
    if (any_nonzero(state, count, 0)) used |= xcr0::SSE;
    if (any_nonzero(state, count, 2)) used |= xcr0::AVX;
    return used;
}

u64 requested_components(const CpuState& state) {
    const u64 mask = state.reg(Gpr::Rdx) << 32 | static_cast<u32>(state.reg(Gpr::Rax));
    return mask & state.xcr0;
}

/// Step::Next if the instructions are there for the program.
Step check_xsave_enabled(Vcpu& vcpu) {
    if ((vcpu.state.cr4 & cr4::OSXSAVE) == 0) return vcpu.raise(Vector::UD);
    if (vcpu.state.cr0 & cr0::TS) return vcpu.raise(Vector::NM);
    return Step::Next;
}

Step check_fxsave_enabled(Vcpu& vcpu) {
    return vcpu.state.cr0 & (cr0::EM | cr0::TS) ? vcpu.raise(Vector::NM) : Step::Next;
}

/// The checks that come first: the segment at the area's first doubleword (measured on an Emerald
/// Rapids; where there are no limits, whether its first byte is canonical), alignment, the segment
/// at the area's end.
bool area_is_good(Vcpu& vcpu, const MemoryArea& memory, usize size, usize alignment,
                  Access access) {
    // Whether the start may be written is looked at last.
    const usize first = vcpu.code_mode() == CodeMode::Bits64 ? 1 : 4;
    const auto linear = memory.place(0, first, Access::Read);
    if (!linear) return false;
    if ((*linear & (alignment - 1)) == 0) {
        return memory.place(0, 1, access) && memory.place(size - 1, 1, access);
    }
    // Where alignment is checked, #AC comes instead (SDM 2A, FXSAVE).
    if (!alignment_fault(vcpu, *linear, 4)) (void)vcpu.raise(Vector::GP, 0);
    return false;
}

/// What of the standard form an instruction deals with.
struct Parts {
    u64 components;
    bool mxcsr;
    usize header_bytes;  // From the header's start.
};

/// Faults come as on Intel's processors: at the end of the area if it cannot be accessed, then at
/// the first part that cannot. What is no part may be missing.
bool probe_parts(const MemoryArea& memory, const Parts& parts, usize count, usize size,
                 Access access) {
    const auto probe = [&](bool wanted, usize at, usize length) {
        return !wanted || memory.probe(at, length, access);
    };
    const bool x87 = (parts.components & xcr0::X87) != 0;
    return memory.probe(size - 1, 1, access) &&
           probe(x87, area::x87_control, area::x87_control_size) &&
           probe(parts.mxcsr, area::mxcsr, area::mxcsr_size) &&
           probe(x87, area::x87_registers, area::x87_registers_size) &&
           probe(parts.components & xcr0::SSE, area::xmm, count * 16) &&
           probe(parts.components & xcr0::AVX, area::avx, count * 16) &&
           probe(parts.header_bytes != 0, area::header, parts.header_bytes);
}

/// After probe_parts(): brings what it has looked at, and leaves the rest zero.
bool read_parts(const MemoryArea& memory, const Parts& parts, usize count, area::Bytes& bytes) {
    const auto read = [&](bool wanted, usize at, usize length) {
        return !wanted || memory.read(at, std::span{bytes}.subspan(at, length));
    };
    const bool x87 = (parts.components & xcr0::X87) != 0;
    return read(x87, area::x87_control, area::x87_control_size) &&
           read(parts.mxcsr, area::mxcsr, area::mxcsr_size) &&
           read(x87, area::x87_registers, area::x87_registers_size) &&
           read(parts.components & xcr0::SSE, area::xmm, count * 16) &&
           read(parts.components & xcr0::AVX, area::avx, count * 16) &&
           read(parts.header_bytes != 0, area::header, parts.header_bytes);
}

/// Writes parts of an area of which all can be written.
class AreaWriter {
public:
    AreaWriter(const MemoryArea& memory, const area::Bytes& bytes)
        : memory_(memory), bytes_(bytes) {}

    void write(usize at, usize size) {
        good_ = good_ && memory_.write(at, std::span{bytes_}.subspan(at, size));
    }
    Step result() const { return good_ ? Step::Next : Step::Fault; }

private:
    const MemoryArea& memory_;
    const area::Bytes& bytes_;
    bool good_ = true;
};

/// Which components, and whether MXCSR goes with them.
struct SavePlan {
    u64 components;
    bool mxcsr;
};

void save_components(Vcpu& vcpu, const Instruction& instruction, SavePlan plan, area::Bytes& bytes,
                     AreaWriter& writer) {
    const usize count = register_count(instruction);
    if (plan.components & xcr0::X87) {
        area::store_x87(vcpu.state.x87, instruction.rex_w, bytes);
        writer.write(area::x87_control, area::x87_control_size);
        writer.write(area::x87_registers, area::x87_registers_size);
    }
    if (plan.mxcsr) {
        area::store_mxcsr(read_mxcsr(vcpu), bytes);
        writer.write(area::mxcsr, area::mxcsr_size);
    }
    if (plan.components & xcr0::SSE) {
        area::store_xmm(vcpu.state, count, bytes);
        writer.write(area::xmm, count * 16);
    }
    if (plan.components & xcr0::AVX) {
        area::store_avx(vcpu.state, count, bytes);
        writer.write(area::avx, count * 16);
    }
}

usize area_size(u64 components) {
    return components & xcr0::AVX ? area::full_size : area::header + area::header_size;
}

/// XSAVE, and XSAVEOPT, which leaves out what is as after reset.
Step save_standard(Vcpu& vcpu, const Instruction& instruction, bool optimized) {
    const Step enabled = check_xsave_enabled(vcpu);
    if (enabled != Step::Next) return enabled;
    const u64 requested = requested_components(vcpu.state);
    const usize size = area_size(requested);
    const usize count = register_count(instruction);
    const bool mxcsr = (requested & mxcsr_owners) != 0;
    const Parts parts{.components = requested, .mxcsr = mxcsr, .header_bytes = 8};
    const MemoryArea memory(vcpu, instruction);
    area::Bytes bytes{};
    if (!area_is_good(vcpu, memory, size, 64, Access::Write) ||
        !probe_parts(memory, parts, count, size, Access::Write) ||
        !memory.read(area::header, std::span{bytes}.subspan(area::header, 8))) {
        return Step::Fault;
    }
    u64 old = 0;
    std::memcpy(&old, bytes.data() + area::header, sizeof(old));
    save_x87(vcpu);
    const u64 used = components_in_use(vcpu.state, count);
    const u64 xstate_bv = (old & ~requested) | (used & requested);

    AreaWriter writer(memory, bytes);
    const SavePlan plan{.components = optimized ? requested & used : requested, .mxcsr = mxcsr};
    save_components(vcpu, instruction, plan, bytes, writer);
    std::memcpy(bytes.data() + area::header, &xstate_bv, sizeof(xstate_bv));
    writer.write(area::header, sizeof(xstate_bv));
    return writer.result();
}

struct RestorePlan {
    u64 load = 0;   // Components to take from memory.
    u64 clear = 0;  // Components to put into their state after reset.
    bool load_mxcsr = false;
    bool clear_mxcsr = false;
};

bool reserved_is_clear(const area::Header& header, usize first) {
    for (usize i = first; i < header.reserved.size(); ++i) {
        if (header.reserved[i] != 0) return false;
    }
    return true;
}

/// Nothing: #GP(0). SDM 1 13.8.1 for the standard form.
std::optional<RestorePlan> plan_standard(const CpuState& state, const area::Header& header,
                                         u64 requested) {
    if ((header.xstate_bv & ~state.xcr0) || header.xcomp_bv || header.reserved[0]) {
        return std::nullopt;
    }
    return RestorePlan{.load = requested & header.xstate_bv,
                       .clear = requested & ~header.xstate_bv,
                       .load_mxcsr = (requested & mxcsr_owners) != 0};
}

/// SDM 1 13.8.2, the compacted form.
std::optional<RestorePlan> plan_compacted(const CpuState& state, const area::Header& header,
                                          u64 requested) {
    const u64 present = header.xcomp_bv & ~area::compacted;
    if ((present & ~state.xcr0) || (header.xstate_bv & ~present) || !reserved_is_clear(header, 0)) {
        return std::nullopt;
    }
    RestorePlan plan{.load = requested & header.xstate_bv, .clear = requested & ~header.xstate_bv};
    plan.load_mxcsr = (plan.load & xcr0::SSE) != 0;
    plan.clear_mxcsr = (plan.clear & xcr0::SSE) != 0;
    return plan;
}

bool is_compacted(const Vcpu& vcpu, const area::Header& header) {
    return (header.xcomp_bv & area::compacted) != 0 && vcpu.has(Feature::Xsavec);
}

std::optional<RestorePlan> plan_restore(const Vcpu& vcpu, const area::Header& header,
                                        u64 requested) {
    if (is_compacted(vcpu, header)) return plan_compacted(vcpu.state, header, requested);
    return plan_standard(vcpu.state, header, requested);
}

/// What XRSTOR looks at, loaded or not (measured on an Emerald Rapids): all that is asked for, in
/// the compacted form as far as the area has it.
Parts parts_to_restore(const area::Header& header, bool compacted, u64 requested) {
    const u64 components = compacted ? requested & header.xcomp_bv : requested;
    const u64 with_mxcsr = compacted ? u64{xcr0::SSE} : u64{mxcsr_owners};
    return {.components = components, .mxcsr = (components & with_mxcsr) != 0, .header_bytes = 0};
}

void restore_components(Vcpu& vcpu, const Instruction& instruction, const RestorePlan& plan,
                        const area::Bytes& bytes) {
    CpuState& state = vcpu.state;
    const usize count = register_count(instruction);
    if ((plan.load | plan.clear) & xcr0::X87) save_x87(vcpu);  // Out of the host's registers.
    if (plan.load & xcr0::X87) {
        area::load_x87(bytes, instruction.rex_w, !vcpu.has(Feature::NoFcsFds), state.x87);
    }
    if (plan.clear & xcr0::X87) state.x87 = area::initial_x87();
    if (plan.load & xcr0::SSE) area::load_xmm(bytes, count, state);
    if (plan.clear & xcr0::SSE) area::clear_xmm(state, count);
    if (plan.load & xcr0::AVX) area::load_avx(bytes, count, state);
    if (plan.clear & xcr0::AVX) area::clear_avx(state, count);
    if (plan.load_mxcsr) write_mxcsr(vcpu, area::load_mxcsr(bytes));
    if (plan.clear_mxcsr) write_mxcsr(vcpu, initial_mxcsr);
}

Step check_xcr_access(Vcpu& vcpu) {
    return vcpu.state.cr4 & cr4::OSXSAVE ? Step::Next : vcpu.raise(Vector::UD);
}

void write_edx_eax(CpuState& state, u64 value) {
    state.reg(Gpr::Rax) = static_cast<u32>(value);
    state.reg(Gpr::Rdx) = value >> 32;
}

/// SDM 1 13.3.
bool is_valid_xcr0(const Vcpu& vcpu, u64 value) {
    u64 supported = xcr0::X87 | xcr0::SSE;
    if (vcpu.has(Feature::Avx)) supported |= xcr0::AVX;
    if ((value & ~supported) != 0 || (value & xcr0::X87) == 0) return false;
    return (value & xcr0::AVX) == 0 || (value & xcr0::SSE) != 0;
}

}  // namespace

namespace {
constexpr Parts legacy_parts{.components = xcr0::X87 | xcr0::SSE, .mxcsr = true, .header_bytes = 0};
}

Step fxsave(Vcpu& vcpu, const Instruction& instruction) {
    const Step enabled = check_fxsave_enabled(vcpu);
    if (enabled != Step::Next) return enabled;
    const MemoryArea memory(vcpu, instruction);
    const usize count = register_count(instruction);
    if (!area_is_good(vcpu, memory, area::legacy_size, 16, Access::Write) ||
        !probe_parts(memory, legacy_parts, count, area::legacy_size, Access::Write)) {
        return Step::Fault;
    }
    save_x87(vcpu);
    area::Bytes bytes{};
    AreaWriter writer(memory, bytes);
    save_components(vcpu, instruction, {.components = legacy_parts.components, .mxcsr = true},
                    bytes, writer);
    return writer.result();
}

Step fxrstor(Vcpu& vcpu, const Instruction& instruction) {
    const Step enabled = check_fxsave_enabled(vcpu);
    if (enabled != Step::Next) return enabled;
    area::Bytes bytes{};
    const MemoryArea memory(vcpu, instruction);
    const usize count = register_count(instruction);
    if (!area_is_good(vcpu, memory, area::legacy_size, 16, Access::Read) ||
        !probe_parts(memory, legacy_parts, count, area::legacy_size, Access::Read) ||
        !read_parts(memory, legacy_parts, count, bytes)) {
        return Step::Fault;
    }
    if (area::load_mxcsr(bytes) & ~mxcsr_mask) return vcpu.raise(Vector::GP, 0);
    restore_components(vcpu, instruction, {.load = legacy_parts.components, .load_mxcsr = true},
                       bytes);
    return Step::Next;
}

Step xsave(Vcpu& vcpu, const Instruction& instruction) {
    return save_standard(vcpu, instruction, false);
}

Step xsaveopt(Vcpu& vcpu, const Instruction& instruction) {
    return save_standard(vcpu, instruction, true);
}

Step xsavec(Vcpu& vcpu, const Instruction& instruction) {
    const Step enabled = check_xsave_enabled(vcpu);
    if (enabled != Step::Next) return enabled;
    const u64 requested = requested_components(vcpu.state);
    const usize size = area_size(requested);
    const usize count = register_count(instruction);
    const Parts parts{
        .components = requested, .mxcsr = (requested & xcr0::SSE) != 0, .header_bytes = 16};
    const MemoryArea memory(vcpu, instruction);
    if (!area_is_good(vcpu, memory, size, 64, Access::Write) ||
        !probe_parts(memory, parts, count, size, Access::Write)) {
        return Step::Fault;
    }
    save_x87(vcpu);
    u64 saved = requested & components_in_use(vcpu.state, count);
    if (read_mxcsr(vcpu) != initial_mxcsr) saved |= requested & xcr0::SSE;

    area::Bytes bytes{};
    AreaWriter writer(memory, bytes);
    const SavePlan plan{.components = saved, .mxcsr = (saved & xcr0::SSE) != 0};
    save_components(vcpu, instruction, plan, bytes, writer);
    const area::Header header{.xstate_bv = saved, .xcomp_bv = requested | area::compacted};
    std::memcpy(bytes.data() + area::header, &header, 16);
    writer.write(area::header, 16);
    return writer.result();
}

/// The header comes first, XCOMP_BV before all, and is judged before the rest is looked for.
Step xrstor(Vcpu& vcpu, const Instruction& instruction) {
    const Step enabled = check_xsave_enabled(vcpu);
    if (enabled != Step::Next) return enabled;
    const u64 requested = requested_components(vcpu.state);
    area::Bytes bytes{};
    const usize count = register_count(instruction);
    const MemoryArea memory(vcpu, instruction);
    if (!area_is_good(vcpu, memory, 1, 64, Access::Read) ||
        !memory.probe(area::header + 8, 8, Access::Read) ||
        !memory.read(area::header, std::span{bytes}.subspan(area::header, area::header_size))) {
        return Step::Fault;
    }
    area::Header header;
    std::memcpy(&header, bytes.data() + area::header, sizeof(header));
    const auto plan = plan_restore(vcpu, header, requested);
    // Only the header of the compacted form is judged before the rest is looked at.
    const bool compacted = is_compacted(vcpu, header);
    if (compacted && !plan) return vcpu.raise(Vector::GP, 0);
    const Parts parts = parts_to_restore(header, compacted, requested);
    if (!probe_parts(memory, parts, count, area_size(parts.components), Access::Read) ||
        !read_parts(memory, parts, count, bytes)) {
        return Step::Fault;
    }
    if (!plan) return vcpu.raise(Vector::GP, 0);
    if (plan->load_mxcsr && (area::load_mxcsr(bytes) & ~mxcsr_mask) != 0) {
        return vcpu.raise(Vector::GP, 0);
    }
    restore_components(vcpu, instruction, *plan, bytes);
    return Step::Next;
}

Step xgetbv(Vcpu& vcpu, const Instruction& instruction) {
    const Step allowed = check_xcr_access(vcpu);
    if (allowed != Step::Next) return allowed;
    CpuState& state = vcpu.state;
    const u32 which = static_cast<u32>(state.reg(Gpr::Rcx));
    if (which == 0) {
        write_edx_eax(state, state.xcr0);
        return Step::Next;
    }
    if (which != 1 || !vcpu.has(Feature::Xgetbv1)) return vcpu.raise(Vector::GP, 0);
    save_x87(vcpu);
    u64 used = components_in_use(state, register_count(instruction));
    if (read_mxcsr(vcpu) != initial_mxcsr) used |= xcr0::SSE;
    write_edx_eax(state, state.xcr0 & used);
    return Step::Next;
}

Step xsetbv(Vcpu& vcpu, const Instruction&) {
    const Step allowed = check_xcr_access(vcpu);
    if (allowed != Step::Next) return allowed;
    CpuState& state = vcpu.state;
    const u64 value = state.reg(Gpr::Rdx) << 32 | static_cast<u32>(state.reg(Gpr::Rax));
    if (state.cpl != 0 || static_cast<u32>(state.reg(Gpr::Rcx)) != 0 ||
        !is_valid_xcr0(vcpu, value)) {
        return vcpu.raise(Vector::GP, 0);
    }
    state.xcr0 = value;
    vcpu.attention |= attention::StateChanged;
    return Step::Next;
}

Step ldmxcsr(Vcpu& vcpu, const Instruction& instruction) {
    const auto value = read_operand<u32>(vcpu, instruction, 0);
    if (!value) return Step::Fault;
    if (*value & ~mxcsr_mask) return vcpu.raise(Vector::GP, 0);
    write_mxcsr(vcpu, *value);
    return Step::Next;
}

Step stmxcsr(Vcpu& vcpu, const Instruction& instruction) {
    const u32 value = read_mxcsr(vcpu);
    return write_operand<u32>(vcpu, instruction, 0, value) ? Step::Next : Step::Fault;
}

}  // namespace cpu::semantics
