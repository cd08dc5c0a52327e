// SPDX-License-Identifier: BSD-2-Clause
//
// MSRs of one virtual processor that are no interrupt controller's: TLFS, Virtual Processors, and
// those that give the local APIC's registers other addresses (TLFS, Local APIC MSR Accesses).
#include "hyperv/tlfs/partition.hpp"
#include "hyperv/tlfs/synthetic_msrs.hpp"
#include "hyperv/tlfs/virtual_processor.hpp"

namespace hyperv {

using cpu::MsrOutcome;

namespace {

constexpr u64 low_32 = 0xffff'ffff;

template <void (VirtualProcessor::*Write)(u64)>
MsrOutcome write(VirtualProcessor& vp, u64 value) {
    (vp.*Write)(value);
    return MsrOutcome::Done;
}

MsrOutcome write_eoi(VirtualProcessor& vp, u64) {
    vp.apic().end_of_interrupt();
    return MsrOutcome::Done;
}
MsrOutcome write_icr(VirtualProcessor& vp, u64 value) {
    vp.apic().write_interrupt_command(value);
    return MsrOutcome::Done;
}
MsrOutcome write_tpr(VirtualProcessor& vp, u64 value) {
    vp.apic().set_task_priority(static_cast<u8>(value));
    return MsrOutcome::Done;
}

constexpr SyntheticMsr rows[] = {
    {{.index = 0x4000'0002,
      .name = "HV_X64_MSR_VP_INDEX",
      .needs = Feature::VpIndex,
      .read = [](const VirtualProcessor& vp) { return u64{vp.index()}; }}},
    {{.index = 0x4000'0010,
      .name = "HV_X64_MSR_VP_RUNTIME",
      .needs = Feature::VpRuntime,
      .read = [](const VirtualProcessor& vp) { return vp.runtime(); }}},
    {{.index = 0x4000'0070,
      .name = "HV_X64_MSR_EOI",
      .needs = Feature::ApicMsrs,
      .allowed = low_32,
      .write = write_eoi}},
    {{.index = 0x4000'0071,
      .name = "HV_X64_MSR_ICR",
      .needs = Feature::ApicMsrs,
      .read = [](const VirtualProcessor& vp) { return vp.apic().interrupt_command(); },
      .write = write_icr}},
    {{.index = 0x4000'0072,
      .name = "HV_X64_MSR_TPR",
      .needs = Feature::ApicMsrs,
      .allowed = 0xff,
      .read = [](const VirtualProcessor& vp) { return u64{vp.apic().task_priority()}; },
      .write = write_tpr}},
    {{.index = 0x4000'0073,
      .name = "HV_X64_MSR_VP_ASSIST_PAGE",
      .needs = Feature::ApicMsrs,
      .read = [](const VirtualProcessor& vp) { return vp.vp_assist_register(); },
      .write = write<&VirtualProcessor::write_vp_assist_register>},
     describe_overlay},
    {{.index = 0x4000'0118,
      .name = "HV_X64_MSR_TSC_INVARIANT_CONTROL",
      .needs = Feature::TscInvariant,
      .allowed = 1,
      .read = [](const VirtualProcessor& vp) { return vp.tsc_invariant_control(); },
      .write = write<&VirtualProcessor::write_tsc_invariant_control>}},
};

}  // namespace

std::span<const SyntheticMsr> processor_msrs() { return rows; }

}  // namespace hyperv
