// SPDX-License-Identifier: BSD-2-Clause
//
// How the interrupt controllers of a PC are wired together (MP specification 1.4, 3.6.2: virtual
// wire mode; 290562, 8.7).
//
//   interrupt 0-15   IR of the PIC pair; the same input of the I/O APIC, but 0 is on input 2
//   interrupt 16-23  the I/O APIC alone
//   INTR             of the PIC pair: LINT0 of each local APIC, and input 0 of the I/O APIC
//   NMI              LINT1 of each local APIC
#pragma once

#include <array>
#include <vector>

#include "cpu/apic/local_apic.hpp"
#include "devices/chipset/ioapic.hpp"
#include "devices/chipset/pic.hpp"
#include "fabric/bus/io_space.hpp"

namespace machine {

/// The wires of IrqSink are the interrupts 0 to 23.
class PcInterrupts final : public fabric::IrqSink, public cpu::InterruptSource {
public:
    static constexpr u64 ioapic_address = 0xfec0'0000;

    explicit PcInterrupts(cpu::ApicBus& bus);
    PcInterrupts(const PcInterrupts&) = delete;
    PcInterrupts& operator=(const PcInterrupts&) = delete;

    /// Once for each processor. Its APIC was made with this object as its external source.
    void connect(cpu::LocalApic& apic) { apics_.push_back(&apic); }
    fabric::Result<> map(fabric::IoSpace& ports, fabric::IoSpace& mmio);

    fabric::IrqLine line(u32 interrupt) { return {*this, interrupt}; }
    fabric::IrqLine nmi() { return {nmi_pin_, 0}; }
    void set_level(u32 interrupt, bool high) override;
    void set_trace(fabric::Trace& trace) { trace_ = &trace; }

    /// INTA cycles.
    bool pending() const override { return master_.pending(); }
    u8 acknowledge() override { return master_.acknowledge(); }

    /// In the order in which they are saved.
    std::array<fabric::Device*, 3> devices() { return {&slave_, &master_, &ioapic_}; }
    devices::Pic8259& master() { return master_; }
    devices::Pic8259& slave() { return slave_; }
    devices::IoApic& ioapic() { return ioapic_; }

private:
    /// A pin of all local APICs, and perhaps an input of the I/O APIC.
    class SharedPin final : public fabric::IrqSink {
    public:
        SharedPin(PcInterrupts& owner, u32 lint) : owner_(owner), lint_(lint) {}
        void set_level(u32, bool high) override;

    private:
        PcInterrupts& owner_;
        u32 lint_;
    };

    std::vector<cpu::LocalApic*> apics_;
    fabric::Trace* trace_ = nullptr;
    SharedPin intr_pin_{*this, 0};
    SharedPin nmi_pin_{*this, 1};
    devices::IoApic ioapic_;
    devices::Pic8259 slave_;
    devices::Pic8259 master_;
};

}  // namespace machine
