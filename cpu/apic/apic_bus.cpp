// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/apic/apic_bus.hpp"

#include "cpu/apic/local_apic.hpp"

namespace cpu {

using apic::DeliveryMode;

namespace {

/// SDM 3A 10.11: the address and data of a message-signalled interrupt.
namespace msi {
constexpr u64 AddressMask = 0xfff0'0000;
constexpr u64 Address = 0xfee0'0000;
constexpr u64 Logical = 1 << 2;
constexpr u32 Assert = 1u << 14;
constexpr u32 Level = 1u << 15;
}  // namespace msi

bool goes_to(const LocalApic& apic, const InterruptMessage& message, Shorthand shorthand,
             const LocalApic* sender) {
    switch (shorthand) {
        case Shorthand::None: return apic.is_addressed_by(message);
        case Shorthand::Self: return &apic == sender;
        case Shorthand::All: return true;
        case Shorthand::AllButSelf: return &apic != sender;
    }
    UNREACHABLE();
}

}  // namespace

void ApicBus::deliver(fabric::MsiMessage message) {
    if ((message.address & msi::AddressMask) != msi::Address || (message.address >> 32) != 0) {
        return;
    }
    const bool level = (message.data & msi::Level) != 0;
    if (level && (message.data & msi::Assert) == 0) return;
    const auto mode = static_cast<DeliveryMode>((message.data >> 8) & 7);
    // Only processors send these.
    if (mode == DeliveryMode::Startup || mode == DeliveryMode::RemoteRead) return;
    deliver({.destination = static_cast<u32>(message.address >> 12) & 0xff,
             .logical = (message.address & msi::Logical) != 0,
             .mode = mode,
             .vector = static_cast<u8>(message.data),
             .level_triggered = level},
            Shorthand::None, nullptr);
}

void ApicBus::deliver(const InterruptMessage& message, Shorthand shorthand,
                      const LocalApic* sender) {
    if (message.mode != DeliveryMode::LowestPriority) {
        for (LocalApic* each : apics_) {
            if (goes_to(*each, message, shorthand, sender)) each->accept(message);
        }
        return;
    }
    LocalApic* chosen = nullptr;
    for (LocalApic* each : apics_) {
        if (!each->takes_interrupts() || !goes_to(*each, message, shorthand, sender)) continue;
        if (!chosen || each->processor_priority() < chosen->processor_priority()) chosen = each;
    }
    if (chosen) chosen->accept(message);
}

void ApicBus::end_of_interrupt(u8 vector) {
    for (const auto& listener : eoi_listeners_) listener(vector);
}

}  // namespace cpu
