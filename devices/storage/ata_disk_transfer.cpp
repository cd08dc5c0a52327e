// SPDX-License-Identifier: BSD-2-Clause
//
// How a disk reads and writes: in pieces of bounded length, each a request to the image.
#include <algorithm>

#include "devices/storage/ata_disk.hpp"

namespace devices {

using namespace ata;
using fabric::BlockOperation;

namespace {

constexpr u32 piece_sectors = 256;  // 128 KiB.

enum class Kind : u8 { Read, Write, Verify, Seek, Trim, None };

Kind kind_of(u8 command) {
    switch (command) {
        case command::ReadSectors:
        case command::ReadSectorsOnce:
        case command::ReadSectorsExt:
        case command::ReadMultiple:
        case command::ReadMultipleExt:
        case command::ReadDma:
        case command::ReadDmaOnce:
        case command::ReadDmaExt: return Kind::Read;
        case command::WriteSectors:
        case command::WriteSectorsOnce:
        case command::WriteSectorsExt:
        case command::WriteMultiple:
        case command::WriteMultipleExt:
        case command::WriteMultipleFuaExt:
        case command::WriteDma:
        case command::WriteDmaOnce:
        case command::WriteDmaExt:
        case command::WriteDmaFuaExt: return Kind::Write;
        case command::ReadVerify:
        case command::ReadVerifyOnce:
        case command::ReadVerifyExt: return Kind::Verify;
        case command::DataSetManagement: return Kind::Trim;
        default: return (command & 0xf0) == command::Seek ? Kind::Seek : Kind::None;
    }
}

bool is_multiple(u8 command) {
    switch (command) {
        case command::ReadMultiple:
        case command::ReadMultipleExt:
        case command::WriteMultiple:
        case command::WriteMultipleExt:
        case command::WriteMultipleFuaExt: return true;
        default: return false;
    }
}

bool is_dma(u8 command) {
    switch (command) {
        case command::ReadDma:
        case command::ReadDmaOnce:
        case command::ReadDmaExt:
        case command::WriteDma:
        case command::WriteDmaOnce:
        case command::WriteDmaExt:
        case command::WriteDmaFuaExt:
        case command::DataSetManagement: return true;
        default: return false;
    }
}

u64 u64_at(std::span<const u8> bytes) {
    u64 value = 0;
    for (usize i = 0; i < 8; ++i) value |= u64{bytes[i]} << (8 * i);
    return value;
}

}  // namespace

AtaDisk::Width AtaDisk::width_of(u8 command) {
    switch (command) {
        case command::ReadSectorsExt:
        case command::ReadDmaExt:
        case command::ReadNativeMaxExt:
        case command::ReadMultipleExt:
        case command::WriteSectorsExt:
        case command::WriteDmaExt:
        case command::WriteMultipleExt:
        case command::WriteDmaFuaExt:
        case command::WriteMultipleFuaExt:
        case command::ReadVerifyExt: return Width::Bits48;
        default: return Width::Bits28;
    }
}

/// The sector that the task file names; none if it has no such cylinder, head or sector.
std::optional<u64> AtaDisk::sector_of_address(Width width) const {
    const TaskFile& task = state_.task;
    const u64 low = u64{task.lba_low.current} | u64{task.lba_mid.current} << 8 |
                    u64{task.lba_high.current} << 16;
    if (width == Width::Bits48) {
        return low | u64{task.lba_low.previous} << 24 | u64{task.lba_mid.previous} << 32 |
               u64{task.lba_high.previous} << 40;
    }
    const u32 head = task.device & device::Head;
    if ((task.device & device::Lba) != 0) return low | u64{head} << 24;
    const u32 sector = task.lba_low.current;
    const u64 cylinder = u64{task.lba_mid.current} | u64{task.lba_high.current} << 8;
    if (sector == 0 || sector > state_.sectors_per_track || head >= state_.heads) {
        return std::nullopt;
    }
    return (cylinder * state_.heads + head) * state_.sectors_per_track + sector - 1;
}

/// Puts a sector into the task file, in the notation of the command.
void AtaDisk::set_address(u64 sector) {
    TaskFile& task = state_.task;
    const u8 kept = task.device & static_cast<u8>(~device::Head);
    if (width_of(state_.command) == Width::Bits48) {
        task.lba_low = {static_cast<u8>(sector), static_cast<u8>(sector >> 24)};
        task.lba_mid = {static_cast<u8>(sector >> 8), static_cast<u8>(sector >> 32)};
        task.lba_high = {static_cast<u8>(sector >> 16), static_cast<u8>(sector >> 40)};
        return;
    }
    u64 low = sector & 0xff'ffff;
    u64 head = sector >> 24;
    if ((task.device & device::Lba) == 0) {
        const u64 track = sector / state_.sectors_per_track;
        head = track % state_.heads;
        low = (sector % state_.sectors_per_track + 1) | track / state_.heads << 8;
    }
    task.lba_low.current = static_cast<u8>(low);
    task.lba_mid.current = static_cast<u8>(low >> 8);
    task.lba_high.current = static_cast<u8>(low >> 16);
    task.device = static_cast<u8>(kept | (head & device::Head));
}

/// What a command is about. Fails the command if that is not on the disk.
std::optional<AtaDisk::Extent> AtaDisk::extent(Width width) {
    const TaskFile& task = state_.task;
    const std::optional<u64> first = sector_of_address(width);
    u32 count = width == Width::Bits48 ? task.count.both() : task.count.current;
    if (count == 0) count = width == Width::Bits48 ? 0x1'0000 : 0x100;
    if (!first) {
        complete_with(error::IdNotFound);
        return std::nullopt;
    }
    if (*first >= sectors() || count > sectors() - *first) {
        fail_at(std::max(*first, sectors()), error::IdNotFound);
        return std::nullopt;
    }
    return Extent{*first, count};
}

bool AtaDisk::multiple_is_off(u8 command) {
    if (!is_multiple(command) || state_.sectors_per_block != 0) return false;
    complete_with(error::Abort);
    return true;
}

void AtaDisk::start_transfer(u8 command) {
    const Kind kind = kind_of(command);
    if (kind == Kind::None) return complete_with(error::Abort);
    if (multiple_is_off(command)) return;
    state_.power = Power::Active;
    if (kind == Kind::Trim) return trim();
    if (kind == Kind::Seek) {
        const auto sector = sector_of_address(Width::Bits28);
        return sector && *sector < sectors() ? complete() : complete_with(error::IdNotFound);
    }
    const std::optional<Extent> what = extent(width_of(command));
    if (!what) return;
    state_.next_sector = what->first;
    state_.sectors_left = what->count;
    if (kind == Kind::Write && image_.read_only()) return complete_with(error::Abort);
    switch (kind) {
        case Kind::Read: return read_piece();
        case Kind::Write: return await_block();
        case Kind::Verify: return verify();
        case Kind::Seek:
        case Kind::Trim:
        case Kind::None: break;
    }
    UNREACHABLE();
}

/// How many sectors go by PIO between two interrupts.
u32 AtaDisk::block_sectors() const {
    return is_multiple(state_.command) ? std::max<u32>(state_.sectors_per_block, 1) : 1;
}

void AtaDisk::read_piece() {
    if (state_.sectors_left == 0) {
        // By PIO, the last block was announced before it was read; by DMA, the end is.
        if (state_.phase == Phase::DmaIn) return complete();
        return set_phase(Phase::Idle, status::Ready | status::SeekComplete);
    }
    const u32 count = std::min(state_.sectors_left, piece_sectors);
    set_phase(Phase::AtImage, status::Ready | status::Busy);
    request_.start(BlockOperation::Read, state_.next_sector * sector_bytes, count * sector_bytes,
                   {});
}

/// DRQ for what the host is to send: a block by PIO, a piece by DMA.
void AtaDisk::await_block() {
    const bool dma = is_dma(state_.command);
    const u32 most = dma ? piece_sectors : block_sectors();
    const u32 count = std::min(state_.sectors_left, most);
    set_phase(dma ? Phase::DmaOut : Phase::PioOut,
              status::Ready | status::SeekComplete | status::DataRequest);
    state_.buffer.assign(usize{count} * sector_bytes, 0);
    state_.position = 0;
    if (dma && cable_) cable_->dma_requested();
}

void AtaDisk::write_piece() {
    std::vector<u8> data = std::move(state_.buffer);
    const u32 bytes = static_cast<u32>(data.size());
    const bool is_trim = state_.command == command::DataSetManagement;
    set_phase(Phase::AtImage, status::Ready | status::Busy);
    if (is_trim) {
        state_.buffer = std::move(data);
        return trim();
    }
    if (state_.command == command::WriteBuffer) return complete();
    request_.start(BlockOperation::Write, state_.next_sector * sector_bytes, bytes,
                   std::move(data));
}

void AtaDisk::verify() {
    set_phase(Phase::AtImage, status::Ready | status::Busy);
    // Nothing is ever unreadable: a request of no bytes takes the time.
    request_.start(BlockOperation::Read, state_.next_sector * sector_bytes, 0, {});
}

/// DATA SET MANAGEMENT with the TRIM bit. First its list of ranges is taken, then range by range
/// goes to the image: state.buffer is the list, state.position where the next range is.
void AtaDisk::trim() {
    if (state_.phase == Phase::Idle) {
        const u32 blocks = state_.task.count.current;
        if ((state_.task.features.current & 1) == 0 || blocks == 0 || blocks > 8 ||
            image_.read_only()) {
            return complete_with(error::Abort);
        }
        set_phase(Phase::DmaOut, status::Ready | status::SeekComplete | status::DataRequest);
        state_.buffer.assign(usize{blocks} * sector_bytes, 0);
        if (cable_) cable_->dma_requested();
        return;
    }
    while (state_.position + 8 <= state_.buffer.size()) {
        const u64 range = u64_at(std::span(state_.buffer).subspan(state_.position));
        state_.position += 8;
        const u64 first = range & 0xffff'ffff'ffff;
        const u32 count = static_cast<u32>(range >> 48);
        if (count == 0) continue;
        if (first >= sectors() || count > sectors() - first) {
            return complete_with(error::Abort | error::IdNotFound);
        }
        request_.start(BlockOperation::Discard, first * sector_bytes, count * sector_bytes, {});
        return;
    }
    complete();
}

void AtaDisk::image_done(ImageRequest::Outcome outcome, std::vector<u8> data) {
    if (state_.phase != Phase::AtImage) return;  // A damaged checkpoint's request.
    if (outcome == ImageRequest::Outcome::Done) return transfer_done(std::move(data));
    const bool flushed = state_.command == command::FlushCache ||
                         state_.command == command::FlushCacheExt ||
                         state_.command == command::DataSetManagement;
    if (flushed) return complete_with(error::Abort);
    fail_at(state_.next_sector, error::Uncorrectable);
}

void AtaDisk::transfer_done(std::vector<u8> data) {
    switch (kind_of(state_.command)) {
        case Kind::Read: {
            const u32 count = static_cast<u32>(data.size() / sector_bytes);
            if (count == 0 || count > state_.sectors_left) return complete_with(error::Abort);
            const bool dma = is_dma(state_.command);
            state_.next_sector += count;
            state_.sectors_left -= count;
            state_.phase = dma ? Phase::DmaIn : Phase::PioIn;
            state_.task.status = status::Ready | status::SeekComplete | status::DataRequest;
            state_.buffer = std::move(data);
            state_.position = 0;
            if (!dma) return raise_interrupt();
            if (cable_) cable_->dma_requested();
            return;
        }
        case Kind::Write: {
            const u32 count = static_cast<u32>(data.size() / sector_bytes);
            if (count == 0 || count > state_.sectors_left) return complete_with(error::Abort);
            state_.next_sector += count;
            state_.sectors_left -= count;
            if (state_.sectors_left == 0) return complete();
            await_block();
            if (!is_dma(state_.command)) raise_interrupt();
            return;
        }
        case Kind::Trim: return trim();
        case Kind::Verify:
        case Kind::Seek:
        case Kind::None: return complete();
    }
}

}  // namespace devices
