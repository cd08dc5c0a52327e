// SPDX-License-Identifier: BSD-2-Clause
//
// What an adapter computes over frames: IEEE 802.3, and the checksums of RFC 791, 768 and 793.
#pragma once

#include <span>

#include "fabric/support/int_types.hpp"

namespace devices::ethernet {

constexpr usize header_bytes = 14;
constexpr usize tag_bytes = 4;  // IEEE 802.1Q.
constexpr usize fcs_bytes = 4;
constexpr usize smallest_frame = 60;                 // Without its FCS, as all that follows.
constexpr usize longest_frame = 1518;                // With a tag.
constexpr usize line_overhead = fcs_bytes + 8 + 12;  // Preamble and inter-frame gap too.
constexpr usize type_offset = 12;

constexpr u16 type_ipv4 = 0x0800;
constexpr u8 protocol_tcp = 6;
constexpr u8 protocol_udp = 17;

/// Big endian; `bytes` holds them.
constexpr u16 word_at(std::span<const u8> bytes, usize offset) {
    return static_cast<u16>(bytes[offset] << 8 | bytes[offset + 1]);
}
constexpr void put_word(std::span<u8> bytes, usize offset, u16 value) {
    bytes[offset] = static_cast<u8>(value >> 8);
    bytes[offset + 1] = static_cast<u8>(value);
}

/// CRC-32 of a frame, as it stands behind it with the lowest byte first.
u32 frame_check_sequence(std::span<const u8> frame);

/// The one's complement sum of 16-bit words, folded; an odd byte counts as a high one.
u16 ones_sum(std::span<const u8> bytes, u32 initial = 0);

struct ChecksumCheck {
    bool done = false;
    bool wrong = false;
};
/// Of an IPv4 header at `start`; and of the TCP or UDP in a whole, unfragmented packet there.
ChecksumCheck check_ipv4_header(std::span<const u8> frame, usize start);
ChecksumCheck check_tcp_udp(std::span<const u8> frame, usize start);

constexpr bool is_multicast(std::span<const u8> frame) { return (frame[0] & 1) != 0; }
bool is_broadcast(std::span<const u8> frame);

}  // namespace devices::ethernet
