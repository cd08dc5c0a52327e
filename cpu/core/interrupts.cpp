// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/core/interrupts.hpp"

#include "cpu/core/arch_msrs.hpp"
#include "cpu/core/cpu_trace.hpp"
#include "cpu/core/exception_delivery.hpp"
#include "cpu/core/models/cpu_model.hpp"
#include "cpu/core/smm.hpp"
#include "cpu/fpu/guest_fp_scope.hpp"
#include "cpu/mmu/translation_control.hpp"

namespace cpu {

namespace {

constexpr u64 bootstrap_processor = 1 << 8;  // Of IA32_APIC_BASE.

bool interrupt_waits(const Vcpu& vcpu) {
    return vcpu.ports.interrupts && vcpu.ports.interrupts->pending();
}

/// Between MOV SS and the instruction after it nothing is taken at all, so that SS:RSP can be
/// loaded in two steps (SDM 3A 6.8.3).
bool stack_is_being_loaded(const CpuState& state) { return state.shadow == InterruptShadow::MovSs; }

/// The state that is saved has no place for a shadow or a debug trap: they come first.
bool can_take_smi(const Vcpu& vcpu) {
    const CpuState& state = vcpu.state;
    return state.events.smi && !state.smm && state.activity != Activity::WaitForSipi &&
           state.shadow == InterruptShadow::None && state.events.debug_traps == 0 &&
           vcpu.has(Feature::Smm);
}

bool can_take_init(const CpuState& state) {
    return state.events.init && !state.smm && !stack_is_being_loaded(state);
}

bool can_take_nmi(const CpuState& state) {
    return state.events.nmi && !state.events.nmi_blocked && !stack_is_being_loaded(state) &&
           state.activity != Activity::WaitForSipi;
}

bool can_take_debug_trap(const CpuState& state) {
    return state.events.debug_traps != 0 && !stack_is_being_loaded(state) &&
           state.activity != Activity::WaitForSipi && state.activity != Activity::Shutdown;
}

bool can_take_interrupt(const Vcpu& vcpu) {
    const CpuState& state = vcpu.state;
    return (state.other_flags & rflags::IF) && state.shadow == InterruptShadow::None &&
           state.activity != Activity::WaitForSipi && state.activity != Activity::Shutdown &&
           interrupt_waits(vcpu);
}

/// INIT leaves the bootstrap processor at its reset vector, and the others waiting.
void take_init(Vcpu& vcpu) {
    trace_signal(vcpu, Signal::Init);
    vcpu.state.events.init = false;
    reset_by_init(vcpu);
    if (vcpu.ports.interrupts) vcpu.ports.interrupts->processor_reset_by_init();
}

void take_sipi(Vcpu& vcpu) {
    CpuState& state = vcpu.state;
    const u8 page = state.events.sipi_vector;
    trace_sipi(vcpu, page);
    state.events.sipi = false;
    Segment& code = state.segment(SegReg::Cs);
    code.selector = static_cast<u16>(page << 8);
    code.base = u64{page} << 12;
    state.rip = 0;
    state.activity = Activity::Running;
    vcpu.attention |= attention::StateChanged;
}

/// MWAIT waits for its line no longer (SDM 3A 9.10.4).
void wake(CpuState& state) {
    if (state.activity == Activity::MonitorWait) state.monitor_armed = false;
    state.activity = Activity::Running;
}

void take_debug_trap(Vcpu& vcpu) {
    CpuState& state = vcpu.state;
    vcpu.exception = {.vector = Vector::DB, .dr6 = state.events.debug_traps};
    state.events.debug_traps = 0;
    wake(state);
    deliver_exception(vcpu);
}

void raise_attention(Vcpu& vcpu) { vcpu.attention |= attention::Events; }

}  // namespace

bool take_pending_event(Vcpu& vcpu, bool shadow_expires) {
    CpuState& state = vcpu.state;
    if (shadow_expires) state.shadow = InterruptShadow::None;
    // SIPIs count only where they are waited for (SDM 3A 8.4.3), which an INIT before it sees to.
    if (state.events.sipi && !state.events.init && state.activity != Activity::WaitForSipi)
        state.events.sipi = false;

    if (can_take_smi(vcpu)) {
        state.events.smi = false;
        if (state.activity == Activity::MonitorWait) wake(state);
        enter_smm(vcpu);
        return true;
    }
    if (can_take_init(state)) {
        take_init(vcpu);
        return true;
    }
    if (state.activity == Activity::WaitForSipi) {
        if (!state.events.sipi) return false;
        take_sipi(vcpu);
        return true;
    }
    if (can_take_debug_trap(state)) {
        take_debug_trap(vcpu);
        return true;
    }
    if (can_take_nmi(state)) {
        state.events.nmi = false;
        wake(state);
        deliver_nmi(vcpu);
        return true;
    }
    if (can_take_interrupt(vcpu)) {
        wake(state);
        deliver_interrupt(vcpu, vcpu.ports.interrupts->acknowledge());
        return true;
    }
    return false;
}

bool event_possible(const Vcpu& vcpu) {
    const PendingEvents& events = vcpu.state.events;
    return events.nmi || events.smi || events.init || events.sipi || events.debug_traps != 0 ||
           interrupt_waits(vcpu);
}

void signal_nmi(Vcpu& vcpu) {
    vcpu.state.events.nmi = true;
    raise_attention(vcpu);
}

void signal_smi(Vcpu& vcpu) {
    vcpu.state.events.smi = true;
    raise_attention(vcpu);
}

void signal_init(Vcpu& vcpu) {
    vcpu.state.events.init = true;
    vcpu.state.events.sipi = false;  // One that came before; one that comes after counts.
    raise_attention(vcpu);
}

void signal_sipi(Vcpu& vcpu, u8 vector) {
    vcpu.state.events.sipi = true;
    vcpu.state.events.sipi_vector = vector;
    raise_attention(vcpu);
}

void reset_by_init(Vcpu& vcpu) {
    CpuState& state = vcpu.state;
    if (vcpu.x87_in_host) save_x87(vcpu);
    const u32 mxcsr = read_mxcsr(vcpu);
    CpuState fresh;
    // What INIT leaves alone: caching, the floating-point and vector registers, MSRs, time.
    fresh.cr0 = (state.cr0 & (cr0::CD | cr0::NW)) | cr0::ET;
    fresh.x87 = state.x87;
    fresh.vector = state.vector;
    fresh.xcr0 = state.xcr0;
    fresh.msr = state.msr;
    fresh.msr.efer = 0;
    fresh.events = state.events;
    fresh.events.nmi_blocked = false;
    fresh.events.debug_traps = 0;
    fresh.a20 = state.a20;
    fresh.retired = state.retired;
    fresh.reg(Gpr::Rdx) = vcpu.model.signature();
    if ((state.msr.apic_base & bootstrap_processor) == 0) fresh.activity = Activity::WaitForSipi;
    state = fresh;
    write_mxcsr(vcpu, mxcsr);
    flush_translations(vcpu);
    raise_attention(vcpu);
}

void power_on(Vcpu& vcpu) {
    if (vcpu.x87_in_host) save_x87(vcpu);
    CpuState fresh;
    fresh.reg(Gpr::Rdx) = vcpu.model.signature();
    // The machine's clock goes on through a reset; the TSC starts again.
    fresh.retired = vcpu.state.retired;
    fresh.msr.tsc_offset = 0 - clock_ticks(vcpu);
    if (vcpu.topology.apic_id != 0) {
        fresh.msr.apic_base &= ~bootstrap_processor;
        fresh.activity = Activity::WaitForSipi;
    }
    vcpu.state = fresh;
    write_mxcsr(vcpu, fresh.mxcsr);
    flush_translations(vcpu);
    raise_attention(vcpu);
}

}  // namespace cpu
