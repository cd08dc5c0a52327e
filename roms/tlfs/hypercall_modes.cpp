// SPDX-License-Identifier: BSD-2-Clause
//
// Where hypercalls may be made from (TLFS 3.5), and how 32-bit code makes them (3.7).
#include "roms/tlfs/checks.hpp"
#include "roms/tlfs/groups.hpp"
#include "roms/tlfs/hypercall.hpp"

namespace groups {

namespace {

constexpr u8 invalid_opcode = 6;
alignas(4096) u8 user_stack[4096];

/// Calls a place from ring 3; ends with the fault that this leads to, #GP if the call returns.
guest::Fault call_from_user_mode(u64 place) {
    guest::give_to_user(user_stack);
    guest::give_to_user(reinterpret_cast<void*>(user_hypercall));
    guest::give_to_user(reinterpret_cast<void*>(place));
    return guest::guarded(
        [](void* target) {
            enter_user_mode(reinterpret_cast<void*>(user_hypercall), user_stack + sizeof user_stack,
                            reinterpret_cast<u64>(target));
        },
        reinterpret_cast<void*>(place));
}

void check_32_bits() {
    for (u32& each : compatibility_registers) each = 0;
    compatibility_registers[0] = 0x7fff;  // EDX:EAX, the input value
    compatibility_registers[3] = 0xffff;
    compatibility_registers[1] = 0x11111111;  // EBX:ECX
    compatibility_registers[2] = 0x22222222;
    compatibility_registers[4] = 0x44444444;  // EDI:ESI
    compatibility_registers[5] = 0x33333333;
    const guest::Fault fault = guest::guarded([](void*) { hypercall_from_32_bits(); }, nullptr);
    check::that("32-bit code may call", !fault.raised, "3.7");
    check::equal("its status is in AX", compatibility_registers[0] & 0xffff,
                 tlfs::InvalidHypercallCode, "3.8");
    check::equal("its reps done are in EDX", compatibility_registers[3], 0, "3.8");
    check::that(
        "its other registers stay as they are",
        compatibility_registers[1] == 0x11111111 && compatibility_registers[2] == 0x22222222 &&
            compatibility_registers[4] == 0x44444444 && compatibility_registers[5] == 0x33333333,
        "3.9");
    if (!hypercall::known(tlfs::code::NotifyLongSpinWait)) return;
    compatibility_registers[0] = tlfs::code::NotifyLongSpinWait;
    compatibility_registers[3] = 0;
    compatibility_registers[1] = 0;
    compatibility_registers[2] =
        static_cast<u32>(reinterpret_cast<u64>(hypercall::cleared_input()));
    hypercall_from_32_bits();
    check::equal("input from EBX:ECX", compatibility_registers[0] & 0xffff, tlfs::Success, "3.7");
    compatibility_registers[0] = tlfs::code::NotifyLongSpinWait;
    compatibility_registers[3] = 0;
    compatibility_registers[2] += 4;
    hypercall_from_32_bits();
    check::equal("wrong input from EBX:ECX", compatibility_registers[0] & 0xffff,
                 tlfs::InvalidAlignment, "3.6");
    compatibility_registers[0] = tlfs::code::NotifyLongSpinWait;
    compatibility_registers[3] = 1 << 28;
    hypercall_from_32_bits();
    check::equal("a reserved bit in EDX", compatibility_registers[0] & 0xffff,
                 tlfs::InvalidHypercallInput, "3.7");
}

}  // namespace

void hypercall_modes() {
    if (without_hypercalls()) return;
    check::faults("from ring 3", call_from_user_mode(hypercall::page_address), invalid_opcode,
                  "3.5");
    check_32_bits();
    check::equal("from real mode: #UD", probe_real_mode(hypercall::page_address), 1, "3.5");
    check::status("and from 64-bit code after that", hypercall::call(0x7fff, nullptr),
                  tlfs::InvalidHypercallCode, "3.7");
    // Not through the page: the same, or #UD.
    struct Copy {
        u8 bytes[64];
        u64 result;
    };
    static Copy copy;
    for (u32 i = 0; i < sizeof copy.bytes; ++i)
        copy.bytes[i] = reinterpret_cast<u8*>(hypercall::page_address)[i];
    hypercall_target = guest::address_of(copy.bytes);
    const guest::Fault fault =
        guest::guarded([](void*) { copy.result = hypercall::call(0x7fff, nullptr); }, nullptr);
    hypercall_target = hypercall::page_address;
    if (fault.raised) {
        check::faults("from a copy of the page", fault, invalid_opcode, "3.5");
    } else {
        check::status("from a copy of the page", copy.result, tlfs::InvalidHypercallCode, "3.5");
    }
}

}  // namespace groups
