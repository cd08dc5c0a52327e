// SPDX-License-Identifier: BSD-2-Clause
//
// Where an instruction meets a device: a port or MMIO. The device must see the time of this very
// instruction, and a deadline that it sets must be met although the engine's budget was made
// before.
#pragma once

#include "cpu/core/cpu_trace.hpp"
#include "cpu/core/vcpu.hpp"

namespace cpu {

/// Whether a frame is, for this processor, the registers of its local APIC in xAPIC mode.
inline bool is_apic_page(const Vcpu& vcpu, u64 frame) {
    constexpr u64 mode = apic_base::Extended | apic_base::Enabled;
    const u64 base = vcpu.state.msr.apic_base;
    return vcpu.ports.apic_page && (base & mode) == apic_base::Enabled &&
           (base & apic_base::Address) >> 12 == frame;
}

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

/// What is at a physical address where there is no memory. `size` is 1, 2, 4 or 8.
inline u64 read_mmio(Vcpu& vcpu, u64 physical, u32 size) {
    if (!is_apic_page(vcpu, physical >> 12)) {
        return read_device(vcpu, vcpu.ports.mmio, physical, size);
    }
    return with_device_time(vcpu, [&] {
        const u64 value = vcpu.ports.apic_page->read(physical & 0xfff, size);
        trace_apic_read(vcpu, physical, size, value);
        return value;
    });
}

inline void write_device(Vcpu& vcpu, fabric::IoSpace& space, u64 address, u32 size, u64 value) {
    with_device_time(vcpu, [&] {
        space.write(address, size, value);
        return true;
    });
}

inline void write_mmio(Vcpu& vcpu, u64 physical, u32 size, u64 value) {
    if (!is_apic_page(vcpu, physical >> 12)) {
        write_device(vcpu, vcpu.ports.mmio, physical, size, value);
        return;
    }
    with_device_time(vcpu, [&] {
        trace_apic_write(vcpu, physical, size, value);
        vcpu.ports.apic_page->write(physical & 0xfff, size, value);
        return true;
    });
}

}  // namespace cpu
