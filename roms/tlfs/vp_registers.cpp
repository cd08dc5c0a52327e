// SPDX-License-Identifier: BSD-2-Clause
//
// HvCallGetVpRegisters, HvCallSetVpRegisters (TLFS 7.10), HvCallGetPartitionId,
// HvCallGetVpIndexFromApicId and HvCallStartVirtualProcessor (web edition).
#include "roms/tlfs/checks.hpp"
#include "roms/tlfs/groups.hpp"
#include "roms/tlfs/hypercall.hpp"
#include "roms/tlfs/reference_time.hpp"

using namespace hypercall;
using tlfs::Feature;
namespace code = tlfs::code;
namespace msr = tlfs::msr;

namespace groups {

namespace {

/// 7.8.1: names of registers.
enum Name : u32 {
    HypervisorVersion = 0x100,
    PrivilegesAndFeatures = 0x200,
    Features = 0x201,
    ImplementationLimits = 0x202,
    HardwareFeatures = 0x203,
    Rsp = 0x20004,
    Rip = 0x20010,
    Rflags = 0x20011,
    Cr0 = 0x40000,
    Cr3 = 0x40002,
    Cr4 = 0x40003,
    Cr8 = 0x40004,
    CodeSegment = 0x60001,
    Gdtr = 0x70001,
    Efer = 0x80001,
    KernelGsBase = 0x80002,
    Lstar = 0x80009,
    GuestOsId = 0x90002,
    VpIndex = 0x90003,
    TimeRefCount = 0x90004,
    VpAssistPage = 0x90013,
    NoSuchRegister = 0x7ffffff0,
};

struct Value {
    u64 low, high;
};

constexpr u64 self_input_vtl = 0;

u64* register_input(u64 partition, u32 vp) {
    u64* input = cleared_input();
    input[0] = partition;
    input[1] = vp | self_input_vtl << 32;
    return input;
}

u64 get(u32 name, Value& value, u64 partition = tlfs::partition_self,
        u32 vp = tlfs::vp_index_self) {
    u64* input = register_input(partition, vp);
    input[2] = name;
    const u64* output = cleared_output();
    const u64 result = call(code::GetVpRegisters | rep_count(1), input, output);
    value = {output[0], output[1]};
    return result;
}

u64 set(u32 name, Value value, u64 partition = tlfs::partition_self, u32 vp = tlfs::vp_index_self) {
    u64* input = register_input(partition, vp);
    input[2] = name;
    input[4] = value.low;
    input[5] = value.high;
    return call(code::SetVpRegisters | rep_count(1), input);
}

void check_is(const char* text, u32 name, u64 low, u64 high = 0) {
    Value value;
    check::reps(text, get(name, value), tlfs::Success, 1, "7.10.2");
    check::equal(text, value.low, low, "7.8.1");
    check::equal(text, value.high, high, "7.8.1");
}

void check_leaf(const char* text, u32 name, u32 leaf) {
    const struct cpuid_result shown = cpuid(leaf, 0);
    check_is(text, name, u64{shown.ebx} << 32 | shown.eax, u64{shown.edx} << 32 | shown.ecx);
}

struct __attribute__((packed)) TablePointer {
    u8 pad[6];
    u16 limit;
    u64 base;
};

void check_own_state() {
    check_leaf("HvRegisterHypervisorVersion", HypervisorVersion, 0x40000002);
    check_leaf("HvRegisterPrivilegesAndFeaturesInfo", PrivilegesAndFeatures, 0x40000003);
    check_leaf("HvRegisterFeaturesInfo", Features, 0x40000004);
    check_leaf("HvRegisterImplementationLimitsInfo", ImplementationLimits, 0x40000005);
    check_leaf("HvRegisterHardwareFeaturesInfo", HardwareFeatures, 0x40000006);
    check_is("HvRegisterGuestOsId", GuestOsId, tlfs::guest_os_id);
    check_is("HvRegisterVpIndex", VpIndex, guest::try_rdmsr(msr::VpIndex).value);
    u64 cr0, cr3, cr4;
    __asm__ volatile("mov %%cr0, %0; mov %%cr3, %1; mov %%cr4, %2"
                     : "=r"(cr0), "=r"(cr3), "=r"(cr4));
    check_is("CR0", Cr0, cr0);
    check_is("CR3", Cr3, cr3);
    check_is("CR4", Cr4, cr4);
    check_is("CR8", Cr8, 0);
    check_is("EFER", Efer, guest::rdmsr(0xc0000080));
    Value value;
    get(CodeSegment, value);
    check::equal("CS: its selector", value.high >> 32 & 0xffff, guest::code_selector, "7.9.3");
    check::equal("CS: present, long, code", value.high >> 48 & 0x2098, 0x2098, "7.9.3");
    TablePointer gdt = {};
    __asm__ volatile("sgdt %0" : "=m"(gdt.limit));
    get(Gdtr, value);
    check::equal("GDTR: base", value.high, gdt.base, "7.9.4");
    check::equal("GDTR: limit", value.low >> 48, gdt.limit, "7.9.4");
    get(Rip, value);
    check::within("RIP: in the hypercall page", value.low, page_address, page_address + 4095,
                  "7.10.2");
    get(Rsp, value);
    const u64 here = guest::address_of(&value);
    check::within("RSP: near here", value.low, here - 4096, here, "7.10.2");
    if (tlfs::shows(Feature::ReferenceCounter)) {
        const u64 before = reference::counter();
        get(TimeRefCount, value);
        check::within("HvRegisterTimeRefCount", value.low, before, reference::counter(), "12.4");
    }
}

void check_lists() {
    u64* input = register_input(tlfs::partition_self, tlfs::vp_index_self);
    u32* names = reinterpret_cast<u32*>(input + 2);
    names[0] = GuestOsId;
    names[1] = NoSuchRegister;
    names[2] = GuestOsId;
    check::reps("an unknown name ends a list; what went before is counted",
                call(code::GetVpRegisters | rep_count(3), input, cleared_output()),
                tlfs::InvalidParameter, 1, "7.10.2");
    check::reps("what is before the start is not looked at",
                call(code::GetVpRegisters | rep_count(3) | rep_start(2), input, cleared_output()),
                tlfs::Success, 3, "3.7");
    const u64* output = reinterpret_cast<u64*>(output_page);
    check::equal("nor written", output[0], 0, "3.7");
    check::equal("each element has its place", output[4], tlfs::guest_os_id, "3.7");
}

void check_refusals() {
    Value value;
    check::reps("an unknown name", get(NoSuchRegister, value), tlfs::InvalidParameter, 0, "7.10.2");
    check::status("a partition that is none", get(GuestOsId, value, 0), tlfs::InvalidPartitionId,
                  tlfs::AccessDenied, "7.10.2");
    check::status("a partition that is another's", get(GuestOsId, value, 0x77777777),
                  tlfs::InvalidPartitionId, tlfs::AccessDenied, "7.10.2");
    check::status("a processor that there is not",
                  get(GuestOsId, value, tlfs::partition_self, 4095), tlfs::InvalidVpIndex,
                  "7.10.2");
    check::status("a read-only register, VpIndex", set(VpIndex, {5, 0}), tlfs::InvalidParameter,
                  "7.10.1");
    check::status("a read-only register, TimeRefCount", set(TimeRefCount, {5, 0}),
                  tlfs::InvalidParameter, "12.4");
    check::status("a read-only register, HypervisorVersion", set(HypervisorVersion, {5, 0}),
                  tlfs::InvalidParameter, "7.10.1");
    check::status("setting an unknown name", set(NoSuchRegister, {}), tlfs::InvalidParameter,
                  "7.10.1");
}

void check_setting() {
    check::reps("set CR8", set(Cr8, {3, 0}), tlfs::Success, 1, "7.10.1");
    u64 cr8;
    __asm__ volatile("mov %%cr8, %0" : "=r"(cr8));
    check::equal("it is set", cr8, 3, "7.10.1");
    set(Cr8, {});
    check::reps("set LSTAR", set(Lstar, {0x123456789abc, 0}), tlfs::Success, 1, "7.10.1");
    check::equal("it is the MSR", guest::rdmsr(0xc0000082), 0x123456789abc, "7.10.1");
    check::reps("set KernelGsBase", set(KernelGsBase, {0x777000, 0}), tlfs::Success, 1, "7.10.1");
    check::equal("it is the MSR too", guest::rdmsr(0xc0000102), 0x777000, "7.10.1");
    if (tlfs::shows(Feature::InterruptControl)) {
        check::reps("set VpAssistPage", set(VpAssistPage, {0x555000, 0}), tlfs::Success, 1,
                    "7.10.1");
        check::reads("it is the synthetic MSR", msr::VpAssistPage, 0x555000, "7.10.1");
        set(VpAssistPage, {});
    }
}

void check_others() {
    for (u32 i = 1; i < guest::processor_count(); ++i) {
        Value value;
        check::status({"VpIndex of processor", i}, get(VpIndex, value, tlfs::partition_self, i),
                      tlfs::Success, tlfs::InvalidVpState, "7.10.2");
        if (value.low != 0) check::equal({"it is that of processor", i}, value.low, i, "7.10.2");
    }
}

void check_partition_id() {
    const u64* output = cleared_output();
    const u64 result = call(code::GetPartitionId, cleared_input(), output);
    if (tlfs::shows(Feature::PartitionId)) {
        check::status("partition ID", result, tlfs::Success, "4.2.2");
        check::that("it is one", output[0] != 0 && output[0] != tlfs::partition_self,
                    "web, HV_PARTITION_ID");
    } else {
        check::status("partition ID without the privilege", result, tlfs::AccessDenied,
                      tlfs::InvalidHypercallCode, "4.2.2");
    }
}

/// One at a time: the texts do not agree on how far apart the elements of its lists are.
u64 index_of(u32 apic_id, u64& index) {
    u64* input = cleared_input();
    input[0] = tlfs::partition_self;
    input[2] = apic_id;
    const u64* output = cleared_output();
    const u64 result = call(code::GetVpIndexFromApicId | rep_count(1), input, output);
    index = output[0];
    return result;
}

void check_apic_ids() {
    if (!tlfs::shows(Feature::StartVirtualProcessor) && !known(code::GetVpIndexFromApicId)) {
        check::skip("VP index from APIC ID", "not shown, not known");
        return;
    }
    u64 index;
    if (!tlfs::shows(Feature::StartVirtualProcessor) && !succeeded(index_of(0, index))) {
        check::status("VP index from APIC ID, not shown", index_of(0, index), tlfs::AccessDenied,
                      "4.2.2");
        return;
    }
    for (u32 i = 0; i < guest::processor_count(); ++i) {
        check::reps({"VP index from APIC ID, processor", i},
                    index_of(guest::processors[i].apic_id, index), tlfs::Success, 1, "7.10.6");
        check::equal({"it is the index of processor", i}, index, i, "7.10.6");
    }
    check::that("no such APIC ID", !succeeded(index_of(0xfff0, index)), "7.10.6");
}

/// HV_INITIAL_VP_CONTEXT
struct Segment {
    u64 base;
    u32 limit;
    u16 selector, attributes;
};
struct Context {
    u64 rip, rsp, rflags;
    Segment cs, ds, es, fs, gs, ss, tr, ldtr;
    u16 idtr_pad[3], idtr_limit;
    u64 idtr_base;
    u16 gdtr_pad[3], gdtr_limit;
    u64 gdtr_base;
    u64 efer, cr0, cr3, cr4, pat;
};
static_assert(sizeof(Context) == 224);

u64 start(u32 vp, u64 partition) {
    u64* input = cleared_input();
    input[0] = partition;
    input[1] = vp;
    Context& context = *reinterpret_cast<Context*>(input + 2);
    guest::Processor& next = guest::processors[vp < guest::most_processors ? vp : 0];
    u64* stack = reinterpret_cast<u64*>(next.stack + sizeof next.stack) - 2;
    if (vp != 0) *stack = guest::address_of(&next);
    context.rip = guest::address_of(reinterpret_cast<void*>(processor_entry_by_stack));
    context.rsp = guest::address_of(stack);
    context.rflags = 2;
    context.cs = {0, 0xffffffff, guest::code_selector, 0xa09b};
    const Segment data{0, 0xffffffff, 0x10, 0xc093};
    context.ds = context.es = context.fs = context.gs = context.ss = data;
    context.tr = {0, 0x67, 0, 0x8b};
    context.ldtr = {0, 0, 0, 0x10000 >> 8};
    context.gdtr_limit = sizeof next.gdt - 1;
    context.gdtr_base = guest::address_of(next.gdt);
    context.efer = guest::rdmsr(0xc0000080);
    __asm__ volatile("mov %%cr0, %0; mov %%cr3, %1; mov %%cr4, %2"
                     : "=r"(context.cr0), "=r"(context.cr3), "=r"(context.cr4));
    context.pat = guest::rdmsr(0x277);
    return call(code::StartVirtualProcessor, input);
}

void check_start() {
    constexpr const char* section = "web, HvCallStartVirtualProcessor";
    if (!tlfs::shows(Feature::StartVirtualProcessor)) {
        check::status("start without the privilege", start(1, tlfs::partition_self),
                      tlfs::AccessDenied, tlfs::InvalidHypercallCode, "4.2.2");
        return;
    }
    check::status("start a processor that there is not", start(4095, tlfs::partition_self),
                  tlfs::InvalidVpIndex, section);
    check::status("start in a partition that is none", start(0, 0), tlfs::InvalidPartitionId,
                  section);
    check::status("start one that runs", start(0, tlfs::partition_self), tlfs::InvalidVpState,
                  section);
    for (u32 i = 1; i < guest::processor_count(); ++i) {
        guest::send_init(i);
        check::status({"start processor", i}, start(i, tlfs::partition_self), tlfs::Success,
                      section);
        const u64 end = guest::rdtsc() + 20'000'000;
        while (!guest::processors[i].started && guest::rdtsc() < end) guest::pause();
        check::that({"it runs, processor", i}, guest::processors[i].started, section);
    }
}

}  // namespace

void vp_registers() {
    if (without_hypercalls()) return;
    if (tlfs::shows(Feature::VpRegisters)) {
        check_own_state();
        check_lists();
        check_refusals();
        check_setting();
        check_others();
    } else {
        Value value;
        check::status("get without the privilege", get(GuestOsId, value), tlfs::AccessDenied,
                      tlfs::InvalidHypercallCode, "7.10.2");
        check::status("set without the privilege", set(GuestOsId, value), tlfs::AccessDenied,
                      tlfs::InvalidHypercallCode, "7.10.1");
    }
    check_partition_id();
    check_apic_ids();
    check_start();
}

}  // namespace groups
