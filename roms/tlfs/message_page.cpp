// SPDX-License-Identifier: BSD-2-Clause
#include "roms/tlfs/message_page.hpp"

#include "roms/tlfs/reference_time.hpp"

namespace msr = tlfs::msr;

namespace messages {

alignas(4096) volatile tlfs::Message slots[16];

void switch_on() {
    guest::wrmsr(msr::Scontrol, 1);
    guest::wrmsr(msr::Simp, guest::address_of(slots) | tlfs::page_enable);
    for (u32 sint = 0; sint < 16; ++sint) set_sint(sint, tlfs::sint::Masked);
    // Each timer may have left a message behind.
    for (u32 round = 0; round < 5; ++round) {
        for (u32 sint = 0; sint < 16; ++sint) empty(sint);
        guest::wrmsr(msr::Eom, 0);
    }
}

void set_sint(u32 sint, u64 value) { guest::wrmsr(msr::Sint0 + sint, value); }

void empty(u32 sint) {
    slots[sint].type = 0;
    __asm__ volatile("mfence" : : : "memory");
}

void set_timer(u32 timer, u64 config, u64 count) {
    guest::wrmsr(msr::Stimer0Config + 2 * timer, config & ~tlfs::stimer::Enabled);
    guest::wrmsr(msr::Stimer0Count + 2 * timer, count);
    if ((config & tlfs::stimer::Enabled) != 0) guest::wrmsr(msr::Stimer0Config + 2 * timer, config);
}

void arm(u32 timer, u32 sint, u64 time) {
    set_timer(timer, tlfs::stimer::sint(static_cast<u8>(sint)) | tlfs::stimer::Enabled, time);
}

u64 timer_config(u32 timer) { return guest::rdmsr(msr::Stimer0Config + 2 * timer); }

bool wait_for_message(u32 sint, u64 ticks) {
    const u64 end = reference::counter() + ticks;
    while (!arrived(sint) && reference::counter() < end) guest::pause();
    return arrived(sint);
}

}  // namespace messages
