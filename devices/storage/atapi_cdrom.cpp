// SPDX-License-Identifier: BSD-2-Clause
//
// A packet device's registers, its phases, and how commands end.
#include "devices/storage/atapi_cdrom.hpp"

#include <algorithm>
#include <utility>

#include "devices/storage/ata_identity.hpp"

namespace devices {

using namespace ata;

namespace {

// The interrupt reason, in the Count register.
constexpr u8 is_command = 1 << 0;  // C/D
constexpr u8 to_host = 1 << 1;     // I/O

constexpr u8 idle_status = status::Ready | status::SeekComplete;
constexpr u8 data_status = idle_status | status::DataRequest;

constexpr u8 signature_mid = 0x14;
constexpr u8 signature_high = 0xeb;

bool is_dma(AtapiCdrom::Phase phase) {
    return phase == AtapiCdrom::Phase::DmaIn || phase == AtapiCdrom::Phase::DmaOut;
}

}  // namespace

AtapiCdrom::AtapiCdrom(Config config, Wiring wiring)
    : config_(std::move(config)),
      request_(state_.request, wiring.events, config_.name + ".request", config_.pace,
               std::move(wiring.trouble),
               [this](ImageRequest::Outcome outcome, std::vector<u8> data) {
                   image_done(outcome, std::move(data));
               }) {
    request_.set_store(wiring.disc);
    reset(fabric::ResetKind::PowerOn);
}

void AtapiCdrom::reset(fabric::ResetKind) {
    request_.cancel();
    state_ = State{};
    state_.change_unreported = medium_present();
    show_signature();
    if (cable_) cable_->interrupt_changed();
}

fabric::Result<> AtapiCdrom::restore(fabric::StateReader& in) {
    State restored;
    TRY(in.read(restored));
    TRY(check(restored));
    request_.forget();
    state_ = std::move(restored);
    return {};
}

fabric::Result<> AtapiCdrom::check(const State& state) const {
    const u8 at_work = state.task.status & (status::Busy | status::DataRequest);
    const bool phase_fits = state.phase == Phase::Idle      ? (at_work & status::DataRequest) == 0
                            : state.phase == Phase::AtImage ? at_work == status::Busy
                                                            : at_work == status::DataRequest;
    if (state.phase > Phase::DmaOut || !phase_fits ||
        state.request.active != (state.phase == Phase::AtImage)) {
        return fabric::Error{"the status does not fit the phase of the command"};
    }
    if (state.position > state.block_end || state.block_end > state.buffer.size() ||
        state.packet_bytes > state.packet.size()) {
        return fabric::Error{"the transfer is beyond its buffer"};
    }
    return {};
}

u32 AtapiCdrom::sectors() const {
    const u64 count = request_.store() ? request_.store()->size() / sector_bytes : 0;
    return static_cast<u32>(std::min<u64>(count, 0xffff'ffff));
}

u8 AtapiCdrom::read_register(Register reg) {
    if (reg == Register::Command && state_.interrupt) {
        state_.interrupt = false;
        if (cable_) cable_->interrupt_changed();
    }
    return state_.task.read(reg);
}

void AtapiCdrom::write_control(u8 value) {
    const u8 before = state_.task.control;
    state_.task.control = value;
    const bool now = (value & control::SoftReset) != 0;
    const bool was = (before & control::SoftReset) != 0;
    if (now == was) return;
    request_.cancel();
    state_.interrupt = false;
    if (now) {
        set_phase(Phase::Idle, status::Busy);
    } else {
        show_signature();
    }
}

/// A packet device is not ready after a reset until it is spoken to (9.12), and can be told apart.
void AtapiCdrom::show_signature() {
    const u8 selection = state_.task.device & device::Second;
    state_.task.set_signature(signature_mid, signature_high);
    state_.task.device = selection;
    set_phase(Phase::Idle, 0);
}

void AtapiCdrom::set_phase(Phase phase, u8 status) {
    state_.phase = phase;
    state_.task.status = status;
    state_.buffer.clear();
    state_.position = 0;
    state_.block_end = 0;
}

void AtapiCdrom::raise_interrupt() {
    state_.interrupt = true;
    if (cable_) cable_->interrupt_changed();
}

void AtapiCdrom::finish_ata() {
    set_phase(Phase::Idle, idle_status);
    raise_interrupt();
}

void AtapiCdrom::abort_ata() {
    state_.task.error = error::Abort;
    set_phase(Phase::Idle, idle_status | status::Error);
    raise_interrupt();
}

void AtapiCdrom::execute(u8 command) {
    if ((state_.task.control & control::SoftReset) != 0) return;
    if (command == command::DeviceReset) {  // At any time (8.10).
        request_.cancel();
        state_.interrupt = false;
        show_signature();
        return;
    }
    if ((state_.task.status & (status::Busy | status::DataRequest)) != 0) return;
    state_.task.control &= static_cast<u8>(~control::HighOrderByte);
    state_.interrupt = false;
    state_.task.error = 0;
    switch (command) {
        case command::Packet: return begin_packet();
        case command::IdentifyPacketDevice: return send_identity();
        case command::SetFeatures: return set_features();
        case command::IdentifyDevice:
        case command::ReadSectors:
            // Old drivers find out in this way that it is no disk.
            state_.task.set_signature(signature_mid, signature_high);
            return abort_ata();
        case command::ExecuteDiagnostic:
            state_.task.set_signature(signature_mid, signature_high);
            set_phase(Phase::Idle, 0);
            return raise_interrupt();
        case command::CheckPowerMode: state_.task.count.set(0xff); return finish_ata();
        case command::IdleImmediate:
        case command::StandbyImmediate:
        case command::Sleep:
        case command::FlushCache: return finish_ata();
        default: return abort_ata();
    }
}

void AtapiCdrom::send_identity() {
    const std::array<u8, 512> bytes = identity();
    set_phase(Phase::PioIn, data_status);
    state_.packet = {};
    state_.buffer.assign(bytes.begin(), bytes.end());
    state_.block_end = static_cast<u32>(bytes.size());
    state_.sectors_left = 0;
    state_.dma = false;
    state_.byte_limit = 0;  // An ATA command: no block is counted, and its end raises nothing.
    raise_interrupt();
}

void AtapiCdrom::set_features() {
    const u8 mode = state_.task.count.current;
    const bool known =
        mode <= transfer_mode::PioDefault + 1 ||
        (mode >= transfer_mode::PioFlow && mode <= transfer_mode::PioFlow + 4) ||
        (mode >= transfer_mode::MultiwordDma && mode <= transfer_mode::MultiwordDma + 2) ||
        (mode >= transfer_mode::UltraDma && mode <= transfer_mode::UltraDma + 5);
    switch (state_.task.features.current) {
        case feature::SetTransferMode:
            if (!known) return abort_ata();
            state_.transfer_mode = mode;
            return finish_ata();
        case feature::DisableRevert:
        case feature::EnableRevert: return finish_ata();
        default: return abort_ata();
    }
}

void AtapiCdrom::begin_packet() {
    const u8 features = state_.task.features.current;
    if ((features & 0x02) != 0) return abort_ata();  // Overlapped.
    state_.dma = (features & 0x01) != 0;
    const u16 limit =
        static_cast<u16>(state_.task.lba_high.current << 8 | state_.task.lba_mid.current);
    // Zero is not defined, and an odd limit is for the last block alone (8.23.5).
    state_.byte_limit = limit < 2 || limit == 0xffff ? u16{0xfffe} : static_cast<u16>(limit & ~1);
    state_.packet = {};
    state_.packet_bytes = 0;
    set_phase(Phase::Packet, data_status);
    state_.task.count.set(is_command);
}

/// The end of a packet command, good or bad.
void AtapiCdrom::complete() {
    set_phase(Phase::Idle, idle_status);
    state_.sectors_left = 0;
    state_.task.count.set(is_command | to_host);
    raise_interrupt();
}

void AtapiCdrom::complete_with(mmc::Sense sense) {
    state_.sense = sense;
    complete();
    state_.task.error = static_cast<u8>(sense.key << 4 | error::Abort);
    state_.task.status |= status::Error;
}

/// What is in the buffer goes on its way: all of it by DMA, or the next block by PIO.
void AtapiCdrom::offer_block() {
    const bool out = state_.phase == Phase::PioOut || state_.phase == Phase::DmaOut;
    state_.task.status = data_status;
    state_.task.count.set(out ? 0 : to_host);
    if (state_.dma) {
        state_.phase = out ? Phase::DmaOut : Phase::DmaIn;
        state_.block_end = static_cast<u32>(state_.buffer.size());
        if (cable_) cable_->dma_requested();
        return;
    }
    state_.phase = out ? Phase::PioOut : Phase::PioIn;
    const u32 bytes =
        std::min<u32>(state_.byte_limit, static_cast<u32>(state_.buffer.size()) - state_.position);
    state_.block_end = state_.position + bytes;
    state_.task.lba_mid.set(static_cast<u8>(bytes));
    state_.task.lba_high.set(static_cast<u8>(bytes >> 8));
    raise_interrupt();
}

/// The buffer, or a block of it, has been taken or filled.
void AtapiCdrom::data_taken() {
    if (state_.position < state_.buffer.size()) return offer_block();
    if (state_.byte_limit == 0) return set_phase(Phase::Idle, idle_status);
    if (state_.sectors_left != 0) return read_piece();
    complete();
}

u16 AtapiCdrom::read_data() {
    if (state_.phase != Phase::PioIn || state_.position >= state_.block_end) return 0;
    u32 value = state_.buffer[state_.position++];
    if (state_.position < state_.block_end) value |= u32{state_.buffer[state_.position++]} << 8;
    if (state_.position == state_.block_end) data_taken();
    return static_cast<u16>(value);
}

void AtapiCdrom::write_data(u16 value) {
    const std::array<u8, 2> bytes = {static_cast<u8>(value), static_cast<u8>(value >> 8)};
    if (state_.phase == Phase::Packet) {
        for (const u8 byte : bytes) {
            if (state_.packet_bytes < state_.packet.size()) {
                state_.packet[state_.packet_bytes++] = byte;
            }
        }
        if (state_.packet_bytes == state_.packet.size()) execute_packet();
        return;
    }
    if (state_.phase != Phase::PioOut || state_.position >= state_.block_end) return;
    for (const u8 byte : bytes) {
        if (state_.position < state_.block_end) state_.buffer[state_.position++] = byte;
    }
    if (state_.position == state_.block_end) data_taken();
}

DmaDirection AtapiCdrom::dma_direction() const {
    if (state_.phase == Phase::DmaIn) return DmaDirection::ToMemory;
    if (state_.phase == Phase::DmaOut) return DmaDirection::FromMemory;
    return DmaDirection::None;
}

std::span<u8> AtapiCdrom::dma_bytes() {
    if (!is_dma(state_.phase)) return {};
    return std::span(state_.buffer).subspan(state_.position, state_.block_end - state_.position);
}

void AtapiCdrom::dma_moved(usize bytes) {
    state_.position += static_cast<u32>(bytes);
    VERIFY(state_.position <= state_.block_end);
    if (state_.position == state_.block_end) data_taken();
}

void AtapiCdrom::image_done(ImageRequest::Outcome outcome, std::vector<u8> data) {
    if (state_.phase != Phase::AtImage) return;
    if (outcome == ImageRequest::Outcome::Failed) {
        return complete_with(medium_present() ? mmc::sense::UnrecoveredReadError
                                              : mmc::sense::MediumNotPresent);
    }
    const u32 count = static_cast<u32>(data.size() / sector_bytes);
    if (count == 0 || count > state_.sectors_left) {
        return complete_with(mmc::sense::UnrecoveredReadError);
    }
    const bool raw = static_cast<mmc::Operation>(state_.packet[0]) == mmc::Operation::ReadCd ||
                     static_cast<mmc::Operation>(state_.packet[0]) == mmc::Operation::ReadCdMsf;
    state_.phase = Phase::PioIn;
    state_.buffer = raw ? raw_sectors(data) : std::move(data);
    state_.position = 0;
    state_.next_sector += count;
    state_.sectors_left -= count;
    offer_block();
}

bool AtapiCdrom::change_disc(fabric::BlockStore* disc) {
    if (state_.locked && medium_present()) {
        state_.event = mmc::MediaEvent::EjectRequest;
        return false;
    }
    const bool was_there = medium_present();
    const bool reading = state_.phase == Phase::AtImage;
    if (reading) request_.cancel();
    force_disc(disc);
    state_.tray_open = false;
    if (disc) {
        state_.event = mmc::MediaEvent::NewMedia;
        state_.change_unreported = true;
    } else if (was_there) {
        state_.event = mmc::MediaEvent::MediaRemoval;
    }
    if (reading) complete_with(mmc::sense::MediumMayHaveChanged);
    return true;
}

void AtapiCdrom::force_disc(fabric::BlockStore* disc) { request_.set_store(disc); }

/// ATA/ATAPI-6, table 28.
std::array<u8, 512> AtapiCdrom::identity() const {
    const auto selected = [this](u8 kind, u32 modes) {
        const u32 mode = u32{state_.transfer_mode} - kind;
        return static_cast<u16>(mode < modes ? 0x100u << mode : 0);
    };
    IdentityWords words;
    words[0] = 0x85c0;  // A removable CD-ROM drive; packets of 12 bytes, DRQ within 50 us.
    words.set_text(10, 10, config_.serial);
    words.set_text(23, 4, config_.firmware);
    words.set_text(27, 20, config_.model);
    words[49] = 0x0b00;  // IORDY, LBA, DMA.
    words[50] = 0x4000;
    words[53] = 0x0006;  // Words 64 to 70 and 88 are valid.
    words[63] = static_cast<u16>(0x0007 | selected(transfer_mode::MultiwordDma, 3));
    words[64] = 0x0003;
    for (usize word = 65; word <= 68; ++word) words[word] = 120;
    words[71] = 30;
    words[72] = 30;
    words[80] = 0x00f0;
    words[82] = 0x0210;  // DEVICE RESET, PACKET.
    words[83] = 0x4000;
    words[84] = 0x4000;
    words[85] = 0x0210;
    words[87] = 0x4000;
    words[88] = static_cast<u16>(0x003f | selected(transfer_mode::UltraDma, 6));
    words[93] = 0x6001;
    return words.bytes();
}

}  // namespace devices
