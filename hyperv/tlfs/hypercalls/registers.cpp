// SPDX-License-Identifier: BSD-2-Clause
//
// HvCallGetVpRegisters, HvCallSetVpRegisters, HvCallGetVpIndexFromApicId, HvCallGetPartitionId:
// what a partition can ask about itself.
#include <fmt/format.h>

#include "hyperv/tlfs/hypercalls/handlers.hpp"
#include "hyperv/tlfs/partition.hpp"
#include "hyperv/tlfs/virtual_processor.hpp"
#include "hyperv/tlfs/vp_registers.hpp"

namespace hyperv {

namespace {

/// The header of the calls on a virtual processor.
namespace input {
constexpr usize Partition = 0;
constexpr usize VpIndex = 8;
constexpr usize TargetVtl = 12;
}  // namespace input

constexpr u32 self_index = ~u32{0} - 1;  // HV_VP_INDEX_SELF

Status find_target(const Hypercall& call, VirtualProcessor*& target) {
    if (!is_own_partition(call.field<u64>(input::Partition))) return Status::AccessDenied;
    if (!means_vtl_0(call.field<u8>(input::TargetVtl))) return Status::InvalidParameter;
    const u32 index = call.field<u32>(input::VpIndex);
    Partition& partition = call.caller.partition();
    if (index == self_index) {
        target = &call.caller;
    } else if (index < partition.processors()) {
        target = &partition.processor(index);
    } else {
        return Status::InvalidVpIndex;
    }
    return Status::Success;
}

}  // namespace

Status get_vp_registers(const Hypercall& call) {
    VirtualProcessor* target = nullptr;
    if (const Status bad = find_target(call, target); bad != Status::Success) return bad;
    RegisterValue value;
    const Status status = read_register(*target, call.element_field<u32>(0), value);
    call.put(0, value.low);
    call.put(8, value.high);
    return status;
}

Status set_vp_registers(const Hypercall& call) {
    constexpr usize value_at = 16;
    VirtualProcessor* target = nullptr;
    if (const Status bad = find_target(call, target); bad != Status::Success) return bad;
    const RegisterValue value{call.element_field<u64>(value_at),
                              call.element_field<u64>(value_at + 8)};
    return write_register(*target, call.element_field<u32>(0), value);
}

std::string describe_vp_registers(const Hypercall& call) {
    return fmt::format("VP {:#x}, register {:#x}", call.field<u32>(input::VpIndex),
                       call.element_field<u32>(0));
}

Status get_vp_index_from_apic_id(const Hypercall& call) {
    constexpr usize target_vtl = 8;
    if (!is_own_partition(call.field<u64>(input::Partition))) return Status::InvalidPartitionId;
    if (!means_vtl_0(call.field<u8>(target_vtl))) return Status::InvalidParameter;
    Partition& partition = call.caller.partition();
    for (u32 index = 0; index < partition.processors(); ++index) {
        const u32 apic_id = partition.processor(index).vcpu().topology.apic_id;
        if (apic_id != call.element_field<u32>(0)) continue;
        call.put(0, u64{index});
        return Status::Success;
    }
    return Status::InvalidParameter;
}

std::string describe_apic_id(const Hypercall& call) {
    return fmt::format("APIC ID {}", call.element_field<u32>(0));
}

Status get_partition_id(const Hypercall& call) {
    call.put(0, this_partition);
    return Status::Success;
}

std::string describe_nothing(const Hypercall&) { return {}; }

}  // namespace hyperv
