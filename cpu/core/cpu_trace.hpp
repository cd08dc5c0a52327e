// SPDX-License-Identifier: BSD-2-Clause
//
// A processor's events for those who look on (fabric/trace). Each of these returns at once where
// nobody does.
#pragma once

#include "cpu/core/vcpu.hpp"

namespace cpu {

/// What CPU events have as their subject; the record's stamp says which processor it is.
constexpr std::string_view trace_subject = "cpu";

/// On its way into the guest.
void trace_exception(const Vcpu& vcpu, const Exception& exception);
void trace_interrupt(const Vcpu& vcpu, u8 vector);
void trace_software_interrupt(const Vcpu& vcpu, u8 vector);

enum class Signal : u8 { Nmi, Smi, Init };
void trace_signal(const Vcpu& vcpu, Signal signal);
void trace_sipi(const Vcpu& vcpu, u8 vector);
void trace_smm_left(const Vcpu& vcpu);
void trace_shutdown(const Vcpu& vcpu);

void trace_control_write(const Vcpu& vcpu, std::string_view which, u64 value);
void trace_cpuid(const Vcpu& vcpu, u32 leaf, u32 subleaf, const CpuidLeaf& found);
void trace_msr_read(const Vcpu& vcpu, u32 index, std::optional<u64> value);
void trace_msr_write(const Vcpu& vcpu, u32 index, u64 value, MsrOutcome outcome);
/// The registers of the local APIC, on their page.
void trace_apic_read(const Vcpu& vcpu, u64 physical, u32 size, u64 value);
void trace_apic_write(const Vcpu& vcpu, u64 physical, u32 size, u64 value);

}  // namespace cpu
