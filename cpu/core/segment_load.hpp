// SPDX-License-Identifier: BSD-2-Clause
//
// Loading segment registers (SDM 3A 5.5 to 5.7, SDM 2B MOV; in virtual-8086 mode SDM 3B 21.2.1).
#pragma once

#include <optional>

#include "cpu/core/descriptor.hpp"
#include "cpu/core/vcpu.hpp"

namespace cpu {

/// Loads ES, SS, DS, FS or GS, by the rules of the current mode. Step::Next, or Step::Fault.
Step load_segment(Vcpu& vcpu, SegReg which, u16 selector);

/// Real and virtual-8086 mode, any register; nothing to check. In real mode the limit and the
/// attributes stay as they are ("unreal mode").
void load_8086_segment(Vcpu& vcpu, SegReg which, u16 selector);

/// Puts a segment into its register, and tells the engine if code may mean something else now.
void set_segment(Vcpu& vcpu, SegReg which, const Segment& value);

/// What a register holds after a null selector was loaded. SS keeps the privilege level.
constexpr Segment null_segment(u16 selector, u8 dpl = 0) {
    return {.selector = selector, .attributes = static_cast<u16>(Segment::Unusable | dpl << 5)};
}

/// The checks of a stack segment for code at level `cpl`: `bad` is raised with the selector, #SS if
/// it is not present. The selector is not null.
std::optional<Descriptor> stack_descriptor(Vcpu& vcpu, u16 selector, u8 cpl, Vector bad);

/// The same for ES, DS, FS and GS: #NP if it is not present.
std::optional<Descriptor> data_descriptor(Vcpu& vcpu, u16 selector, u8 cpl, Vector bad);

/// After a return to an outer ring: what its code may not use becomes null.
void drop_inaccessible_segments(Vcpu& vcpu);

}  // namespace cpu
