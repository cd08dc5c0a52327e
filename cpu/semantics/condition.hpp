// SPDX-License-Identifier: BSD-2-Clause
//
// The sixteen conditions of Jcc, SETcc and CMOVcc (SDM 1 appendix B).
#pragma once

#include "cpu/arch/cpu_state.hpp"

namespace cpu::alu {

/// Whether the condition with this number (the low four bits of the opcode) is met. A constant
/// `code` leaves one test; there are no branches on flags.
[[gnu::always_inline]] constexpr bool condition(u16 status, u8 code) {
    using namespace status_flags;
    const bool negated = (code & 1) != 0;
    const bool less = ((status >> 15) & 1) != (status & OF);
    switch ((code >> 1) & 7) {
        case 0: return ((status & OF) != 0) != negated;
        case 1: return ((status & CF) != 0) != negated;
        case 2: return ((status & ZF) != 0) != negated;
        case 3: return ((status & (CF | ZF)) != 0) != negated;
        case 4: return ((status & SF) != 0) != negated;
        case 5: return ((status & PF) != 0) != negated;
        case 6: return less != negated;
        default: return (((status & ZF) != 0) | less) != negated;
    }
}

}  // namespace cpu::alu
