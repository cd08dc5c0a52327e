// SPDX-License-Identifier: BSD-2-Clause
//
// A disk's registers, its phases, and how commands end.
#include "devices/storage/ata_disk.hpp"

#include <utility>

namespace devices {

using namespace ata;

AtaDisk::AtaDisk(Config config, Wiring wiring)
    : config_(std::move(config)),
      image_(wiring.image),
      request_(state_.request, wiring.events, config_.name + ".request", config_.pace,
               std::move(wiring.trouble),
               [this](ImageRequest::Outcome outcome, std::vector<u8> data) {
                   image_done(outcome, std::move(data));
               }) {
    request_.set_store(&image_);
    reset(fabric::ResetKind::PowerOn);
}

void AtaDisk::reset(fabric::ResetKind) {
    request_.cancel();
    state_ = State{};
    state_.task.set_signature(0, 0);
    state_.task.status = status::Ready | status::SeekComplete;
    if (cable_) cable_->interrupt_changed();
}

fabric::Result<> AtaDisk::restore(fabric::StateReader& in) {
    State restored;
    TRY(in.read(restored));
    TRY(check(restored));
    request_.forget();
    state_ = std::move(restored);
    return {};
}

/// A checkpoint is a file, and may say anything: what the rest of this class relies on holds.
fabric::Result<> AtaDisk::check(const State& state) const {
    const u8 at_work = state.task.status & (status::Busy | status::DataRequest);
    const bool phase_fits = state.phase == Phase::Idle      ? (at_work & status::DataRequest) == 0
                            : state.phase == Phase::AtImage ? at_work == status::Busy
                                                            : at_work == status::DataRequest;
    if (state.phase > Phase::DmaOut || !phase_fits ||
        state.request.active != (state.phase == Phase::AtImage)) {
        return fabric::Error{"the status does not fit the phase of the command"};
    }
    if (state.position > state.buffer.size()) {
        return fabric::Error{"the transfer is beyond its buffer"};
    }
    if (state.next_sector > sectors() || state.sectors_left > sectors() - state.next_sector) {
        return fabric::Error{"the transfer is beyond the end of the disk"};
    }
    if (state.heads == 0 || state.sectors_per_track == 0) {
        return fabric::Error{"a disk has heads and sectors"};
    }
    return {};
}

u8 AtaDisk::read_register(Register reg) {
    if (reg == Register::Command && state_.interrupt) {
        state_.interrupt = false;
        if (cable_) cable_->interrupt_changed();
    }
    return state_.task.read(reg);
}

void AtaDisk::write_register(Register reg, u8 value) { state_.task.write(reg, value); }

void AtaDisk::write_control(u8 value) {
    const u8 before = state_.task.control;
    state_.task.control = value;
    const bool now = (value & control::SoftReset) != 0;
    const bool was = (before & control::SoftReset) != 0;
    if (now && !was) {
        request_.cancel();
        state_.interrupt = false;
        set_phase(Phase::Idle, status::Busy);
    } else if (was && !now) {
        soft_reset();
    }
}

/// What a soft reset keeps is what SET FEATURES has set, unless it was told otherwise (8.38.12).
void AtaDisk::soft_reset() {
    request_.cancel();
    if (state_.revert) {
        state_.sectors_per_block = 0;
        state_.write_cache = true;
        state_.look_ahead = true;
    }
    state_.power = Power::Active;
    state_.interrupt = false;
    state_.task.set_signature(0, 0);
    set_phase(Phase::Idle, status::Ready | status::SeekComplete);
}

void AtaDisk::execute(u8 command) {
    constexpr u8 at_work = status::Busy | status::DataRequest;
    if ((state_.task.status & at_work) != 0 || (state_.task.control & control::SoftReset) != 0)
        return;
    if (state_.power == Power::Sleep) return;  // Only a reset wakes it.
    state_.task.control &= static_cast<u8>(~control::HighOrderByte);
    state_.interrupt = false;
    state_.command = command;
    state_.task.error = 0;
    if (!execute_at_once(command)) start_transfer(command);
}

void AtaDisk::set_phase(Phase phase, u8 status) {
    state_.phase = phase;
    state_.task.status = status;
    if (phase == Phase::Idle || phase == Phase::AtImage) {
        state_.buffer.clear();
        state_.position = 0;
    }
    if (phase == Phase::Idle) {
        state_.next_sector = 0;
        state_.sectors_left = 0;
    }
}

void AtaDisk::raise_interrupt() {
    state_.interrupt = true;
    if (cable_) cable_->interrupt_changed();
}

void AtaDisk::complete() {
    set_phase(Phase::Idle, status::Ready | status::SeekComplete);
    raise_interrupt();
}

void AtaDisk::complete_with(u8 error) {
    state_.task.error = error;
    set_phase(Phase::Idle, status::Ready | status::SeekComplete | status::Error);
    raise_interrupt();
}

void AtaDisk::fail_at(u64 sector, u8 error) {
    set_address(sector);
    complete_with(error);
}

u16 AtaDisk::read_data() {
    if (state_.phase != Phase::PioIn || state_.buffer.size() - state_.position < 2) return 0;
    const u16 value =
        static_cast<u16>(state_.buffer[state_.position] | state_.buffer[state_.position + 1] << 8);
    state_.position += 2;
    const u32 block_bytes = block_sectors() * sector_bytes;
    if (state_.position == state_.buffer.size()) {
        read_piece();
    } else if (state_.position % block_bytes == 0) {
        raise_interrupt();  // The next block is at hand.
    }
    return value;
}

void AtaDisk::write_data(u16 value) {
    if (state_.phase != Phase::PioOut || state_.buffer.size() - state_.position < 2) return;
    state_.buffer[state_.position] = static_cast<u8>(value);
    state_.buffer[state_.position + 1] = static_cast<u8>(value >> 8);
    state_.position += 2;
    if (state_.position == state_.buffer.size()) write_piece();
}

DmaDirection AtaDisk::dma_direction() const {
    if (state_.phase == Phase::DmaIn) return DmaDirection::ToMemory;
    if (state_.phase == Phase::DmaOut) return DmaDirection::FromMemory;
    return DmaDirection::None;
}

std::span<u8> AtaDisk::dma_bytes() {
    if (dma_direction() == DmaDirection::None) return {};
    return std::span<u8>(state_.buffer).subspan(state_.position);
}

void AtaDisk::dma_moved(usize bytes) {
    state_.position += static_cast<u32>(bytes);
    VERIFY(state_.position <= state_.buffer.size());
    if (state_.position != state_.buffer.size()) return;
    if (state_.phase == Phase::DmaIn) {
        read_piece();
    } else {
        write_piece();
    }
}

}  // namespace devices
