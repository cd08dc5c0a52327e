// SPDX-License-Identifier: BSD-2-Clause
#include "devices/chipset/piix_isa.hpp"

#include <utility>

#include "devices/chipset/piix_isa_registers.hpp"

namespace devices {

using namespace piix_isa;

namespace {

/// IRQ 0, 1, 2, 8 and 13 belong to the board; routing to them is reserved (4.1.10).
constexpr u32 routable = 0xdef8;

pci::Identity identity_of(const PiixIsa::Config& config) {
    return {.vendor = config.vendor,
            .device = config.device,
            .revision = config.revision,
            .class_code = 0x06'0100,  // ISA bridge.
            .subsystem_vendor = config.subsystem_vendor,
            .subsystem = config.subsystem,
            .multifunction = true};
}

}  // namespace

PiixIsa::PiixIsa(Config config, Wiring wiring)
    : name_(std::move(config.name)),
      wiring_(std::move(wiring)),
      space_(state_.config, identity_of(config), {}) {
    // The bridge decodes for ISA and is a master for its DMA, always.
    space_.define(pci::reg::Command, 2,
                  pci::command::IoSpace | pci::command::MemorySpace | pci::command::BusMaster,
                  pci::command::SerrEnable);
    space_.define(pci::reg::CacheLineSize, 2, 0, 0);
    space_.define(reg::Iort, 1, 0x4d, 0xff);
    space_.define(reg::Xbcs, 2, 0x0003, 0x07ff);
    for (u32 i = 0; i < 4; ++i) {
        space_.define(reg::PirqRcA + i, 1, pirq::Disabled, pirq::Writable);
    }
    space_.define(reg::SerIrqc, 1, 0x10, 0xff);
    space_.define(reg::Tom, 1, 0x02, 0xfe);
    space_.define_cleared_by_ones(reg::Mstat, 2, 0x8000);
    space_.define(reg::Mbdma0, 2, 0x0404, 0x8f8f);
    space_.define(reg::ApicBase, 1, 0, 0x7f);
    space_.define(reg::Dlc, 1, 0, 0x0f);
    space_.define(reg::Pdmacfg, 2, 0, 0xfcff);
    space_.define(reg::Ddmabp, 4, 0, 0xffc0'ffc0);
    space_.define(reg::Gencfg, 4, 0, 0xffff'ffff);
    space_.define(reg::RtcCfg, 1, 0x21, 0x3d);
}

void PiixIsa::reset(fabric::ResetKind) {
    const auto lines = state_.pirq;  // The functions take their pins back themselves.
    const u32 before = driven_;
    state_ = State{};
    state_.pirq = lines;
    space_.windows_changed();
    drive(before);
    driven_ = routed_irqs();
}

fabric::Result<> PiixIsa::restore(fabric::StateReader& in) {
    TRY(in.read(state_));
    driven_ = routed_irqs();
    space_.windows_changed();
    return {};
}

void PiixIsa::config_written(u32 offset, u32 size) {
    if (offset >= reg::PirqRcA + 4 || reg::PirqRcA >= offset + size) return;
    drive(std::exchange(driven_, routed_irqs()));
}

void PiixIsa::set_level(u32 input, bool high) {
    VERIFY(input < state_.pirq.size());
    state_.pirq[input] = high;
    drive(std::exchange(driven_, routed_irqs()));
}

/// A bit for each IRQ that a PIRQ line holds high.
u32 PiixIsa::routed_irqs() const {
    u32 irqs = 0;
    for (u32 i = 0; i < state_.pirq.size(); ++i) {
        const u8 route = space_.byte(reg::PirqRcA + i);
        if (state_.pirq[i] && (route & pirq::Disabled) == 0) irqs |= u32{1} << (route & pirq::Irq);
    }
    return irqs & routable;
}

void PiixIsa::drive(u32 before) const {
    const u32 now = routed_irqs();
    for (u32 irq = 0; irq < wiring_.isa_irq.size(); ++irq) {
        const u32 bit = u32{1} << irq;
        if (((before ^ now) & bit) != 0) wiring_.isa_irq[irq].set((now & bit) != 0);
    }
}

void PiixIsa::write_reset_control(u64 value) {
    const u8 before = state_.reset_control;
    state_.reset_control = static_cast<u8>(value & rc::Writable);
    if ((state_.reset_control & ~before & rc::ResetCpu) == 0 || !wiring_.request_reset) return;
    const bool hard = (state_.reset_control & rc::SystemReset) != 0;
    wiring_.request_reset(hard ? ResetRequest::Machine : ResetRequest::Processor);
}

}  // namespace devices
