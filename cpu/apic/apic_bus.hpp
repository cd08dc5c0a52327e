// SPDX-License-Identifier: BSD-2-Clause
//
// What carries interrupt messages to local APICs: interprocessor interrupts, those of I/O APICs and
// of devices (MSI), and the broadcast of EOIs back to the I/O APICs (SDM 3A 10.6, 10.8.5, 10.11).
// A message has arrived when deliver() returns; nothing is under way that would have to be saved.
#pragma once

#include <functional>
#include <vector>

#include "cpu/apic/apic_registers.hpp"
#include "fabric/bus/msi.hpp"

namespace fabric {
class Trace;
}

namespace cpu {

class LocalApic;

struct InterruptMessage {
    u32 destination = 0;
    bool wide = false;  // The destination has 32 bits (from x2APIC mode); else 8.
    bool logical = false;
    apic::DeliveryMode mode = apic::DeliveryMode::Fixed;
    u8 vector = 0;
    bool level_triggered = false;
};

/// Destination shorthands, as the interrupt command register encodes them.
enum class Shorthand : u8 { None, Self, All, AllButSelf };

class ApicBus final : public fabric::MsiSink {
public:
    /// In the order of their IDs: among equals the first gets a lowest-priority interrupt.
    void attach(LocalApic& apic) { apics_.push_back(&apic); }
    /// An I/O APIC's ear for EOIs of level-triggered interrupts.
    void add_eoi_listener(std::function<void(u8 vector)> listener) {
        eoi_listeners_.push_back(std::move(listener));
    }

    void deliver(fabric::MsiMessage message) override;
    void deliver(const InterruptMessage& message, Shorthand shorthand, const LocalApic* sender);
    void end_of_interrupt(u8 vector);

    void set_trace(fabric::Trace& trace) { trace_ = &trace; }

private:
    void trace_message(const InterruptMessage& message, Shorthand shorthand,
                       const LocalApic* sender) const;

    std::vector<LocalApic*> apics_;
    std::vector<std::function<void(u8)>> eoi_listeners_;
    fabric::Trace* trace_ = nullptr;
};

}  // namespace cpu
