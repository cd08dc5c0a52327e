// SPDX-License-Identifier: BSD-2-Clause
//
// Where the guest's floating-point state is while instructions run: MXCSR in the host's MXCSR, and
// the x87 registers in the host's from their first use (Vcpu::x87_in_host). Our own code computes
// nothing in floating point inside of such a scope.
#pragma once

#include "cpu/core/vcpu.hpp"

namespace cpu {

/// Around everything that executes guest instructions: an engine's run(). May be nested.
class GuestFpScope {
public:
    explicit GuestFpScope(Vcpu& vcpu);
    ~GuestFpScope();
    GuestFpScope(const GuestFpScope&) = delete;
    GuestFpScope& operator=(const GuestFpScope&) = delete;

private:
    Vcpu& vcpu_;
    bool outermost_;
    u32 host_mxcsr_ = 0;
};

/// MXCSR, wherever it is.
u32 read_mxcsr(const Vcpu& vcpu);
/// Reserved bits have been checked.
void write_mxcsr(Vcpu& vcpu, u32 value);

/// Bits that may be set.
constexpr u32 mxcsr_mask = 0xffff;

/// Puts the x87 registers into the host's, if they are not there already.
void load_x87(Vcpu& vcpu);
/// Brings them back: CpuState::x87 is whole and current then, and may be changed.
void save_x87(Vcpu& vcpu);

/// The status word, wherever it is.
u16 read_x87_status(const Vcpu& vcpu);
u16 read_x87_control(const Vcpu& vcpu);
/// Whether an unmasked x87 error waits to be reported (the status word's ES).
bool x87_error_pending(const Vcpu& vcpu);
/// Reports it: #MF, or FERR# to the board with CR0.NE = 0, and then the instruction does not go on
/// until somebody has cleared the error or an interrupt comes (SDM 1 8.7). FERR# is told to the
/// board each time such an instruction is met, which is all that a latch behind it can see.
/// Deviation: no board can assert IGNNE#, so an interrupt's handler has to clear the error (FNCLEX,
/// FNINIT, FNSAVE) before it executes a waiting instruction.
Step report_x87_error(Vcpu& vcpu);

}  // namespace cpu
