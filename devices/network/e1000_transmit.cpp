// SPDX-License-Identifier: BSD-2-Clause
//
// Transmission (Intel 317453, 3.3 to 3.6): descriptors are fetched until a packet is in hand, which
// is on the line for as long as its bytes take; then it has left, and its descriptors are done.
#include <algorithm>
#include <utility>

#include "devices/network/e1000.hpp"
#include "devices/network/ethernet.hpp"

namespace devices {

using namespace e1000;
using fabric::Gpa;

namespace {

// A ring may lead nowhere: so many descriptors are looked at, then time goes by.
constexpr u32 descriptors_at_once = 256;
constexpr u64 descriptor_ns = 64;
constexpr usize longest_segmented = 128 << 10;

u64 qword(std::span<const u8> bytes) {
    u64 value = 0;
    for (usize i = 0; i < 8; ++i) value |= u64{bytes[i]} << (8 * i);
    return value;
}

}  // namespace

bool E1000::looped_back() const {
    return rctl::Loopback::of(regs_.rctl) != 0 || phy_.looped_back();
}

bool E1000::can_transmit() const {
    return (regs_.tctl & tctl::Enable) != 0 && space_.allows(pci::command::BusMaster) &&
           (link_up() || looped_back());
}

void E1000::drop_packet_in_hand() {
    const auto contexts = state_.transmit.contexts;
    state_.transmit = {.next = regs_.tdh, .contexts = contexts};
    transmit_.cancel();
}

void E1000::fetch_packet() {
    if (state_.transmit.sending || transmit_.pending() || !can_transmit()) return;
    for (u32 i = 0; i < descriptors_at_once; ++i) {
        if (!fetch_descriptor()) return retire_descriptors();
        if (state_.transmit.sending) return start_sending();
    }
    retire_descriptors();
    transmit_.schedule({descriptors_at_once * descriptor_ns});
}

/// False if there is none.
bool E1000::fetch_descriptor() {
    TransmitState& transmit = state_.transmit;
    const u32 entries = regs_.tdlen / descriptor_bytes;
    if (transmit.next >= entries || regs_.tdt >= entries || transmit.next == regs_.tdt)
        return false;
    const Gpa ring{u64{regs_.tdbah} << 32 | regs_.tdbal};
    std::array<u8, descriptor_bytes> descriptor{};
    const bool there =
        wiring_.memory.read(ring + u64{transmit.next} * descriptor_bytes, descriptor);
    transmit.next = (transmit.next + 1) % entries;
    if (!there) return true;  // Nobody answers on the bus.
    const u64 first = qword(descriptor);
    const u64 second = qword(std::span(descriptor).subspan(8));
    const bool is_context =
        (second & txd::Extended) != 0 && txd::Kind::of(second) == txd::KindContext;
    if (is_context) {
        take_context(first, second);
    } else {
        take_data(first, second);
    }
    return true;
}

void E1000::take_context(u64 first, u64 second) {
    const auto byte = [](u64 value) { return static_cast<u8>(value); };
    const auto word = [](u64 value) { return static_cast<u16>(value); };
    OffloadContext& context = state_.transmit.contexts[(second & txd::Segment) != 0 ? 1 : 0];
    context = {.ip = {.start = byte(txd::IpStart::of(first)),
                      .offset = byte(txd::IpOffset::of(first)),
                      .end = word(txd::IpEnd::of(first))},
               .tcp_udp = {.start = byte(txd::TcpUdpStart::of(first)),
                           .offset = byte(txd::TcpUdpOffset::of(first)),
                           .end = word(txd::TcpUdpEnd::of(first))},
               .tcp = (second & txd::Tcp) != 0,
               .ipv4 = (second & txd::Ipv4) != 0,
               .header_length = byte(txd::HeaderLength::of(second)),
               .segment_size = word(txd::SegmentSize::of(second))};
    if ((second & txd::Segment) != 0) count(Statistic::TSCTC);
}

void E1000::take_data(u64 address, u64 second) {
    TransmitState& transmit = state_.transmit;
    const bool extended = (second & txd::Extended) != 0;
    if (!transmit.gathering) {
        transmit.gathering = true;
        transmit.overlong = false;
        transmit.packet.clear();
        transmit.extended = extended;
        transmit.segmented = extended && (second & txd::Segment) != 0;
        transmit.options = extended ? static_cast<u8>(txd::Options::of(second)) : u8{0};
    }
    transmit.command = second;
    const u64 length = extended ? txd::Length::of(second) : txd::LegacyLength::of(second);
    const usize before = transmit.packet.size();
    const usize room = (transmit.segmented ? longest_segmented : longest_packet) - before;
    if (length > room) {
        transmit.overlong = true;
    } else {
        transmit.packet.resize(before + length);
        const auto piece = std::span(transmit.packet).subspan(before);
        if (!wiring_.memory.read(Gpa{address}, piece)) std::ranges::fill(piece, u8{0xff});
    }
    transmit.sending = (second & txd::EndOfPacket) != 0;
}

void E1000::start_sending() {
    const TransmitState& transmit = state_.transmit;
    const OffloadContext& context = transmit.contexts[1];
    const usize length = transmit.packet.size();
    u64 bytes = std::max(length, ethernet::smallest_frame) + ethernet::line_overhead;
    if (transmit.segmented && can_segment(context, length)) {
        const u64 headers = context.header_length + ethernet::line_overhead;
        bytes = length - context.header_length + segments_in(context, length) * headers;
    }
    transmit_.schedule({bytes * phy_.byte_ns()});
}

void E1000::transmit_due() {
    if (state_.transmit.sending) {
        if (state_.transmit.overlong) {
            state_.transmit.packet.clear();
        } else {
            send_packet();
        }
        state_.transmit.sending = false;
        state_.transmit.gathering = false;
        state_.transmit.packet.clear();
        retire_descriptors();
    }
    fetch_packet();
}

void E1000::send_packet() {
    // Whatever comes of it (a loop back may reach us), the packet is no longer in hand.
    const TransmitState transmit = std::exchange(
        state_.transmit,
        TransmitState{.next = state_.transmit.next, .contexts = state_.transmit.contexts});
    std::vector<u8> packet = transmit.packet;
    // Who does not have the FCS put in, has brought one along.
    if ((transmit.command & txd::InsertFcs) == 0) {
        packet.resize(packet.size() - std::min(packet.size(), ethernet::fcs_bytes));
    }
    const auto out = [&](std::vector<u8> frame) {
        if ((transmit.command & txd::VlanInsert) != 0 && (regs_.ctrl & ctrl::VlanMode) != 0 &&
            frame.size() >= ethernet::type_offset) {
            std::array<u8, ethernet::tag_bytes> tag{};
            ethernet::put_word(tag, 0, static_cast<u16>(regs_.vet));
            ethernet::put_word(tag, 2, static_cast<u16>(txd::Special::of(transmit.command)));
            frame.insert(frame.begin() + ethernet::type_offset, tag.begin(), tag.end());
        }
        put_on_line(std::move(frame));
    };
    if (transmit.segmented) {
        if (!can_segment(transmit.contexts[1], packet.size())) return count(Statistic::TSCTFC);
        return for_each_segment(transmit.contexts[1], transmit.options, packet, out);
    }
    if (transmit.extended) {
        const OffloadContext& context = transmit.contexts[0];
        if ((transmit.options & txd::InsertTcpUdpChecksum) != 0) {
            insert_checksum(packet, context.tcp_udp, !context.tcp);
        }
        if ((transmit.options & txd::InsertIpChecksum) != 0) {
            insert_checksum(packet, context.ip, false);
        }
    } else if ((transmit.command & txd::InsertChecksum) != 0) {
        const auto byte = [](u64 value) { return static_cast<u8>(value); };
        insert_checksum(packet,
                        {.start = byte(txd::LegacyChecksumStart::of(transmit.command)),
                         .offset = byte(txd::LegacyChecksumOffset::of(transmit.command))},
                        false);
    }
    out(std::move(packet));
}

void E1000::put_on_line(std::vector<u8> frame) {
    if (frame.size() < ethernet::header_bytes) return;  // Nobody takes it for a frame.
    if ((regs_.tctl & tctl::PadShortPackets) != 0) {
        frame.resize(std::max(frame.size(), ethernet::smallest_frame));
    }
    const u64 bytes = frame.size() + ethernet::fcs_bytes;
    count(Statistic::TPT);
    count(Statistic::GPTC);
    count_octets(Statistic::TOT, bytes);
    count_octets(Statistic::GOTC, bytes);
    count_size(Statistic::PTC64, bytes);
    if (ethernet::is_broadcast(frame)) {
        count(Statistic::BPTC);
    } else if (ethernet::is_multicast(frame)) {
        count(Statistic::MPTC);
    }
    if (looped_back()) {
        take_frame(frame);
    } else {
        wiring_.line_out.accept(frame);
    }
}

/// What was fetched is done: the guest is told where it asked for that.
void E1000::retire_descriptors() {
    const u32 entries = regs_.tdlen / descriptor_bytes;
    if (regs_.tdh >= entries || regs_.tdh == state_.transmit.next) return;
    const u32 threshold = static_cast<u32>(txdctl::LowThreshold::of(regs_.txdctl)) * 8;
    const auto waiting = [&] { return (regs_.tdt + entries - regs_.tdh % entries) % entries; };
    const u32 before = waiting();
    const Gpa ring{u64{regs_.tdbah} << 32 | regs_.tdbal};
    bool any = false;
    bool delayed = true;
    for (u32 i = 0; i < entries && regs_.tdh != state_.transmit.next; ++i) {
        const Gpa at = ring + u64{regs_.tdh} * descriptor_bytes + 8;
        regs_.tdh = (regs_.tdh + 1) % entries;
        std::array<u8, 8> bytes{};
        if (!wiring_.memory.read(at, bytes)) continue;
        const u64 command = qword(bytes);
        if ((command & txd::ReportStatus) == 0) continue;
        bytes[4] |= static_cast<u8>(txd::Done >> 32);
        (void)wiring_.memory.write(at + 4, std::span(bytes).subspan(4, 1));
        any = true;
        delayed = delayed && (command & txd::DelayInterrupt) != 0;
    }
    if (before > threshold && waiting() <= threshold && threshold != 0) raise(icr::TXD_LOW);
    report_sent(any, delayed);
}

void E1000::report_sent(bool any, bool delayed) {
    if (any && delayed && regs_.tidv != 0) {
        delay(transmit_delay_, regs_.tidv, transmit_absolute_, regs_.tadv);
    } else if (any) {
        transmit_delay_over();
    }
    if (regs_.tdh == regs_.tdt) raise(icr::TXQE);
}

}  // namespace devices
