// SPDX-License-Identifier: BSD-2-Clause
#include "machine/board/pc.hpp"

#include <algorithm>
#include <utility>

#include "cpu/core/interrupts.hpp"
#include "cpu/mmu/translation_control.hpp"
#include "devices/chipset/system_control_registers.hpp"
#include "devices/firmware/fw_cfg_registers.hpp"
#include "devices/input/i8042_registers.hpp"
#include "fabric/state/state_hash.hpp"
#include "machine/board/pc_firmware.hpp"

namespace machine {

using fabric::Error;
using fabric::Gpa;
using fabric::IrqLine;
using fabric::Result;
using Source = IrqJoin::Source;

namespace {

constexpr u64 shadow_start = 0xa'0000;
constexpr u64 shadow_end = 0x10'0000;
constexpr u64 firmware_alias_bytes = 0x2'0000;
constexpr u64 four_gib = u64{1} << 32;
constexpr u64 hpet_address = 0xfed0'0000;
constexpr u64 hpet_bytes = 0x400;

// Interrupts of the ISA bus.
constexpr u32 irq_timer = 0;
constexpr u32 irq_keyboard = 1;
constexpr u32 irq_clock = 8;
constexpr u32 irq_sci = 9;
constexpr u32 irq_mouse = 12;
constexpr u32 irq_coprocessor = 13;
constexpr u32 irq_ide0 = 14;
constexpr u32 irq_ide1 = 15;

Result<> check(const PcConfig& config) {
    const u64 firmware = config.firmware.size();
    if (firmware < firmware_alias_bytes || firmware % 4096 != 0 ||
        firmware > Pc::largest_firmware) {
        return Error{"the firmware has " + std::to_string(firmware) +
                     " bytes: an image has whole pages of 4096 bytes, from 128 KiB to 16 MiB"};
    }
    const u64 ram = config.ram_bytes;
    if (ram < Pc::smallest_ram || ram > Pc::largest_ram || ram % (1 << 20) != 0) {
        return Error{"memory of " + std::to_string(ram >> 10) +
                     " KiB: a PC takes 4 MiB to 512 GiB, in whole MiB"};
    }
    if (config.processors == 0 || config.processors > Pc::most_processors) {
        return Error{std::to_string(config.processors) + " processors: a PC takes 1 to 64"};
    }
    return PcNetwork::check(config.adapters);
}

u64 hash_of(const PcConfig& config) {
    fabric::StateHash hash;
    hash.add(config.firmware);
    hash.add(config.video_bios);
    for (const PcAdapter& adapter : config.adapters) hash.add(adapter.rom);
    for (const PcBootDevice device : config.boot_order) hash.add(static_cast<u64>(device));
    if (config.kernel) {
        hash.add(config.kernel->kernel);
        hash.add(config.kernel->initrd);
        const std::string& line = config.kernel->command_line;
        hash.add(std::span(reinterpret_cast<const u8*>(line.data()), line.size()));
    }
    return hash.value();
}

template <usize Count>
std::array<IrqLine, Count> lines(IrqJoin& irqs, Source source) {
    std::array<IrqLine, Count> made;
    for (u32 i = 0; i < std::min<u32>(Count, IrqJoin::interrupts); ++i) {
        made[i] = irqs.line(i, source);
    }
    return made;
}

}  // namespace

Result<std::unique_ptr<Board>> Pc::create(const PcConfig& config, const PcHost& host,
                                          fabric::InputJournal& journal, cpu::DeviceClock& clock) {
    TRY(check(config));
    const cpu::CpuModel* model = TRY(choose_model(config.cpu));
    auto memory = TRY(fabric::GuestMemory::create(config.ram_bytes));
    auto media = TRY(PcDrives::open(config.disks, config.cdroms));
    auto told = TRY(make_firmware_files(firmware_config_of(config, *model, media)));
    std::string drives = PcDrives::text_of(media);
    std::unique_ptr<Pc> pc(new Pc({.board = "pc",
                                   .firmware = hash_of(config),
                                   .drives = std::move(drives),
                                   .network = PcNetwork::text_of(config.adapters)},
                                  {.memory = std::move(memory),
                                   .model = *model,
                                   .processors = config.processors,
                                   .journal = journal,
                                   .clock = clock,
                                   .hyperv = config.hyperv,
                                   .notice = host.notice},
                                  config, std::move(media), host));
    pc->add_inputs(journal);
    pc->fw_cfg_ = TRY(devices::FwCfg::create(std::move(told), {pc->memory()}));
    pc->add_devices();
    TRY(pc->map_memory(config));
    TRY(pc->map_legacy_ports());
    TRY(pc->map_chipset_ports());
    TRY(pc->map_debug_ports());
    pc->reset(fabric::ResetKind::PowerOn, 0);
    return std::unique_ptr<Board>(std::move(pc));
}

MakeBoard Pc::maker(PcConfig config, PcHost host) {
    return [config = std::move(config), host = std::move(host)](auto& journal, auto& clock) {
        return create(config, host, journal, clock);
    };
}

Pc::Pc(BoardIdentity identity, Parts parts, const PcConfig& config, PcDrives::Media media,
       PcHost host)
    : Board(std::move(identity), std::move(parts)),
      config_{.ram_bytes = config.ram_bytes, .processors = config.processors, .cpu = config.cpu},
      firmware_text_("firmware-log", host.firmware_log, trace()),
      interrupts_(apic_bus()),
      coprocessor_error_(irqs_.line(irq_coprocessor, Source::Isa)),
      isa_bridge_({}, {.isa_irq = lines<16>(irqs_, Source::Pci),
                       .request_reset = [this](auto what) { request_reset(what); }}),
      pci_({}, {.ports = ports(),
                .memory = mmio(),
                .pirq = {IrqLine{isa_bridge_, 0}, IrqLine{isa_bridge_, 1}, IrqLine{isa_bridge_, 2},
                         IrqLine{isa_bridge_, 3}},
                .cf9 = &isa_bridge_.reset_control(),
                .trace = &trace()}),
      host_bridge_({}, {memory()}),
      pm_({},
          {.events = events(),
           .sci = irqs_.line(irq_sci, Source::Sci),
           .smi = smi(),
           .apm_smi_enabled = [this] { return pm_function_.apmc_raises_smi(); },
           .sleep = [this](auto type) { powered_off_ |= type == devices::SleepType::SoftOff; }}),
      pm_function_({}, {.pm_block = pm_}),
      apm_({IrqLine{apm_command_, 0}}),
      drives_(events(), std::move(media), std::move(host.notice)),
      ide0_({.name = "ide0"}, {irqs_.line(irq_ide0, Source::Isa), memory(), drives_.on_cable(0)}),
      ide1_({.name = "ide1"}, {irqs_.line(irq_ide1, Source::Isa), memory(), drives_.on_cable(1)}),
      ide_function_({}, {{&ide0_, &ide1_}}),
      network_(events(), memory(), config.adapters, host.lines),
      vga_({}, {events(), memory()}),
      pit_({}, {events(), irqs_.line(irq_timer, Source::Isa)}),
      port61_({.events = events(),
               .timer2_gate = IrqLine{pit_, 2},
               .timer2_out = [this] { return pit_.output(2); }}),
      port92_({.a20 = a20_.line(A20Gate::Port92), .init = [this] { pulse_init(); }}),
      rtc_({}, {.events = events(), .irq = irqs_.line(irq_clock, Source::Isa), .nmi_masked = {}}),
      hpet_({}, {.events = events(),
                 .routes = lines<32>(irqs_, Source::Hpet),
                 .legacy_irq0 = irqs_.line(irq_timer, Source::Hpet),
                 .legacy_irq8 = irqs_.line(irq_clock, Source::Hpet),
                 .legacy_route = irqs_.legacy_route(),
                 .messages = &apic_bus()}),
      dma_({}, {memory()}),
      keyboard_({}, {events(), [this] { keyboard_controller_.data_ready(); }}),
      mouse_({}, {events(), [this] { keyboard_controller_.data_ready(); }}),
      keyboard_controller_({}, {.events = events(),
                                .keyboard_irq = irqs_.line(irq_keyboard, Source::Isa),
                                .auxiliary_irq = irqs_.line(irq_mouse, Source::Isa),
                                .a20 = a20_.line(A20Gate::Keyboard),
                                .reset = [this] { pulse_init(); },
                                .keyboard = keyboard_,
                                .auxiliary = mouse_}),
      serial_(
          events(), irqs_,
          {&host.serial, host.further_serial[0], host.further_serial[1], host.further_serial[2]},
          trace()),
      firmware_log_(firmware_text_) {
    connect_pic(interrupts_);
    interrupts_.set_trace(trace());
    for (usize i = 0; i < processors(); ++i) {
        interrupts_.connect(local_apic(i));
        vcpu(i).ports.pins = this;
    }
    attach_pci_functions();
}

void Pc::attach_pci_functions() {
    pci_.attach(0, 0, host_bridge_);
    pci_.attach(1, 0, isa_bridge_);
    pci_.attach(1, 1, ide_function_);
    pci_.attach(1, 3, pm_function_);
    pci_.attach(2, 0, vga_);
    network_.attach(pci_);
}

/// Sources of interrupts before what they lead to: a reset lowers the wires on the way.
void Pc::add_devices() {
    const std::initializer_list<fabric::Device*> all = {
        &keyboard_,    &mouse_,       &keyboard_controller_,
        &rtc_,         &pit_,         &port61_,
        &port92_,      &hpet_,        &dma_,
        &ide0_,        &ide1_,        &ide_function_,
        &pm_,          &pm_function_, &apm_,
        &host_bridge_, &pci_,         &isa_bridge_,
        fw_cfg_.get(), &debug_exit_,  &vga_,
        &irqs_};
    for (fabric::Device* device : drives_.devices()) add_device(*device);
    for (fabric::Device* device : serial_.devices()) add_device(*device);
    for (fabric::Device* device : network_.devices()) add_device(*device);
    for (fabric::Device* device : all) add_device(*device);
    for (fabric::Device* device : interrupts_.devices()) add_device(*device);
}

void Pc::add_inputs(fabric::InputJournal& journal) {
    add_serial_input(journal, [this](auto bytes) { serial_.port(0).receive(bytes); });
    wall_clock_input_ = journal.add_port("wall-clock", [this](auto bytes) {
        u64 ns = 0;
        for (usize i = 0; i < std::min<usize>(bytes.size(), 8); ++i) ns |= u64{bytes[i]} << (8 * i);
        rtc_.set_clock(static_cast<i64>(ns));
    });
    keyboard_input_ = journal.add_port("keyboard", [this](auto bytes) { keyboard_.keys(bytes); });
    mouse_input_ = journal.add_port("mouse", [this](auto bytes) { mouse_.moved(bytes); });
    for (usize i = 1; i < PcSerial::count; ++i) {
        further_serial_inputs_[i - 1] =
            journal.add_port("com" + std::to_string(i + 1),
                             [this, i](auto bytes) { serial_.port(i).receive(bytes); });
    }
    serial_lines_input_ =
        journal.add_port("serial-lines", [this](auto bytes) { serial_.lines_changed(bytes); });
    network_.add_inputs(journal);
    button_input_ = journal.add_port("buttons", [this](auto bytes) {
        for (const u8 byte : bytes) press(PcButton{byte});
    });
}

Result<> Pc::map_memory(const PcConfig& config) {
    const PcMemoryMap map = memory_map_of(config.ram_bytes);
    const std::span<const u8> firmware(config.firmware);
    TRY(memory().map_ram(Gpa{0}, shadow_start, 0));
    TRY(memory().map_shadow_ram(Gpa{shadow_start}, shadow_end - shadow_start, shadow_start));
    TRY(memory().map_ram(Gpa{shadow_end}, map.low_end - shadow_end, shadow_end));
    if (map.high_bytes != 0) TRY(memory().map_ram(Gpa{four_gib}, map.high_bytes, map.low_end));
    TRY(memory().map_rom(Gpa{shadow_end - firmware_alias_bytes},
                         firmware.last(firmware_alias_bytes), "firmware-alias"));
    TRY(memory().map_rom(Gpa{four_gib - firmware.size()}, firmware, "firmware"));
    TRY(interrupts_.map(ports(), mmio()));
    TRY(mmio().map({.name = "vga-window",
                    .first = devices::Vga::window_address,
                    .length = devices::Vga::window_length,
                    .widest_access = 8,
                    .handler = &vga_.window()}));
    return mmio().map({.name = "hpet",
                       .first = hpet_address,
                       .length = hpet_bytes,
                       .widest_access = 8,
                       .handler = &hpet_});
}

Result<> Pc::map_legacy_ports() {
    TRY(ports().map(
        {.name = "dma0", .first = 0x00, .length = 16, .handler = &dma_.first_controller()}));
    TRY(ports().map({.name = "pit", .first = 0x40, .length = 4, .handler = &pit_}));
    TRY(ports().map({.name = "keyboard-data",
                     .first = 0x60,
                     .length = 1,
                     .handler = &keyboard_controller_.data_port()}));
    TRY(ports().map({.name = "port61", .first = 0x61, .length = 1, .handler = &port61_}));
    TRY(ports().map({.name = "keyboard-command",
                     .first = 0x64,
                     .length = 1,
                     .handler = &keyboard_controller_.command_port()}));
    TRY(ports().map(
        {.name = "rtc", .first = 0x70, .length = devices::Rtc::port_count, .handler = &rtc_}));
    TRY(ports().map({.name = "dma-pages", .first = 0x80, .length = 16, .handler = &dma_.pages()}));
    TRY(ports().map({.name = "port92", .first = 0x92, .length = 1, .handler = &port92_}));
    TRY(ports().map(
        {.name = "dma1", .first = 0xc0, .length = 32, .handler = &dma_.second_controller()}));
    TRY(ports().map(
        {.name = "coprocessor-error", .first = 0xf0, .length = 1, .handler = &coprocessor_error_}));
    TRY(ports().map({.name = "vga", .first = 0x3b0, .length = 48, .handler = &vga_.ports()}));
    TRY(ports().map({.name = "vga-dispi",
                     .first = 0x1ce,
                     .length = 4,
                     .widest_access = 2,
                     .handler = &vga_.dispi_ports()}));
    return serial_.map(ports());
}

Result<> Pc::map_chipset_ports() {
    TRY(ports().map({.name = "apm", .first = 0xb2, .length = 2, .handler = &apm_}));
    TRY(ports().map({.name = "fw_cfg",
                     .first = 0x510,
                     .length = devices::fw_cfg::port::Length,
                     .widest_access = 4,
                     .handler = fw_cfg_.get()}));
    return ports().map(
        {.name = "pci", .first = 0xcf8, .length = 8, .widest_access = 4, .handler = &pci_});
}

Result<> Pc::map_debug_ports() {
    TRY(ports().map(
        {.name = "firmware-log", .first = 0x402, .length = 1, .handler = &firmware_log_}));
    TRY(ports().map(
        {.name = "debug-console", .first = 0xe9, .length = 1, .handler = &firmware_log_}));
    TRY(ports().map({.name = "debug-exit",
                     .first = 0xf4,
                     .length = 4,
                     .widest_access = 4,
                     .handler = &debug_exit_}));
    return ports().map({.name = "debug-exit-501",
                        .first = 0x501,
                        .length = 4,
                        .widest_access = 4,
                        .handler = &debug_exit_});
}

std::optional<BoardRequest> Pc::request() const {
    if (debug_exit_.value()) return BoardRequest{BoardRequest::Kind::Exit, *debug_exit_.value()};
    if (powered_off_) return BoardRequest{BoardRequest::Kind::PowerOff};
    if (drives_.stalled()) return BoardRequest{BoardRequest::Kind::AwaitHost};
    if (reset_requested_) return BoardRequest{BoardRequest::Kind::Reset};
    return std::nullopt;
}

/// A recording may name buttons that no PC has.
void Pc::press(PcButton button) {
    switch (button) {
        case PcButton::Power: return pm_.press_power_button();
        case PcButton::Reset: return request_reset(devices::ResetRequest::Machine);
    }
}

void Pc::request_reset(devices::ResetRequest what) {
    if (what == devices::ResetRequest::Machine) {
        reset_requested_ = true;
    } else {
        pulse_init();
    }
}

void Pc::pulse_init() {
    for (usize i = 0; i < processors(); ++i) cpu::signal_init(vcpu(i));
}

void Pc::ferr_asserted() { irqs_.line(irq_coprocessor, Source::Isa).set(true); }

void Pc::wires_reset(fabric::ResetKind kind) {
    reset_requested_ = false;
    powered_off_ = false;
    a20_.levels_are(true, false);
    a20_.set_open(true);
    if (kind == fabric::ResetKind::PowerOn) fill_cmos(rtc_, config_);
}

void Pc::devices_restored() {
    Board::devices_restored();
    drives_.replace_loaded();
    a20_.levels_are(
        (keyboard_controller_.state().output_port & devices::i8042::output_port::A20) != 0,
        (port92_.state().control & devices::port92::A20) != 0);
}

void Pc::A20Gate::set_level(u32 source, bool level) {
    if (std::exchange(levels_[source], level) != level) set_open(level);
}

void Pc::A20Gate::set_open(bool open) {
    for (usize i = 0; i < pc_.processors(); ++i) {
        cpu::Vcpu& vcpu = pc_.vcpu(i);
        if (vcpu.state.a20 == open) continue;
        vcpu.state.a20 = open;
        cpu::flush_translations(vcpu);
        vcpu.attention |= cpu::attention::StateChanged;
    }
}

}  // namespace machine
