// SPDX-License-Identifier: BSD-2-Clause
//
// A disk's commands that are about the disk, not about what is on it.
#include <algorithm>
#include <bit>

#include "devices/storage/ata_disk.hpp"
#include "devices/storage/ata_identity.hpp"
#include "devices/storage/ata_smart.hpp"

namespace devices {

using namespace ata;

namespace {

constexpr u32 largest_block = 16;  // Sectors, of READ MULTIPLE.
constexpr u64 largest_28_bit = 0x0fff'ffff;
constexpr u32 default_heads = 16;
constexpr u32 default_sectors = 63;

u16 cylinders_of(u64 sectors, u32 heads, u32 per_track) {
    return static_cast<u16>(std::clamp<u64>(sectors / (u64{heads} * per_track), 1, 16383));
}

bool is_power_command(u8 command) {
    return (command >= command::OldStandbyImmediate && command <= command::OldSleep) ||
           (command >= command::StandbyImmediate && command <= command::Idle) ||
           command == command::CheckPowerMode || command == command::Sleep;
}

/// The name that ATA-4 gave it.
u8 modern(u8 power_command) {
    switch (power_command) {
        case command::OldStandbyImmediate: return command::StandbyImmediate;
        case command::OldIdleImmediate: return command::IdleImmediate;
        case command::OldStandby: return command::Standby;
        case command::OldIdle: return command::Idle;
        case command::OldCheckPowerMode: return command::CheckPowerMode;
        case command::OldSleep: return command::Sleep;
        default: return power_command;
    }
}

}  // namespace

/// False if it is none of these.
bool AtaDisk::execute_at_once(u8 command) {
    if (is_power_command(command)) {
        power_command(modern(command));
        return true;
    }
    if ((command & 0xf0) == command::Recalibrate) {
        complete();
        return true;
    }
    switch (command) {
        case command::IdentifyDevice: send(identity()); return true;
        case command::SetFeatures: set_features(); return true;
        case command::SetMultipleMode: set_multiple(); return true;
        case command::InitializeParameters: initialize_parameters(); return true;
        case command::ReadNativeMax: read_native_max(Width::Bits28); return true;
        case command::ReadNativeMaxExt: read_native_max(Width::Bits48); return true;
        case command::Smart: smart(); return true;
        case command::FlushCache:
        case command::FlushCacheExt: flush(); return true;
        case command::ReadBuffer: send(std::array<u8, sector_bytes>{}); return true;
        case command::WriteBuffer:
            state_.sectors_left = 1;
            await_block();
            return true;
        case command::ExecuteDiagnostic:
            state_.task.set_signature(0, 0);
            complete();
            return true;
        default: return false;
    }
}

/// An answer of one sector, by PIO.
void AtaDisk::send(std::span<const u8> bytes) {
    state_.phase = Phase::PioIn;
    state_.task.status = status::Ready | status::SeekComplete | status::DataRequest;
    state_.buffer.assign(bytes.begin(), bytes.end());
    state_.position = 0;
    state_.sectors_left = 0;
    raise_interrupt();
}

void AtaDisk::set_multiple() {
    const u32 count = state_.task.count.current;
    if (count > largest_block || (count != 0 && !std::has_single_bit(count))) {
        return complete_with(error::Abort);
    }
    state_.sectors_per_block = static_cast<u8>(count);
    complete();
}

void AtaDisk::initialize_parameters() {
    const u8 per_track = state_.task.count.current;
    if (per_track == 0 || per_track > default_sectors) return complete_with(error::Abort);
    state_.heads = static_cast<u8>((state_.task.device & device::Head) + 1);
    state_.sectors_per_track = per_track;
    complete();
}

void AtaDisk::set_features() {
    switch (state_.task.features.current) {
        case feature::EnableWriteCache: state_.write_cache = true; break;
        case feature::DisableWriteCache:
            state_.write_cache = false;
            return flush();  // What is in it is written first (8.46.2).
        case feature::SetTransferMode:
            if (!set_transfer_mode(state_.task.count.current)) return complete_with(error::Abort);
            break;
        case feature::EnableAdvancedPower:
            if (state_.task.count.current == 0 || state_.task.count.current == 0xff) {
                return complete_with(error::Abort);
            }
            state_.advanced_power = state_.task.count.current;
            break;
        case feature::DisableAdvancedPower: state_.advanced_power = 0; break;
        case feature::EnableLookAhead: state_.look_ahead = true; break;
        case feature::DisableLookAhead: state_.look_ahead = false; break;
        case feature::EnableRevert: state_.revert = true; break;
        case feature::DisableRevert: state_.revert = false; break;
        default: return complete_with(error::Abort);
    }
    complete();
}

bool AtaDisk::set_transfer_mode(u8 mode) {
    const bool known =
        mode <= transfer_mode::PioDefault + 1 ||
        (mode >= transfer_mode::PioFlow && mode <= transfer_mode::PioFlow + 4) ||
        (mode >= transfer_mode::MultiwordDma && mode <= transfer_mode::MultiwordDma + 2) ||
        (mode >= transfer_mode::UltraDma && mode <= transfer_mode::UltraDma + 5);
    if (known) state_.transfer_mode = mode;
    return known;
}

/// With timers or without: nothing here ever spins down by itself.
void AtaDisk::power_command(u8 command) {
    switch (command) {
        case command::StandbyImmediate:
        case command::Standby: state_.power = Power::Standby; break;
        case command::IdleImmediate:
        case command::Idle: state_.power = Power::Idle; break;
        case command::Sleep: state_.power = Power::Sleep; break;
        case command::CheckPowerMode:
            state_.task.count.set(state_.power == Power::Standby ? 0x00
                                  : state_.power == Power::Idle  ? 0x80
                                                                 : 0xff);
            break;
        default: break;
    }
    complete();
}

void AtaDisk::read_native_max(Width width) {
    const u64 last = sectors() - 1;
    const u8 command = state_.command;
    if (width == Width::Bits28) {
        state_.task.device |= device::Lba;
        set_address(std::min(last, largest_28_bit));
    } else {
        state_.command = command::ReadNativeMaxExt;
        set_address(last);
    }
    state_.command = command;
    complete();
}

void AtaDisk::flush() {
    set_phase(Phase::AtImage, status::Ready | status::Busy);
    request_.start(fabric::BlockOperation::Flush, 0, 0, {});
}

void AtaDisk::smart() {
    TaskFile& task = state_.task;
    if (task.lba_mid.current != smart::key_mid || task.lba_high.current != smart::key_high) {
        return complete_with(error::Abort);
    }
    const auto subcommand = static_cast<smart::Subcommand>(task.features.current);
    if (!state_.smart && subcommand != smart::Subcommand::EnableOperations) {
        return complete_with(error::Abort);
    }
    switch (subcommand) {
        case smart::Subcommand::ReadData: return send(smart::data());
        case smart::Subcommand::ReadThresholds: return send(smart::thresholds());
        case smart::Subcommand::ReadLog: {
            const auto log = smart::log(task.lba_low.current);
            if (!log || task.count.current != 1) return complete_with(error::Abort);
            return send(*log);
        }
        case smart::Subcommand::EnableOperations: state_.smart = true; return complete();
        case smart::Subcommand::DisableOperations: state_.smart = false; return complete();
        case smart::Subcommand::SwitchAutosave:
        case smart::Subcommand::SaveAttributes:
        case smart::Subcommand::ExecuteOffline:
        case smart::Subcommand::ReturnStatus:
            return complete();  // The key is still there: all well.
    }
    complete_with(error::Abort);
}

/// ATA/ATAPI-6, table 27; words 69, 105, 169 and 217 of ACS-2.
std::array<u8, 512> AtaDisk::identity() const {
    const u64 total = sectors();
    const u16 default_cylinders = cylinders_of(total, default_heads, default_sectors);
    const u16 cylinders = cylinders_of(total, state_.heads, state_.sectors_per_track);
    IdentityWords words;
    words[0] = 0x0040;  // Fixed.
    words[1] = default_cylinders;
    words[3] = default_heads;
    words[6] = default_sectors;
    words.set_text(10, 10, config_.serial);
    words.set_text(23, 4, config_.firmware);
    words.set_text(27, 20, config_.model);
    words[47] = 0x8000 | largest_block;
    words[49] = 0x2f00;  // Standard standby timers, IORDY, LBA, DMA.
    words[50] = 0x4000;
    words[51] = 0x0200;
    words[53] = 0x0007;  // Words 54 to 58, 64 to 70 and 88 are valid.
    words[54] = cylinders;
    words[55] = state_.heads;
    words[56] = state_.sectors_per_track;
    words.set_dword(57, u32{cylinders} * state_.heads * state_.sectors_per_track);
    if (state_.sectors_per_block != 0) words[59] = 0x0100 | state_.sectors_per_block;
    words.set_dword(60, static_cast<u32>(std::min(total, largest_28_bit)));
    const auto selected = [this](u8 kind, u32 modes) {
        const u32 mode = u32{state_.transfer_mode} - kind;
        return static_cast<u16>(mode < modes ? 0x100u << mode : 0);
    };
    words[63] = static_cast<u16>(0x0007 | selected(transfer_mode::MultiwordDma, 3));
    words[64] = 0x0003;                                           // PIO 3 and 4.
    for (usize word = 65; word <= 68; ++word) words[word] = 120;  // Nanoseconds a cycle.
    words[69] = 0x4020;  // TRIMmed sectors read the same each time: as zeroes.
    words[80] = 0x00f0;  // ATA-4 to ATA-7.
    words[82] = 0x7069;  // NOP, buffers, look-ahead, write cache, power, SMART.
    words[83] = 0x7408;  // Flushes, 48 bits, advanced power.
    words[84] = 0x4043;  // FUA, self tests, error log.
    words[85] = static_cast<u16>(0x7008 | (state_.look_ahead ? 0x40 : 0) |
                                 (state_.write_cache ? 0x20 : 0) | (state_.smart ? 1 : 0));
    words[86] = static_cast<u16>(0x3400 | (state_.advanced_power != 0 ? 8 : 0));
    words[87] = 0x4043;
    words[88] = static_cast<u16>(0x003f | selected(transfer_mode::UltraDma, 6));
    words[91] = state_.advanced_power;
    words[93] = 0x6001;  // A cable of 80 wires.
    words.set_qword(100, total);
    words[105] = 8;  // Sectors of ranges that TRIM takes at once.
    words[106] = 0x4000;
    words[169] = 0x0001;  // TRIM.
    words[217] = 0x0001;  // Nothing rotates.
    return words.bytes();
}

}  // namespace devices
