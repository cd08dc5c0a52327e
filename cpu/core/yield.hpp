// SPDX-License-Identifier: BSD-2-Clause
//
// PAUSE: a processor that spins has nothing better to do. Engine::run() comes back after each of
// them, with StopCause::StopRequested and whatever is left of the budget; the machine then lets
// others run, or time pass. Part of the instruction's meaning, so that it happens at the same
// places however a run is cut into slices.
#pragma once

#include "cpu/core/vcpu.hpp"

namespace cpu {

namespace attention {
constexpr u32 Yield = 1 << 3;  // The last instruction was PAUSE.
}

/// Whether it was a PAUSE that run() came back for. Asked once after each.
inline bool take_yield(Vcpu& vcpu) {
    const bool yielded = (vcpu.attention & attention::Yield) != 0;
    vcpu.attention &= ~attention::Yield;
    return yielded;
}

}  // namespace cpu
