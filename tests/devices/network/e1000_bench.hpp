// SPDX-License-Identifier: BSD-2-Clause
//
// An 82540EM on a bench, programmed through its registers and rings as a driver would.
#pragma once

#include <catch2/catch.hpp>

#include <memory>
#include <vector>

#include "devices/network/e1000.hpp"
#include "devices/network/ethernet.hpp"
#include "devices/pci/bus.hpp"
#include "tests/support/recording_irq_sink.hpp"

namespace test {

using Frame = std::vector<u8>;

struct RecordingLine final : fabric::PacketSink {
    explicit RecordingLine(const fabric::EventQueue& its_events) : events(its_events) {}
    void accept(std::span<const u8> frame) override {
        frames.emplace_back(frame.begin(), frame.end());
        times.push_back(events.now().ns);
    }

    const fabric::EventQueue& events;
    std::vector<Frame> frames;
    std::vector<u64> times;
};

/// An Ethernet frame with this many bytes behind its header.
inline Frame frame_to(std::array<u8, 6> destination, usize payload, u8 fill = 0x5a) {
    Frame frame(destination.begin(), destination.end());
    frame.insert(frame.end(), {0x02, 0, 0, 0, 0, 0x99, 0x88, 0xb5});
    frame.resize(frame.size() + payload, fill);
    return frame;
}

struct E1000Bench {
    static constexpr u64 registers = 0xe000'0000;
    static constexpr u16 ports = 0xc000;
    static constexpr u64 transmit_ring = 0x1000;
    static constexpr u64 receive_ring = 0x2000;
    static constexpr u64 transmit_buffers = 0x1'0000;
    static constexpr u64 receive_buffers = 0x8'0000;
    static constexpr u32 ring_entries = 8;
    static constexpr std::array<u8, 6> mac = {0x02, 0x11, 0x22, 0x33, 0x44, 0x55};
    static constexpr std::array<u8, 6> broadcast = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

    explicit E1000Bench(std::vector<u8> rom = {})
        : adapter({.name = "net0", .mac = mac, .rom = std::move(rom)}, {events, *memory, line}),
          bus({}, {io,
                   mmio,
                   {fabric::IrqLine{irq, 0}, fabric::IrqLine{irq, 0}, fabric::IrqLine{irq, 0},
                    fabric::IrqLine{irq, 0}},
                   nullptr,
                   nullptr}) {
        bus.attach(3, 0, adapter);
        adapter.reset(fabric::ResetKind::PowerOn);
        config(0x10, 4, static_cast<u32>(registers));
        config(0x18, 4, ports);
        config(0x04, 2, 7);
    }

    void config(u32 offset, u32 size, u32 value) {
        adapter.config().write(offset, size, value);
        adapter.config_written(offset, size);
    }

    u32 get(u32 offset) const { return static_cast<u32>(mmio.read(registers + offset, 4)); }
    void set(u32 offset, u32 value) const { mmio.write(registers + offset, 4, value); }

    void pass(u64 ns) { events.run_until(events.now() + fabric::VmDuration{ns}); }

    /// With the driver's bits set, until the partner is there.
    void bring_link_up() {
        set(devices::e1000::reg::Ctrl, 0x41);
        pass(200'000'000);
        REQUIRE((get(devices::e1000::reg::Status) & 2) != 0);
        (void)get(devices::e1000::reg::Icr);
    }

    // Rings of eight descriptors.

    void start_transmitter(u32 tctl = 0x0a) const {
        using namespace devices::e1000;
        set(reg::Tdbal, transmit_ring);
        set(reg::Tdbah, 0);
        set(reg::Tdlen, ring_entries * 16);
        set(reg::Tdh, 0);
        set(reg::Tdt, 0);
        set(reg::Tctl, tctl);
    }
    void start_receiver(u32 rctl = 0x8002, u32 tail = ring_entries - 1) const {
        using namespace devices::e1000;
        for (u32 i = 0; i < ring_entries; ++i) {
            poke(receive_ring + 16 * i, receive_buffers + u64{0x4000} * i);
            poke(receive_ring + 16 * i + 8, 0);
        }
        set(reg::Rdbal, receive_ring);
        set(reg::Rdbah, 0);
        set(reg::Rdlen, ring_entries * 16);
        set(reg::Rdh, 0);
        set(reg::Rdt, tail);
        set(reg::Rctl, rctl);
    }

    void poke(u64 address, u64 value) const {
        std::array<u8, 8> bytes;
        for (usize i = 0; i < 8; ++i) bytes[i] = static_cast<u8>(value >> (8 * i));
        REQUIRE(memory->write(fabric::Gpa{address}, bytes));
    }
    u64 peek(u64 address) const {
        std::array<u8, 8> bytes{};
        REQUIRE(memory->read(fabric::Gpa{address}, bytes));
        u64 value = 0;
        for (usize i = 0; i < 8; ++i) value |= u64{bytes[i]} << (8 * i);
        return value;
    }
    void poke_bytes(u64 address, std::span<const u8> bytes) const {
        REQUIRE(memory->write(fabric::Gpa{address}, bytes));
    }
    Frame peek_bytes(u64 address, usize length) const {
        Frame bytes(length);
        REQUIRE(memory->read(fabric::Gpa{address}, bytes));
        return bytes;
    }

    /// Puts a descriptor into the transmit ring, without telling the adapter.
    void add_transmit(u64 first, u64 second) {
        poke(transmit_ring + 16 * next_transmit, first);
        poke(transmit_ring + 16 * next_transmit + 8, second);
        next_transmit = (next_transmit + 1) % ring_entries;
    }
    void ring_doorbell() const { set(devices::e1000::reg::Tdt, next_transmit); }
    bool transmit_done(u32 number) const {
        return (peek(transmit_ring + 16 * number + 8) >> 32 & 1) != 0;
    }

    u8 receive_status(u32 number) const {
        return static_cast<u8>(peek(receive_ring + 16 * number + 8) >> 32);
    }
    u8 receive_errors(u32 number) const {
        return static_cast<u8>(peek(receive_ring + 16 * number + 8) >> 40);
    }
    usize receive_length(u32 number) const { return peek(receive_ring + 16 * number + 8) & 0xffff; }
    Frame received(u32 number) const {
        return peek_bytes(receive_buffers + u64{0x4000} * number, receive_length(number));
    }

    /// From the host; then until it is in the guest's memory.
    void arrive(const Frame& frame) {
        adapter.receive(frame);
        pass(200'000);
    }

    static std::unique_ptr<fabric::GuestMemory> two_mebibytes() {
        auto made = fabric::GuestMemory::create(u64{2} << 20).value();
        made->map_ram(fabric::Gpa{0}, u64{2} << 20, 0).value();
        return made;
    }

    fabric::EventQueue events;
    fabric::IoSpace io{"ports"};
    fabric::IoSpace mmio{"memory"};
    std::unique_ptr<fabric::GuestMemory> memory = two_mebibytes();
    RecordingIrqSink irq;
    RecordingLine line{events};
    devices::E1000 adapter;
    devices::pci::Bus bus;
    u32 next_transmit = 0;
};

}  // namespace test
