// SPDX-License-Identifier: BSD-2-Clause
//
// The smallest machine worth the name: a processor with its local APIC, RAM, a ROM, a UART, the
// APM ports, and the debug ports. It runs the ROMs of roms/ until there is a PC, and remains the
// bench on which the processor is tested.
//
//   0000'0000   RAM, with the last 128 KiB of the ROM over it up to 000F'FFFF
//   FEE0'0000   the local APIC; nothing is on its pins
//   FFFF'FFFF   the ROM ends here; the processor starts 16 bytes below
//   port B2, B3 APM: a write to B2 is an SMI
//   port E9     debug console        port 3F8  COM1        ports F4, 501  debug exit
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "cpu/apic/local_apic.hpp"
#include "cpu/core/vcpu.hpp"
#include "cpu/interpreter/interpreter.hpp"
#include "devices/chipset/apm_port.hpp"
#include "devices/debug/debug_console.hpp"
#include "devices/debug/debug_exit.hpp"
#include "devices/serial/uart16550.hpp"
#include "fabric/bus/io_space.hpp"
#include "fabric/host/byte_sink.hpp"
#include "fabric/host/input_journal.hpp"
#include "fabric/memory/guest_memory.hpp"
#include "fabric/time/event_queue.hpp"

namespace machine {

struct TinyConfig {
    std::vector<u8> rom;
    u64 ram_bytes = u64{64} << 20;
    std::string cpu;  // A model's name; empty for the best the host can do.
};

/// Where the board's wires leave the machine.
struct TinyHost {
    fabric::ByteSink& serial;
    fabric::ByteSink& debug_console;
};

/// RDRAND's numbers: expanded from a seed that came through the journal.
class SeededEntropy final : public fabric::Device, public cpu::EntropySource {
public:
    struct State {
        u64 counter = 0;

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "counter", state.counter);
        }
    };

    std::string_view name() const override { return "entropy"; }
    void reset(fabric::ResetKind) override {}  // The seed is the machine's, not the guest's.
    void save(fabric::StateWriter& out) const override { out.write(state_); }
    fabric::Result<> restore(fabric::StateReader& in) override { return in.read(state_); }

    void seed(std::span<const u8> bytes);
    u64 next() override;

private:
    State state_;
};

/// The pin SMI# of a processor: an edge.
class SmiPin final : public fabric::IrqSink {
public:
    explicit SmiPin(cpu::Vcpu& vcpu) : vcpu_(vcpu) {}
    void set_level(u32, bool asserted) override;

private:
    cpu::Vcpu& vcpu_;
};

/// A processor model, as this host can offer it.
struct OfferedModel {
    const cpu::CpuModel& model;
    bool is_default;
    std::string obstacle;  // Why the host cannot run it; empty if it can.
};
std::vector<OfferedModel> offered_models();

class TinyBoard {
public:
    static constexpr u64 smallest_ram = u64{1} << 20;
    static constexpr u64 largest_ram = u64{3} << 30;
    static constexpr u64 largest_rom = u64{16} << 20;

    static fabric::Result<std::unique_ptr<TinyBoard>> create(const TinyConfig& config,
                                                             TinyHost host,
                                                             fabric::InputJournal& journal,
                                                             cpu::DeviceClock& clock);

    fabric::GuestMemory& memory() { return *memory_; }
    fabric::EventQueue& events() { return events_; }
    cpu::Vcpu& vcpu() { return vcpu_; }
    const cpu::Vcpu& vcpu() const { return vcpu_; }
    cpu::Interpreter& engine() { return engine_; }
    const devices::DebugExit& debug_exit() const { return debug_exit_; }
    const devices::Uart16550& com1() const { return com1_; }

    /// Devices in the order in which they are saved.
    std::span<fabric::Device* const> devices() { return devices_; }

    /// The journal's port numbers.
    u16 serial_input() const { return serial_input_; }
    u16 entropy_input() const { return entropy_input_; }

    void power_on();

private:
    TinyBoard(std::unique_ptr<fabric::GuestMemory> memory, const cpu::CpuModel& model,
              TinyHost host, fabric::InputJournal& journal, cpu::DeviceClock& clock);
    fabric::Result<> map(const TinyConfig& config);

    std::unique_ptr<fabric::GuestMemory> memory_;
    fabric::EventQueue events_;
    fabric::IoSpace ports_{"ports"};
    fabric::IoSpace mmio_{"mmio"};
    SeededEntropy entropy_;
    cpu::Vcpu vcpu_;
    cpu::ApicBus apic_bus_;
    cpu::LocalApic apic_;
    cpu::Interpreter engine_;
    SmiPin smi_pin_{vcpu_};
    devices::ApmPort apm_;
    devices::Uart16550 com1_;
    devices::DebugConsole debug_console_;
    devices::DebugExit debug_exit_;
    std::array<fabric::Device*, 6> devices_;
    u16 serial_input_;
    u16 entropy_input_;
};

}  // namespace machine
