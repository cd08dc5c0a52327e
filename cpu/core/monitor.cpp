// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/core/monitor.hpp"

namespace cpu {

void arm_monitor(Vcpu& vcpu, u64 physical) {
    vcpu.state.monitor_armed = true;
    vcpu.state.monitor_address = physical & ~(monitor_line_bytes - 1);
    vcpu.ports.memory.set_flag(physical >> 12, fabric::page_flag::Watched, true);
}

void wait_on_monitor(Vcpu& vcpu) {
    if (!vcpu.state.monitor_armed) return;
    vcpu.state.activity = Activity::MonitorWait;
    vcpu.attention |= attention::Events;
}

void note_store(Vcpu& vcpu, u64 physical, u64 length) {
    const u64 line = vcpu.state.monitor_address;
    const bool hit = physical < line + monitor_line_bytes && line < physical + length;
    if (!vcpu.state.monitor_armed || !hit) return;
    vcpu.state.monitor_armed = false;
    if (vcpu.state.activity == Activity::MonitorWait) {
        vcpu.state.activity = Activity::Running;
        vcpu.attention |= attention::Events;
    }
}

}  // namespace cpu
