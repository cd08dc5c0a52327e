// SPDX-License-Identifier: BSD-2-Clause
//
// Ports, as IN, OUT, INS and OUTS reach them.
#pragma once

#include "cpu/core/vcpu.hpp"

namespace cpu::semantics {

/// Whether the running program may use `size` ports from this one on (SDM 1 19.5: CPL and IOPL, and
/// the bitmap in the TSS). If not, Vcpu::exception says why: #GP(0), or what reading the bitmap
/// raised.
[[nodiscard]] bool io_allowed(Vcpu& vcpu, u16 port, u32 size);

/// An access that is allowed. I/O breakpoints are taken note of.
u32 read_port(Vcpu& vcpu, u16 port, u32 size);
void write_port(Vcpu& vcpu, u16 port, u32 size, u32 value);

}  // namespace cpu::semantics
