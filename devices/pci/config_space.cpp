// SPDX-License-Identifier: BSD-2-Clause
#include "devices/pci/config_space.hpp"

#include <bit>
#include <utility>

namespace devices::pci {

namespace {

constexpr u32 rom_enable = 1;

u32 offset_of(const Bar& bar) {
    return bar.kind == BarKind::Rom ? reg::ExpansionRom : reg::BaseAddress0 + 4 * bar.index;
}

/// What the low bits say about the kind (section 6.2.5.1).
u32 kind_bits(const Bar& bar) {
    switch (bar.kind) {
        case BarKind::Io: return 1;
        case BarKind::Memory32: return bar.prefetchable ? 8 : 0;
        case BarKind::Memory64: return bar.prefetchable ? 12 : 4;
        case BarKind::Rom: return 0;
    }
    UNREACHABLE();
}

bool overlaps(u32 offset, u32 size, u32 first, u32 length) {
    return offset < first + length && first < offset + size;
}

}  // namespace

ConfigSpace::ConfigSpace(ConfigState& state, const Identity& identity, std::vector<Bar> bars)
    : state_(state), bars_(std::move(bars)) {
    define(reg::VendorId, 2, identity.vendor, 0);
    define(reg::DeviceId, 2, identity.device, 0);
    u32 writable = command::BusMaster | command::ParityErrorResponse | command::SerrEnable;
    if (identity.interrupt_pin != 0) writable |= command::InterruptDisable;
    define(reg::Command, 2, 0, writable | command::IoSpace | command::MemorySpace);
    define(reg::Status, 2, status::Fast | status::MediumTiming, 0);
    define_cleared_by_ones(reg::Status, 2, status::Errors);
    define(reg::RevisionId, 4, identity.class_code << 8 | identity.revision, 0);
    define(reg::CacheLineSize, 1, 0, 0xff);
    define(reg::LatencyTimer, 1, 0, 0xf8);
    define(reg::HeaderType, 1, identity.multifunction ? 0x80 : 0, 0);
    define(reg::SubsystemVendorId, 2, identity.subsystem_vendor, 0);
    define(reg::SubsystemId, 2, identity.subsystem, 0);
    define(reg::InterruptLine, 1, 0, identity.interrupt_pin != 0 ? 0xff : 0);
    define(reg::InterruptPin, 1, identity.interrupt_pin, 0);
    for (const Bar& bar : bars_) define_bar(bar);
}

void ConfigSpace::define_bar(const Bar& bar) {
    VERIFY(std::has_single_bit(bar.size) && bar.size >= (bar.kind == BarKind::Io ? 4u : 16u));
    VERIFY(bar.index < (bar.kind == BarKind::Memory64 ? 5u : 6u));
    const u64 mask = ~(bar.size - 1);
    const u32 low = static_cast<u32>(mask) | (bar.kind == BarKind::Rom ? rom_enable : 0);
    define(offset_of(bar), 4, kind_bits(bar), low);
    if (bar.kind == BarKind::Memory64) {
        define(offset_of(bar) + 4, 4, 0, static_cast<u32>(mask >> 32));
    }
}

void ConfigSpace::define(u32 offset, u32 size, u32 value, u32 writable) {
    VERIFY(offset + size <= power_on_.size());
    for (u32 i = 0; i < size; ++i) {
        power_on_[offset + i] = static_cast<u8>(value >> (8 * i));
        writable_[offset + i] = static_cast<u8>(writable >> (8 * i));
    }
}

void ConfigSpace::define_cleared_by_ones(u32 offset, u32 size, u32 bits) {
    VERIFY(offset + size <= cleared_by_ones_.size());
    for (u32 i = 0; i < size; ++i) {
        cleared_by_ones_[offset + i] = static_cast<u8>(bits >> (8 * i));
    }
}

void ConfigSpace::add_capability(u8 id, u8 offset) {
    VERIFY(offset >= 0x40 && offset % 4 == 0);
    define(offset, 2, u32{id} | u32{power_on_[reg::CapabilitiesPointer]} << 8, 0);
    define(reg::CapabilitiesPointer, 1, offset, 0);
    power_on_[reg::Status] = static_cast<u8>(power_on_[reg::Status] | status::CapabilitiesList);
}

u8 ConfigSpace::byte(u32 offset) const {
    VERIFY(offset < power_on_.size());
    return power_on_[offset] ^ state_.changed[offset];
}

u32 ConfigSpace::read(u32 offset, u32 size) const {
    u32 value = 0;
    for (u32 i = 0; i < size; ++i) value |= u32{byte(offset + i)} << (8 * i);
    return value;
}

void ConfigSpace::write(u32 offset, u32 size, u32 value) {
    for (u32 i = 0; i < size; ++i) {
        const u8 written = static_cast<u8>(value >> (8 * i));
        const u8 writable = writable_[offset + i];
        const u8 cleared = written & cleared_by_ones_[offset + i];
        const u8 before = byte(offset + i);
        const u32 after = ((before & ~writable) | (written & writable)) & ~u32{cleared};
        set(offset + i, 1, after);
    }
    if (overlaps(offset, size, reg::Command, 2)) drive_pin();
    if (overlaps(offset, size, reg::Command, 2) || overlaps(offset, size, reg::BaseAddress0, 24) ||
        overlaps(offset, size, reg::ExpansionRom, 4)) {
        windows_changed();
    }
}

void ConfigSpace::set(u32 offset, u32 size, u32 value) {
    VERIFY(offset + size <= power_on_.size());
    for (u32 i = 0; i < size; ++i) {
        state_.changed[offset + i] = power_on_[offset + i] ^ static_cast<u8>(value >> (8 * i));
    }
}

void ConfigSpace::reset() {
    state_ = {};
    drive_pin();
    windows_changed();
}

void ConfigSpace::set_interrupt(bool asserted) {
    const u32 others = word(reg::Status) & ~u32{status::InterruptStatus};
    set(reg::Status, 2, others | (asserted ? status::InterruptStatus : 0));
    drive_pin();
}

void ConfigSpace::drive_pin() const {
    const bool asserted = (word(reg::Status) & status::InterruptStatus) != 0;
    pin_.set(asserted && !allows(command::InterruptDisable));
}

std::optional<u64> ConfigSpace::address_of(const Bar& bar) const {
    const u32 low = dword(offset_of(bar));
    u64 address = low & ~(bar.size - 1);
    if (bar.kind == BarKind::Io) {
        const bool in_reach = address != 0 && address + bar.size <= 0x1'0000;
        return in_reach && allows(command::IoSpace) ? std::optional(address) : std::nullopt;
    }
    if (!allows(command::MemorySpace)) return std::nullopt;
    if (bar.kind == BarKind::Rom && (low & rom_enable) == 0) return std::nullopt;
    u64 limit = u64{1} << 32;
    if (bar.kind == BarKind::Memory64) {
        address |= u64{dword(offset_of(bar) + 4)} << 32;
        limit = u64{1} << 52;
    }
    // A register that is being sized holds ones, and nothing is there for so long.
    if (address == 0 || address >= limit || bar.size >= limit - address) return std::nullopt;
    return address;
}

void ConfigSpace::add_windows(std::vector<Window>& windows) const {
    for (const Bar& bar : bars_) {
        const std::optional<u64> address = address_of(bar);
        if (!address || !bar.handler) continue;
        windows.push_back({.name = bar.name,
                           .space = bar.kind == BarKind::Io ? Space::Ports : Space::Memory,
                           .first = *address,
                           .length = bar.size,
                           .widest_access = bar.widest_access,
                           .handler = bar.handler});
    }
}

void ConfigSpace::connect(fabric::IrqLine pin, std::function<void()> windows_changed) {
    pin_ = pin;
    windows_changed_ = std::move(windows_changed);
}

}  // namespace devices::pci
