// SPDX-License-Identifier: BSD-2-Clause
//
// How hypercalls are made (TLFS 3), and the page they are made through.
#pragma once

#include "roms/tlfs/tlfs.hpp"

namespace hypercall {

/// 3.7: fields of the input value beside the code.
constexpr u64 fast = 1 << 16;
constexpr u64 variable_header(u64 qwords) { return qwords << 17; }
constexpr u64 rep_count(u64 count) { return count << 32; }
constexpr u64 rep_start(u64 index) { return index << 48; }

/// Every register that a call may take or change; the order is entry.asm's.
struct Registers {
    u64 rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15;
    u64 xmm[6][2];
};

/// Where the page lies once establish() was called: below 64 KiB, so that real mode reaches it, and
/// below 4 GiB, so that 32-bit code does.
constexpr u64 page_address = 0x9000;

/// Reports an identity and enables the page. False if that cannot be done here.
bool establish();

u64 call(u64 control, u64 input, u64 output);
inline u64 call(u64 control, const volatile void* input, const volatile void* output = nullptr) {
    return call(control, reinterpret_cast<u64>(input), reinterpret_cast<u64>(output));
}
/// With its parameters in RDX and R8.
inline u64 call_fast(u16 code, u64 first, u64 second = 0) {
    return call(code | fast, first, second);
}
void call(Registers& registers);

inline bool succeeded(u64 result) { return (result & 0xffff) == tlfs::Success; }

/// Whether anything but "invalid code" is answered to it.
bool known(u16 code);

/// Pages for parameters, a page each, cleared.
extern u8 input_page[4096];
extern u8 output_page[4096];
u64* cleared_input();
u64* cleared_output();

}  // namespace hypercall

extern "C" {
void hypercall_with_registers(hypercall::Registers* registers);
extern u64 hypercall_target;
void hypercall_from_32_bits();
/// EAX EBX ECX EDX ESI EDI
extern u32 compatibility_registers[6];
}
