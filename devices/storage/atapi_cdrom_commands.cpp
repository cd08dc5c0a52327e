// SPDX-License-Identifier: BSD-2-Clause
//
// The commands of MMC-3 that are about the drive, and those that read sectors.
#include <algorithm>

#include "devices/storage/atapi_cdrom.hpp"
#include "devices/storage/mmc_formats.hpp"

namespace devices {

using namespace mmc;

namespace {

constexpr u32 piece_sectors = 32;  // 64 KiB.
constexpr u64 largest_cd_sectors = u64{80} * 60 * frames_per_second;

u32 sector_of(u32 minutes, u32 seconds, u32 frames) {
    const u32 absolute = (minutes * 60 + seconds) * frames_per_second + frames;
    return absolute < lead_in_frames ? 0xffff'ffff : absolute - lead_in_frames;
}

void put_text(std::span<u8> to, std::string_view text) {
    for (usize i = 0; i < to.size(); ++i) {
        to[i] = i < text.size() ? static_cast<u8>(text[i]) : u8{' '};
    }
}

/// Does a command fail where there is no disc? Those that do not are about the drive.
bool needs_medium(Operation operation) {
    switch (operation) {
        case Operation::TestUnitReady:
        case Operation::ReadCapacity:
        case Operation::Read10:
        case Operation::Read12:
        case Operation::ReadCd:
        case Operation::ReadCdMsf:
        case Operation::Seek:
        case Operation::Verify10:
        case Operation::ReadSubChannel:
        case Operation::ReadTocPmaAtip:
        case Operation::ReadHeader:
        case Operation::PlayAudio10:
        case Operation::PlayAudio12:
        case Operation::PlayAudioMsf:
        case Operation::PauseResume:
        case Operation::ReadDiscInformation:
        case Operation::ReadTrackInformation:
        case Operation::ReadDvdStructure: return true;
        default: return false;
    }
}

}  // namespace

u16 AtapiCdrom::current_profile() const {
    if (!medium_present()) return 0;
    return sectors() > largest_cd_sectors ? profile::DvdRom : profile::CdRom;
}

/// A drive that has news says so before it does anything else, but to those who only look (SPC-3,
/// 5.6).
bool AtapiCdrom::report_attention(Operation operation) {
    switch (operation) {
        case Operation::Inquiry:
        case Operation::RequestSense:
        case Operation::GetConfiguration:
        case Operation::GetEventStatusNotification: return false;
        default: break;
    }
    if (state_.reset_unreported) {
        state_.reset_unreported = false;
        complete_with(sense::ResetOccurred);
        return true;
    }
    if (state_.change_unreported) {
        state_.change_unreported = false;
        complete_with(sense::MediumMayHaveChanged);
        return true;
    }
    return false;
}

void AtapiCdrom::execute_packet() {
    const auto operation = static_cast<Operation>(state_.packet[0]);
    set_phase(Phase::Idle, ata::status::Ready | ata::status::SeekComplete);
    state_.sectors_left = 0;
    if (report_attention(operation)) return;
    if (operation != Operation::RequestSense) state_.sense = {};
    if (needs_medium(operation) && !medium_present()) {
        return complete_with(state_.tray_open ? sense::MediumNotPresentTrayOpen
                                              : sense::MediumNotPresent);
    }
    switch (operation) {
        case Operation::TestUnitReady:
        case Operation::RezeroUnit:
        case Operation::SynchronizeCache:
        case Operation::StopPlayScan:
        case Operation::SetCdSpeed: return complete();
        case Operation::RequestSense: return request_sense();
        case Operation::Inquiry: return inquiry();
        case Operation::ModeSelect6: return take_parameters(state_.packet[4]);
        case Operation::ModeSelect10: return take_parameters(word(7));
        case Operation::ModeSense6: return mode_sense(false);
        case Operation::ModeSense10: return mode_sense(true);
        case Operation::StartStopUnit: return start_stop();
        case Operation::PreventAllowRemoval: return prevent_removal();
        case Operation::ReadFormatCapacities: return read_format_capacities();
        case Operation::GetConfiguration: return get_configuration();
        case Operation::GetEventStatusNotification: return get_event_status();
        case Operation::MechanismStatus: return reply(std::array<u8, 8>{}, word(8));
        case Operation::GetPerformance: {
            std::array<u8, 8> nothing{};
            nothing[3] = 4;
            return reply(nothing, nothing.size());
        }
        default: return execute_on_medium(operation);
    }
}

void AtapiCdrom::execute_on_medium(Operation operation) {
    switch (operation) {
        case Operation::ReadCapacity: {
            std::array<u8, 8> capacity{};
            put_u32(capacity, sectors() - 1);
            put_u32(std::span(capacity).subspan(4), sector_bytes);
            return reply(capacity, capacity.size());
        }
        case Operation::Read10: return read_sectors(dword(2), word(7));
        case Operation::Read12: return read_sectors(dword(2), dword(6));
        case Operation::ReadCd: return read_cd(dword(2), dword(5) & 0x00ff'ffff);
        case Operation::ReadCdMsf: {
            const auto& p = state_.packet;
            const u32 first = sector_of(p[3], p[4], p[5]);
            const u32 end = sector_of(p[6], p[7], p[8]);
            if (first == 0xffff'ffff || end == 0xffff'ffff || end < first) {
                return complete_with(sense::InvalidField);
            }
            return read_cd(first, end - first);
        }
        case Operation::Seek:
        case Operation::Verify10:
            return dword(2) < sectors() ? complete() : complete_with(sense::OutOfRange);
        case Operation::ReadSubChannel: return read_sub_channel();
        case Operation::ReadTocPmaAtip: return read_toc();
        case Operation::ReadHeader: return read_header();
        case Operation::ReadDiscInformation: return read_disc_information();
        case Operation::ReadTrackInformation: return read_track_information();
        case Operation::ReadDvdStructure: return read_dvd_structure();
        case Operation::PlayAudio10:
        case Operation::PlayAudio12:
        case Operation::PlayAudioMsf:
        case Operation::PauseResume: return complete_with(sense::IllegalModeForTrack);
        default: return complete_with(sense::InvalidOperation);
    }
}

/// At most as many bytes as the host has room for.
void AtapiCdrom::reply(std::span<const u8> bytes, usize most) {
    const std::span<const u8> sent = bytes.first(std::min(bytes.size(), most));
    if (sent.empty()) return complete();
    state_.buffer.assign(sent.begin(), sent.end());
    state_.position = 0;
    state_.phase = Phase::PioIn;
    offer_block();
}

/// Mode pages that the host sends. There is nothing in them that could be changed.
void AtapiCdrom::take_parameters(u32 bytes) {
    if (bytes == 0) return complete();
    state_.buffer.assign(bytes, 0);
    state_.position = 0;
    state_.phase = Phase::PioOut;
    offer_block();
}

void AtapiCdrom::read_sectors(u32 first, u32 count) {
    if (first >= sectors() || count > sectors() - first) return complete_with(sense::OutOfRange);
    if (count == 0) return complete();
    state_.next_sector = first;
    state_.sectors_left = count;
    read_piece();
}

/// User data, or whole raw sectors; nothing between (MMC-3, 6.20).
void AtapiCdrom::read_cd(u32 first, u32 count) {
    const u8 expected_type = state_.packet[1] >> 2 & 7;
    const u8 wanted = state_.packet[9] & 0xf8;
    if (expected_type > 2 || (state_.packet[10] & 7) != 0)
        return complete_with(sense::InvalidField);
    if (wanted == 0) return complete();
    if (wanted != 0x10 && wanted != 0xf8) return complete_with(sense::InvalidField);
    read_sectors(first, count);
}

void AtapiCdrom::read_piece() {
    const u32 count = std::min(state_.sectors_left, piece_sectors);
    set_phase(Phase::AtImage, ata::status::Busy);
    request_.start(fabric::BlockOperation::Read, u64{state_.next_sector} * sector_bytes,
                   count * sector_bytes, {});
}

/// What READ CD asked for, made of the user data of the sectors from next_sector on.
std::vector<u8> AtapiCdrom::raw_sectors(std::span<const u8> data) const {
    if ((state_.packet[9] & 0xf8) != 0xf8) return {data.begin(), data.end()};
    const usize count = data.size() / sector_bytes;
    std::vector<u8> raw(count * raw_sector_bytes, 0);
    for (usize i = 0; i < count; ++i) {
        const std::span<u8> sector =
            std::span<u8>(raw).subspan(i * raw_sector_bytes, raw_sector_bytes);
        std::fill(sector.begin() + 1, sector.begin() + 11, u8{0xff});
        const auto msf = msf_of(state_.next_sector + static_cast<u32>(i));
        std::copy(msf.begin(), msf.end(), sector.begin() + 12);
        sector[15] = 1;  // Mode 1.
        std::ranges::copy(data.subspan(i * sector_bytes, sector_bytes), sector.begin() + 16);
    }
    return raw;
}

void AtapiCdrom::start_stop() {
    const bool start = (state_.packet[4] & 1) != 0;
    const bool load_eject = (state_.packet[4] & 2) != 0;
    if (!load_eject) return complete();
    if (!start && state_.locked && medium_present()) return complete_with(sense::RemovalPrevented);
    if (!start && medium_present()) state_.event = MediaEvent::MediaRemoval;
    if (start && state_.tray_open && request_.store()) {
        state_.event = MediaEvent::NewMedia;
        state_.change_unreported = true;
    }
    state_.tray_open = !start;
    complete();
}

void AtapiCdrom::prevent_removal() {
    state_.locked = (state_.packet[4] & 1) != 0;
    complete();
}

void AtapiCdrom::inquiry() {
    std::array<u8, 36> data{};
    data[0] = 0x05;  // A CD or DVD drive.
    data[1] = 0x80;  // Removable.
    data[2] = 0x00;
    data[3] = 0x21;  // ATAPI's response format.
    data[4] = data.size() - 5;
    put_text(std::span(data).subspan(8, 8), "Satori");
    put_text(std::span(data).subspan(16, 16), "DVD-ROM");
    put_text(std::span(data).subspan(32, 4), config_.firmware);
    reply(data, word(3));
}

void AtapiCdrom::request_sense() {
    Sense told = state_.sense;
    if (told == Sense{} && state_.reset_unreported) {
        told = sense::ResetOccurred;
        state_.reset_unreported = false;
    } else if (told == Sense{} && state_.change_unreported) {
        told = sense::MediumMayHaveChanged;
        state_.change_unreported = false;
    }
    state_.sense = {};
    std::array<u8, 18> data{};
    data[0] = 0x70;  // Current, fixed format.
    data[2] = told.key;
    data[7] = data.size() - 8;
    data[12] = told.code;
    data[13] = told.qualifier;
    reply(data, state_.packet[4]);
}

void AtapiCdrom::mode_sense(bool ten) {
    const u8 page = state_.packet[2] & 0x3f;
    const u8 control = state_.packet[2] >> 6;  // Current, changeable, default, saved.
    if (control == 3) return complete_with({sense_key::IllegalRequest, 0x39, 0x00});
    std::vector<u8> data(ten ? 8 : 4, 0);
    const auto add = [&](u8 code, std::initializer_list<u8> contents) {
        if (page != code && page != mode_page::All) return;
        data.push_back(code);
        data.push_back(static_cast<u8>(contents.size()));
        if (control == 1) {
            data.insert(data.end(), contents.size(), 0);  // Nothing can be changed.
        } else {
            data.insert(data.end(), contents);
        }
    };
    const u8 lock = state_.locked ? 0x02 : 0x00;
    add(mode_page::ErrorRecovery, {0x00, 0x05, 0, 0, 0, 0});
    add(mode_page::CdAudio, {0x04, 0, 0, 0, 0, 0x4b, 1, 0xff, 2, 0xff, 0, 0, 0, 0});
    // Reads CD-R, CD-RW, DVD-ROM; a tray that ejects and locks; 706 kB/s ("4x") now and at most.
    add(mode_page::Capabilities, {0x0b, 0x00, 0x70, 0x60, static_cast<u8>(0x29 | lock), 0, 0x02,
                                  0xc2, 0, 2, 0x02, 0x00, 0x02, 0xc2, 0, 0, 0, 0});
    if (data.size() == (ten ? 8u : 4u)) return complete_with(sense::InvalidField);
    const u8 medium = medium_present() ? u8{0x01} : u8{0x70};  // A data CD; no disc.
    if (ten) {
        put_u16(data, static_cast<u32>(data.size() - 2));
        data[2] = medium;
        return reply(data, word(7));
    }
    data[0] = static_cast<u8>(data.size() - 1);
    data[1] = medium;
    reply(data, state_.packet[4]);
}

void AtapiCdrom::read_format_capacities() {
    std::array<u8, 12> data{};
    data[3] = 8;
    put_u32(std::span(data).subspan(4), medium_present() ? sectors() : 0);
    put_u32(std::span(data).subspan(8), sector_bytes);
    data[8] = medium_present() ? 0x02 : 0x03;  // Formatted; none.
    reply(data, word(7));
}

/// MMC-3, 6.6: a header, and a descriptor for each feature.
void AtapiCdrom::get_configuration() {
    const u8 which = state_.packet[1] & 3;  // All, the current ones, or one.
    const u16 first = word(2);
    const u16 now = current_profile();
    if (which == 3) return complete_with(sense::InvalidField);
    std::vector<u8> data(8, 0);
    put_u16(std::span(data).subspan(6), now);
    const auto add = [&](u16 code, u8 version, bool persistent, bool current,
                         std::initializer_list<u8> contents) {
        if (which == 2 ? code != first : code < first) return;
        if (which == 1 && !current && !persistent) return;
        data.push_back(static_cast<u8>(code >> 8));
        data.push_back(static_cast<u8>(code));
        data.push_back(static_cast<u8>(version << 2 | (persistent ? 2 : 0) | (current ? 1 : 0)));
        data.push_back(static_cast<u8>(contents.size()));
        data.insert(data.end(), contents);
    };
    const bool cd = now == profile::CdRom;
    const bool dvd = now == profile::DvdRom;
    add(0x0000, 0, true, true,
        {0x00, 0x10, static_cast<u8>(dvd), 0, 0x00, 0x08, static_cast<u8>(cd), 0});
    add(0x0001, 0, true, true, {0, 0, 0, 2});                          // Core: ATAPI.
    add(0x0003, 0, true, true, {0x29, 0, 0, 0});                       // Removable, by a tray.
    add(0x0010, 0, false, cd || dvd, {0, 0, 0x08, 0, 0, 0x01, 0, 0});  // Sectors of 2048 bytes.
    add(0x001e, 0, false, cd, {0, 0, 0, 0});
    add(0x001f, 0, false, dvd, {});
    put_u32(data, static_cast<u32>(data.size() - 4));
    reply(data, word(7));
}

void AtapiCdrom::get_event_status() {
    constexpr u8 media_class = 4;
    if ((state_.packet[1] & 1) == 0) return complete_with(sense::InvalidField);  // Asynchronous.
    std::array<u8, 8> data{};
    data[3] = 1 << media_class;
    if ((state_.packet[4] & (1 << media_class)) == 0) {
        data[1] = 2;
        data[2] = 0x80;  // No event of the classes that were asked for.
        return reply(std::span(data).first(4), word(7));
    }
    data[1] = 6;
    data[2] = media_class;
    data[4] = static_cast<u8>(state_.event);
    data[5] = static_cast<u8>((state_.tray_open ? 1 : 0) | (medium_present() ? 2 : 0));
    if (word(7) > 4) state_.event = MediaEvent::None;
    reply(data, word(7));
}

}  // namespace devices
