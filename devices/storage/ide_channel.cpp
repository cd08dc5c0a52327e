// SPDX-License-Identifier: BSD-2-Clause
#include "devices/storage/ide_channel.hpp"

#include <utility>

namespace devices {

using ata::Drive;
using ata::Register;

namespace {

constexpr u8 floating = 0xff;

}  // namespace

IdeChannel::IdeChannel(Config config, Wiring wiring)
    : config_(std::move(config)), wiring_(wiring), bus_master_(state_.bus_master, wiring_.memory) {
    for (Drive* drive : wiring_.drives) {
        if (drive) drive->plug_in(*this);
    }
}

void IdeChannel::reset(fabric::ResetKind) {
    state_ = State{};
    wiring_.irq.set(false);
}

fabric::Result<> IdeChannel::restore(fabric::StateReader& in) {
    State restored;
    TRY(in.read(restored));
    if (restored.selected > 1) return fabric::Error{"there is no third drive to select"};
    state_ = restored;
    return {};
}

u64 IdeChannel::CommandBlock::read(u64 offset, u32 size) {
    if (offset == 0) return channel_.read_data(size);
    u64 value = 0;
    for (u32 i = 0; i < size; ++i) {
        value |= u64{channel_.read_register(static_cast<Register>(offset + i))} << (8 * i);
    }
    return value;
}

void IdeChannel::CommandBlock::write(u64 offset, u32 size, u64 value) {
    if (offset == 0) return channel_.write_data(size, value);
    for (u32 i = 0; i < size; ++i) {
        channel_.write_register(static_cast<Register>(offset + i),
                                static_cast<u8>(value >> (8 * i)));
    }
}

u64 IdeChannel::read_data(u32 size) {
    Drive* const drive = selected();
    if (!drive) return other() ? 0 : ~u64{0};
    u64 value = drive->read_data();
    if (size == 4) value |= u64{drive->read_data()} << 16;
    return value;
}

void IdeChannel::write_data(u32 size, u64 value) {
    Drive* const drive = selected();
    if (!drive) return;
    drive->write_data(static_cast<u16>(value));
    if (size == 4) drive->write_data(static_cast<u16>(value >> 16));
}

u8 IdeChannel::read_register(Register reg) {
    if (Drive* const drive = selected()) return drive->read_register(reg);
    Drive* const neighbour = other();
    if (!neighbour) return floating;
    return reg == Register::Command ? u8{0} : neighbour->read_register(reg);
}

u8 IdeChannel::read_alternate_status() const {
    if (const Drive* const drive = selected()) return drive->read_alternate_status();
    return other() ? u8{0} : floating;
}

void IdeChannel::write_register(Register reg, u8 value) {
    if (reg == Register::Command) {
        // Both drives run the diagnostic, and the first reports (8.11).
        const bool both = value == ata::command::ExecuteDiagnostic;
        if (both) state_.selected = 0;
        for (u32 i = 0; i < wiring_.drives.size(); ++i) {
            if (wiring_.drives[i] && (both || i == state_.selected)) {
                wiring_.drives[i]->execute(value);
                // Only the first asserts INTRQ when it has finished; the second's is taken back.
                if (both && i == 1) (void)wiring_.drives[i]->read_register(Register::Command);
            }
        }
    } else {
        if (reg == Register::Device) state_.selected = (value & ata::device::Second) != 0 ? 1 : 0;
        for (Drive* drive : wiring_.drives) {
            if (drive) drive->write_register(reg, value);
        }
    }
    interrupt_changed();
}

void IdeChannel::write_control(u8 value) {
    const bool reset_ends = (state_.control & ~value & ata::control::SoftReset) != 0;
    state_.control = value;
    if (reset_ends) state_.selected = 0;
    for (Drive* drive : wiring_.drives) {
        if (drive) drive->write_control(value);
    }
    interrupt_changed();
}

void IdeChannel::interrupt_changed() {
    const Drive* const drive = selected();
    const bool enabled = (state_.control & ata::control::InterruptDisable) == 0;
    const bool now = drive && enabled && drive->interrupt();
    if (now == state_.interrupt) return;
    state_.interrupt = now;
    if (now) bus_master_.note_interrupt();
    wiring_.irq.set(now);
}

void IdeChannel::write_bus_master(u32 offset, u8 value) {
    if (bus_master_.write(offset, value)) dma_requested();
}

void IdeChannel::allow_bus_master(bool allowed) {
    state_.bus_master_allowed = allowed;
    if (allowed) dma_requested();
}

void IdeChannel::dma_requested() {
    Drive* const drive = selected();
    if (drive && state_.bus_master_allowed) bus_master_.move(*drive);
}

}  // namespace devices
