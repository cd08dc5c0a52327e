// SPDX-License-Identifier: BSD-2-Clause
//
// What is on the disc: one session, one track of data, and the lead-out behind it.
#include <algorithm>

#include "devices/storage/atapi_cdrom.hpp"
#include "devices/storage/mmc_formats.hpp"

namespace devices {

using namespace mmc;

void AtapiCdrom::read_toc() {
    const bool msf = (state_.packet[1] & 2) != 0;
    u8 format = state_.packet[2] & 0x0f;
    if (format == 0) format = state_.packet[9] >> 6;  // Where SFF-8020i had it.
    const u8 start = state_.packet[6];
    std::vector<u8> data = {0, 0, 1, 1};
    const auto put_address = [&](u32 sector) {
        std::array<u8, 4> bytes{};
        put_u32(bytes, sector);
        if (msf) std::ranges::copy(msf_of(sector), bytes.begin() + 1);
        if (msf) bytes[0] = 0;
        data.insert(data.end(), bytes.begin(), bytes.end());
    };
    const auto add = [&](u8 track, u32 sector) {
        data.insert(data.end(), {0, 0x14, track, 0});
        put_address(sector);
    };
    const auto add_full = [&](u8 point, std::array<u8, 3> at) {
        data.insert(data.end(), {1, 0x14, 0, point, 0, 0, 0, 0, at[0], at[1], at[2]});
    };
    switch (format) {
        case 0:
            if (start > 1 && start != 0xaa) return complete_with(sense::InvalidField);
            if (start <= 1) add(1, 0);
            add(0xaa, sectors());
            break;
        case 1: add(1, 0); break;  // The first track of the last session.
        case 2:
            add_full(0xa0, {1, 0, 0});
            add_full(0xa1, {1, 0, 0});
            add_full(0xa2, msf_of(sectors()));
            add_full(1, msf_of(0));
            break;
        default: return complete_with(sense::InvalidField);
    }
    put_u16(data, static_cast<u32>(data.size() - 2));
    reply(data, word(7));
}

void AtapiCdrom::read_sub_channel() {
    std::array<u8, 16> data{};
    data[1] = 0x15;  // No audio status.
    if ((state_.packet[2] & 0x40) == 0) return reply(std::span(data).first(4), word(7));
    if (state_.packet[3] != 1) return complete_with(sense::InvalidField);
    data[3] = 12;
    data[4] = 1;  // The current position.
    data[5] = 0x14;
    data[6] = 1;
    data[7] = 1;
    reply(data, word(7));
}

void AtapiCdrom::read_header() {
    const u32 sector = dword(2);
    if (sector >= sectors()) return complete_with(sense::OutOfRange);
    std::array<u8, 8> data{};
    data[0] = 1;  // Mode 1.
    put_u32(std::span(data).subspan(4), sector);
    if ((state_.packet[1] & 2) != 0) {
        data[4] = 0;
        std::ranges::copy(msf_of(sector), data.begin() + 5);
    }
    reply(data, word(7));
}

void AtapiCdrom::read_disc_information() {
    if ((state_.packet[1] & 7) != 0) return complete_with(sense::InvalidField);
    std::array<u8, 34> data{};
    put_u16(data, data.size() - 2);
    data[2] = 0x0e;  // The disc and its last session are complete.
    data[3] = 1;     // First track, sessions, first and last track of the last session.
    data[4] = 1;
    data[5] = 1;
    data[6] = 1;
    data[7] = 0x20;                                             // For unrestricted use.
    std::fill(data.begin() + 16, data.begin() + 24, u8{0xff});  // Nothing can be appended.
    reply(data, word(7));
}

void AtapiCdrom::read_track_information() {
    const u8 by = state_.packet[1] & 3;  // By address, track or session.
    const u32 number = dword(2);
    if (by == 3 || (by == 0 ? number >= sectors() : number != 1)) {
        return complete_with(sense::InvalidField);
    }
    std::array<u8, 36> data{};
    put_u16(data, data.size() - 2);
    data[2] = 1;
    data[3] = 1;
    data[5] = 0x04;  // Data.
    data[6] = 0x01;  // Mode 1.
    put_u32(std::span(data).subspan(24), sectors());
    reply(data, word(7));
}

void AtapiCdrom::read_dvd_structure() {
    if (current_profile() != profile::DvdRom) {
        return complete_with({sense_key::IllegalRequest, 0x30, 0x02});  // Incompatible format.
    }
    const u8 format = state_.packet[7];
    if (state_.packet[6] != 0 || format > 1) return complete_with(sense::InvalidField);
    std::vector<u8> data(format == 0 ? 2052 : 8, 0);
    put_u16(data, static_cast<u32>(data.size() - 2));
    if (format == 0) {  // Physical: one layer, 120 mm.
        data[4] = 0x01;
        data[5] = 0x0f;
        data[6] = 0x01;
        put_u32(std::span(data).subspan(8), 0x3'0000);
        put_u32(std::span(data).subspan(12), 0x3'0000 + sectors() - 1);
    }
    reply(data, word(8));
}

}  // namespace devices
