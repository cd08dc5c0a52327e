// SPDX-License-Identifier: BSD-2-Clause
#include "devices/chipset/ioapic.hpp"

#include "devices/chipset/ioapic_registers.hpp"

namespace devices {

using namespace ioapic;

namespace {

constexpr u64 message_address = 0xfee0'0000;
constexpr u32 message_assert = 1u << 14;
constexpr u32 message_level = 1u << 15;

DeliveryMode mode_of(u64 entry) {
    return static_cast<DeliveryMode>((entry >> redirection::ModeShift) & 7);
}

/// Messages of the other modes are edges whatever the entry says (data sheet, 3.2.4).
bool level_triggered(u64 entry) {
    const DeliveryMode mode = mode_of(entry);
    return (entry & redirection::Level) != 0 &&
           (mode == DeliveryMode::Fixed || mode == DeliveryMode::LowestPriority);
}

}  // namespace

void IoApic::reset(fabric::ResetKind kind) {
    const u32 lines = state_.lines;
    state_ = State{};
    if (kind == fabric::ResetKind::Platform) state_.lines = lines;
}

bool IoApic::asserted(u32 input) const {
    const bool high = ((state_.lines >> input) & 1) != 0;
    return high != ((state_.redirections[input] & redirection::ActiveLow) != 0);
}

void IoApic::set_level(u32 input, bool high) {
    if (input >= inputs) return;
    const bool was_asserted = asserted(input);
    if (high) {
        state_.lines |= 1u << input;
    } else {
        state_.lines &= ~(1u << input);
    }
    if (level_triggered(state_.redirections[input])) {
        deliver_level(input);
    } else if (asserted(input) && !was_asserted) {
        deliver(input);
    }
}

/// While a level is there, one message at a time: the next after its EOI.
void IoApic::deliver_level(u32 input) {
    u64& entry = state_.redirections[input];
    if (!asserted(input) || (entry & (redirection::Masked | redirection::RemoteIrr))) return;
    entry |= redirection::RemoteIrr;
    deliver(input);
}

/// Masked edges are lost (data sheet, 3.2.4, interrupt mask).
void IoApic::deliver(u32 input) {
    const u64 entry = state_.redirections[input];
    if (entry & redirection::Masked) return;
    const auto vector = static_cast<u32>(entry & redirection::Vector);
    const auto mode = static_cast<u32>(mode_of(entry));
    const u64 logical = (entry & redirection::Logical) != 0 ? 1 << 2 : 0;
    const u32 trigger = level_triggered(entry) ? message_level | message_assert : 0;
    wiring_.messages.deliver(
        {.address = message_address | (entry >> redirection::DestinationShift) << 12 | logical,
         .data = vector | mode << 8 | trigger});
}

void IoApic::end_of_interrupt(u8 vector) {
    for (u32 input = 0; input < inputs; ++input) {
        u64& entry = state_.redirections[input];
        const bool its = (entry & redirection::Vector) == vector && level_triggered(entry) &&
                         (entry & redirection::RemoteIrr) != 0;
        if (!its) continue;
        entry &= ~redirection::RemoteIrr;
        deliver_level(input);
    }
}

u64 IoApic::read(u64 offset, u32 size) {
    const u64 within = offset & 3;
    u32 value = 0;
    if (offset - within == select_offset) value = state_.selected;
    if (offset - within == window_offset) value = read_register();
    const u64 mask = size >= 4 ? 0xffff'ffff : (u64{1} << (8 * size)) - 1;
    return (value >> (8 * within)) & mask;
}

/// The window wants whole registers; the select register is a byte.
void IoApic::write(u64 offset, u32 size, u64 value) {
    if (offset == select_offset) {
        state_.selected = static_cast<u8>(value);
    } else if (offset == window_offset && size >= 4) {
        write_register(static_cast<u32>(value));
    } else if (offset == eoi_offset && config_.version >= 0x20) {
        end_of_interrupt(static_cast<u8>(value));
    }
}

u32 IoApic::read_register() const {
    switch (static_cast<Register>(state_.selected)) {
        case Register::Id:
        case Register::Arbitration: return state_.id;
        case Register::Version: return config_.version | (inputs - 1) << 16;
        case Register::Redirection: break;
    }
    const u32 half = u32{state_.selected} - static_cast<u32>(Register::Redirection);
    if (half >= 2 * inputs) return 0;
    return static_cast<u32>(state_.redirections[half / 2] >> (32 * (half % 2)));
}

void IoApic::write_register(u32 value) {
    if (state_.selected == static_cast<u8>(Register::Id)) {
        state_.id = value & id_mask;
        return;
    }
    const u32 half = u32{state_.selected} - static_cast<u32>(Register::Redirection);
    if (half >= 2 * inputs) return;
    const u32 shift = 32 * (half % 2);
    const u64 kept = state_.redirections[half / 2] & ~(u64{0xffff'ffff} << shift);
    write_redirection(half / 2, kept | u64{value} << shift);
}

void IoApic::write_redirection(u32 input, u64 value) {
    u64& entry = state_.redirections[input];
    entry = (value & redirection::Writable) | (entry & redirection::RemoteIrr);
    // Guest: Linux and Windows end a stuck level by making the input edge-triggered for a moment.
    if (!level_triggered(entry)) entry &= ~redirection::RemoteIrr;
    if (level_triggered(entry)) deliver_level(input);
}

}  // namespace devices
