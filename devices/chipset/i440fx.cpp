// SPDX-License-Identifier: BSD-2-Clause
#include "devices/chipset/i440fx.hpp"

#include <utility>

#include "devices/chipset/i440fx_registers.hpp"

namespace devices {

using namespace i440fx;
using fabric::Gpa;
using fabric::Route;

namespace {

constexpr Gpa smram_first{0xa'0000};
constexpr u64 smram_length = 0x2'0000;

pci::Identity identity_of(const I440fx::Config& config) {
    return {.vendor = config.vendor,
            .device = config.device,
            .revision = config.revision,
            .class_code = 0x06'0000,  // Host bridge.
            .subsystem_vendor = config.subsystem_vendor,
            .subsystem = config.subsystem};
}

Route route_if(u32 attributes, u8 enable) {
    return (attributes & enable) != 0 ? Route::Ram : Route::Bus;
}

}  // namespace

I440fx::I440fx(Config config, Wiring wiring)
    : name_(std::move(config.name)),
      wiring_(wiring),
      space_(state_.config, identity_of(config), {}) {
    // A bridge is always a master, and always has memory.
    space_.define(pci::reg::Command, 2, pci::command::BusMaster | pci::command::MemorySpace,
                  pci::command::SerrEnable | pci::command::ParityErrorResponse);
    space_.define(pci::reg::CacheLineSize, 1, 0, 0);
    space_.define(reg::Pmccfg, 2, 0, 0x1f7f);
    space_.define(reg::Deturbo, 1, 0, 0xff);
    space_.define(reg::Dbc, 1, 0x80, 0xfc);
    space_.define(reg::Axc, 1, 0, 0xff);
    space_.define(reg::Dramr, 2, 0, 0xffff);
    space_.define(reg::Dramc, 1, 0x01, 0xff);
    space_.define(reg::Dramt, 1, 0x10, 0xff);
    space_.define(reg::Pam0, 1, 0, pam::Writable & 0xf0);
    for (u32 i = 1; i < reg::PamCount; ++i) space_.define(reg::Pam0 + i, 1, 0, pam::Writable);
    for (u32 i = 0; i < 8; ++i) space_.define(reg::Drb0 + i, 1, 0x01, 0xff);
    space_.define(reg::Fdhc, 1, 0, 0xc0);
    space_.define(reg::Mtt, 1, 0, 0xf8);
    space_.define(reg::Clt, 1, 0x10, 0x1f);
    space_.define(reg::Smram, 1, smram::BaseSegment,
                  smram::Open | smram::Closed | smram::Lock | smram::GlobalEnable);
    space_.define(reg::Errcmd, 1, 0, 0xff);
    space_.define_cleared_by_ones(reg::Errsts, 1, 0x11);
}

void I440fx::reset(fabric::ResetKind) {
    state_ = State{};
    space_.reset();
    route_memory();
}

fabric::Result<> I440fx::restore(fabric::StateReader& in) {
    TRY(in.read(state_));
    space_.windows_changed();
    route_memory();
    return {};
}

void I440fx::config_written(u32 offset, u32 size) {
    if (offset < reg::Pam0 + reg::PamCount && reg::Pam0 < offset + size) route_memory();
    if (offset <= reg::Smram && reg::Smram < offset + size) {
        // Once locked, SMRAM is closed, and stays both until a reset.
        u32 control = space_.byte(reg::Smram);
        if ((control & smram::Lock) != 0) state_.smram_locked = true;
        if (state_.smram_locked) control = (control | smram::Lock) & ~u32{smram::Open};
        space_.set(reg::Smram, 1, control);
        route_smram();
    }
}

void I440fx::set_smm_active(bool active) {
    if (state_.smm_active == active) return;
    state_.smm_active = active;
    route_smram();
}

void I440fx::route_memory() {
    const auto route = [this](u64 first, u64 length, u32 attributes) {
        wiring_.memory.route(Gpa{first}, length, route_if(attributes, pam::ReadEnable),
                             route_if(attributes, pam::WriteEnable));
    };
    route(0xf'0000, 0x1'0000, space_.byte(reg::Pam0) >> 4);
    for (u32 i = 0; i < reg::PamCount - 1; ++i) {
        const u32 attributes = space_.byte(reg::Pam0 + 1 + i);
        route(0xc'0000 + 0x8000 * u64{i}, 0x4000, attributes & 0x0f);
        route(0xc'4000 + 0x8000 * u64{i}, 0x4000, attributes >> 4);
    }
    route_smram();
}

void I440fx::route_smram() {
    const u8 control = space_.byte(reg::Smram);
    const bool open =
        (control & smram::Open) != 0 || (state_.smm_active && (control & smram::GlobalEnable) != 0);
    const Route both = open ? Route::Ram : Route::Bus;
    wiring_.memory.route(smram_first, smram_length, both, both);
}

}  // namespace devices
