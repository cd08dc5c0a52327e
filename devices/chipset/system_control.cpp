// SPDX-License-Identifier: BSD-2-Clause
#include "devices/chipset/system_control.hpp"

#include "devices/chipset/system_control_registers.hpp"

namespace devices {

u64 SystemControlB::read(u64, u32) {
    u8 value = state_.control;
    if (refresh.ticks_at(wiring_.events.now()) & 1) value |= port61::RefreshToggle;
    if (wiring_.timer2_out()) value |= port61::Timer2Out;
    return value;
}

void SystemControlB::write(u64, u32, u64 value) {
    state_.control = static_cast<u8>(value) & port61::Writable;
    wiring_.timer2_gate.set((state_.control & port61::Timer2Gate) != 0);
}

void SystemControlA::write(u64, u32, u64 wide_value) {
    const u8 value = static_cast<u8>(wide_value) & port92::Writable;
    const bool init = (value & ~state_.control & port92::Init) != 0;
    state_.control = value;
    wiring_.a20.set((value & port92::A20) != 0);
    if (init) wiring_.init();
}

}  // namespace devices
