// SPDX-License-Identifier: BSD-2-Clause
//
// Where an instruction meets a device: a port or MMIO. The device must see the time of this very
// instruction, and a deadline that it sets must be met although the engine's budget was made
// before.
#pragma once

#include "cpu/core/vcpu.hpp"

namespace cpu {

template <class Use>
auto with_device_time(Vcpu& vcpu, Use use) {
    DeviceClock* const clock = vcpu.ports.clock;
    if (clock) clock->access_begins(vcpu.state.retired);
    const auto value = use();
    if (clock && clock->access_ends()) vcpu.attention |= attention::Stop;
    return value;
}

inline u64 read_device(Vcpu& vcpu, fabric::IoSpace& space, u64 address, u32 size) {
    return with_device_time(vcpu, [&] { return space.read(address, size); });
}

inline void write_device(Vcpu& vcpu, fabric::IoSpace& space, u64 address, u32 size, u64 value) {
    with_device_time(vcpu, [&] {
        space.write(address, size, value);
        return true;
    });
}

}  // namespace cpu
