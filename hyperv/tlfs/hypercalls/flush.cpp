// SPDX-License-Identifier: BSD-2-Clause
//
// Translations of other processors (TLFS, Virtual TLB Enhancements). They are gone when the call
// returns. Address spaces are named by CR3, translations by PCID: where PCIDs are in use, all
// address spaces of a processor are flushed for one.
#include <fmt/format.h>

#include "cpu/mmu/translation_control.hpp"
#include "hyperv/tlfs/hypercalls/handlers.hpp"
#include "hyperv/tlfs/partition.hpp"
#include "hyperv/tlfs/virtual_processor.hpp"
#include "hyperv/tlfs/vp_set.hpp"

namespace hyperv {

namespace {

/// The header of all four calls; the processors follow.
namespace input {
constexpr usize AddressSpace = 0;
constexpr usize Flags = 8;
constexpr usize Processors = 16;
}  // namespace input

namespace flag {
constexpr u64 AllProcessors = 1 << 0;
constexpr u64 AllAddressSpaces = 1 << 1;
constexpr u64 NonGlobalOnly = 1 << 2;
}  // namespace flag

Status check_header(const Hypercall& call, u64 allowed_flags) {
    const u64 flags = call.field<u64>(input::Flags);
    const u8 bits = call.caller.partition().config().physical_address_bits;
    const bool is_cr3 = (call.field<u64>(input::AddressSpace) >> bits) == 0;
    const bool good = (flags & ~allowed_flags) == 0 && (is_cr3 || (flags & flag::AllAddressSpaces));
    return good ? Status::Success : Status::InvalidParameter;
}

Status read_mask(const Hypercall& call, VpSet& targets) {
    const u64 mask = call.field<u64>(input::Processors);
    // Windows Server 2012 names nobody and means everybody.
    const bool all = mask == 0 || (call.field<u64>(input::Flags) & flag::AllProcessors);
    targets = all ? VpSet::all() : VpSet::of_mask(mask);
    return Status::Success;
}

Status read_set(const Hypercall& call, VpSet& targets) {
    const Status status = VpSet::read(call.header.subspan(input::Processors), targets);
    if (status != Status::Success) return status;
    if (call.field<u64>(input::Flags) & flag::AllProcessors) targets = VpSet::all();
    return Status::Success;
}

using ReadTargets = Status (*)(const Hypercall&, VpSet&);

template <class Flush>
Status for_each_target(const Hypercall& call, u64 allowed_flags, ReadTargets read_targets,
                       Flush flush) {
    VpSet targets;
    if (const Status bad = check_header(call, allowed_flags); bad != Status::Success) return bad;
    if (const Status bad = read_targets(call, targets); bad != Status::Success) return bad;
    Partition& partition = call.caller.partition();
    for (u32 index = 0; index < partition.processors(); ++index) {
        if (targets.has(index)) flush(partition.processor(index).vcpu());
    }
    return Status::Success;
}

Status flush_space(const Hypercall& call, ReadTargets read_targets) {
    constexpr u64 allowed = flag::AllProcessors | flag::AllAddressSpaces | flag::NonGlobalOnly;
    constexpr u64 all_but_global = 3;  // As INVPCID has it.
    const bool keep_global = (call.field<u64>(input::Flags) & flag::NonGlobalOnly) != 0;
    return for_each_target(call, allowed, read_targets, [keep_global](cpu::Vcpu& vcpu) {
        if (keep_global) {
            cpu::invalidate_pcid(vcpu, all_but_global, 0, 0);
        } else {
            cpu::flush_translations(vcpu);
        }
    });
}

/// One element: an address, and in its low bits how many further pages.
Status flush_range(const Hypercall& call, ReadTargets read_targets) {
    constexpr u64 allowed = flag::AllProcessors | flag::AllAddressSpaces;
    constexpr u64 more_pages = 0xfff;
    constexpr u64 cheaper_than_all = 64;
    const u64 range = call.element_field<u64>(0);
    const u64 first = range & ~more_pages;
    const u64 pages = (range & more_pages) + 1;
    return for_each_target(call, allowed, read_targets, [first, pages](cpu::Vcpu& vcpu) {
        const bool tagged = (vcpu.state.cr4 & cpu::cr4::PCIDE) != 0;
        if (tagged || pages > cheaper_than_all) {
            cpu::flush_translations(vcpu);
            return;
        }
        for (u64 page = 0; page < pages; ++page) {
            cpu::flush_page(vcpu, first + page * fabric::page_size);
        }
    });
}

std::string describe_flags(const Hypercall& call) {
    const u64 flags = call.field<u64>(input::Flags);
    std::string text;
    if (flags & flag::AllProcessors) text += ", all processors";
    if (flags & flag::AllAddressSpaces) text += ", all address spaces";
    if (flags & flag::NonGlobalOnly) text += ", not global";
    return text;
}

}  // namespace

Status flush_virtual_address_space(const Hypercall& call) { return flush_space(call, read_mask); }
Status flush_virtual_address_space_ex(const Hypercall& call) { return flush_space(call, read_set); }
Status flush_virtual_address_list(const Hypercall& call) { return flush_range(call, read_mask); }
Status flush_virtual_address_list_ex(const Hypercall& call) { return flush_range(call, read_set); }

std::string describe_flush(const Hypercall& call) {
    std::string text =
        fmt::format("address space {:#x}, processors {:#x}", call.field<u64>(input::AddressSpace),
                    call.field<u64>(input::Processors));
    text += describe_flags(call);
    if (!call.element.empty()) text += fmt::format(", from {:#x}", call.element_field<u64>(0));
    return text;
}

std::string describe_flush_ex(const Hypercall& call) {
    std::string text =
        fmt::format("address space {:#x}, processors of banks {:#x}",
                    call.field<u64>(input::AddressSpace), call.field<u64>(input::Processors + 8));
    text += describe_flags(call);
    if (!call.element.empty()) text += fmt::format(", from {:#x}", call.element_field<u64>(0));
    return text;
}

}  // namespace hyperv
