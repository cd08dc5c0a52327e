// SPDX-License-Identifier: BSD-2-Clause
#include "devices/pci/msi.hpp"

#include <algorithm>
#include <bit>

#include "fabric/support/bit_range.hpp"

namespace devices::pci {

namespace {

// From the head of the capability.
constexpr u32 message_control = 2;
constexpr u32 message_address = 4;
constexpr u32 message_upper_address = 8;
constexpr u32 message_data = 12;
constexpr u32 mask_bits = 16;
constexpr u32 pending_bits = 20;

namespace control {
constexpr u32 Enable = 1 << 0;
using MultipleMessageCapable = fabric::BitRange<3, 1>;
using MultipleMessageEnable = fabric::BitRange<6, 4>;
constexpr u32 Address64 = 1 << 7;
constexpr u32 PerVectorMasking = 1 << 8;
}  // namespace control

u32 ones(u32 count) { return static_cast<u32>((u64{1} << count) - 1); }

}  // namespace

Msi::Msi(ConfigSpace& config, fabric::MsiSink& sink, u8 offset, u32 vectors)
    : config_(config), sink_(sink), offset_(offset), vectors_(vectors) {
    VERIFY(std::has_single_bit(vectors) && vectors <= 32);
    const u32 capable = static_cast<u32>(
        control::MultipleMessageCapable::placed(static_cast<u32>(std::countr_zero(vectors))));
    config_.add_capability(capability::Msi, offset);
    config_.define(offset + message_control, 2,
                   capable | control::Address64 | control::PerVectorMasking,
                   control::Enable | static_cast<u32>(control::MultipleMessageEnable::mask));
    config_.define(offset + message_address, 4, 0, 0xffff'fffc);
    config_.define(offset + message_upper_address, 4, 0, 0xffff'ffff);
    config_.define(offset + message_data, 4, 0, 0xffff);
    config_.define(offset + mask_bits, 4, 0, ones(vectors));
}

bool Msi::enabled() const {
    return (config_.word(offset_ + message_control) & control::Enable) != 0;
}

void Msi::send(u32 vector) {
    VERIFY(vector < vectors_);
    if (!enabled()) return;
    const u32 bit = u32{1} << vector;
    if ((config_.dword(offset_ + mask_bits) & bit) != 0) {
        config_.set(offset_ + pending_bits, 4, config_.dword(offset_ + pending_bits) | bit);
        return;
    }
    deliver(vector);
}

void Msi::deliver(u32 vector) const {
    // A message is a write to memory, which only a bus master makes.
    if (!config_.allows(command::BusMaster)) return;
    const u32 control_word = config_.word(offset_ + message_control);
    const u32 granted =
        std::min<u32>(u32{1} << control::MultipleMessageEnable::of(control_word), vectors_);
    const u32 low =
        vector & (granted - 1);  // Vectors that were not granted fold onto those that were.
    const u64 address = u64{config_.dword(offset_ + message_upper_address)} << 32 |
                        config_.dword(offset_ + message_address);
    const u32 data = config_.word(offset_ + message_data);
    sink_.deliver({address, (data & ~(granted - 1)) | low});
}

void Msi::config_written() {
    if (!enabled()) return;
    const u32 pending = config_.dword(offset_ + pending_bits);
    const u32 ready = pending & ~config_.dword(offset_ + mask_bits);
    if (ready == 0) return;
    config_.set(offset_ + pending_bits, 4, pending & ~ready);
    for (u32 vector = 0; vector < vectors_; ++vector) {
        if ((ready >> vector & 1) != 0) deliver(vector);
    }
}

}  // namespace devices::pci
