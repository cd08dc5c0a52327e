// SPDX-License-Identifier: BSD-2-Clause
#include "machine/board/tiny_board.hpp"

#include <algorithm>

#include "cpu/core/interrupts.hpp"
#include "cpu/core/models/cpu_model.hpp"
#include "cpu/fpu/host_features.hpp"

namespace machine {

using fabric::Error;
using fabric::Gpa;
using fabric::Result;

namespace {

constexpr u64 alias_bytes = 128 << 10;
constexpr u64 alias_end = 1 << 20;
constexpr u64 rom_end = u64{1} << 32;

Result<const cpu::CpuModel*> choose_model(const std::string& name) {
    const cpu::FeatureSet host = cpu::host_features();
    if (name.empty()) return &cpu::default_cpu_model(host);
    const cpu::CpuModel* model = TRY(cpu::find_cpu_model(name));
    TRY(cpu::check_host_can_run(*model, host));
    return model;
}

Result<> check(const TinyConfig& config) {
    const u64 rom = config.rom.size();
    if (rom == 0 || rom % 4096 != 0 || rom > TinyBoard::largest_rom) {
        return Error{"the ROM has " + std::to_string(rom) +
                     " bytes: it must be whole pages of 4096 bytes, at most 16 MiB, and end with "
                     "the 16 bytes at which the processor starts"};
    }
    const u64 ram = config.ram_bytes;
    if (ram < TinyBoard::smallest_ram || ram > TinyBoard::largest_ram || ram % 4096 != 0) {
        return Error{"memory of " + std::to_string(ram >> 10) +
                     " KiB: this machine takes 1 MiB to 3 GiB, in whole pages"};
    }
    return {};
}

}  // namespace

std::vector<OfferedModel> offered_models() {
    const cpu::FeatureSet& host = cpu::host_features();
    std::vector<OfferedModel> offered;
    for (const cpu::CpuModel& model : cpu::cpu_models()) {
        const auto able = cpu::check_host_can_run(model, host);
        offered.push_back({model, &model == &cpu::default_cpu_model(host),
                           able ? std::string() : able.error().message});
    }
    return offered;
}

Result<std::unique_ptr<TinyBoard>> TinyBoard::create(const TinyConfig& config, TinyHost host,
                                                     fabric::InputJournal& journal,
                                                     cpu::DeviceClock& clock) {
    TRY(check(config));
    const cpu::CpuModel* model = TRY(choose_model(config.cpu));
    auto memory = TRY(fabric::GuestMemory::create(config.ram_bytes));
    std::unique_ptr<TinyBoard> board(
        new TinyBoard(std::move(memory), *model, host, journal, clock));
    TRY(board->map(config));
    board->power_on();
    return board;
}

TinyBoard::TinyBoard(std::unique_ptr<fabric::GuestMemory> memory, const cpu::CpuModel& model,
                     TinyHost host, fabric::InputJournal& journal, cpu::DeviceClock& clock)
    : memory_(std::move(memory)),
      vcpu_(model, {.memory = *memory_,
                    .io_ports = ports_,
                    .mmio = mmio_,
                    .entropy = &entropy_,
                    .clock = &clock}),
      apic_({.name = "apic0", .timer_hz = model.crystal_hz}, {events_, vcpu_, apic_bus_}),
      engine_(*memory_),
      apm_({fabric::IrqLine{smi_pin_, 0}}),
      com1_({.name = "com1"}, {events_, {}, host.serial}),
      debug_console_(host.debug_console),
      debug_exit_([this] { vcpu_.attention |= cpu::attention::Stop; }),
      devices_{&com1_, &debug_console_, &debug_exit_, &entropy_, &apic_, &apm_} {
    engine_.attach(vcpu_);
    serial_input_ = journal.add_port("com1", [this](auto bytes) { com1_.receive(bytes); });
    entropy_input_ = journal.add_port("entropy", [this](auto bytes) { entropy_.seed(bytes); });
}

Result<> TinyBoard::map(const TinyConfig& config) {
    const u64 rom_size = config.rom.size();
    const u64 aliased = std::min(rom_size, alias_bytes);
    const u64 alias_start = alias_end - aliased;
    TRY(memory_->map_ram(Gpa{0}, alias_start, 0));
    if (config.ram_bytes > alias_end) {
        TRY(memory_->map_ram(Gpa{alias_end}, config.ram_bytes - alias_end, alias_end));
    }
    const std::span<const u8> rom(config.rom);
    TRY(memory_->map_rom(Gpa{alias_start}, rom.last(aliased), "rom-alias"));
    TRY(memory_->map_rom(Gpa{rom_end - rom_size}, rom, "rom"));
    TRY(ports_.map({.name = "com1", .first = 0x3f8, .length = 8, .handler = &com1_}));
    TRY(ports_.map({.name = "apm", .first = 0xb2, .length = 2, .handler = &apm_}));
    TRY(ports_.map(
        {.name = "debug-console", .first = 0xe9, .length = 1, .handler = &debug_console_}));
    TRY(ports_.map({.name = "debug-exit",
                    .first = 0xf4,
                    .length = 4,
                    .widest_access = 4,
                    .handler = &debug_exit_}));
    return ports_.map({.name = "debug-exit-501",
                       .first = 0x501,
                       .length = 4,
                       .widest_access = 4,
                       .handler = &debug_exit_});
}

void TinyBoard::power_on() {
    for (fabric::Device* device : devices_) device->reset(fabric::ResetKind::PowerOn);
    cpu::power_on(vcpu_);
}

void SmiPin::set_level(u32, bool asserted) {
    if (asserted) cpu::signal_smi(vcpu_);
}

void SeededEntropy::seed(std::span<const u8> bytes) {
    for (const u8 byte : bytes) state_.counter = state_.counter << 8 | byte;
}

/// SplitMix64: every bit of the counter reaches every bit of the result.
u64 SeededEntropy::next() {
    state_.counter += 0x9e37'79b9'7f4a'7c15;
    u64 mixed = state_.counter;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58'476d'1ce4'e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d0'49bb'1331'11eb;
    return mixed ^ (mixed >> 31);
}

}  // namespace machine
