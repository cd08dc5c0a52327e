// SPDX-License-Identifier: BSD-2-Clause
#include "devices/storage/piix_ide.hpp"

#include <utility>

namespace devices {

namespace {

constexpr u32 idetim = 0x40;   // IDE timing, two bytes for each channel.
constexpr u32 sidetim = 0x44;  // Timing of the second drives.
constexpr u32 udmactl = 0x48;
constexpr u32 udmatim = 0x4a;
constexpr u32 decode_enable = 0x8000;  // IDETIM.IDE

struct LegacyPorts {
    u16 command_block;
    u16 control_block;
};
constexpr std::array<LegacyPorts, 2> legacy = {{{0x1f0, 0x3f6}, {0x170, 0x376}}};

pci::Identity identity_of(const PiixIde::Config& config) {
    return {.vendor = config.vendor,
            .device = config.device,
            .revision = config.revision,
            .class_code = 0x01'0180,  // IDE, both channels in compatibility mode, bus master.
            .subsystem_vendor = config.subsystem_vendor,
            .subsystem = config.subsystem,
            .multifunction = true};
}

}  // namespace

PiixIde::PiixIde(Config config, Wiring wiring)
    : config_(std::move(config)),
      wiring_(wiring),
      space_(state_.config, identity_of(config_),
             {{.index = 4,
               .name = config_.name + ".bus_master",
               .kind = pci::BarKind::Io,
               .size = 16,
               .widest_access = 4,
               .handler = &bus_masters_}}) {
    space_.define(pci::reg::Command, 2, 0, pci::command::IoSpace | pci::command::BusMaster);
    space_.define(pci::reg::CacheLineSize, 1, 0, 0);
    space_.define(idetim, 4, 0, 0xffff'ffff);
    space_.define(sidetim, 1, 0, 0xff);
    space_.define(udmactl, 1, 0, 0x0f);
    space_.define(udmatim, 2, 0, 0x3333);
}

void PiixIde::reset(fabric::ResetKind) {
    space_.reset();
    for (IdeChannel* channel : wiring_.channels) channel->allow_bus_master(false);
}

fabric::Result<> PiixIde::restore(fabric::StateReader& in) {
    TRY(in.read(state_));
    space_.windows_changed();
    return {};
}

void PiixIde::config_written(u32 offset, u32 size) {
    if (offset < idetim + 4 && idetim < offset + size) space_.windows_changed();
    if (offset >= pci::reg::Command + 2 || pci::reg::Command >= offset + size) return;
    for (IdeChannel* channel : wiring_.channels) {
        channel->allow_bus_master(space_.allows(pci::command::BusMaster));
    }
}

void PiixIde::add_windows(std::vector<pci::Window>& windows) const {
    if (!space_.allows(pci::command::IoSpace)) return;
    for (u32 i = 0; i < legacy.size(); ++i) {
        if ((space_.word(idetim + 2 * i) & decode_enable) == 0) continue;
        const std::string channel(wiring_.channels[i]->name());
        windows.push_back({.name = channel + ".command",
                           .first = legacy[i].command_block,
                           .length = 8,
                           .widest_access = 4,
                           .handler = &wiring_.channels[i]->command_block()});
        windows.push_back({.name = channel + ".control",
                           .first = legacy[i].control_block,
                           .length = 1,
                           .widest_access = 1,
                           .handler = &wiring_.channels[i]->control_block()});
    }
}

u64 PiixIde::BusMasterBlock::read(u64 offset, u32 size) {
    u64 value = 0;
    for (u32 i = 0; i < size; ++i) {
        const u32 at = static_cast<u32>(offset) + i;
        value |= owner_.wiring_.channels[at / 8]->read_bus_master(at % 8) << (8 * i);
    }
    return value;
}

void PiixIde::BusMasterBlock::write(u64 offset, u32 size, u64 value) {
    for (u32 i = 0; i < size; ++i) {
        const u32 at = static_cast<u32>(offset) + i;
        owner_.wiring_.channels[at / 8]->write_bus_master(at % 8,
                                                          static_cast<u8>(value >> (8 * i)));
    }
}

}  // namespace devices
