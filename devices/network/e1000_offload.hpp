// SPDX-License-Identifier: BSD-2-Clause
//
// What the 82540EM does to packets on their way out: inserted checksums, TCP segmentation (Intel
// 317453, 3.4 and 3.5), VLAN tags. Functions of bytes; all offsets come from a guest.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "fabric/support/int_types.hpp"

namespace devices::e1000 {

/// Which bytes are summed up, and where the result goes.
struct ChecksumPlace {
    u8 start = 0;
    u8 offset = 0;
    u16 end = 0;  // The last byte; 0: to the end.

    bool operator==(const ChecksumPlace&) const = default;

    template <class Self, class Visit>
    static constexpr void fields(Self& place, Visit& visit) {
        visit(1, "start", place.start);
        visit(2, "offset", place.offset);
        visit(3, "end", place.end);
    }
};

/// A context descriptor.
struct OffloadContext {
    ChecksumPlace ip;
    ChecksumPlace tcp_udp;
    bool tcp = false;
    bool ipv4 = false;
    u8 header_length = 0;
    u16 segment_size = 0;

    bool operator==(const OffloadContext&) const = default;

    template <class Self, class Visit>
    static constexpr void fields(Self& context, Visit& visit) {
        visit(1, "ip", context.ip);
        visit(2, "tcp_udp", context.tcp_udp);
        visit(3, "tcp", context.tcp);
        visit(4, "ipv4", context.ipv4);
        visit(5, "header_length", context.header_length);
        visit(6, "segment_size", context.segment_size);
    }
};

/// The bytes that `place` names hold what the driver put into the checksum's own: a partial sum.
/// Places outside of the packet do nothing. `zero_is_none`: as with UDP, zero goes out as ones.
void insert_checksum(std::span<u8> packet, const ChecksumPlace& place, bool zero_is_none);

/// A context by which a packet cannot be cut up.
bool can_segment(const OffloadContext& context, usize packet_bytes);
/// How many segments there will be, of can_segment().
usize segments_in(const OffloadContext& context, usize packet_bytes);

/// `options`: POPTS of the packet. Checksums are in the segments as they ask.
void for_each_segment(const OffloadContext& context, u8 options, std::span<const u8> packet,
                      const std::function<void(std::vector<u8> segment)>& out);

}  // namespace devices::e1000
