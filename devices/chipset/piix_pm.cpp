// SPDX-License-Identifier: BSD-2-Clause
#include "devices/chipset/piix_pm.hpp"

#include <utility>

namespace devices {

namespace {

// In the data sheet's names (7.1).
namespace reg {
constexpr u32 PmBa = 0x40;  // Power management base address.
constexpr u32 CntA = 0x44;  // Count A, count B.
constexpr u32 GpiCtl = 0x4c;
constexpr u32 DevResD = 0x50;  // 50 to 7B: device resources and activity.
constexpr u32 DevActB = 0x58;
constexpr u32 PmRegMisc = 0x80;
constexpr u32 SmbBa = 0x90;      // SMBus base address.
constexpr u32 SmbHstCfg = 0xd2;  // SMBus host configuration.
constexpr u32 SmbSlvC = 0xd3;    // Slave command, two shadow addresses.
}  // namespace reg

constexpr u32 io_space = 1;           // The low bit of a base address, always set.
constexpr u8 pm_io_enable = 1;        // PMREGMISC.PMIOSE
constexpr u8 smbus_host_enable = 1;   // SMBHSTCFG.SMB_HST_EN
constexpr u32 apmc_enable = 1 << 25;  // DEVACTB.APMC_EN

pci::Identity identity_of(const PiixPm::Config& config) {
    return {.vendor = config.vendor,
            .device = config.device,
            .revision = config.revision,
            .class_code = 0x06'8000,  // Another bridge.
            .subsystem_vendor = config.subsystem_vendor,
            .subsystem = config.subsystem,
            .interrupt_pin = 1,
            .multifunction = true};
}

}  // namespace

PiixPm::PiixPm(Config config, Wiring wiring)
    : config_(std::move(config)), wiring_(wiring), space_(state_.config, identity_of(config_), {}) {
    space_.define(reg::PmBa, 4, io_space, 0xffc0);
    space_.define(reg::CntA, 4, 0, 0xffff'ffff);
    space_.define(reg::CntA + 4, 4, 0, 0xffff'ffff);
    space_.define(reg::GpiCtl, 4, 0, 0xffff'ffff);
    for (u32 offset = reg::DevResD; offset < 0x7c; offset += 4) {
        space_.define(offset, 4, 0, 0xffff'ffff);
    }
    space_.define(reg::PmRegMisc, 1, 0, pm_io_enable);
    space_.define(reg::SmbBa, 4, io_space, 0xfff0);
    space_.define(reg::SmbHstCfg, 1, 0, 0x0f);
    space_.define(reg::SmbSlvC, 1, 0, 0xff);
    space_.define(reg::SmbSlvC + 1, 2, 0, 0xffff);
}

void PiixPm::reset(fabric::ResetKind) { space_.reset(); }

fabric::Result<> PiixPm::restore(fabric::StateReader& in) {
    TRY(in.read(state_));
    space_.windows_changed();
    return {};
}

/// Neither block hangs on the command register's I/O bit (7.1.3).
void PiixPm::add_windows(std::vector<pci::Window>& windows) const {
    const u64 pm = space_.dword(reg::PmBa) & 0xffc0;
    if ((space_.byte(reg::PmRegMisc) & pm_io_enable) != 0 && pm != 0) {
        windows.push_back({.name = config_.name + ".pm",
                           .first = pm,
                           .length = pm_block_bytes,
                           .widest_access = wiring_.pm_widest_access,
                           .handler = &wiring_.pm_block});
    }
    const u64 smbus = space_.dword(reg::SmbBa) & 0xfff0;
    const bool smbus_on = (space_.byte(reg::SmbHstCfg) & smbus_host_enable) != 0;
    if (smbus_on && smbus != 0 && wiring_.smbus_block) {
        windows.push_back({.name = config_.name + ".smbus",
                           .first = smbus,
                           .length = smbus_block_bytes,
                           .widest_access = 1,
                           .handler = wiring_.smbus_block});
    }
}

bool PiixPm::apmc_raises_smi() const { return (space_.dword(reg::DevActB) & apmc_enable) != 0; }

}  // namespace devices
