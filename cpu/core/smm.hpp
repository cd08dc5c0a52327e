// SPDX-License-Identifier: BSD-2-Clause
//
// System management mode (SDM 3C 32, APM 2 10). The state is saved in the AMD64 layout of APM 2
// table 10-1, revision 0x20064: it is the one of the two that is documented whole, and firmware for
// PCs (SeaBIOS, OVMF) goes by the revision and knows it. SMBASE can be moved and HLT resumed; I/O
// instructions are not restarted.
#pragma once

#include "cpu/core/vcpu.hpp"

namespace cpu {

/// Takes an SMI.
void enter_smm(Vcpu& vcpu);

/// RSM, in SMM. What cannot be resumed shuts the processor down.
void leave_smm(Vcpu& vcpu);

}  // namespace cpu
