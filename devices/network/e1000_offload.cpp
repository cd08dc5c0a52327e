// SPDX-License-Identifier: BSD-2-Clause
#include "devices/network/e1000_offload.hpp"

#include <algorithm>

#include "devices/network/e1000_registers.hpp"
#include "devices/network/ethernet.hpp"

namespace devices::e1000 {

using ethernet::ones_sum;
using ethernet::put_word;
using ethernet::word_at;

namespace {

// Of IP, TCP and UDP headers.
constexpr usize ipv4_length = 2;
constexpr usize ipv4_identification = 4;
constexpr usize ipv6_length = 4;
constexpr usize ipv6_header_bytes = 40;
constexpr usize tcp_sequence = 4;
constexpr usize tcp_flags = 13;
constexpr u8 tcp_fin_and_psh = 0x09;
constexpr usize udp_length = 4;

/// A field that a guest's offset names, if it lies in the header.
bool has(std::span<const u8> packet, usize offset, usize bytes) {
    return offset + bytes <= packet.size();
}

void set_lengths(const OffloadContext& context, std::span<u8> segment, u16 number) {
    const usize ip = context.ip.start;
    const auto size = [&](usize from) { return static_cast<u16>(segment.size() - from); };
    if (context.ipv4) {
        if (!has(segment, ip, 6)) return;
        put_word(segment, ip + ipv4_length, size(ip));
        const u16 first = word_at(segment, ip + ipv4_identification);
        put_word(segment, ip + ipv4_identification, static_cast<u16>(first + number));
    } else if (has(segment, ip, ipv6_header_bytes)) {
        put_word(segment, ip + ipv6_length, size(ip + ipv6_header_bytes));
    }
}

void set_transport_header(const OffloadContext& context, std::span<u8> segment, u32 sent,
                          bool last) {
    const usize at = context.tcp_udp.start;
    if (!context.tcp) {
        if (has(segment, at, 6)) {
            put_word(segment, at + udp_length, static_cast<u16>(segment.size() - at));
        }
        return;
    }
    if (!has(segment, at, tcp_flags + 1)) return;
    const u32 sequence =
        (u32{word_at(segment, at + tcp_sequence)} << 16 | word_at(segment, at + tcp_sequence + 2)) +
        sent;
    put_word(segment, at + tcp_sequence, static_cast<u16>(sequence >> 16));
    put_word(segment, at + tcp_sequence + 2, static_cast<u16>(sequence));
    if (!last) segment[at + tcp_flags] &= static_cast<u8>(~tcp_fin_and_psh);
}

/// The driver's partial sum is of a pseudo header without a length (3.5.6).
void add_length_to_pseudo_header(const OffloadContext& context, std::span<u8> segment) {
    const usize place = context.tcp_udp.offset;
    if (!has(segment, place, 2) || segment.size() < context.tcp_udp.start) return;
    const u32 sum =
        u32{word_at(segment, place)} + static_cast<u32>(segment.size() - context.tcp_udp.start);
    put_word(segment, place, ones_sum({}, sum));
}

}  // namespace

void insert_checksum(std::span<u8> packet, const ChecksumPlace& place, bool zero_is_none) {
    const usize end =
        place.end == 0 ? packet.size() : std::min<usize>(packet.size(), usize{place.end} + 1);
    if (place.start >= end || !has(packet, place.offset, 2)) return;
    u16 checksum = static_cast<u16>(~ones_sum(packet.subspan(place.start, end - place.start)));
    if (checksum == 0 && zero_is_none) checksum = 0xffff;
    put_word(packet, place.offset, checksum);
}

bool can_segment(const OffloadContext& context, usize packet_bytes) {
    return context.segment_size != 0 && context.header_length != 0 &&
           context.header_length <= packet_bytes;
}

usize segments_in(const OffloadContext& context, usize packet_bytes) {
    const usize payload = packet_bytes - context.header_length;
    return std::max<usize>(1, (payload + context.segment_size - 1) / context.segment_size);
}

void for_each_segment(const OffloadContext& context, u8 options, std::span<const u8> packet,
                      const std::function<void(std::vector<u8> segment)>& out) {
    const auto header = packet.first(context.header_length);
    std::span<const u8> payload = packet.subspan(context.header_length);
    u32 sent = 0;
    u16 number = 0;
    do {
        const usize length = std::min<usize>(payload.size(), context.segment_size);
        std::vector<u8> segment(header.begin(), header.end());
        segment.insert(segment.end(), payload.begin(),
                       payload.begin() + static_cast<std::ptrdiff_t>(length));
        payload = payload.subspan(length);
        set_lengths(context, segment, number++);
        set_transport_header(context, segment, sent, payload.empty());
        if ((options & txd::InsertTcpUdpChecksum) != 0) {
            add_length_to_pseudo_header(context, segment);
            insert_checksum(segment, context.tcp_udp, !context.tcp);
        }
        if ((options & txd::InsertIpChecksum) != 0) insert_checksum(segment, context.ip, false);
        sent += static_cast<u32>(length);
        out(std::move(segment));
    } while (!payload.empty());
}

}  // namespace devices::e1000
