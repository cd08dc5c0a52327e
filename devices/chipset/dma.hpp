// SPDX-License-Identifier: BSD-2-Clause
//
// The two 8237A DMA controllers (Intel 231466) of a PC with their page registers: channels 0 to 3
// move bytes, 5 to 7 words, and 4 passes on what the first controller asks for. 24-bit addresses.
//
// A device asks for a channel by transfer(), which moves at once as much as the channel allows: the
// bus's time is the device's to model. Not modelled, as in the 82371AB: memory to memory; and
// transfers that software requests, which no device would answer.
#pragma once

#include <array>
#include <span>
#include <string>

#include "fabric/bus/device.hpp"
#include "fabric/memory/guest_memory.hpp"

namespace devices {

struct DmaOutcome {
    usize moved = 0;              // Bytes; 0 if the channel is masked or set up for another way.
    bool terminal_count = false;  // The last of them was the last of the block.
    bool operator==(const DmaOutcome&) const = default;
};

class Dma final : public fabric::Device {
public:
    static constexpr u32 channels = 8;

    struct Config {
        std::string name = "dma";
    };

    struct Wiring {
        fabric::GuestMemory& memory;
    };

    struct Channel {
        u16 base_address = 0;
        u16 base_count = 0;
        u16 address = 0;
        u16 count = 0;
        u8 mode = 0;
        u8 page = 0;

        bool operator==(const Channel&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "base_address", state.base_address);
            visit(2, "base_count", state.base_count);
            visit(3, "address", state.address);
            visit(4, "count", state.count);
            visit(5, "mode", state.mode);
            visit(6, "page", state.page);
        }
    };

    struct Controller {
        u8 command = 0;
        u8 terminal_counts = 0;
        u8 requests = 0;  // By software.
        u8 device_requests = 0;
        u8 masked = 0x0f;
        bool high_byte_next = false;

        bool operator==(const Controller&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "command", state.command);
            visit(2, "terminal_counts", state.terminal_counts);
            visit(3, "requests", state.requests);
            visit(4, "device_requests", state.device_requests);
            visit(5, "masked", state.masked);
            visit(6, "high_byte_next", state.high_byte_next);
        }
    };

    struct State {
        std::array<Channel, channels> channel;
        std::array<Controller, 2> controller;
        std::array<u8, 16> spare_pages{};

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "channel", state.channel);
            visit(2, "controller", state.controller);
            visit(3, "spare_pages", state.spare_pages);
        }
    };

    Dma(Config config, Wiring wiring);

    std::string_view name() const override { return config_.name; }
    void reset(fabric::ResetKind kind) override;
    void save(fabric::StateWriter& out) const override { out.write(state_); }
    fabric::Result<> restore(fabric::StateReader& in) override { return in.read(state_); }

    // The blocks of ports.

    fabric::IoHandler& first_controller() { return first_; }    // 00 to 0F
    fabric::IoHandler& second_controller() { return second_; }  // C0 to DF
    fabric::IoHandler& pages() { return pages_; }               // 80 to 8F

    // For devices. Channels 5 to 7 move whole words: an odd byte at the end is not moved.

    /// DREQ, which the guest can read.
    void set_request(u32 channel, bool on);
    /// From the device to memory. A channel that verifies takes the bytes and drops them.
    DmaOutcome to_memory(u32 channel, std::span<const u8> bytes);
    /// From memory to the device. A channel that verifies leaves the bytes as they are.
    DmaOutcome from_memory(u32 channel, std::span<u8> bytes);

    const State& state() const { return state_; }

private:
    /// A block of ports, `stride` apart.
    class Ports final : public fabric::IoHandler {
    public:
        Ports(Dma& dma, u32 controller, u64 stride);
        u64 read(u64 offset, u32 size) override;
        void write(u64 offset, u32 size, u64 value) override;

    private:
        Dma& dma_;
        u32 controller_;
        u64 stride_;
    };

    class Pages final : public fabric::IoHandler {
    public:
        explicit Pages(Dma& dma);
        u64 read(u64 offset, u32 size) override;
        void write(u64 offset, u32 size, u64 value) override;

    private:
        Dma& dma_;
    };

    u8 read_register(u32 controller, u64 index);
    void write_register(u32 controller, u64 index, u8 value);
    void write_count_or_address(u32 channel, bool is_count, u8 value);
    u8& page(u64 index);

    bool open(u32 channel) const;
    template <class Move>
    DmaOutcome transfer(u32 channel, usize bytes, Move move);
    u64 unit_address(const Channel& channel, u32 unit) const;
    void end_of_block(u32 channel);

    Config config_;
    Wiring wiring_;
    State state_;
    Ports first_{*this, 0, 1};
    Ports second_{*this, 1, 2};
    Pages pages_{*this};
};

}  // namespace devices
