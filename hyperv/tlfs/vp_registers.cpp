// SPDX-License-Identifier: BSD-2-Clause
#include "hyperv/tlfs/vp_registers.hpp"

#include <algorithm>
#include <array>

#include "hyperv/tlfs/virtual_processor.hpp"

namespace hyperv {

using cpu::CpuState;
using cpu::Segment;
using cpu::SegReg;
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

/// What the processor has; by consecutive names.
struct StateRow {
    u32 first;
    u32 count;
    RegisterValue (*read)(const CpuState&, u32 which);
    void (*write)(CpuState&, u32 which, RegisterValue) = nullptr;  // Null: read-only.
};

constexpr StateRow state_rows[] = {
    {0x0002'0000, 16,
     [](const CpuState& state, u32 which) { return RegisterValue{state.gpr[which]}; },
     [](CpuState& state, u32 which, RegisterValue value) { state.gpr[which] = value.low; }},
    {0x0002'0010, 1, [](const CpuState& state, u32) { return RegisterValue{state.rip}; }},
    {0x0002'0011, 1, [](const CpuState& state, u32) { return RegisterValue{state.rflags()}; }},
    {0x0003'0000, 16,
     [](const CpuState& state, u32 which) {
         const auto& lanes = state.vector[which].lanes;
         return RegisterValue{lanes[0], lanes[1]};
     },
     [](CpuState& state, u32 which, RegisterValue value) {
         auto& lanes = state.vector[which].lanes;
         lanes[0] = value.low;
         lanes[1] = value.high;
     }},
    {0x0004'0000, 6, control},
    {0x0005'0000, 6, debug},
    {0x0006'0000, 8, segment},
    {0x0007'0000, 1, [](const CpuState& state, u32) { return value_of(state.idtr); }},
    {0x0007'0001, 1, [](const CpuState& state, u32) { return value_of(state.gdtr); }},
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
    u32 first;
    u32 count;
    u32 msr;
};

constexpr MsrRow msr_rows[] = {
    {0x0000'0210, 6, 0x4000'0100},   // The crash parameters and their control.
    {0x0008'0000, 1, 0x10},          // TSC
    {0x0008'0001, 1, 0xc000'0080},   // EFER
    {0x0008'0002, 1, 0xc000'0102},   // KERNEL_GS_BASE
    {0x0008'0003, 1, 0x1b},          // APIC_BASE
    {0x0008'0004, 1, 0x277},         // PAT
    {0x0008'0005, 1, 0x174},         // SYSENTER_CS
    {0x0008'0006, 1, 0x176},         // SYSENTER_EIP
    {0x0008'0007, 1, 0x175},         // SYSENTER_ESP
    {0x0008'0008, 4, 0xc000'0081},   // STAR, LSTAR, CSTAR, SFMASK
    {0x0008'007b, 1, 0xc000'0103},   // TSC_AUX
    {0x0009'0000, 1, 0x4000'0010},   // VP run time
    {0x0009'0001, 1, 0x4000'0001},   // The hypercall page
    {0x0009'0002, 1, 0x4000'0000},   // The guest's identity
    {0x0009'0003, 1, 0x4000'0002},   // VP index
    {0x0009'0004, 1, 0x4000'0020},   // The reference counter
    {0x0009'0010, 4, 0x4000'0070},   // EOI, ICR, TPR, the VP assist page
    {0x0009'0017, 1, 0x4000'0021},   // The reference TSC page
    {0x000a'0000, 16, 0x4000'0090},  // SINT0 to SINT15
    {0x000a'0010, 5, 0x4000'0080},   // SCONTROL, SVERSION, SIEFP, SIMP, EOM
    {0x000b'0000, 8, 0x4000'00b0},   // The synthetic timers
};

template <class Row>
const Row* find(std::span<const Row> rows, u32 name) {
    const auto found =
        std::ranges::find_if(rows, [name](const Row& row) { return name - row.first < row.count; });
    return found == rows.end() ? nullptr : &*found;
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
    if (const auto* row = find<StateRow>(state_rows, name)) {
        if (!row->write) return Status::InvalidParameter;
        row->write(vcpu.state, name - row->first, value);
        return Status::Success;
    }
    const auto* row = find<MsrRow>(msr_rows, name);
    if (!row) return Status::InvalidParameter;
    if (value.high != 0) return Status::InvalidRegisterValue;
    const auto outcome = vcpu.msrs.write(row->msr + name - row->first, value.low);
    return outcome == cpu::MsrOutcome::Done ? Status::Success : Status::InvalidRegisterValue;
}

}  // namespace hyperv
