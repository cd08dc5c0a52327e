// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/apic/apic_bus.hpp"

#include "cpu/apic/local_apic.hpp"
#include "fabric/trace/trace.hpp"

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

std::string_view name_of(DeliveryMode mode) {
    switch (mode) {
        case DeliveryMode::Fixed: return "fixed";
        case DeliveryMode::LowestPriority: return "lowest priority";
        case DeliveryMode::Smi: return "SMI";
        case DeliveryMode::RemoteRead: return "remote read";
        case DeliveryMode::Nmi: return "NMI";
        case DeliveryMode::Init: return "INIT";
        case DeliveryMode::Startup: return "startup";
        case DeliveryMode::ExtInt: return "ExtINT";
    }
    return "reserved";
}

std::string_view name_of(Shorthand shorthand) {
    switch (shorthand) {
        case Shorthand::None: return "";
        case Shorthand::Self: return " to itself";
        case Shorthand::All: return " to all";
        case Shorthand::AllButSelf: return " to all others";
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
    if (trace_ && trace_->listens_to(fabric::TraceCategory::Irqs)) {
        trace_message(message, shorthand, sender);
    }
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

void ApicBus::trace_message(const InterruptMessage& message, Shorthand shorthand,
                            const LocalApic* sender) const {
    std::string what(name_of(message.mode));
    if (message.logical) what += ", logical";
    if (message.level_triggered) what += ", level";
    what += name_of(shorthand);
    trace_->irq_message(sender ? sender->name() : "message", what, message.vector,
                        message.destination);
}

void ApicBus::end_of_interrupt(u8 vector) {
    for (const auto& listener : eoi_listeners_) listener(vector);
}

}  // namespace cpu
