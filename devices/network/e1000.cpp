// SPDX-License-Identifier: BSD-2-Clause
#include "devices/network/e1000.hpp"

#include <algorithm>
#include <bit>

namespace devices {

using namespace e1000;

namespace {

constexpr u16 device_id = 0x100e;
constexpr u16 subsystem_id = 0x001e;  // PRO/1000 MT Desktop Adapter.
constexpr u64 smallest_rom = 2048;

constexpr pci::Identity identity = {.vendor = 0x8086,
                                    .device = device_id,
                                    .revision = 2,
                                    .class_code = 0x02'0000,  // Ethernet.
                                    .subsystem_vendor = 0x8086,
                                    .subsystem = subsystem_id,
                                    .interrupt_pin = 1};

}  // namespace

E1000::E1000(Config config, Wiring wiring)
    : config_(std::move(config)),
      wiring_(wiring),
      space_(state_.config, identity, bars()),
      eeprom_(state_.eeprom, Eeprom::factory_contents(config_.mac, device_id, subsystem_id)),
      phy_(state_.phy, wiring_.events, config_.name + ".link", [this] { link_changed(); }),
      transmit_(wiring_.events, config_.name + ".transmit", [this] { transmit_due(); }),
      arrival_(wiring_.events, config_.name + ".arrival", [this] { frame_arrived(); }),
      receive_delay_(wiring_.events, config_.name + ".rdtr", [this] { receive_delay_over(); }),
      receive_absolute_(wiring_.events, config_.name + ".radv", [this] { receive_delay_over(); }),
      transmit_delay_(wiring_.events, config_.name + ".tidv", [this] { transmit_delay_over(); }),
      transmit_absolute_(wiring_.events, config_.name + ".tadv", [this] { transmit_delay_over(); }),
      throttle_(wiring_.events, config_.name + ".itr", [this] { update_interrupt(); }) {
    space_.define(pci::reg::InterruptPin + 1, 2, 0x00ff, 0);  // MIN_GNT, MAX_LAT.
    load_from_eeprom();
}

std::vector<pci::Bar> E1000::bars() {
    std::vector<pci::Bar> made = {{.index = 0,
                                   .name = config_.name + ".registers",
                                   .kind = pci::BarKind::Memory32,
                                   .size = register_bytes,
                                   .widest_access = 4,
                                   .handler = this},
                                  {.index = 2,
                                   .name = config_.name + ".io",
                                   .kind = pci::BarKind::Io,
                                   .size = io_bytes,
                                   .widest_access = 4,
                                   .handler = &io_window_}};
    if (!config_.rom.empty()) {
        made.push_back({.index = 5,
                        .name = config_.name + ".rom",
                        .kind = pci::BarKind::Rom,
                        .size = std::bit_ceil(std::max<u64>(config_.rom.size(), smallest_rom)),
                        .widest_access = 8,
                        .handler = &rom_window_});
    }
    return made;
}

void E1000::reset(fabric::ResetKind kind) {
    software_reset();
    const Eeprom::Contents kept = state_.eeprom.changed;
    state_.eeprom = {};
    if (kind == fabric::ResetKind::PowerOn) {
        state_.receive.on_the_line.clear();
        arrival_.cancel();
        phy_.power_on();
    } else {
        state_.eeprom.changed = kept;  // It needs no power to remember.
        phy_.reset();
    }
    load_from_eeprom();
    space_.reset();
}

/// CTRL.RST (13.4.1): the registers and all that is under way; not the configuration space, the
/// EEPROM, the PHY and what comes in on the line.
void E1000::software_reset() {
    for (fabric::Timer* timer : {&transmit_, &receive_delay_, &receive_absolute_, &transmit_delay_,
                                 &transmit_absolute_, &throttle_}) {
        timer->cancel();
    }
    state_.registers = {};
    state_.multicast_table = {};
    state_.receive_addresses = {};
    state_.vlan_table = {};
    state_.statistics = {};
    state_.transmit = {};
    state_.receive.buffered.clear();
    state_.receive.delivered = 0;
    state_.next_interrupt_ns = 0;
    load_from_eeprom();
    update_interrupt();
}

/// The station's own address (5.6.1).
void E1000::load_from_eeprom() {
    const u32 low = u32{eeprom_.word(0)} | u32{eeprom_.word(1)} << 16;
    state_.receive_addresses[0] = low;
    state_.receive_addresses[1] = eeprom_.word(2) | rah::Valid;
}

fabric::Result<> E1000::restore(fabric::StateReader& in) {
    TRY(in.read(state_));
    space_.windows_changed();
    return {};
}

void E1000::config_written(u32 offset, u32 size) {
    if (offset >= pci::reg::Command + 2 || pci::reg::Command >= offset + size) return;
    // What waited for the right to use the bus.
    deliver();
    fetch_packet();
}

u64 E1000::IoWindow::read(u64 offset, u32 size) {
    if (size != 4) return 0;
    if (offset == 0) return owner_.regs_.io_address;
    return offset == 4 ? owner_.read(owner_.regs_.io_address, 4) : 0;
}

void E1000::IoWindow::write(u64 offset, u32 size, u64 value) {
    if (size != 4) return;
    if (offset == 0) owner_.regs_.io_address = static_cast<u32>(value) & ~u32{3};
    if (offset == 4) owner_.write(owner_.regs_.io_address, 4, value);
}

u64 E1000::RomWindow::read(u64 offset, u32 size) {
    u64 value = 0;
    for (u32 i = 0; i < size; ++i) {
        const u8 byte = offset + i < bytes_.size() ? bytes_[offset + i] : u8{0xff};
        value |= u64{byte} << (8 * i);
    }
    return value;
}

}  // namespace devices
