// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/core/cpu_trace.hpp"

#include <fmt/format.h>

#include "cpu/core/breakpoints.hpp"
#include "fabric/trace/trace.hpp"

namespace cpu {

using fabric::Trace;
using fabric::TraceCategory;

namespace {

/// Null where nobody wants to hear of it.
Trace* listener(const Vcpu& vcpu, TraceCategory category) {
    Trace* const trace = vcpu.ports.trace;
    return trace && trace->listens_to(category) ? trace : nullptr;
}

u16 code_selector(const Vcpu& vcpu) { return vcpu.state.segment(SegReg::Cs).selector; }

std::string_view mnemonic(Vector vector) {
    switch (vector) {
        case Vector::DE: return "#DE";
        case Vector::DB: return "#DB";
        case Vector::NMI: return "NMI";
        case Vector::BP: return "#BP";
        case Vector::OF: return "#OF";
        case Vector::BR: return "#BR";
        case Vector::UD: return "#UD";
        case Vector::NM: return "#NM";
        case Vector::DF: return "#DF";
        case Vector::TS: return "#TS";
        case Vector::NP: return "#NP";
        case Vector::SS: return "#SS";
        case Vector::GP: return "#GP";
        case Vector::PF: return "#PF";
        case Vector::MF: return "#MF";
        case Vector::AC: return "#AC";
        case Vector::MC: return "#MC";
        case Vector::XM: return "#XM";
    }
    return "exception";
}

/// "#PF error 0x2 for 0xffff888000001000", "#GP error 0x0", "#UD"
std::string text_of(const Exception& exception) {
    std::string text(mnemonic(exception.vector));
    if (exception.has_error_code) text += fmt::format(" error {:#x}", exception.error_code);
    if (exception.vector == Vector::PF) text += fmt::format(" for {:#x}", exception.address);
    if (exception.vector == Vector::DB) text += fmt::format(" for {:#x}", exception.dr6);
    return text;
}

std::string apic_name(const Vcpu& vcpu) { return fmt::format("apic{}", vcpu.topology.apic_id); }

/// Of one that no bank has, there is no name.
std::string msr_name(const Vcpu& vcpu, u32 index) {
    const std::string_view name = vcpu.msrs.name(index);
    return name.empty() ? "unknown MSR" : std::string(name);
}

}  // namespace

void trace_exception(const Vcpu& vcpu, const Exception& exception) {
    if (Trace* const trace = listener(vcpu, TraceCategory::Exceptions)) {
        trace->exception(trace_subject, text_of(exception), linear_rip(vcpu), code_selector(vcpu),
                         vcpu.state.rip);
    }
}

void trace_interrupt(const Vcpu& vcpu, u8 vector) {
    if (Trace* const trace = listener(vcpu, TraceCategory::Interrupts)) {
        trace->interrupt(trace_subject, vector, linear_rip(vcpu), code_selector(vcpu),
                         vcpu.state.rip);
    }
}

void trace_software_interrupt(const Vcpu& vcpu, u8 vector) {
    if (Trace* const trace = listener(vcpu, TraceCategory::Interrupts)) {
        trace->software_int(trace_subject, vector, linear_rip(vcpu), code_selector(vcpu),
                            vcpu.state.rip, vcpu.state.reg(Gpr::Rax));
    }
}

void trace_signal(const Vcpu& vcpu, Signal signal) {
    Trace* const trace = listener(vcpu, TraceCategory::Interrupts);
    if (!trace) return;
    const u64 linear = linear_rip(vcpu);
    const u16 cs = code_selector(vcpu);
    switch (signal) {
        case Signal::Nmi: trace->nmi(trace_subject, linear, cs, vcpu.state.rip); break;
        case Signal::Smi: trace->smi(trace_subject, linear, cs, vcpu.state.rip); break;
        case Signal::Init: trace->init(trace_subject, cs, vcpu.state.rip); break;
    }
}

void trace_sipi(const Vcpu& vcpu, u8 vector) {
    if (Trace* const trace = listener(vcpu, TraceCategory::Interrupts)) {
        trace->sipi(trace_subject, vector);
    }
}

void trace_smm_left(const Vcpu& vcpu) {
    if (Trace* const trace = listener(vcpu, TraceCategory::Interrupts)) {
        trace->smm_left(trace_subject, code_selector(vcpu), vcpu.state.rip);
    }
}

void trace_shutdown(const Vcpu& vcpu) {
    if (Trace* const trace = listener(vcpu, TraceCategory::Machine)) {
        trace->shutdown(trace_subject, code_selector(vcpu), vcpu.state.rip);
    }
}

void trace_control_write(const Vcpu& vcpu, std::string_view which, u64 value) {
    if (Trace* const trace = listener(vcpu, TraceCategory::Control)) {
        trace->control_write(trace_subject, which, value);
    }
}

void trace_cpuid(const Vcpu& vcpu, u32 leaf, u32 subleaf, const CpuidLeaf& found) {
    if (Trace* const trace = listener(vcpu, TraceCategory::Cpuid)) {
        trace->cpuid(trace_subject, leaf, subleaf, found.eax, found.ebx, found.ecx, found.edx);
    }
}

void trace_msr_read(const Vcpu& vcpu, u32 index, std::optional<u64> value) {
    if (Trace* const trace = listener(vcpu, TraceCategory::Msrs)) {
        if (value) {
            trace->msr_read(trace_subject, msr_name(vcpu, index), index, *value);
        } else {
            trace->msr_refused(trace_subject, "read of " + msr_name(vcpu, index), index);
        }
    }
    if (Trace* const trace = listener(vcpu, TraceCategory::Guest); trace && !value) {
        trace->unimplemented(trace_subject, fmt::format("RDMSR {:#x} refused", index), index);
    }
}

void trace_msr_write(const Vcpu& vcpu, u32 index, u64 value, MsrOutcome outcome) {
    const bool refused = outcome == MsrOutcome::GeneralProtection;
    if (Trace* const trace = listener(vcpu, TraceCategory::Msrs)) {
        if (refused) {
            trace->msr_refused(trace_subject, "write to " + msr_name(vcpu, index), index);
        } else {
            trace->msr_write(trace_subject, msr_name(vcpu, index), index, value);
        }
    }
    if (Trace* const trace = listener(vcpu, TraceCategory::Guest); trace && refused) {
        trace->unimplemented(trace_subject, fmt::format("WRMSR {:#x} refused", index), value);
    }
}

void trace_apic_read(const Vcpu& vcpu, u64 physical, u32 size, u64 value) {
    if (Trace* const trace = listener(vcpu, TraceCategory::Mmio)) {
        trace->mmio_read(apic_name(vcpu), physical, size, value);
    }
}

void trace_apic_write(const Vcpu& vcpu, u64 physical, u32 size, u64 value) {
    if (Trace* const trace = listener(vcpu, TraceCategory::Mmio)) {
        trace->mmio_write(apic_name(vcpu), physical, size, value);
    }
}

}  // namespace cpu
