// SPDX-License-Identifier: BSD-2-Clause
//
// A SynIC that is switched on, and timers to send it messages: they are the messages that a guest
// can bring about by itself.
#pragma once

#include "roms/tlfs/processor.hpp"
#include "roms/tlfs/tlfs.hpp"

namespace messages {

/// The SIM page of the processor that called switch_on().
extern volatile tlfs::Message slots[16];

void switch_on();
void set_sint(u32 sint, u64 value);

/// Type none; as the guest says that it has read it.
void empty(u32 sint);
inline bool arrived(u32 sint) { return slots[sint].type != 0; }
inline bool pending(u32 sint) { return (slots[sint].flags & tlfs::message_pending) != 0; }
inline u64 timer_index(u32 sint) { return slots[sint].payload[0] & 0xffffffff; }
inline u64 expiration(u32 sint) { return slots[sint].payload[1]; }
inline u64 delivery(u32 sint) { return slots[sint].payload[2]; }

/// A one-shot timer at this reference time, its message to this SINT.
void arm(u32 timer, u32 sint, u64 time);
void set_timer(u32 timer, u64 config, u64 count);
u64 timer_config(u32 timer);

/// Waits with interrupts as they are. False: the slot stayed empty for so long (units of 100 ns).
bool wait_for_message(u32 sint, u64 ticks);

}  // namespace messages
