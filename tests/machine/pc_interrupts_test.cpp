// SPDX-License-Identifier: BSD-2-Clause
#include "machine/board/pc_interrupts.hpp"

#include <catch2/catch.hpp>

#include <random>

#include "cpu/core/interrupts.hpp"
#include "devices/chipset/ioapic_registers.hpp"
#include "tests/support/cpu_bench.hpp"

using cpu::apic::Register;
using machine::PcInterrupts;

namespace {

/// Two processors and the controllers, mapped as on a PC.
struct Bench {
    Bench() {
        for (u32 id = 0; id < 2; ++id) {
            cpus[id].vcpu.topology = {.apic_id = id, .processors = 2};
            interrupts.connect(*apics[id]);
            write(id, Register::SpuriousVector, 0x1ff);
        }
        interrupts.map(ports, mmio).value();
        for (const u16 base : {u16{0x20}, u16{0xa0}}) {
            const bool master = base == 0x20;
            ports.write(base, 1, 0x11);
            ports.write(base + 1u, 1, master ? 0x30 : 0x38);
            ports.write(base + 1u, 1, master ? 4 : 2);
            ports.write(base + 1u, 1, 1);
        }
    }

    void write(u32 id, Register which, u32 value) {
        apics[id]->write(u64{static_cast<u8>(which)} << 4, 4, value);
    }
    void route(u8 input, u32 low, u32 destination) {
        const auto set = [&](u32 which, u32 value) {
            mmio.write(PcInterrupts::ioapic_address, 4, which);
            mmio.write(PcInterrupts::ioapic_address + 0x10, 4, value);
        };
        set(0x11u + 2u * input, destination << 24);
        set(0x10u + 2u * input, low);
    }

    fabric::EventQueue events;
    fabric::IoSpace ports{"ports"};
    fabric::IoSpace mmio{"memory"};
    cpu::ApicBus bus;
    PcInterrupts interrupts{bus};
    std::array<test::CpuBench, 2> cpus;
    std::array<std::unique_ptr<cpu::LocalApic>, 2> apics{
        std::make_unique<cpu::LocalApic>(
            cpu::LocalApic::Config{.name = "apic0"},
            cpu::LocalApic::Wiring{events, cpus[0].vcpu, bus, &interrupts}),
        std::make_unique<cpu::LocalApic>(
            cpu::LocalApic::Config{.name = "apic1"},
            cpu::LocalApic::Wiring{events, cpus[1].vcpu, bus, &interrupts})};
};

constexpr u32 ext_int = 0x700;

/// One thing out of all that a guest and devices can do to the controllers.
void do_something(Bench& bench, std::mt19937_64& random) {
    const u64 value = random();
    const auto below = [&](u32 bound) { return static_cast<u32>(random() % bound); };
    const u32 id = (value >> 60) & 1;
    cpu::Vcpu& vcpu = bench.cpus[id].vcpu;
    constexpr std::array<u16, 6> ports = {0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1};
    switch (below(10)) {
        case 0: bench.ports.write(ports[below(6)], 1, value & 0xff); break;
        case 1: static_cast<void>(bench.ports.read(ports[below(6)], 1)); break;
        case 2: bench.interrupts.line(below(24)).set((value & 1) != 0); break;
        case 3:
            bench.route(static_cast<u8>(below(24)), static_cast<u32>(value & 0xfffe'ffff),
                        below(4));
            break;
        case 4: bench.apics[id]->write(u64{below(0x40)} << 4, 4, value & 0xffff'ffff); break;
        case 5: static_cast<void>(bench.apics[id]->read(below(0x1000), 4)); break;
        case 6: static_cast<void>(vcpu.msrs.write(0x800u + below(0x40), value & 0xcc7ff)); break;
        case 7:
            if (below(16) != 0) break;
            static_cast<void>(vcpu.msrs.write(0x1b, 0xfee0'0000 | (value & 0xd00)));
            break;
        case 8:
            bench.events.run_until(bench.events.now() + fabric::VmDuration{value % 10'000});
            break;
        case 9:
            vcpu.state.set_rflags(cpu::rflags::IF);
            vcpu.state.activity = cpu::Activity::Halted;
            if (bench.apics[id]->pending()) static_cast<void>(bench.apics[id]->acknowledge());
            break;
    }
}

std::vector<fabric::Device*> devices_of(Bench& bench) {
    std::vector<fabric::Device*> all;
    for (fabric::Device* each : bench.interrupts.devices()) all.push_back(each);
    for (auto& each : bench.apics) all.push_back(each.get());
    return all;
}

std::vector<u8> saved(Bench& bench) {
    fabric::StateWriter out;
    bench.events.save(out);
    for (fabric::Device* each : devices_of(bench)) each->save(out);
    for (auto& each : bench.cpus) out.write(each.state);
    return {out.bytes().begin(), out.bytes().end()};
}

/// By way of files, as a checkpoint does.
void copy(Bench& from, Bench& to) {
    const auto through = [](auto save, auto restore) {
        fabric::StateWriter out;
        save(out);
        fabric::StateReader in(out.bytes());
        restore(in).value();
    };
    through([&](auto& out) { from.events.save(out); },
            [&](auto& in) { return to.events.restore(in); });
    const auto sources = devices_of(from);
    const auto targets = devices_of(to);
    for (usize i = 0; i < sources.size(); ++i) {
        through([&](auto& out) { sources[i]->save(out); },
                [&](auto& in) { return targets[i]->restore(in); });
    }
    for (usize i = 0; i < 2; ++i) to.cpus[i].state = from.cpus[i].state;
}

}  // namespace

TEST_CASE("PC interrupts: virtual wire through LINT0", "[machine][interrupts]") {
    Bench bench;
    bench.interrupts.line(12).set(true);
    CHECK_FALSE(bench.apics[0]->pending());
    bench.cpus[0].vcpu.attention = 0;
    bench.write(0, Register::LvtLint0, ext_int);
    CHECK(bench.cpus[0].vcpu.attention == cpu::attention::Events);
    CHECK_FALSE(bench.apics[1]->pending());
    CHECK(bench.apics[0]->acknowledge() == 0x3c);
    CHECK_FALSE(bench.apics[0]->pending());
}

TEST_CASE("PC interrupts: virtual wire through the I/O APIC", "[machine][interrupts]") {
    Bench bench;
    bench.route(0, ext_int, 1);
    bench.interrupts.line(1).set(true);
    CHECK(bench.apics[1]->pending());
    CHECK(bench.apics[1]->acknowledge() == 0x31);
    bench.interrupts.line(0).set(true);
    CHECK(bench.apics[1]->acknowledge() == 0x30);  // A new edge for each request.
}

TEST_CASE("PC interrupts: the I/O APIC, levels and their EOI", "[machine][interrupts]") {
    Bench bench;
    constexpr u32 level = 1u << 15;
    bench.ports.write(0x21, 1, 0xff);
    bench.route(2, 0x40, 0);
    bench.interrupts.line(0).set(true);
    CHECK(bench.apics[0]->acknowledge() == 0x40);
    bench.apics[0]->end_of_interrupt();
    bench.route(19, level | 0x51, 1);
    bench.interrupts.line(19).set(true);
    CHECK(bench.apics[1]->acknowledge() == 0x51);
    CHECK_FALSE(bench.apics[1]->pending());
    bench.apics[1]->end_of_interrupt();
    CHECK(bench.apics[1]->acknowledge() == 0x51);
    bench.interrupts.line(19).set(false);
    bench.apics[1]->end_of_interrupt();
    CHECK_FALSE(bench.apics[1]->pending());
}

TEST_CASE("PC interrupts: NMI to those that want it", "[machine][interrupts]") {
    Bench bench;
    bench.write(1, Register::LvtLint1, 0x400);
    bench.interrupts.nmi().set(true);
    CHECK_FALSE(bench.cpus[0].state.events.nmi);
    CHECK(bench.cpus[1].state.events.nmi);
}

TEST_CASE("PC interrupts: whatever is done to them, a copy goes on alike",
          "[machine][interrupts][hostile][snapshot]") {
    const u64 seed = GENERATE(range(u64{0}, u64{8}));
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    Bench bench;
    for (int round = 0; round < 40; ++round) {
        for (int i = 0; i < 200; ++i) do_something(bench, random);
        Bench other;
        copy(bench, other);
        REQUIRE(saved(other) == saved(bench));
        std::mt19937_64 same = random;
        for (int i = 0; i < 200; ++i) do_something(other, same);
        for (int i = 0; i < 200; ++i) do_something(bench, random);
        REQUIRE(saved(other) == saved(bench));
    }
}
