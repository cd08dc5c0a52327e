// SPDX-License-Identifier: BSD-2-Clause
//
// HvCallSendSyntheticClusterIpi and its Ex form: one interrupt to many processors.
#include <fmt/format.h>

#include "hyperv/tlfs/hypercalls/handlers.hpp"
#include "hyperv/tlfs/partition.hpp"
#include "hyperv/tlfs/virtual_processor.hpp"
#include "hyperv/tlfs/vp_set.hpp"

namespace hyperv {

namespace {

namespace input {
constexpr usize Vector = 0;
constexpr usize TargetVtl = 4;
constexpr usize Processors = 8;
}  // namespace input

Status send(const Hypercall& call, const VpSet& targets) {
    constexpr u32 lowest = 0x10;
    constexpr u32 highest = 0xff;
    const u32 vector = call.field<u32>(input::Vector);
    if (vector < lowest || vector > highest || !means_vtl_0(call.field<u8>(input::TargetVtl))) {
        return Status::InvalidParameter;
    }
    Partition& partition = call.caller.partition();
    for (u32 index = 0; index < partition.processors(); ++index) {
        if (!targets.has(index)) continue;
        partition.processor(index).apic().request(static_cast<u8>(vector));
    }
    return Status::Success;
}

}  // namespace

Status send_cluster_ipi(const Hypercall& call) {
    return send(call, VpSet::of_mask(call.field<u64>(input::Processors)));
}

Status send_cluster_ipi_ex(const Hypercall& call) {
    VpSet targets;
    const Status status = VpSet::read(call.header.subspan(input::Processors), targets);
    return status == Status::Success ? send(call, targets) : status;
}

std::string describe_cluster_ipi(const Hypercall& call) {
    return fmt::format("vector {:#04x}, processors {:#x}", call.field<u32>(input::Vector),
                       call.field<u64>(input::Processors));
}

std::string describe_cluster_ipi_ex(const Hypercall& call) {
    return fmt::format("vector {:#04x}, processors of banks {:#x}", call.field<u32>(input::Vector),
                       call.field<u64>(input::Processors + 8));
}

}  // namespace hyperv
