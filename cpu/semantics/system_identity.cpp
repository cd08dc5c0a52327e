// SPDX-License-Identifier: BSD-2-Clause
//
// What a program asks the processor about itself, the time and chance: CPUID, MSRs, counters,
// random numbers.
#include "cpu/core/arch_msrs.hpp"
#include "cpu/core/cpu_trace.hpp"
#include "cpu/core/device_access.hpp"
#include "cpu/core/models/cpu_model.hpp"
#include "cpu/semantics/operands.hpp"
#include "cpu/semantics/semantics.hpp"

namespace cpu::semantics {

namespace {

u32 low_half(const Vcpu& vcpu, Gpr which) { return static_cast<u32>(vcpu.state.reg(which)); }

void write_pair(Vcpu& vcpu, u64 value) {
    vcpu.state.reg(Gpr::Rax) = static_cast<u32>(value);
    vcpu.state.reg(Gpr::Rdx) = value >> 32;
}

bool time_is_forbidden(const Vcpu& vcpu) {
    return vcpu.state.cpl != 0 && (vcpu.state.cr4 & cr4::TSD);
}

/// CF says whether there was a number; the other status flags are cleared.
Step random_number(Vcpu& vcpu, const Instruction& instruction) {
    EntropySource* source = vcpu.ports.entropy;
    const u64 number = source ? source->next() : 0;
    return for_operand_size(instruction.operand_size, [&]<class T>() {
        write_gpr<T>(vcpu.state, instruction.rm, instruction.rex, static_cast<T>(number));
        vcpu.state.status = status_flags::Fixed1;
        if (source) vcpu.state.status |= status_flags::CF;
        return Step::Next;
    });
}

}  // namespace

Step cpuid(Vcpu& vcpu, const Instruction&) {
    const u32 leaf = low_half(vcpu, Gpr::Rax);
    const u32 subleaf = low_half(vcpu, Gpr::Rcx);
    const CpuidLeaf found = vcpu.cpuid.read(leaf, subleaf);
    trace_cpuid(vcpu, leaf, subleaf, found);
    vcpu.state.reg(Gpr::Rax) = found.eax;
    vcpu.state.reg(Gpr::Rbx) = found.ebx;
    vcpu.state.reg(Gpr::Rcx) = found.ecx;
    vcpu.state.reg(Gpr::Rdx) = found.edx;
    // SDM 3A 10.11.7.1: how software learns of the microcode's revision.
    if (leaf == 1) vcpu.state.msr.bios_signature = u64{vcpu.model.microcode_revision} << 32;
    return Step::Next;
}

Step rdmsr(Vcpu& vcpu, const Instruction&) {
    const u32 index = low_half(vcpu, Gpr::Rcx);
    const auto value = with_device_time(vcpu, [&] { return vcpu.msrs.read(index); });
    trace_msr_read(vcpu, index, value);
    if (!value) return vcpu.raise(Vector::GP, 0);
    write_pair(vcpu, *value);
    return Step::Next;
}

Step wrmsr(Vcpu& vcpu, const Instruction&) {
    const u64 value = u64{low_half(vcpu, Gpr::Rdx)} << 32 | low_half(vcpu, Gpr::Rax);
    const u32 index = low_half(vcpu, Gpr::Rcx);
    const auto outcome = with_device_time(vcpu, [&] { return vcpu.msrs.write(index, value); });
    trace_msr_write(vcpu, index, value, outcome);
    if (outcome == MsrOutcome::GeneralProtection) return vcpu.raise(Vector::GP, 0);
    return Step::Next;
}

Step rdtsc(Vcpu& vcpu, const Instruction&) {
    if (time_is_forbidden(vcpu)) return vcpu.raise(Vector::GP, 0);
    write_pair(vcpu, read_tsc(vcpu));
    return Step::Next;
}

Step rdtscp(Vcpu& vcpu, const Instruction&) {
    if (time_is_forbidden(vcpu)) return vcpu.raise(Vector::GP, 0);
    write_pair(vcpu, read_tsc(vcpu));
    vcpu.state.reg(Gpr::Rcx) = static_cast<u32>(vcpu.state.msr.tsc_aux);
    return Step::Next;
}

/// CPUID leaf 0AH shows no counters, so no number names one.
Step rdpmc(Vcpu& vcpu, const Instruction&) { return vcpu.raise(Vector::GP, 0); }

Step rdpid(Vcpu& vcpu, const Instruction& instruction) {
    vcpu.state.gpr[instruction.rm] = static_cast<u32>(vcpu.state.msr.tsc_aux);
    return Step::Next;
}

Step rdrand(Vcpu& vcpu, const Instruction& instruction) { return random_number(vcpu, instruction); }
Step rdseed(Vcpu& vcpu, const Instruction& instruction) { return random_number(vcpu, instruction); }

}  // namespace cpu::semantics
