// SPDX-License-Identifier: BSD-2-Clause
#include "hyperv/tlfs/vp_registers.hpp"

#include <algorithm>
#include <array>

#include "hyperv/tlfs/virtual_processor.hpp"

namespace hyperv {

using cpu::CpuState;
using cpu::Segment;
using cpu::TableRegister;

namespace {

RegisterValue value_of(const Segment& segment) {
    return {segment.base,
            segment.limit | u64{segment.selector} << 32 | u64{segment.attributes} << 48};
}
RegisterValue value_of(const TableRegister& table) { return {u64{table.limit} << 48, table.base}; }

/// ES, CS, SS, DS, FS, GS, LDTR, TR.
RegisterValue segment(const CpuState& state, u32 which) {
    constexpr u32 ldtr = 6;
    if (which < ldtr) return value_of(state.segments[which]);
    return value_of(which == ldtr ? state.ldtr : state.tr);
}

RegisterValue control(const CpuState& state, u32 which) {
    const std::array<u64, 6> values = {state.cr0, state.cr2, state.cr3,
                                       state.cr4, state.cr8, state.xcr0};
    return {values[which]};
}

RegisterValue debug(const CpuState& state, u32 which) {
    const std::array<u64, 6> values = {state.dr[0], state.dr[1], state.dr[2],
                                       state.dr[3], state.dr6,   state.dr7};
    return {values[which]};
}

RegisterValue integer(const CpuState& state, u32 which) { return {state.gpr[which]}; }
void set_integer(CpuState& state, u32 which, RegisterValue value) { state.gpr[which] = value.low; }

RegisterValue xmm(const CpuState& state, u32 which) {
    const auto& lanes = state.vector[which].lanes;
    return {lanes[0], lanes[1]};
}
void set_xmm(CpuState& state, u32 which, RegisterValue value) {
    state.vector[which].lanes[0] = value.low;
    state.vector[which].lanes[1] = value.high;
}

RegisterValue rip(const CpuState& state, u32) { return {state.rip}; }
RegisterValue rflags(const CpuState& state, u32) { return {state.rflags()}; }
RegisterValue idtr(const CpuState& state, u32) { return value_of(state.idtr); }
RegisterValue gdtr(const CpuState& state, u32) { return value_of(state.gdtr); }

/// What the processor has; by consecutive names.
struct StateRow {
    u32 first;
    u32 count;
    RegisterValue (*read)(const CpuState&, u32 which);
    void (*write)(CpuState&, u32 which, RegisterValue) = nullptr;  // Null: read-only.
};

constexpr StateRow state_rows[] = {
    {0x0002'0000, 16, integer, set_integer},
    {0x0002'0010, 1, rip},
    {0x0002'0011, 1, rflags},
    {0x0003'0000, 16, xmm, set_xmm},
    {0x0004'0000, 6, control},
    {0x0005'0000, 6, debug},
    {0x0006'0000, 8, segment},
    {0x0007'0000, 1, idtr},
    {0x0007'0001, 1, gdtr},
};

/// Names that stand for leaves of CPUID, whole.
struct LeafRow {
    u32 name;
    u32 leaf;
};

constexpr LeafRow leaf_rows[] = {
    {0x0000'0100, 0x4000'0002}, {0x0000'0200, 0x4000'0003}, {0x0000'0201, 0x4000'0004},
    {0x0000'0202, 0x4000'0005}, {0x0000'0203, 0x4000'0006}, {0x0000'0204, 0x4000'0007},
    {0x0000'0205, 0x4000'0008}, {0x0000'0207, 0x4000'000a},
};

/// Names that stand for MSRs, with the rules of those.
struct MsrRow {
    enum class Access : u8 { ReadOnly, ReadWrite };

    u32 first;
    u32 count;
    u32 msr;
    Access access = Access::ReadWrite;
};

constexpr MsrRow msr_rows[] = {
    {0x0000'0210, 6, 0x4000'0100},  // The crash parameters and their control.
    {0x0008'0000, 1, 0x10},         // TSC
    {0x0008'0001, 1, 0xc000'0080},  // EFER
    {0x0008'0002, 1, 0xc000'0102},  // KERNEL_GS_BASE
    {0x0008'0003, 1, 0x1b},         // APIC_BASE
    {0x0008'0004, 1, 0x277},        // PAT
    {0x0008'0005, 1, 0x174},        // SYSENTER_CS
    {0x0008'0006, 1, 0x176},        // SYSENTER_EIP
    {0x0008'0007, 1, 0x175},        // SYSENTER_ESP
    {0x0008'0008, 4, 0xc000'0081},  // STAR, LSTAR, CSTAR, SFMASK
    {0x0008'007b, 1, 0xc000'0103},  // TSC_AUX
    {0x0009'0000, 1, 0x4000'0010, MsrRow::Access::ReadOnly},  // VP run time
    {0x0009'0001, 1, 0x4000'0001},                            // The hypercall page
    {0x0009'0002, 1, 0x4000'0000},                            // The guest's identity
    {0x0009'0003, 1, 0x4000'0002, MsrRow::Access::ReadOnly},  // VP index
    {0x0009'0004, 1, 0x4000'0020, MsrRow::Access::ReadOnly},  // The reference counter
    {0x0009'0010, 4, 0x4000'0070},                            // EOI, ICR, TPR, the VP assist page
    {0x0009'0017, 1, 0x4000'0021},                            // The reference TSC page
    {0x000a'0000, 16, 0x4000'0090},                           // SINT0 to SINT15
    {0x000a'0010, 1, 0x4000'0080},                            // SCONTROL
    {0x000a'0011, 1, 0x4000'0081, MsrRow::Access::ReadOnly},  // SVERSION
    {0x000a'0012, 3, 0x4000'0082},                            // SIEFP, SIMP, EOM
    {0x000b'0000, 8, 0x4000'00b0},                            // The synthetic timers
};

template <class Row>
const Row* find(std::span<const Row> rows, u32 name) {
    const auto found =
        std::ranges::find_if(rows, [name](const Row& row) { return name - row.first < row.count; });
    return found == rows.end() ? nullptr : &*found;
}

/// CR8 is the local APIC's, too: the rest of the priority goes.
Status write_task_priority(VirtualProcessor& processor, RegisterValue value) {
    constexpr u64 highest = 15;
    if (value.low > highest || value.high != 0) return Status::InvalidRegisterValue;
    processor.apic().set_task_priority(static_cast<u8>(value.low << 4));
    return Status::Success;
}

}  // namespace

Status read_register(VirtualProcessor& processor, u32 name, RegisterValue& into) {
    const cpu::Vcpu& vcpu = processor.vcpu();
    if (const auto* row = find<StateRow>(state_rows, name)) {
        into = row->read(vcpu.state, name - row->first);
        return Status::Success;
    }
    for (const LeafRow& row : leaf_rows) {
        if (row.name != name) continue;
        const cpu::CpuidLeaf leaf = vcpu.cpuid.read(row.leaf, 0);
        into = {leaf.eax | u64{leaf.ebx} << 32, leaf.ecx | u64{leaf.edx} << 32};
        return Status::Success;
    }
    const auto* row = find<MsrRow>(msr_rows, name);
    const auto value = row ? vcpu.msrs.read(row->msr + name - row->first) : std::nullopt;
    if (!value) return Status::InvalidParameter;
    into = {*value};
    return Status::Success;
}

Status write_register(VirtualProcessor& processor, u32 name, RegisterValue value) {
    cpu::Vcpu& vcpu = processor.vcpu();
    constexpr u32 cr8 = 0x0004'0004;
    if (name == cr8) return write_task_priority(processor, value);
    if (const auto* row = find<StateRow>(state_rows, name)) {
        if (!row->write) return Status::InvalidParameter;
        row->write(vcpu.state, name - row->first, value);
        return Status::Success;
    }
    const auto* row = find<MsrRow>(msr_rows, name);
    if (!row || row->access == MsrRow::Access::ReadOnly) return Status::InvalidParameter;
    if (value.high != 0) return Status::InvalidRegisterValue;
    const auto outcome = vcpu.msrs.write(row->msr + name - row->first, value.low);
    return outcome == cpu::MsrOutcome::Done ? Status::Success : Status::InvalidRegisterValue;
}

}  // namespace hyperv
