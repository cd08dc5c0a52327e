// SPDX-License-Identifier: BSD-2-Clause
#include "devices/network/ethernet.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace devices::ethernet {

namespace {

constexpr std::array<u32, 256> crc_table = [] {
    std::array<u32, 256> table{};
    for (u32 i = 0; i < table.size(); ++i) {
        u32 value = i;
        for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) * 0xedb8'8320u);
        table[i] = value;
    }
    return table;
}();

struct Ipv4Packet {
    usize header_bytes;
    usize total_bytes;
};

/// The packet at `start`, if it is one and all of it is there.
std::optional<Ipv4Packet> ipv4_at(std::span<const u8> frame, usize start) {
    if (frame.size() < start + 20 || frame[start] >> 4 != 4) return std::nullopt;
    const Ipv4Packet packet{.header_bytes = usize{4} * (frame[start] & 0xf),
                            .total_bytes = word_at(frame, start + 2)};
    if (packet.header_bytes < 20 || packet.total_bytes < packet.header_bytes ||
        packet.total_bytes > frame.size() - start) {
        return std::nullopt;
    }
    return packet;
}

}  // namespace

u32 frame_check_sequence(std::span<const u8> frame) {
    u32 crc = ~u32{0};
    for (const u8 byte : frame) crc = (crc >> 8) ^ crc_table[(crc ^ byte) & 0xff];
    return ~crc;
}

u16 ones_sum(std::span<const u8> bytes, u32 initial) {
    u64 sum = initial;
    usize i = 0;
    for (; i + 1 < bytes.size(); i += 2) sum += word_at(bytes, i);
    if (i < bytes.size()) sum += u64{bytes[i]} << 8;
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<u16>(sum);
}

ChecksumCheck check_ipv4_header(std::span<const u8> frame, usize start) {
    const auto packet = ipv4_at(frame, start);
    if (!packet) return {};
    return {.done = true, .wrong = ones_sum(frame.subspan(start, packet->header_bytes)) != 0xffff};
}

ChecksumCheck check_tcp_udp(std::span<const u8> frame, usize start) {
    const auto packet = ipv4_at(frame, start);
    constexpr u16 more_fragments_and_offset = 0x3fff;
    if (!packet || (word_at(frame, start + 6) & more_fragments_and_offset) != 0) return {};
    const u8 protocol = frame[start + 9];
    const auto payload =
        frame.subspan(start + packet->header_bytes, packet->total_bytes - packet->header_bytes);
    if (protocol == protocol_udp) {
        // A checksum of zero: the sender made none.
        if (payload.size() < 8 || word_at(payload, 6) == 0) return {};
    } else if (protocol != protocol_tcp || payload.size() < 20) {
        return {};
    }
    const u32 pseudo_header =
        u32{ones_sum(frame.subspan(start + 12, 8))} + protocol + static_cast<u32>(payload.size());
    return {.done = true, .wrong = ones_sum(payload, pseudo_header) != 0xffff};
}

bool is_broadcast(std::span<const u8> frame) {
    return std::ranges::all_of(frame.first(6), [](u8 byte) { return byte == 0xff; });
}

}  // namespace devices::ethernet
