// SPDX-License-Identifier: BSD-2-Clause
#include "devices/storage/bus_master.hpp"

#include <algorithm>
#include <array>

namespace devices {

using ata::DmaDirection;
using fabric::Gpa;

namespace {

// Registers.
constexpr u32 command = 0;      // BMIC
constexpr u32 status = 2;       // BMIS
constexpr u32 descriptors = 4;  // BMIDTP, four bytes.

namespace bmic {
constexpr u8 Start = 1 << 0;
constexpr u8 ToMemory = 1 << 3;
}  // namespace bmic

namespace bmis {
constexpr u8 Active = 1 << 0;
constexpr u8 Error = 1 << 1;
constexpr u8 Interrupt = 1 << 2;
constexpr u8 ClearedByOnes = Error | Interrupt;
constexpr u8 DrivesCapable = 3 << 5;  // Software's notes.
}  // namespace bmis

constexpr u32 end_of_table = u32{1} << 31;

u32 dword(std::span<const u8> bytes) {
    return u32{bytes[0]} | u32{bytes[1]} << 8 | u32{bytes[2]} << 16 | u32{bytes[3]} << 24;
}

}  // namespace

u8 BusMaster::read(u32 offset) const {
    if (offset == command) return state_.command;
    if (offset == status) return state_.status;
    if (offset >= descriptors) return static_cast<u8>(state_.table >> (8 * (offset - descriptors)));
    return 0;
}

bool BusMaster::write(u32 offset, u8 value) {
    if (offset == status) {
        const u8 kept = state_.status & static_cast<u8>(~value | ~bmis::ClearedByOnes);
        state_.status =
            static_cast<u8>((kept & ~bmis::DrivesCapable) | (value & bmis::DrivesCapable));
    } else if (offset >= descriptors) {
        const u32 shift = 8 * (offset - descriptors);
        state_.table = ((state_.table & ~(u32{0xff} << shift)) | u32{value} << shift) & ~u32{3};
    } else if (offset == command) {
        const bool was_started = (state_.command & bmic::Start) != 0;
        state_.command = value & (bmic::Start | bmic::ToMemory);
        if ((value & bmic::Start) == 0) {
            state_.status &= static_cast<u8>(~bmis::Active);
        } else if (!was_started) {
            state_.status |= bmis::Active;
            state_.next_descriptor = state_.table;
            state_.region_left = 0;
            state_.last_region = false;
            return true;
        }
    }
    return false;
}

void BusMaster::note_interrupt() { state_.status |= bmis::Interrupt; }

bool BusMaster::active() const { return (state_.status & bmis::Active) != 0; }

void BusMaster::fail() {
    state_.status = static_cast<u8>((state_.status | bmis::Error) & ~bmis::Active);
}

void BusMaster::move(ata::Drive& drive) {
    const DmaDirection programmed =
        (state_.command & bmic::ToMemory) != 0 ? DmaDirection::ToMemory : DmaDirection::FromMemory;
    while (active() && drive.dma_direction() == programmed) {
        const std::span<u8> bytes = drive.dma_bytes();
        if (bytes.empty()) return;
        if (state_.region_left == 0 && !next_region()) return;
        const usize piece = std::min<usize>(bytes.size(), state_.region_left);
        if (!move_piece(bytes.first(piece), programmed)) return;
        // The last byte of the last region ends the bus master's work before the drive says so.
        if (state_.region_left == 0 && state_.last_region) {
            state_.status &= static_cast<u8>(~bmis::Active);
        }
        drive.dma_moved(piece);
    }
}

bool BusMaster::next_region() {
    std::array<u8, 8> descriptor{};
    if (!memory_.read(Gpa{state_.next_descriptor}, descriptor)) {
        fail();
        return false;
    }
    state_.next_descriptor += 8;
    const u32 control = dword(std::span(descriptor).subspan(4));
    state_.region = dword(descriptor) & ~u32{1};
    state_.region_left = control & 0xfffe;
    if (state_.region_left == 0) state_.region_left = 0x1'0000;
    state_.last_region = (control & end_of_table) != 0;
    return true;
}

bool BusMaster::move_piece(std::span<u8> bytes, DmaDirection direction) {
    const Gpa where{state_.region};
    const bool moved = direction == DmaDirection::ToMemory ? memory_.write(where, bytes)
                                                           : memory_.read(where, bytes);
    if (!moved) {
        fail();
        return false;
    }
    state_.region += static_cast<u32>(bytes.size());
    state_.region_left -= static_cast<u32>(bytes.size());
    return true;
}

}  // namespace devices
