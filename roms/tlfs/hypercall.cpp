// SPDX-License-Identifier: BSD-2-Clause
#include "roms/tlfs/hypercall.hpp"

#include "roms/tlfs/processor.hpp"

namespace hypercall {

alignas(4096) u8 input_page[4096];
alignas(4096) u8 output_page[4096];

bool establish() {
    if (!tlfs::hypervisor_present() || !tlfs::shows(tlfs::Feature::HypercallMsrs)) return false;
    guest::try_wrmsr(tlfs::msr::GuestOsId, tlfs::guest_os_id);
    guest::try_wrmsr(tlfs::msr::Hypercall, page_address | tlfs::page_enable);
    hypercall_target = page_address;
    const guest::MsrRead read = guest::try_rdmsr(tlfs::msr::Hypercall);
    return !read.fault.raised && (read.value & tlfs::page_enable) != 0;
}

u64 call(u64 control, u64 input, u64 output) {
    Registers registers = {};
    registers.rcx = control;
    registers.rdx = input;
    registers.r8 = output;
    call(registers);
    return registers.rax;
}

void call(Registers& registers) { hypercall_with_registers(&registers); }

bool known(u16 code) {
    return (call(code, cleared_input(), cleared_output()) & 0xffff) != tlfs::InvalidHypercallCode;
}

u64* cleared_input() {
    for (u8& byte : input_page) byte = 0;
    return reinterpret_cast<u64*>(input_page);
}

u64* cleared_output() {
    for (u8& byte : output_page) byte = 0;
    return reinterpret_cast<u64*>(output_page);
}

}  // namespace hypercall
