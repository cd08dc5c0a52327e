// SPDX-License-Identifier: BSD-2-Clause
#include "devices/network/e1000.hpp"
#include "tests/devices/network/e1000_bench.hpp"

using namespace devices::e1000;
using devices::ethernet::ones_sum;
using devices::ethernet::put_word;
using devices::ethernet::word_at;
using test::E1000Bench;
using test::Frame;

namespace {

constexpr u64 legacy = txd::EndOfPacket | txd::InsertFcs | txd::ReportStatus;
constexpr u64 data = legacy | txd::Extended | u64{txd::KindData} << 20;
constexpr u64 buffer = E1000Bench::transmit_buffers;

struct Bench : E1000Bench {
    Bench() {
        bring_link_up();
        start_transmitter();
    }
    /// A legacy descriptor for a frame, which is put into the buffer.
    void send(const Frame& frame, u64 flags = legacy) {
        poke_bytes(buffer, frame);
        add_transmit(buffer, flags | frame.size());
        ring_doorbell();
        pass(1'000'000);
    }
};

/// Ethernet, IPv4 and TCP headers of 54 bytes, with the driver's partial sums in them.
Frame tcp_packet(usize payload) {
    Frame frame = test::frame_to({2, 0, 0, 0, 0, 1}, 40 + payload, 0);
    put_word(frame, 12, 0x0800);
    frame[14] = 0x45;
    put_word(frame, 16, static_cast<u16>(40 + payload));
    put_word(frame, 18, 0x1000);  // Identification.
    frame[22] = 64;
    frame[23] = 6;
    const std::array<u8, 8> addresses = {10, 0, 2, 15, 10, 0, 2, 2};
    std::copy(addresses.begin(), addresses.end(), frame.begin() + 26);
    put_word(frame, 34, 1234);
    put_word(frame, 36, 80);
    put_word(frame, 40, 0xfff0);  // The low half of the sequence number: it will carry.
    frame[46] = 0x50;
    frame[47] = 0x19;  // ACK, PSH, FIN.
    for (usize i = 0; i < payload; ++i) frame[54 + i] = static_cast<u8>(i * 7);
    return frame;
}

/// What a driver leaves in the checksum of a packet that is to be segmented, or of one as it is.
void put_pseudo_header(Frame& frame, bool with_length) {
    const u32 length = with_length ? static_cast<u32>(frame.size() - 34) : 0;
    put_word(frame, 50, ones_sum(std::span<const u8>(frame).subspan(26, 8), 6 + length));
}

u64 context_first() { return 14 | 24 << 8 | u64{33} << 16 | u64{34} << 32 | u64{50} << 40; }
u64 context_second(u32 payload, u64 flags, u64 header, u64 mss) {
    return payload | txd::Extended | txd::Tcp | txd::Ipv4 | flags | header << 40 | mss << 48;
}

void check_sums_are_right(const Frame& frame) {
    CHECK(devices::ethernet::check_ipv4_header(frame, 14).done);
    CHECK_FALSE(devices::ethernet::check_ipv4_header(frame, 14).wrong);
    CHECK(devices::ethernet::check_tcp_udp(frame, 14).done);
    CHECK_FALSE(devices::ethernet::check_tcp_udp(frame, 14).wrong);
}

}  // namespace

TEST_CASE("E1000 sends: a frame takes as long as its bytes", "[devices][e1000][transmit]") {
    Bench bench;
    bench.set(reg::Ims, icr::TXDW);
    const Frame frame = test::frame_to(E1000Bench::broadcast, 986);
    bench.poke_bytes(buffer, frame);
    bench.add_transmit(buffer, legacy | frame.size());
    const u64 start = bench.events.now().ns;
    bench.ring_doorbell();
    CHECK(bench.get(reg::Tdh) == 0);
    bench.pass(8191);
    CHECK(bench.line.frames.empty());
    bench.pass(1);
    REQUIRE(bench.line.frames.size() == 1);
    CHECK(bench.line.frames[0] == frame);
    CHECK(bench.line.times[0] - start == (1000 + 24) * 8);
    CHECK(bench.get(reg::Tdh) == 1);
    CHECK(bench.transmit_done(0));
    CHECK(bench.irq.level);
    CHECK((bench.get(reg::Icr) & (icr::TXDW | icr::TXQE)) == (icr::TXDW | icr::TXQE));
    CHECK(bench.get(reg::Statistics + 4 * 53) == 1);
    CHECK(bench.get(reg::Statistics + 4 * 53) == 0);  // TPT: cleared by reading.
    CHECK(bench.get(reg::Statistics + 4 * 61) == 1);  // BPTC
    CHECK(bench.get(reg::Statistics + 4 * 58) == 1);  // PTC1023: with its FCS it has 1004 bytes.
    CHECK(bench.get(reg::Statistics + 4 * 36) == 1004);
    CHECK(bench.get(reg::Statistics + 4 * 36) == 1004);
    CHECK(bench.get(reg::Statistics + 4 * 37) == 0);
    CHECK(bench.get(reg::Statistics + 4 * 36) == 0);  // GOTCL goes with GOTCH.
}

TEST_CASE("E1000 sends: short frames are padded if that is wanted", "[devices][e1000][transmit]") {
    Bench bench;
    const Frame frame = test::frame_to(E1000Bench::broadcast, 10);
    bench.send(frame);
    bench.set(reg::Tctl, 2);
    bench.send(frame);
    REQUIRE(bench.line.frames.size() == 2);
    CHECK(bench.line.frames[0].size() == 60);
    CHECK(bench.line.frames[0].back() == 0);
    CHECK(bench.line.frames[1] == frame);
}

TEST_CASE("E1000 sends: a frame from several buffers", "[devices][e1000][transmit]") {
    Bench bench;
    const Frame frame = test::frame_to(E1000Bench::broadcast, 200, 0x11);
    bench.poke_bytes(buffer, frame);
    bench.add_transmit(buffer, 14 | txd::InsertFcs);
    bench.add_transmit(buffer + 14, 100 | txd::InsertFcs);
    bench.ring_doorbell();
    bench.pass(1'000'000);
    CHECK(bench.line.frames.empty());  // Its end is not in the ring yet.
    bench.add_transmit(buffer + 114, legacy | 100);
    bench.ring_doorbell();
    bench.pass(1'000'000);
    REQUIRE(bench.line.frames.size() == 1);
    CHECK(bench.line.frames[0] == frame);
    CHECK_FALSE(bench.transmit_done(0));  // Only where it was asked for.
    CHECK(bench.transmit_done(2));
}

TEST_CASE("E1000 sends: the ring goes around", "[devices][e1000][transmit]") {
    Bench bench;
    for (u8 i = 0; i < 20; ++i) bench.send(test::frame_to(E1000Bench::broadcast, 50, i));
    REQUIRE(bench.line.frames.size() == 20);
    CHECK(bench.line.frames[19][40] == 19);
    CHECK(bench.get(reg::Tdh) == 20 % E1000Bench::ring_entries);
}

TEST_CASE("E1000 sends: only with a link, the bus, and the transmitter on",
          "[devices][e1000][transmit]") {
    Bench bench;
    const Frame frame = test::frame_to(E1000Bench::broadcast, 50);
    SECTION("no link") {
        bench.adapter.set_cable(false);
        bench.send(frame);
        CHECK(bench.line.frames.empty());
        bench.adapter.set_cable(true);
        bench.pass(300'000'000);
    }
    SECTION("not master of the bus") {
        bench.config(4, 2, 3);
        bench.send(frame);
        CHECK(bench.line.frames.empty());
        bench.config(4, 2, 7);
        bench.pass(1'000'000);
    }
    SECTION("switched off") {
        bench.set(reg::Tctl, 0);
        bench.send(frame);
        CHECK(bench.line.frames.empty());
        bench.set(reg::Tctl, 2);
        bench.pass(1'000'000);
    }
    CHECK(bench.line.frames.size() == 1);
}

TEST_CASE("E1000 sends: checksums", "[devices][e1000][transmit]") {
    Bench bench;
    Frame frame = tcp_packet(100);
    put_pseudo_header(frame, true);
    SECTION("by a context") {
        bench.add_transmit(context_first(), context_second(0, 0, 0, 0));
        bench.send(frame, data | u64{3} << 40);
    }
    SECTION("by a legacy descriptor") {
        put_word(frame, 24,
                 static_cast<u16>(~ones_sum(std::span<const u8>(frame).subspan(14, 20))));
        bench.send(frame, legacy | txd::InsertChecksum | u64{50} << 16 | u64{34} << 40);
    }
    REQUIRE(bench.line.frames.size() == 1);
    check_sums_are_right(bench.line.frames[0]);
    CHECK(bench.line.frames[0].size() == frame.size());
}

TEST_CASE("E1000 sends: segmentation", "[devices][e1000][transmit]") {
    Bench bench;
    constexpr usize payload = 2500;
    Frame frame = tcp_packet(payload);
    put_word(frame, 16, 0);
    put_pseudo_header(frame, false);
    bench.add_transmit(context_first(), context_second(payload, txd::Segment, 54, 1000));
    bench.poke_bytes(buffer, frame);
    bench.add_transmit(buffer, (data & ~(txd::EndOfPacket | txd::ReportStatus)) | txd::Segment |
                                   u64{3} << 40 | 54);
    bench.add_transmit(buffer + 54, data | txd::Segment | payload);
    const u64 start = bench.events.now().ns;
    bench.ring_doorbell();
    bench.pass(1'000'000);
    REQUIRE(bench.line.frames.size() == 3);
    CHECK(bench.line.times[2] - start == (payload + 3 * (54 + 24)) * 8);
    Frame gathered;
    for (usize i = 0; i < 3; ++i) {
        const Frame& segment = bench.line.frames[i];
        CAPTURE(i);
        check_sums_are_right(segment);
        CHECK(segment.size() == 54 + (i < 2 ? 1000 : 500));
        CHECK(word_at(segment, 16) == segment.size() - 14);
        CHECK(word_at(segment, 18) == 0x1000 + i);
        const u32 sequence = u32{word_at(segment, 38)} << 16 | word_at(segment, 40);
        CHECK(sequence == 0xfff0 + 1000 * i);
        CHECK(segment[47] == (i < 2 ? 0x10 : 0x19));  // PSH and FIN in the last alone.
        gathered.insert(gathered.end(), segment.begin() + 54, segment.end());
    }
    CHECK(gathered == Frame(frame.begin() + 54, frame.end()));
    CHECK(bench.get(reg::Statistics + 4 * 62) == 1);  // TSCTC
}

TEST_CASE("E1000 sends: tags", "[devices][e1000][transmit]") {
    Bench bench;
    const Frame frame = test::frame_to(E1000Bench::broadcast, 80);
    bench.send(frame, legacy | txd::VlanInsert | u64{0x2123} << 48);
    bench.set(reg::Ctrl, 0x41 | ctrl::VlanMode);
    bench.send(frame, legacy | txd::VlanInsert | u64{0x2123} << 48);
    REQUIRE(bench.line.frames.size() == 2);
    CHECK(bench.line.frames[0] == frame);
    const Frame& tagged = bench.line.frames[1];
    REQUIRE(tagged.size() == frame.size() + 4);
    CHECK(word_at(tagged, 12) == 0x8100);
    CHECK(word_at(tagged, 14) == 0x2123);
    CHECK(word_at(tagged, 16) == 0x88b5);
}

TEST_CASE("E1000 sends: interrupts are delayed as programmed", "[devices][e1000][transmit]") {
    Bench bench;
    bench.set(reg::Ims, icr::TXDW);
    bench.set(reg::Tidv, 100);  // 102.4 microseconds
    bench.set(reg::Tadv, 150);  // and 153.6.
    const Frame frame = test::frame_to(E1000Bench::broadcast, 50);
    const auto send = [&] {
        bench.poke_bytes(buffer, frame);
        bench.add_transmit(buffer, legacy | txd::DelayInterrupt | frame.size());
        bench.ring_doorbell();
        bench.pass(704);  // 64 bytes and what is around them.
    };
    send();
    CHECK(bench.transmit_done(0));
    bench.pass(100'000);
    CHECK_FALSE(bench.irq.level);
    send();  // The first timer starts anew; the second does not.
    bench.pass(52'895);
    CHECK_FALSE(bench.irq.level);
    bench.pass(1);
    CHECK(bench.irq.level);
}

TEST_CASE("E1000 sends: loops back by the PHY", "[devices][e1000][transmit]") {
    Bench bench;
    bench.start_receiver();
    bench.set(reg::Mdic, 0x0420'4140);
    bench.pass(300'000'000);
    const Frame frame = test::frame_to(E1000Bench::mac, 100);
    bench.send(frame);
    CHECK(bench.line.frames.empty());
    CHECK(bench.receive_status(0) == (rxd::Done | rxd::EndOfPacket | rxd::IgnoreChecksum));
    CHECK(bench.receive_length(0) == frame.size() + 4);
}

TEST_CASE("E1000 sends: hostile descriptors", "[devices][e1000][transmit][hostile]") {
    Bench bench;
    const Frame frame = test::frame_to(E1000Bench::broadcast, 50);
    usize sent = 0;
    SECTION("a packet without an end, longer than any is") {
        for (u32 i = 0; i < 40; ++i) {
            bench.add_transmit(buffer, txd::InsertFcs | 0xffff);
            bench.ring_doorbell();
            bench.pass(10'000);
        }
        bench.add_transmit(buffer, legacy | 60);
        bench.ring_doorbell();
    }
    SECTION("a tail beyond the ring") { bench.set(reg::Tdt, 0xffff); }
    SECTION("a head beyond the ring") { bench.set(reg::Tdh, 0xfff0); }
    SECTION("a ring where there is no memory") {
        bench.set(reg::Tdbah, 0xffff'ffff);
        bench.set(reg::Tdbal, 0xffff'fff0);
        bench.set(reg::Tdt, 5);
    }
    SECTION("the longest ring, all contexts") {
        for (u64 at = 0; at < 0x8'0000; at += 8) bench.poke(0x10'0000 + at, txd::Extended);
        bench.set(reg::Tdbal, 0x10'0000);
        bench.set(reg::Tdlen, 0x8'0000);
        bench.set(reg::Tdt, 0x7fff);
    }
    SECTION("segments of nothing") {
        bench.add_transmit(context_first(), context_second(100, txd::Segment, 54, 0));
        bench.send(tcp_packet(100), data | txd::Segment | u64{3} << 40);
    }
    SECTION("headers longer than the packet") {
        bench.add_transmit(context_first(), context_second(100, txd::Segment, 255, 10));
        bench.send(tcp_packet(100), data | txd::Segment | u64{3} << 40);
    }
    SECTION("checksums outside of the packet") {
        bench.add_transmit(~u64{0} & ~(u64{0xffff} << 48), context_second(0, 0, 0, 0));
        bench.send(frame, data | u64{3} << 40);
        sent = 1;
    }
    SECTION("segments with all of it elsewhere") {
        bench.add_transmit(~u64{0}, context_second(100, txd::Segment, 10, 60));
        bench.send(tcp_packet(100), data | txd::Segment | u64{3} << 40);
        sent = 3;
    }
    SECTION("data where there is no memory") {
        bench.add_transmit(u64{1} << 50, legacy | 60);
        bench.ring_doorbell();
        sent = 1;
    }
    bench.pass(10'000'000);
    CHECK(bench.line.frames.size() == sent);
    // And it still works.
    bench.set(reg::Ctrl, ctrl::Reset);
    bench.set(reg::Ctrl, 0x41);
    bench.next_transmit = 0;
    bench.start_transmitter();
    bench.send(frame);
    CHECK(bench.line.frames.size() == sent + 1);
}
