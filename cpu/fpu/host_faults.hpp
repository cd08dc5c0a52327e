// SPDX-License-Identifier: BSD-2-Clause
//
// Floating-point errors that the host's processor reports while it computes for the guest. The
// kernel turns #XM and #MF into SIGFPE; within the guarded code that is an answer, anywhere else it
// is left to whoever handled the signal before.
#pragma once

#include "fabric/support/int_types.hpp"

namespace cpu {

/// SIGFPE with the instruction pointer in [begin, end) goes on at `resume`. Once per process.
void guard_native_code(const u8* begin, const u8* end, const u8* resume);

/// Takes SIGFPE back from whoever has taken it since, a test framework for one.
void reclaim_floating_point_errors();

}  // namespace cpu
