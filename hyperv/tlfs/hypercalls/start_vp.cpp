// SPDX-License-Identifier: BSD-2-Clause
//
// HvCallStartVirtualProcessor: what INIT and SIPI do, but into the state that the caller describes.
#include <fmt/format.h>

#include "cpu/arch/paging.hpp"
#include "cpu/core/control_register_writes.hpp"
#include "cpu/core/models/cpu_model.hpp"
#include "cpu/mmu/translation_control.hpp"
#include "hyperv/tlfs/hypercalls/handlers.hpp"
#include "hyperv/tlfs/partition.hpp"
#include "hyperv/tlfs/virtual_processor.hpp"

namespace hyperv {

using cpu::CpuState;
using cpu::Segment;
using cpu::SegReg;
using cpu::TableRegister;

namespace {

namespace input {
constexpr usize Partition = 0;
constexpr usize VpIndex = 8;
constexpr usize TargetVtl = 12;
}  // namespace input

/// HV_INITIAL_VP_CONTEXT, from the start of the header.
namespace context {
constexpr usize Rip = 16;
constexpr usize Rsp = 24;
constexpr usize Rflags = 32;
constexpr usize Cs = 40;
constexpr usize Ds = 56;
constexpr usize Es = 72;
constexpr usize Fs = 88;
constexpr usize Gs = 104;
constexpr usize Ss = 120;
constexpr usize Tr = 136;
constexpr usize Ldtr = 152;
constexpr usize Idtr = 168;
constexpr usize Gdtr = 184;
constexpr usize Efer = 200;
constexpr usize Cr0 = 208;
constexpr usize Cr3 = 216;
constexpr usize Cr4 = 224;
constexpr usize Pat = 232;
}  // namespace context

Segment segment_at(const Hypercall& call, usize offset) {
    constexpr u16 reserved = 0x0f00;
    Segment segment{.selector = call.field<u16>(offset + 12),
                    .attributes = call.field<u16>(offset + 14),
                    .limit = call.field<u32>(offset + 8),
                    .base = call.field<u64>(offset)};
    segment.attributes &= static_cast<u16>(~reserved);
    if (!segment.has(Segment::Present)) segment.attributes |= Segment::Unusable;
    return segment;
}

TableRegister table_at(const Hypercall& call, usize offset) {
    return {.base = call.field<u64>(offset + 8), .limit = call.field<u16>(offset + 6)};
}

bool is_address(const cpu::Vcpu& vcpu, u64 cr3) {
    return (cr3 >> vcpu.model.physical_address_bits) == 0;
}

/// Paging last: what it needs is there by then. False: a register does not take its value.
bool load_control(cpu::Vcpu& vcpu, const Hypercall& call) {
    constexpr u32 efer_msr = 0xc000'0080;
    constexpr u32 pat_msr = 0x277;
    const u64 efer = call.field<u64>(context::Efer);
    const u64 cr3 = call.field<u64>(context::Cr3);
    const u64 cr4 = call.field<u64>(context::Cr4);
    if (vcpu.msrs.write(pat_msr, call.field<u64>(context::Pat)) != cpu::MsrOutcome::Done ||
        vcpu.msrs.write(efer_msr, efer) != cpu::MsrOutcome::Done || !is_address(vcpu, cr3)) {
        return false;
    }
    if (cpu::write_cr4(vcpu, cr4 & ~cpu::cr4::PCIDE) != cpu::Step::Next) return false;
    vcpu.state.cr3 = cr3;
    if (cpu::write_cr0(vcpu, call.field<u64>(context::Cr0)) != cpu::Step::Next) return false;
    if (cpu::write_cr4(vcpu, cr4) != cpu::Step::Next) return false;
    return ((efer ^ vcpu.state.msr.efer) & cpu::efer::LMA) == 0;
}

bool load_context(cpu::Vcpu& vcpu, const Hypercall& call) {
    const u64 rflags = call.field<u64>(context::Rflags);
    const u64 rip = call.field<u64>(context::Rip);
    const u64 refused = ~cpu::rflags::Defined | cpu::rflags::VM;
    if ((rflags & refused) || !cpu::is_canonical(rip)) return false;
    if (!load_control(vcpu, call)) return false;
    CpuState& state = vcpu.state;
    state.segment(SegReg::Cs) = segment_at(call, context::Cs);
    state.segment(SegReg::Ds) = segment_at(call, context::Ds);
    state.segment(SegReg::Es) = segment_at(call, context::Es);
    state.segment(SegReg::Fs) = segment_at(call, context::Fs);
    state.segment(SegReg::Gs) = segment_at(call, context::Gs);
    state.segment(SegReg::Ss) = segment_at(call, context::Ss);
    state.tr = segment_at(call, context::Tr);
    state.ldtr = segment_at(call, context::Ldtr);
    state.idtr = table_at(call, context::Idtr);
    state.gdtr = table_at(call, context::Gdtr);
    state.cpl = state.segment(SegReg::Ss).dpl();
    state.rip = rip;
    state.reg(cpu::Gpr::Rsp) = call.field<u64>(context::Rsp);
    state.set_rflags(rflags);
    return true;
}

}  // namespace

Status start_virtual_processor(const Hypercall& call) {
    if (!is_own_partition(call.field<u64>(input::Partition))) return Status::InvalidPartitionId;
    if (!means_vtl_0(call.field<u8>(input::TargetVtl))) return Status::InvalidVtlState;
    Partition& partition = call.caller.partition();
    const u32 index = call.field<u32>(input::VpIndex);
    if (index >= partition.processors()) return Status::InvalidVpIndex;
    cpu::Vcpu& vcpu = partition.processor(index).vcpu();
    if (vcpu.state.activity != cpu::Activity::WaitForSipi) return Status::InvalidVpState;
    const CpuState before = vcpu.state;
    const bool loaded = load_context(vcpu, call);
    if (loaded) {
        vcpu.state.activity = cpu::Activity::Running;
    } else {
        vcpu.state = before;
        vcpu.exception = {};
    }
    cpu::flush_translations(vcpu);
    vcpu.attention |= cpu::attention::StateChanged | cpu::attention::Events;
    return loaded ? Status::Success : Status::InvalidRegisterValue;
}

std::string describe_start_vp(const Hypercall& call) {
    return fmt::format("VP {} at {:#x}", call.field<u32>(input::VpIndex),
                       call.field<u64>(context::Rip));
}

}  // namespace hyperv
