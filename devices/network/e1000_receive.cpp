// SPDX-License-Identifier: BSD-2-Clause
//
// Reception (Intel 317453, 3.1 and 3.2): a frame comes in at the pace of the line, passes filters
// into the packet buffer, and goes on to memory as far as there are descriptors.
#include <algorithm>

#include "devices/network/e1000.hpp"
#include "devices/network/ethernet.hpp"

namespace devices {

using namespace e1000;
using ethernet::word_at;
using fabric::Gpa;

namespace {

/// What a switch would keep of frames that come faster than the line is.
constexpr usize line_queue_bytes = 1 << 20;

/// Which bit of the multicast table an address has (13.5.1).
u32 multicast_hash(std::span<const u8> frame, u64 offset) {
    constexpr std::array<u32, 4> shifts = {4, 3, 2, 0};
    const u32 upper = u32{frame[5]} << 8 | frame[4];
    return upper >> shifts[offset] & 0xfff;
}

}  // namespace

void E1000::receive(std::span<const u8> frame) {
    auto& queue = state_.receive.on_the_line;
    usize waiting = frame.size();
    for (const auto& each : queue) waiting += each.size();
    if (frame.size() < ethernet::header_bytes || frame.size() > longest_packet ||
        waiting > line_queue_bytes || !phy_.link()) {
        return;
    }
    auto& queued = queue.emplace_back(frame.begin(), frame.end());
    queued.resize(std::max(queued.size(), ethernet::smallest_frame));
    if (!arrival_.pending()) {
        arrival_.schedule({(queue[0].size() + ethernet::line_overhead) * phy_.byte_ns()});
    }
}

void E1000::frame_arrived() {
    auto& queue = state_.receive.on_the_line;
    if (queue.empty()) return;
    const std::vector<u8> frame = std::move(queue.front());
    queue.erase(queue.begin());
    if (!queue.empty()) {
        arrival_.schedule({(queue[0].size() + ethernet::line_overhead) * phy_.byte_ns()});
    }
    if (link_up() && !looped_back()) take_frame(frame);
}

void E1000::take_frame(std::span<const u8> frame) {
    if ((regs_.rctl & rctl::Enable) == 0 || frame.size() < ethernet::header_bytes) return;
    const u64 bytes = frame.size() + ethernet::fcs_bytes;
    count(Statistic::TPR);
    count_octets(Statistic::TOR, bytes);
    bool exact = false;
    if (!passes_filters(frame, exact)) return;
    if (frame.size() > ethernet::longest_frame && (regs_.rctl & rctl::LongPackets) == 0) {
        count(Statistic::ROC);
        return;
    }
    ReceiveState& receive = state_.receive;
    usize used = 0;
    for (const ReceivedFrame& each : receive.buffered) used += each.bytes.size();
    if (used + bytes > usize{regs_.pba} << 10) {
        count(Statistic::MPC);
        raise(icr::RXO);
        return;
    }
    count(Statistic::GPRC);
    count_octets(Statistic::GORC, bytes);
    count_size(Statistic::PRC64, bytes);
    if (ethernet::is_broadcast(frame)) {
        count(Statistic::BPRC);
    } else if (ethernet::is_multicast(frame)) {
        count(Statistic::MPRC);
    }
    if (free_receive_descriptors() == 0) count(Statistic::RNBC);
    receive.buffered.push_back(prepared(frame, exact));
    deliver();
}

/// 3.2.1, and 10.2 for tags. `exact`: by one of the receive addresses.
bool E1000::passes_filters(std::span<const u8> frame, bool& exact) const {
    if (!passes_vlan_filter(frame)) return false;
    const u32 low = u32{frame[0]} | u32{frame[1]} << 8 | u32{frame[2]} << 16 | u32{frame[3]} << 24;
    const u32 high = u32{frame[4]} | u32{frame[5]} << 8;
    for (usize i = 0; i < state_.receive_addresses.size() && !exact; i += 2) {
        const u32 upper = state_.receive_addresses[i + 1];
        exact = (upper & rah::Valid) != 0 && rah::AddressSelect::of(upper) == 0 &&
                state_.receive_addresses[i] == low && (upper & 0xffff) == high;
    }
    if (exact) return true;
    if (!ethernet::is_multicast(frame)) return (regs_.rctl & rctl::UnicastPromiscuous) != 0;
    if ((regs_.rctl & rctl::MulticastPromiscuous) != 0) return true;
    if (ethernet::is_broadcast(frame) && (regs_.rctl & rctl::AcceptBroadcast) != 0) return true;
    const u32 hash = multicast_hash(frame, rctl::MulticastOffset::of(regs_.rctl));
    return (state_.multicast_table[hash / 32] >> (hash % 32) & 1) != 0;
}

bool E1000::passes_vlan_filter(std::span<const u8> frame) const {
    const bool tagged = frame.size() >= ethernet::header_bytes + ethernet::tag_bytes &&
                        word_at(frame, ethernet::type_offset) == regs_.vet;
    if (!tagged || (regs_.rctl & rctl::VlanFilter) == 0) return true;
    const u16 tag = word_at(frame, ethernet::type_offset + 2);
    if ((regs_.rctl & rctl::CfiEnable) != 0 &&
        ((tag >> 12 & 1) != 0) != ((regs_.rctl & rctl::CfiValue) != 0)) {
        return false;
    }
    const u32 id = tag & 0xfff;
    return (state_.vlan_table[id / 32] >> (id % 32) & 1) != 0;
}

ReceivedFrame E1000::prepared(std::span<const u8> frame, bool exact) const {
    ReceivedFrame made{.bytes = {frame.begin(), frame.end()},
                       .status = exact ? u8{0} : rxd::InexactFilter};
    const u32 fcs = ethernet::frame_check_sequence(frame);
    const bool tagged = frame.size() >= ethernet::header_bytes + ethernet::tag_bytes &&
                        word_at(frame, ethernet::type_offset) == regs_.vet;
    if (tagged && (regs_.ctrl & ctrl::VlanMode) != 0) {
        made.status |= rxd::VlanPacket;
        made.special = word_at(frame, ethernet::type_offset + 2);
        const auto tag = made.bytes.begin() + ethernet::type_offset;
        made.bytes.erase(tag, tag + ethernet::tag_bytes);
    }
    check_sums(made);
    if ((regs_.rctl & rctl::StripCrc) == 0) {
        for (u32 i = 0; i < ethernet::fcs_bytes; ++i) {
            made.bytes.push_back(static_cast<u8>(fcs >> (8 * i)));
        }
    }
    const usize start = std::min<usize>(rxcsum::Start::of(regs_.rxcsum), made.bytes.size());
    made.checksum = ethernet::ones_sum(std::span<const u8>(made.bytes).subspan(start));
    return made;
}

void E1000::check_sums(ReceivedFrame& frame) const {
    const bool tagged = word_at(frame.bytes, ethernet::type_offset) == regs_.vet &&
                        frame.bytes.size() >= ethernet::header_bytes + ethernet::tag_bytes;
    const usize start = ethernet::header_bytes + (tagged ? ethernet::tag_bytes : 0);
    ethernet::ChecksumCheck ip;
    ethernet::ChecksumCheck tcp_udp;
    if (word_at(frame.bytes, start - 2) == ethernet::type_ipv4) {
        if ((regs_.rxcsum & rxcsum::IpOffload) != 0) {
            ip = ethernet::check_ipv4_header(frame.bytes, start);
        }
        if ((regs_.rxcsum & rxcsum::TcpUdpOffload) != 0) {
            tcp_udp = ethernet::check_tcp_udp(frame.bytes, start);
        }
    }
    if (ip.done) frame.status |= rxd::IpChecked;
    if (tcp_udp.done) frame.status |= rxd::TcpUdpChecked;
    if (!ip.done && !tcp_udp.done) frame.status |= rxd::IgnoreChecksum;
    if (ip.wrong) frame.errors |= rxd::IpError;
    if (tcp_udp.wrong) frame.errors |= rxd::TcpUdpError;
}

u32 E1000::free_receive_descriptors() const {
    const u32 entries = regs_.rdlen / descriptor_bytes;
    if (regs_.rdh >= entries || regs_.rdt >= entries) return 0;
    return (regs_.rdt + entries - regs_.rdh) % entries;
}

u32 E1000::receive_buffer_bytes() const {
    const u32 bytes = 2048u >> rctl::BufferSize::of(regs_.rctl);
    const bool extended = (regs_.rctl & rctl::BufferSizeExtension) != 0 && bytes != 2048;
    return extended ? bytes * 16 : bytes;
}

void E1000::deliver() {
    while ((regs_.rctl & rctl::Enable) != 0 && !state_.receive.buffered.empty() &&
           free_receive_descriptors() != 0 && space_.allows(pci::command::BusMaster)) {
        deliver_piece();
    }
}

/// As much of the oldest frame as one buffer takes.
void E1000::deliver_piece() {
    ReceiveState& receive = state_.receive;
    const ReceivedFrame& frame = receive.buffered.front();
    const std::span<const u8> bytes(frame.bytes);
    const auto left = bytes.subspan(std::min<usize>(receive.delivered, bytes.size()));
    const auto piece = left.first(std::min<usize>(left.size(), receive_buffer_bytes()));
    const bool last = piece.size() == left.size();
    const Gpa ring{u64{regs_.rdbah} << 32 | regs_.rdbal};
    const Gpa at = ring + u64{regs_.rdh} * descriptor_bytes;
    regs_.rdh = (regs_.rdh + 1) % (regs_.rdlen / descriptor_bytes);
    std::array<u8, descriptor_bytes> descriptor{};
    if (wiring_.memory.read(at, descriptor)) {
        u64 buffer = 0;
        for (usize i = 0; i < 8; ++i) buffer |= u64{descriptor[i]} << (8 * i);
        (void)wiring_.memory.write(Gpa{buffer}, piece);
        const auto put = [&](usize offset, usize value) {
            descriptor[offset] = static_cast<u8>(value);
            descriptor[offset + 1] = static_cast<u8>(value >> 8);
        };
        put(8, piece.size());
        put(10, receive.delivered == 0 ? frame.checksum : 0);
        descriptor[12] = rxd::Done;
        descriptor[13] = 0;
        put(14, 0);
        if (last) {
            descriptor[12] |= static_cast<u8>(rxd::EndOfPacket | frame.status);
            descriptor[13] = frame.errors;
            put(14, frame.special);
        }
        (void)wiring_.memory.write(at + 8, std::span(descriptor).subspan(8));
    }
    receive.delivered += static_cast<u32>(piece.size());
    if (!last) return;
    const usize size = frame.bytes.size();
    receive.buffered.erase(receive.buffered.begin());
    receive.delivered = 0;
    frame_delivered(size);
}

void E1000::frame_delivered(usize bytes) {
    u32 causes = 0;
    const u32 entries = regs_.rdlen / descriptor_bytes;
    const u64 threshold = entries >> (1 + rctl::MinimumThreshold::of(regs_.rctl));
    if (free_receive_descriptors() <= threshold) causes |= icr::RXDMT0;
    if (bytes <= regs_.rsrpd) causes |= icr::SRPD;
    const u32 delay_units = static_cast<u32>(rdtr::Delay::of(regs_.rdtr));
    if (delay_units == 0) {
        causes |= icr::RXT0;
    } else {
        delay(receive_delay_, delay_units, receive_absolute_, regs_.radv);
    }
    if (causes != 0) raise(causes);
}

}  // namespace devices
