// SPDX-License-Identifier: BSD-2-Clause
//
// One instruction through its native thunk, with its memory operand wherever that is: the general
// road behind the semantics `native` and `x87`.
#pragma once

#include "cpu/core/vcpu.hpp"
#include "cpu/decode/decoder.hpp"

namespace cpu {

/// Within a GuestFpScope; MMX and x87 registers are loaded, with no error pending. On Step::Fault
/// either memory has raised it, or the host reported a floating-point error, which is raised as #XM
/// (#UD without CR4.OSXMMEXCPT) or #MF. Nothing has changed then.
Step execute_natively(Vcpu& vcpu, const Instruction& instruction);

}  // namespace cpu
