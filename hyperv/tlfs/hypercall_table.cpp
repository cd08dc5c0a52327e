// SPDX-License-Identifier: BSD-2-Clause
//
// The hypercalls there are, by code (TLFS appendix A). All others are unknown.
#include <algorithm>

#include "hyperv/tlfs/hypercall.hpp"
#include "hyperv/tlfs/hypercalls/handlers.hpp"

namespace hyperv {

namespace {

using Header = HypercallRow::Header;

constexpr HypercallRow rows[] = {
    {.code = 0x0002,
     .name = "HvCallFlushVirtualAddressSpace",
     .needs = Feature::RemoteFlush,
     .header_bytes = 24,
     .handle = flush_virtual_address_space,
     .describe = describe_flush},
    {.code = 0x0003,
     .name = "HvCallFlushVirtualAddressList",
     .needs = Feature::RemoteFlush,
     .rep = true,
     .header_bytes = 24,
     .element_bytes = 8,
     .handle = flush_virtual_address_list,
     .describe = describe_flush},
    {.code = 0x0008,
     .name = "HvCallNotifyLongSpinWait",
     .needs = Feature::SpinWait,
     .header_bytes = 8,
     .handle = notify_long_spin_wait,
     .describe = describe_long_spin_wait},
    {.code = 0x000b,
     .name = "HvCallSendSyntheticClusterIpi",
     .needs = Feature::ClusterIpi,
     .header_bytes = 16,
     .handle = send_cluster_ipi,
     .describe = describe_cluster_ipi},
    {.code = 0x0013,
     .name = "HvCallFlushVirtualAddressSpaceEx",
     .needs = Feature::ProcessorSets,
     .header = Header::Variable,
     .header_bytes = 32,
     .handle = flush_virtual_address_space_ex,
     .describe = describe_flush_ex},
    {.code = 0x0014,
     .name = "HvCallFlushVirtualAddressListEx",
     .needs = Feature::ProcessorSets,
     .rep = true,
     .header = Header::Variable,
     .header_bytes = 32,
     .element_bytes = 8,
     .handle = flush_virtual_address_list_ex,
     .describe = describe_flush_ex},
    {.code = 0x0015,
     .name = "HvCallSendSyntheticClusterIpiEx",
     .needs = Feature::ProcessorSets,
     .header = Header::Variable,
     .header_bytes = 24,
     .handle = send_cluster_ipi_ex,
     .describe = describe_cluster_ipi_ex},
    {.code = 0x0046,
     .name = "HvCallGetPartitionId",
     .needs = Feature::PartitionId,
     .without = Status::AccessDenied,
     .output_bytes = 8,
     .handle = get_partition_id,
     .describe = describe_nothing},
    {.code = 0x0050,
     .name = "HvCallGetVpRegisters",
     .needs = Feature::VpRegisters,
     .without = Status::AccessDenied,
     .rep = true,
     .header_bytes = 16,
     .element_bytes = 4,
     .output_bytes = 16,
     .handle = get_vp_registers,
     .describe = describe_vp_registers},
    {.code = 0x0051,
     .name = "HvCallSetVpRegisters",
     .needs = Feature::VpRegisters,
     .without = Status::AccessDenied,
     .rep = true,
     .header_bytes = 16,
     .element_bytes = 32,
     .handle = set_vp_registers,
     .describe = describe_vp_registers},
    {.code = 0x005c,
     .name = "HvCallPostMessage",
     .needs = Feature::PostMessages,
     .without = Status::AccessDenied,
     .header_bytes = 256,
     .handle = post_message,
     .describe = describe_post_message},
    {.code = 0x005d,
     .name = "HvCallSignalEvent",
     .needs = Feature::SignalEvents,
     .without = Status::AccessDenied,
     .header_bytes = 8,
     .handle = signal_event,
     .describe = describe_signal_event},
    {.code = 0x0099,
     .name = "HvCallStartVirtualProcessor",
     .needs = Feature::StartVp,
     .without = Status::AccessDenied,
     .header_bytes = 240,
     .handle = start_virtual_processor,
     .describe = describe_start_vp},
    {.code = 0x009a,
     .name = "HvCallGetVpIndexFromApicId",
     .needs = Feature::StartVp,
     .without = Status::AccessDenied,
     .rep = true,
     .header_bytes = 16,
     .element_bytes = 8,
     .output_bytes = 8,
     .handle = get_vp_index_from_apic_id,
     .describe = describe_apic_id},
};
static_assert(std::ranges::is_sorted(rows, {}, &HypercallRow::code));

}  // namespace

std::span<const HypercallRow> hypercall_table() { return rows; }

const HypercallRow* find_hypercall(u16 code) {
    const auto row = std::ranges::lower_bound(rows, code, {}, &HypercallRow::code);
    return row != std::end(rows) && row->code == code ? row : nullptr;
}

}  // namespace hyperv
