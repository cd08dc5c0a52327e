// SPDX-License-Identifier: BSD-2-Clause
//
// MSRs of the whole partition: whichever processor writes to one, all read it.
#include "hyperv/tlfs/guest_os_id.hpp"
#include "hyperv/tlfs/partition.hpp"
#include "hyperv/tlfs/synthetic_msrs.hpp"
#include "hyperv/tlfs/virtual_processor.hpp"

namespace hyperv {

using cpu::MsrOutcome;

namespace {

template <u64 (Partition::*Read)() const>
u64 read(const VirtualProcessor& vp) {
    return (vp.partition().*Read)();
}
template <void (Partition::*Write)(u64)>
MsrOutcome write(VirtualProcessor& vp, u64 value) {
    (vp.partition().*Write)(value);
    return MsrOutcome::Done;
}

MsrOutcome write_hypercall(VirtualProcessor& vp, u64 value) {
    return vp.partition().write_hypercall_register(value);
}

MsrOutcome write_reset(VirtualProcessor& vp, u64 value) {
    if (value & 1) vp.partition().request_reset();
    return MsrOutcome::Done;
}

constexpr SyntheticMsr rows[] = {
    {{.index = 0x4000'0000,
      .name = "HV_X64_MSR_GUEST_OS_ID",
      .needs = Feature::Hypercalls,
      .read = read<&Partition::guest_os_id>,
      .write = write<&Partition::write_guest_os_id>},
     describe_guest_os},
    {{.index = 0x4000'0001,
      .name = "HV_X64_MSR_HYPERCALL",
      .needs = Feature::Hypercalls,
      .read = read<&Partition::hypercall_register>,
      .write = write_hypercall},
     describe_overlay},
    {{.index = 0x4000'0003,
      .name = "HV_X64_MSR_RESET",
      .needs = Feature::Reset,
      .allowed = 1,
      .read = [](const VirtualProcessor&) { return u64{0}; },
      .write = write_reset}},
    {{.index = 0x4000'0020,
      .name = "HV_X64_MSR_TIME_REF_COUNT",
      .needs = Feature::ReferenceCounter,
      .read = [](const VirtualProcessor& vp) { return vp.partition().time().now(); }}},
    {{.index = 0x4000'0021,
      .name = "HV_X64_MSR_REFERENCE_TSC",
      .needs = Feature::ReferenceTsc,
      .read = read<&Partition::reference_tsc_register>,
      .write = write<&Partition::write_reference_tsc_register>},
     describe_overlay},
    {{.index = 0x4000'0022,
      .name = "HV_X64_MSR_TSC_FREQUENCY",
      .needs = Feature::Frequencies,
      .read = [](const VirtualProcessor& vp) { return vp.partition().config().tsc_hz; }}},
    {{.index = 0x4000'0023,
      .name = "HV_X64_MSR_APIC_FREQUENCY",
      .needs = Feature::Frequencies,
      .read = [](const VirtualProcessor& vp) { return vp.partition().config().apic_hz; }}},
};

}  // namespace

std::span<const SyntheticMsr> partition_msrs() { return rows; }

}  // namespace hyperv
