// SPDX-License-Identifier: BSD-2-Clause
#include "machine/board/pc_interrupts.hpp"

#include "fabric/trace/trace.hpp"

namespace machine {

namespace {

constexpr u32 isa_interrupts = 16;
constexpr u32 timer_interrupt = 0;
constexpr u32 cascade_interrupt = 2;
constexpr u32 intr_input = 0;   // Of the I/O APIC.
constexpr u32 timer_input = 2;  // Of the I/O APIC: ACPI tables tell of it.

}  // namespace

PcInterrupts::PcInterrupts(cpu::ApicBus& bus)
    : ioapic_({}, {bus}),
      slave_({.name = "pic1", .level_allowed = 0xde},
             {.interrupt = fabric::IrqLine{master_, cascade_interrupt}}),
      master_({.name = "pic0", .level_allowed = 0xf8},
              {.interrupt = fabric::IrqLine{intr_pin_, 0}, .slave = &slave_}) {
    bus.add_eoi_listener([this](u8 vector) { ioapic_.end_of_interrupt(vector); });
}

fabric::Result<> PcInterrupts::map(fabric::IoSpace& ports, fabric::IoSpace& mmio) {
    TRY(ports.map({.name = "pic0", .first = 0x20, .length = 2, .handler = &master_}));
    TRY(ports.map({.name = "pic1", .first = 0xa0, .length = 2, .handler = &slave_}));
    TRY(ports.map(
        {.name = "elcr0", .first = 0x4d0, .length = 1, .handler = &master_.edge_level_control()}));
    TRY(ports.map(
        {.name = "elcr1", .first = 0x4d1, .length = 1, .handler = &slave_.edge_level_control()}));
    return mmio.map({.name = "ioapic",
                     .first = ioapic_address,
                     .length = devices::IoApic::block_bytes,
                     .widest_access = 4,
                     .handler = &ioapic_});
}

void PcInterrupts::set_level(u32 interrupt, bool high) {
    if (trace_ && trace_->listens_to(fabric::TraceCategory::Irqs)) {
        trace_->irq_line("irq" + std::to_string(interrupt), high ? "rises" : "falls");
    }
    if (interrupt < isa_interrupts && interrupt != cascade_interrupt) {
        devices::Pic8259& pic = interrupt < 8 ? master_ : slave_;
        pic.set_level(interrupt & 7, high);
    }
    if (interrupt == cascade_interrupt) return;
    ioapic_.set_level(interrupt == timer_interrupt ? timer_input : interrupt, high);
}

void PcInterrupts::SharedPin::set_level(u32, bool high) {
    for (cpu::LocalApic* apic : owner_.apics_) apic->set_level(lint_, high);
    if (lint_ == 0) owner_.ioapic_.set_level(intr_input, high);
}

}  // namespace machine
