// SPDX-License-Identifier: BSD-2-Clause
//
// A partition on a bench: 2 MiB of memory, processors in 64-bit mode with their local APICs, and a
// clock of one instruction per nanosecond. Nothing runs: MSRs are accessed and hypercalls made
// directly.
#pragma once

#include <catch2/catch.hpp>

#include <array>
#include <memory>
#include <vector>

#include "cpu/apic/local_apic.hpp"
#include "fabric/trace/trace.hpp"
#include "hyperv/tlfs/features.hpp"
#include "hyperv/tlfs/partition.hpp"
#include "hyperv/tlfs/virtual_processor.hpp"
#include "tests/support/cpu_bench.hpp"

namespace test {

namespace hv_msr {
constexpr u32 GuestOsId = 0x4000'0000;
constexpr u32 Hypercall = 0x4000'0001;
constexpr u32 VpIndex = 0x4000'0002;
constexpr u32 Reset = 0x4000'0003;
constexpr u32 VpRuntime = 0x4000'0010;
constexpr u32 TimeRefCount = 0x4000'0020;
constexpr u32 ReferenceTsc = 0x4000'0021;
constexpr u32 Eoi = 0x4000'0070;
constexpr u32 Tpr = 0x4000'0072;
constexpr u32 VpAssistPage = 0x4000'0073;
constexpr u32 Scontrol = 0x4000'0080;
constexpr u32 Siefp = 0x4000'0082;
constexpr u32 Simp = 0x4000'0083;
constexpr u32 Eom = 0x4000'0084;
constexpr u32 Sint0 = 0x4000'0090;
constexpr u32 Stimer0Config = 0x4000'00b0;
constexpr u32 Stimer0Count = 0x4000'00b1;
constexpr u32 CrashP0 = 0x4000'0100;
constexpr u32 CrashCtl = 0x4000'0105;
constexpr u32 TscInvariantControl = 0x4000'0118;
}  // namespace hv_msr

class PartitionBench : private cpu::DeviceClock {
public:
    static constexpr u64 hypercall_page = 0x3'0000;
    static constexpr u64 input_page = 0x4'0000;
    static constexpr u64 output_page = 0x5'0000;
    static constexpr u64 message_page = 0x6'0000;
    static constexpr u64 event_page = 0x7'0000;

    explicit PartitionBench(hyperv::FeatureSet features = hyperv::preset("full"),
                            u32 processors = 2) {
        first.ports.clock = this;
        vcpus.push_back(&first);
        for (u32 number = 1; number < processors; ++number) {
            further_.push_back(std::make_unique<cpu::Vcpu>(
                richest_model(), cpu::VcpuPorts{.memory = memory(),
                                                .io_ports = bench.io_ports,
                                                .mmio = bench.mmio,
                                                .clock = this}));
            vcpus.push_back(further_.back().get());
        }
        hyperv::Partition::Wiring wiring{.memory = memory(),
                                         .events = events,
                                         .trace = trace,
                                         .processors = {},
                                         .reset = [this] { ++resets; },
                                         .notice = [this](auto& text) { notices.push_back(text); }};
        for (u32 number = 0; number < processors; ++number) {
            vcpus[number]->topology = {.apic_id = number, .processors = processors};
            apics.push_back(std::make_unique<cpu::LocalApic>(
                cpu::LocalApic::Config{.name = "apic" + std::to_string(number)},
                cpu::LocalApic::Wiring{events, *vcpus[number], bus}));
            constexpr u32 svr_enabled = 0x1ff;
            apics.back()->write(0xf0, 4, svr_enabled);
            wiring.processors.push_back({*vcpus[number], *apics.back()});
        }
        partition = std::make_unique<hyperv::Partition>(
            hyperv::Partition::Config{.features = features,
                                      .tsc_hz = richest_model().tsc_hz,
                                      .apic_hz = richest_model().crystal_hz,
                                      .physical_address_bits = 40},
            std::move(wiring));
        bench.long_mode();
    }

    fabric::GuestMemory& memory() { return *bench.memory; }
    hyperv::VirtualProcessor& vp(usize number = 0) { return partition->processor(number); }

    void advance_to(u64 ns) {
        for (cpu::Vcpu* each : vcpus) each->state.retired = ns;
        events.run_until({ns});
    }

    u64 read(u32 msr, usize number = 0) {
        const auto value = vcpus[number]->msrs.read(msr);
        REQUIRE(value.has_value());
        return *value;
    }
    bool faults_on_read(u32 msr) { return !first.msrs.read(msr).has_value(); }
    /// False: #GP.
    bool write(u32 msr, u64 value, usize number = 0) {
        return vcpus[number]->msrs.write(msr, value) == cpu::MsrOutcome::Done;
    }

    void enable_hypercalls() {
        REQUIRE(write(hv_msr::GuestOsId, u64{0x8100} << 48 | 0x6'0100'0000));
        REQUIRE(write(hv_msr::Hypercall, hypercall_page | 1));
    }

    /// From 64-bit code; the result value.
    u64 call(u64 control, u64 input = input_page, u64 output = output_page) {
        first.state.reg(cpu::Gpr::Rcx) = control;
        first.state.reg(cpu::Gpr::Rdx) = input;
        first.state.reg(cpu::Gpr::R8) = output;
        for (int tries = 0; tries < 100; ++tries) {
            const cpu::Step step = first.ports.hypercalls->call(first);
            if (step == cpu::Step::Jump) continue;  // Part of the reps are done.
            REQUIRE(step == cpu::Step::Next);
            return first.state.reg(cpu::Gpr::Rax);
        }
        FAIL("the call does not end");
        return 0;
    }
    bool call_is_undefined(u64 control) {
        first.state.reg(cpu::Gpr::Rcx) = control;
        return first.ports.hypercalls->call(first) == cpu::Step::Fault &&
               first.exception.vector == cpu::Vector::UD;
    }

    /// SynIC on, its pages placed, SINT2 with vector 50h.
    void enable_synic(usize number = 0) {
        REQUIRE(write(hv_msr::Scontrol, 1, number));
        REQUIRE(write(hv_msr::Simp, (message_page + number * 4096) | 1, number));
        REQUIRE(write(hv_msr::Siefp, (event_page + number * 4096) | 1, number));
        REQUIRE(write(hv_msr::Sint0 + 2, 0x50, number));
    }
    u64 slot(usize source) const { return message_page + source * 256; }

    CpuBench bench;
    cpu::Vcpu& first = bench.vcpu;
    std::vector<cpu::Vcpu*> vcpus;
    fabric::EventQueue events;
    fabric::Trace trace;
    cpu::ApicBus bus;
    std::vector<std::unique_ptr<cpu::LocalApic>> apics;
    std::unique_ptr<hyperv::Partition> partition;
    u32 resets = 0;
    std::vector<std::string> notices;

private:
    fabric::VmTime time_at(u64 retired) const override { return {retired}; }
    void access_begins(u64) override {}
    bool access_ends() override { return false; }

    std::vector<std::unique_ptr<cpu::Vcpu>> further_;
};

}  // namespace test
