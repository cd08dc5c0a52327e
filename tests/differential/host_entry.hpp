// SPDX-License-Identifier: BSD-2-Clause
//
// The way from the harness into a test on the host processor and back. Written in assembly
// (host_entry.cpp); ControlBlock is what both sides share, at a fixed low address.
#pragma once

#include <csignal>
#include <cstddef>

#include "tests/differential/case.hpp"
#include "tests/differential/layout.hpp"

namespace test::differential {

struct alignas(64) ControlBlock {
    std::array<u64, 16> gpr_in;
    std::array<u64, 16> gpr_out;
    u64 host_rsp;
    u64 host_fs_base;
    u64 host_gs_base;
    u64 exit_address;  // Where tests jump to when they are done.
    u64 rflags_out;
    u64 fs_base;  // In and out.
    u64 gs_base;
    std::array<u32, 4> selectors_in;   // DS ES FS GS.
    std::array<u32, 5> selectors_out;  // DS ES FS GS SS.
    u32 load_selectors;                // Else fs_base and gs_base are loaded.
    u32 active;                        // A test is running.
    u32 hung;
    u8 gap[0x200 - 0x16c];
    std::array<u64, 64> stack;
    XsaveImage extended_in;
    u8 gap_2[0x800 - 0x740];
    XsaveImage extended_out;
};
static_assert(offsetof(ControlBlock, host_rsp) == 0x100);
static_assert(offsetof(ControlBlock, selectors_in) == 0x138);
static_assert(offsetof(ControlBlock, selectors_out) == 0x148);
static_assert(offsetof(ControlBlock, load_selectors) == 0x15c);
static_assert(offsetof(ControlBlock, hung) == 0x164);
static_assert(offsetof(ControlBlock, extended_in) == 0x400);
static_assert(offsetof(ControlBlock, extended_out) == 0x800);
static_assert(sizeof(ControlBlock) <= page);

inline ControlBlock& control() { return *reinterpret_cast<ControlBlock*>(control_page); }

extern "C" {
/// Loads everything from the control block and the frame at `entry_frame`; returns when the test
/// has come to the exit or a signal handler has called host_leave.
void host_enter();
/// Not a function: tests jump here with their registers.
void host_exit();
/// The signal handler to register: puts segments and bases right, then calls host_fault.
void host_signal(int number, siginfo_t* information, void* context);
/// Out of a signal handler, back to the caller of host_enter.
[[noreturn]] void host_leave();
/// Ours, called by host_signal.
void host_fault(int number, siginfo_t* information, void* context);
}

}  // namespace test::differential
