// SPDX-License-Identifier: BSD-2-Clause
#include "devices/chipset/dma.hpp"

#include <algorithm>
#include <utility>

#include "devices/chipset/dma_registers.hpp"

namespace devices {

using namespace dma;

namespace {

constexpr u32 cascade_channel = 4;

constexpr u8 bit_of(u32 channel) { return static_cast<u8>(1 << (channel & 3)); }

/// One byte of a register of 16 bits that is reached by way of a flip-flop.
u16 with_byte(u16 word, bool high, u8 byte) {
    return static_cast<u16>(high ? (word & 0x00ff) | byte << 8 : (word & 0xff00) | byte);
}

}  // namespace

Dma::Dma(Config config, Wiring wiring) : config_(std::move(config)), wiring_(wiring) {}

Dma::Ports::Ports(Dma& dma, u32 controller, u64 stride)
    : dma_(dma), controller_(controller), stride_(stride) {}
u64 Dma::Ports::read(u64 offset, u32) {
    return dma_.read_register(controller_, (offset / stride_) & 0xf);
}
void Dma::Ports::write(u64 offset, u32, u64 value) {
    dma_.write_register(controller_, (offset / stride_) & 0xf, static_cast<u8>(value));
}

Dma::Pages::Pages(Dma& dma) : dma_(dma) {}
u64 Dma::Pages::read(u64 offset, u32) { return dma_.page(offset & 0xf); }
void Dma::Pages::write(u64 offset, u32, u64 value) {
    dma_.page(offset & 0xf) = static_cast<u8>(value);
}

void Dma::reset(fabric::ResetKind) {
    // What devices ask for is theirs.
    const std::array<u8, 2> requested = {state_.controller[0].device_requests,
                                         state_.controller[1].device_requests};
    state_ = {};
    for (u32 i = 0; i < 2; ++i) state_.controller[i].device_requests = requested[i];
}

u8 Dma::read_register(u32 number, u64 index) {
    Controller& controller = state_.controller[number];
    if (index < StatusCommand) {
        const Channel& channel = state_.channel[4 * number + index / 2];
        const u16 value = index & 1 ? channel.count : channel.address;
        const bool high = std::exchange(controller.high_byte_next, !controller.high_byte_next);
        return static_cast<u8>(high ? value >> 8 : value);
    }
    switch (index) {
        case StatusCommand: {
            const u8 done = std::exchange(controller.terminal_counts, u8{0});
            const u8 asking = controller.device_requests | controller.requests;
            return static_cast<u8>(asking << 4 | done);
        }
        case AllMask: return static_cast<u8>(0xf0 | controller.masked);
        case MasterClear: return 0;  // The temporary register, which nothing fills.
        default: return 0xff;        // Write only.
    }
}

void Dma::write_register(u32 number, u64 index, u8 value) {
    Controller& controller = state_.controller[number];
    const auto set_or_clear = [value](u8 bits) {
        const u8 bit = bit_of(value & channel_select);
        return static_cast<u8>(value & set_bit ? bits | bit : bits & ~bit);
    };
    if (index < StatusCommand) {
        write_count_or_address(static_cast<u32>(4 * number + index / 2), index & 1, value);
        return;
    }
    switch (index) {
        case StatusCommand: controller.command = value; break;
        case Request: controller.requests = set_or_clear(controller.requests); break;
        case SingleMask: controller.masked = set_or_clear(controller.masked); break;
        case Mode: state_.channel[4 * number + (value & channel_select)].mode = value & 0xfc; break;
        case ClearFlipFlop: controller.high_byte_next = false; break;
        case MasterClear: controller = {.device_requests = controller.device_requests}; break;
        case ClearMask: controller.masked = 0; break;
        case AllMask: controller.masked = value & 0x0f; break;
        default: UNREACHABLE();
    }
}

void Dma::write_count_or_address(u32 number, bool is_count, u8 value) {
    Controller& controller = state_.controller[number / 4];
    Channel& channel = state_.channel[number];
    const bool high = std::exchange(controller.high_byte_next, !controller.high_byte_next);
    u16& base = is_count ? channel.base_count : channel.base_address;
    base = with_byte(base, high, value);
    (is_count ? channel.count : channel.address) = base;
}

u8& Dma::page(u64 index) {
    const i32 channel = channel_of_page[index];
    if (channel < 0) return state_.spare_pages[index];
    return state_.channel[static_cast<usize>(channel)].page;
}

void Dma::set_request(u32 channel, bool on) {
    VERIFY(channel < channels);
    u8& requests = state_.controller[channel / 4].device_requests;
    requests = static_cast<u8>(on ? requests | bit_of(channel) : requests & ~bit_of(channel));
}

/// A channel of the first controller has to get past channel 4 of the second.
bool Dma::open(u32 channel) const {
    const Controller& controller = state_.controller[channel / 4];
    if (controller.command & command::Disable) return false;
    if (controller.masked & bit_of(channel)) return false;
    return channel >= cascade_channel || open(cascade_channel);
}

DmaOutcome Dma::to_memory(u32 channel, std::span<const u8> bytes) {
    const bool verify = (state_.channel[channel].mode & mode::Direction) == mode::Verify;
    if (!verify && (state_.channel[channel].mode & mode::Direction) != mode::ToMemory) return {};
    return transfer(channel, bytes.size(), [&](fabric::Gpa where, usize from, usize length) {
        // A write that meets no memory is lost on the bus.
        if (!verify) static_cast<void>(wiring_.memory.write(where, bytes.subspan(from, length)));
    });
}

DmaOutcome Dma::from_memory(u32 channel, std::span<u8> bytes) {
    const bool verify = (state_.channel[channel].mode & mode::Direction) == mode::Verify;
    if (!verify && (state_.channel[channel].mode & mode::Direction) != mode::FromMemory) return {};
    return transfer(channel, bytes.size(), [&](fabric::Gpa where, usize to, usize length) {
        if (verify) return;
        const std::span<u8> part = bytes.subspan(to, length);
        if (!wiring_.memory.read(where, part)) std::ranges::fill(part, u8{0xff});
    });
}

/// Unit by unit (a byte or a word): addresses may run downwards, and wrap within their page.
template <class Move>
DmaOutcome Dma::transfer(u32 number, usize bytes, Move move) {
    VERIFY(number < channels && number != cascade_channel);
    const u32 unit = number < cascade_channel ? 1 : 2;
    Channel& channel = state_.channel[number];
    DmaOutcome outcome;
    while (open(number) && bytes - outcome.moved >= unit) {
        move(fabric::Gpa{unit_address(channel, unit)}, outcome.moved, usize{unit});
        outcome.moved += unit;
        const int step = channel.mode & mode::Decrement ? -1 : 1;
        channel.address = static_cast<u16>(channel.address + step);
        if (channel.count-- != 0) continue;
        outcome.terminal_count = true;
        end_of_block(number);
        break;
    }
    return outcome;
}

/// Words are counted in addresses as well: the page then has a bit less.
u64 Dma::unit_address(const Channel& channel, u32 unit) const {
    if (unit == 1) return u64{channel.page} << 16 | channel.address;
    return u64{channel.page & 0xfeu} << 16 | u64{channel.address} << 1;
}

void Dma::end_of_block(u32 number) {
    Channel& channel = state_.channel[number];
    Controller& controller = state_.controller[number / 4];
    controller.terminal_counts |= bit_of(number);
    controller.requests = static_cast<u8>(controller.requests & ~bit_of(number));
    if (channel.mode & mode::AutoInitialise) {
        channel.address = channel.base_address;
        channel.count = channel.base_count;
    } else {
        controller.masked |= bit_of(number);
    }
}

}  // namespace devices
