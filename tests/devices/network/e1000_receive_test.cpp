// SPDX-License-Identifier: BSD-2-Clause
#include "devices/network/e1000.hpp"
#include "tests/devices/network/e1000_bench.hpp"

using namespace devices::e1000;
using devices::ethernet::ones_sum;
using devices::ethernet::put_word;
using test::E1000Bench;
using test::Frame;
using test::frame_to;

namespace {

constexpr u32 on = rctl::Enable;
constexpr u8 whole = rxd::Done | rxd::EndOfPacket;

struct Bench : E1000Bench {
    explicit Bench(u32 rctl = on | rctl::AcceptBroadcast, u32 tail = ring_entries - 1) {
        bring_link_up();
        start_receiver(rctl, tail);
    }
    u32 statistic(u32 number) const { return get(reg::Statistics + 4 * number); }
    /// Whether a frame came through, to the descriptor at hand.
    bool passes(const Frame& frame) {
        const u32 number = get(reg::Rdh);
        arrive(frame);
        set(reg::Rdt, (get(reg::Rdh) + ring_entries - 1) % ring_entries);
        return get(reg::Rdh) != number;
    }
};

Frame udp_packet(usize payload) {
    Frame frame = frame_to(E1000Bench::mac, 28 + payload, 0x33);
    put_word(frame, 12, 0x0800);
    std::fill(frame.begin() + 14, frame.begin() + 42, u8{0});
    frame[14] = 0x45;
    put_word(frame, 16, static_cast<u16>(28 + payload));
    frame[22] = 64;
    frame[23] = 17;
    frame[26] = 10;
    frame[30] = 10;
    put_word(frame, 24, static_cast<u16>(~ones_sum(std::span<const u8>(frame).subspan(14, 20))));
    put_word(frame, 36, 53);
    const u16 length = static_cast<u16>(8 + payload);
    put_word(frame, 38, length);
    const u32 pseudo = ones_sum(std::span<const u8>(frame).subspan(26, 8), 17u + length);
    put_word(frame, 40,
             static_cast<u16>(~ones_sum(std::span<const u8>(frame).subspan(34), pseudo)));
    return frame;
}

}  // namespace

TEST_CASE("E1000 receives: a frame at the pace of the line", "[devices][e1000][receive]") {
    Bench bench;
    bench.set(reg::Ims, icr::RXT0);
    const Frame frame = frame_to(E1000Bench::mac, 986);
    bench.adapter.receive(frame);
    bench.pass((1000 + 24) * 8 - 1);
    CHECK(bench.receive_status(0) == 0);
    bench.pass(1);
    CHECK(bench.receive_status(0) == (whole | rxd::IgnoreChecksum));
    CHECK(bench.receive_errors(0) == 0);
    CHECK(bench.get(reg::Rdh) == 1);
    CHECK(bench.irq.level);
    Frame expected = frame;
    const u32 fcs = devices::ethernet::frame_check_sequence(frame);
    for (u32 i = 0; i < 4; ++i) expected.push_back(static_cast<u8>(fcs >> (8 * i)));
    CHECK(bench.received(0) == expected);
    CHECK(bench.statistic(52) == 1);     // TPR
    CHECK(bench.statistic(29) == 1);     // GPRC
    CHECK(bench.statistic(27) == 1);     // PRC1023
    CHECK(bench.statistic(34) == 1004);  // GORCL

    bench.set(reg::Rctl, on | rctl::StripCrc);
    bench.arrive(frame_to(E1000Bench::mac, 20));
    CHECK(bench.receive_length(1) == 60);
}

TEST_CASE("E1000 receives: filters", "[devices][e1000][receive]") {
    constexpr std::array<u8, 6> other = {0x02, 0x11, 0x22, 0x33, 0x44, 0x56};
    constexpr std::array<u8, 6> group = {0x01, 0x00, 0x5e, 0x00, 0x12, 0x34};
    Bench bench(on);
    CHECK(bench.passes(frame_to(E1000Bench::mac, 50)));
    CHECK_FALSE(bench.passes(frame_to(other, 50)));
    CHECK_FALSE(bench.passes(frame_to(group, 50)));
    CHECK_FALSE(bench.passes(frame_to(E1000Bench::broadcast, 50)));
    CHECK(bench.statistic(52) == 4);

    bench.set(reg::Rctl, on | rctl::AcceptBroadcast);
    CHECK(bench.passes(frame_to(E1000Bench::broadcast, 50)));
    bench.set(reg::Rctl, on | rctl::UnicastPromiscuous);
    CHECK(bench.passes(frame_to(other, 50)));
    CHECK_FALSE(bench.passes(frame_to(group, 50)));
    bench.set(reg::Rctl, on | rctl::MulticastPromiscuous);
    CHECK(bench.passes(frame_to(group, 50)));
    CHECK_FALSE(bench.passes(frame_to(other, 50)));

    bench.set(reg::Rctl, on);
    bench.set(reg::Ra + 8, 0x3322'1102);
    bench.set(reg::Ra + 12, 0x8000'5644);
    CHECK(bench.passes(frame_to(other, 50)));
    bench.set(reg::Ra + 12, 0x5644);
    CHECK_FALSE(bench.passes(frame_to(other, 50)));
}

TEST_CASE("E1000 receives: the multicast table", "[devices][e1000][receive]") {
    constexpr std::array<u8, 6> group = {0x01, 0x00, 0x5e, 0x00, 0x12, 0x34};
    // Bits 47:36, 46:35, 45:34 and 43:32 of 34'12.
    constexpr std::array<u32, 4> hashes = {0x341, 0x682, 0xd04, 0x412};
    for (u32 offset = 0; offset < 4; ++offset) {
        CAPTURE(offset);
        Bench bench(on | offset << 12);
        CHECK_FALSE(bench.passes(frame_to(group, 50)));
        bench.set(reg::Mta + hashes[offset] / 32 * 4, u32{1} << hashes[offset] % 32);
        const u32 number = bench.get(reg::Rdh);
        CHECK(bench.passes(frame_to(group, 50)));
        CHECK((bench.receive_status(number) & rxd::InexactFilter) != 0);
    }
}

TEST_CASE("E1000 receives: tags", "[devices][e1000][receive]") {
    Bench bench;
    Frame frame = frame_to(E1000Bench::mac, 100);
    const std::array<u8, 4> tag = {0x81, 0x00, 0x20, 0x07};
    frame.insert(frame.begin() + 12, tag.begin(), tag.end());
    bench.arrive(frame);
    CHECK((bench.receive_status(0) & rxd::VlanPacket) == 0);
    CHECK(bench.receive_length(0) == frame.size() + 4);

    bench.set(reg::Ctrl, 0x41 | ctrl::VlanMode);
    bench.arrive(frame);
    CHECK((bench.receive_status(1) & rxd::VlanPacket) != 0);
    CHECK(bench.receive_length(1) == frame.size());
    CHECK(bench.peek(E1000Bench::receive_ring + 16 + 8) >> 48 == 0x2007);
    CHECK(bench.received(1)[12] == 0x88);

    bench.set(reg::Rctl, on | rctl::VlanFilter);
    CHECK_FALSE(bench.passes(frame));
    bench.set(reg::Vfta, 1 << 7);
    CHECK(bench.passes(frame));
    CHECK(bench.passes(frame_to(E1000Bench::mac, 100)));
    bench.set(reg::Rctl, on | rctl::VlanFilter | rctl::CfiEnable | rctl::CfiValue);
    CHECK_FALSE(bench.passes(frame));
}

TEST_CASE("E1000 receives: long frames, and frames over several buffers",
          "[devices][e1000][receive]") {
    Bench bench;
    CHECK(bench.passes(frame_to(E1000Bench::mac, 1504)));
    CHECK_FALSE(bench.passes(frame_to(E1000Bench::mac, 1505)));
    CHECK(bench.statistic(43) == 1);  // ROC

    bench.start_receiver(on | rctl::LongPackets);
    bench.arrive(frame_to(E1000Bench::mac, 4980, 0x77));
    CHECK(bench.receive_status(0) == rxd::Done);
    CHECK(bench.receive_length(0) == 2048);
    CHECK(bench.receive_status(1) == rxd::Done);
    CHECK((bench.receive_status(2) & whole) == whole);
    CHECK(bench.receive_length(2) == 4998 - 4096);

    // 512 bytes; 8192 with BSEX.
    bench.start_receiver(on | 2 << 16);
    bench.arrive(frame_to(E1000Bench::mac, 600));
    CHECK(bench.receive_length(0) == 512);
    CHECK(bench.receive_length(1) == 618 - 512);
    bench.start_receiver(on | rctl::LongPackets | 2 << 16 | rctl::BufferSizeExtension);
    bench.arrive(frame_to(E1000Bench::mac, 9000));
    CHECK(bench.receive_length(0) == 8192);
    CHECK(bench.receive_length(1) == 9018 - 8192);
}

TEST_CASE("E1000 receives: waits for descriptors, until its buffer is full",
          "[devices][e1000][receive]") {
    Bench bench(on, 1);
    bench.set(reg::Ims, icr::RXO);
    for (int i = 0; i < 32; ++i) bench.arrive(frame_to(E1000Bench::mac, 1500));
    CHECK(bench.receive_status(0) != 0);
    CHECK(bench.receive_status(1) == 0);
    CHECK_FALSE(bench.irq.level);
    CHECK(bench.statistic(40) == 31);               // RNBC
    bench.arrive(frame_to(E1000Bench::mac, 1500));  // 48 KiB hold 32.
    CHECK_FALSE(bench.irq.level);
    bench.arrive(frame_to(E1000Bench::mac, 1500));
    CHECK(bench.irq.level);
    CHECK(bench.statistic(4) == 1);  // MPC
    bench.set(reg::Rdt, 4);
    CHECK(bench.receive_status(3) != 0);
    CHECK(bench.receive_status(4) == 0);
    CHECK(bench.get(reg::Rdh) == 4);
}

TEST_CASE("E1000 receives: few descriptors are left", "[devices][e1000][receive]") {
    Bench bench(on);  // A half of eight.
    bench.set(reg::Ims, icr::RXDMT0);
    for (int i = 0; i < 2; ++i) bench.arrive(frame_to(E1000Bench::mac, 50));
    CHECK_FALSE(bench.irq.level);
    bench.arrive(frame_to(E1000Bench::mac, 50));
    CHECK(bench.irq.level);
    bench.start_receiver(on | 2 << 8);  // An eighth.
    (void)bench.get(reg::Icr);
    for (int i = 0; i < 5; ++i) bench.arrive(frame_to(E1000Bench::mac, 50));
    CHECK_FALSE(bench.irq.level);
    bench.arrive(frame_to(E1000Bench::mac, 50));
    CHECK(bench.irq.level);
}

TEST_CASE("E1000 receives: interrupts are delayed as programmed", "[devices][e1000][receive]") {
    Bench bench;
    bench.set(reg::Ims, icr::RXT0);
    bench.set(reg::Rdtr, 100);  // 102.4 microseconds
    bench.set(reg::Radv, 150);  // and 153.6.
    const Frame frame = frame_to(E1000Bench::mac, 46);
    const auto arrive = [&] {
        bench.adapter.receive(frame);
        bench.pass((60 + 24) * 8);
    };
    arrive();
    CHECK(bench.receive_status(0) != 0);
    bench.pass(102'399);
    CHECK_FALSE(bench.irq.level);
    bench.pass(1);
    CHECK(bench.irq.level);
    (void)bench.get(reg::Icr);

    arrive();
    bench.pass(100'000);
    arrive();
    bench.pass(153'600 - 100'000 - 672 - 1);
    CHECK_FALSE(bench.irq.level);
    bench.pass(1);
    CHECK(bench.irq.level);
    (void)bench.get(reg::Icr);

    arrive();
    bench.set(reg::Rdtr, rdtr::Flush | 100);
    CHECK(bench.irq.level);
    (void)bench.get(reg::Icr);
    bench.set(reg::Rsrpd, 100);  // Small packets are told of at once.
    bench.set(reg::Ims, icr::SRPD);
    arrive();
    CHECK((bench.get(reg::Icr) & (icr::SRPD | icr::RXT0)) == icr::SRPD);
}

TEST_CASE("E1000 receives: checksums are checked", "[devices][e1000][receive]") {
    Bench bench;
    bench.set(reg::Rxcsum, rxcsum::IpOffload | rxcsum::TcpUdpOffload | 14);
    Frame frame = udp_packet(60);
    bench.arrive(frame);
    CHECK(bench.receive_status(0) == (whole | rxd::IpChecked | rxd::TcpUdpChecked));
    CHECK(bench.receive_errors(0) == 0);
    const Frame stored = bench.received(0);
    CHECK((bench.peek(E1000Bench::receive_ring + 8) >> 16 & 0xffff) ==
          ones_sum(std::span<const u8>(stored).subspan(14)));

    frame[60] ^= 1;
    bench.arrive(frame);
    CHECK(bench.receive_errors(1) == rxd::TcpUdpError);
    frame[60] ^= 1;
    frame[22] ^= 1;
    bench.arrive(frame);
    CHECK(bench.receive_errors(2) == rxd::IpError);
    frame = udp_packet(60);
    put_word(frame, 40, 0);  // UDP without a checksum.
    bench.arrive(frame);
    CHECK(bench.receive_status(3) == (whole | rxd::IpChecked));
    frame = udp_packet(60);
    put_word(frame, 16, 2000);  // Longer than it is.
    bench.arrive(frame);
    CHECK(bench.receive_status(4) == (whole | rxd::IgnoreChecksum));
}

TEST_CASE("E1000 receives: nothing without a link, or with the receiver off",
          "[devices][e1000][receive]") {
    Bench bench;
    bench.set(reg::Rctl, 0);
    CHECK_FALSE(bench.passes(frame_to(E1000Bench::mac, 50)));
    bench.set(reg::Rctl, on);
    bench.adapter.set_cable(false);
    CHECK_FALSE(bench.passes(frame_to(E1000Bench::mac, 50)));
    CHECK(bench.statistic(52) == 0);
}

TEST_CASE("E1000 receives: hostile rings and frames", "[devices][e1000][receive][hostile]") {
    Bench bench;
    SECTION("no ring") { bench.set(reg::Rdlen, 0); }
    SECTION("a tail beyond it") { bench.set(reg::Rdt, 0xffff); }
    SECTION("a head beyond it") { bench.set(reg::Rdh, 0xffff); }
    SECTION("no memory there") { bench.set(reg::Rdbah, 0xffff'ffff); }
    SECTION("buffers where there is no memory") {
        bench.poke(E1000Bench::receive_ring, u64{1} << 60);
    }
    SECTION("a flood") {
        for (int i = 0; i < 3000; ++i) bench.adapter.receive(frame_to(E1000Bench::mac, 1000));
        usize waiting = 0;
        for (const auto& each : bench.adapter.state().receive.on_the_line) waiting += each.size();
        CHECK(waiting <= 1 << 20);
    }
    bench.adapter.receive({});
    bench.adapter.receive(Frame(13));
    bench.adapter.receive(Frame(65'535));
    bench.arrive(frame_to(E1000Bench::mac, 50));
    bench.pass(100'000'000);
    bench.start_receiver();
    bench.arrive(frame_to(E1000Bench::mac, 50));
    CHECK((bench.receive_status(0) & rxd::Done) != 0);
}
