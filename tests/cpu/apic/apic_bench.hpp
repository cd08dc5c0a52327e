// SPDX-License-Identifier: BSD-2-Clause
//
// Processors with their local APICs on one bus, and a PIC behind LINT0 of the first.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "cpu/apic/local_apic.hpp"
#include "tests/support/cpu_bench.hpp"

namespace test {

/// Offsets in the page.
constexpr u64 page_offset(cpu::apic::Register which) { return u64{static_cast<u8>(which)} << 4; }
constexpr u32 msr_number(cpu::apic::Register which) { return 0x800u + static_cast<u8>(which); }

class FakePic final : public cpu::InterruptSource {
public:
    bool pending() const override { return waiting; }
    u8 acknowledge() override {
        waiting = false;
        return 0x08;
    }
    bool waiting = false;
};

struct ApicCpu {
    ApicCpu(u32 id, fabric::EventQueue& events, cpu::ApicBus& bus, cpu::InterruptSource* pic)
        : apic({.name = "apic" + std::to_string(id)}, {events, bench.vcpu, bus, pic}) {
        bench.vcpu.topology = {.apic_id = id, .processors = 64};
        if (id != 0) bench.state.msr.apic_base &= ~cpu::apic_base::Bsp;
        enable();
    }

    using Register = cpu::apic::Register;
    u32 read(Register which) { return static_cast<u32>(apic.read(page_offset(which), 4)); }
    void write(Register which, u32 value) { apic.write(page_offset(which), 4, value); }
    void enable() { write(Register::SpuriousVector, 0x1ff); }
    /// The destination is as the page's high half takes it.
    void command(u8 destination, u32 low) {
        write(Register::InterruptCommandHigh, u32{destination} << 24);
        write(Register::InterruptCommand, low);
    }
    bool requested(u8 vector) const { return apic.state().requested.has(vector); }
    cpu::MsrOutcome write_msr(u32 index, u64 value) { return bench.vcpu.msrs.write(index, value); }
    std::optional<u64> read_msr(u32 index) { return bench.vcpu.msrs.read(index); }
    void enter_x2apic_mode() {
        const u64 base = bench.state.msr.apic_base;
        VERIFY(write_msr(0x1b, base | cpu::apic_base::Extended) == cpu::MsrOutcome::Done);
    }

    CpuBench bench;
    cpu::LocalApic apic;
};

struct ApicBench {
    explicit ApicBench(u32 processors = 1) {
        for (u32 id = 0; id < processors; ++id) {
            cpus.push_back(std::make_unique<ApicCpu>(id, events, bus, id == 0 ? &pic : nullptr));
        }
        bus.add_eoi_listener([this](u8 vector) { eois.push_back(vector); });
    }
    ApicCpu& operator[](usize which) { return *cpus[which]; }
    void pass(u64 ns) { events.run_until(events.now() + fabric::VmDuration{ns}); }

    fabric::EventQueue events;
    cpu::ApicBus bus;
    FakePic pic;
    std::vector<std::unique_ptr<ApicCpu>> cpus;
    std::vector<u8> eois;
};

}  // namespace test
