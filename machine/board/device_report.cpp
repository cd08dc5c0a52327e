// SPDX-License-Identifier: BSD-2-Clause
#include "machine/board/device_report.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "devices/chipset/ioapic.hpp"
#include "devices/chipset/pic.hpp"
#include "devices/pci/bus.hpp"

namespace machine {

namespace {

constexpr std::array delivery_modes = {"fixed", "lowest", "SMI",  "remote read",
                                       "NMI",   "INIT",   "SIPI", "ExtINT"};

/// A local vector table entry, or the lower half of a redirection: they share these bits.
std::string text_of_vector_entry(u64 entry) {
    namespace lvt = cpu::apic::lvt;
    return fmt::format("vector {:02x} {}{}{}{}{}", entry & lvt::Vector,
                       delivery_modes[(entry & lvt::Mode) >> lvt::ModeShift],
                       (entry & lvt::Level) != 0 ? " level" : " edge",
                       (entry & lvt::ActiveLow) != 0 ? " low" : "",
                       (entry & lvt::RemoteIrr) != 0 ? " remote-irr" : "",
                       (entry & lvt::Masked) != 0 ? " masked" : "");
}

std::string vectors_in(const cpu::VectorSet& set) {
    std::string list;
    for (unsigned vector = 0; vector < 256; ++vector) {
        if (set.has(static_cast<u8>(vector))) list += fmt::format(" {:02x}", vector);
    }
    return list.empty() ? " none" : list;
}

template <class Device, class Use>
void for_each(const Board& board, Use use) {
    for (const fabric::Device* device : board.devices()) {
        if (const auto* found = dynamic_cast<const Device*>(device)) use(*found);
    }
}

std::string report_function(u32 slot, u32 number, const devices::pci::ConfigSpace& config) {
    constexpr u32 bars = 6;
    constexpr u32 type_header = 0x0e;
    constexpr u32 first_bar = 0x10;
    std::string text = fmt::format("00:{:02x}.{} {:04x}:{:04x} class {:02x}{:02x} command {:04x}",
                                   slot, number, config.read(0, 2), config.read(2, 2),
                                   config.read(0x0b, 1), config.read(0x0a, 1), config.read(4, 2));
    if (const u32 pin = config.read(0x3d, 1); pin != 0) {
        text +=
            fmt::format(" INT{}# line {}", static_cast<char>('A' + pin - 1), config.read(0x3c, 1));
    }
    text += "\n";
    if ((config.read(type_header, 1) & 0x7f) != 0) return text;
    for (u32 bar = 0; bar < bars; ++bar) {
        const u32 value = config.read(first_bar + 4 * bar, 4);
        if (value == 0) continue;
        const bool io = (value & 1) != 0;
        text += fmt::format("        BAR{} {} {:08x}\n", bar, io ? "ports" : "memory",
                            value & (io ? ~u32{3} : ~u32{15}));
    }
    return text;
}

}  // namespace

std::string report_pics(const Board& board) {
    std::string text;
    for_each<devices::Pic8259>(board, [&](const devices::Pic8259& pic) {
        const auto& state = pic.state();
        text += fmt::format(
            "{}: irr {:02x} isr {:02x} imr {:02x} elcr {:02x} lines {:02x} "
            "vectors from {:02x}\n",
            pic.name(), state.requests, state.in_service, state.mask, state.level_triggered,
            state.lines, state.vector_base);
    });
    return text;
}

std::string report_io_apics(const Board& board) {
    std::string text;
    for_each<devices::IoApic>(board, [&](const devices::IoApic& ioapic) {
        const auto& state = ioapic.state();
        text += fmt::format("{}: id {} lines {:06x}\n", ioapic.name(), state.id >> 24 & 0xf,
                            state.lines);
        for (u32 i = 0; i < devices::IoApic::inputs; ++i) {
            const u64 entry = state.redirections[i];
            text += fmt::format("  {:>2} {} to {} {:02x}\n", i, text_of_vector_entry(entry),
                                (entry >> 11 & 1) != 0 ? "logical" : "physical", entry >> 56);
        }
    });
    return text;
}

std::string report_local_apic(const Board& board, u32 processor) {
    constexpr std::array sources = {"timer", "thermal", "performance", "LINT0", "LINT1", "error"};
    std::string text;
    for_each<cpu::LocalApic>(board, [&](const cpu::LocalApic& apic) {
        if (apic.name() != "apic" + std::to_string(processor)) return;
        const auto& state = apic.state();
        text += fmt::format(
            "{}: tpr {:02x} ppr {:02x} svr {:03x} ldr {:08x} dfr {:08x} icr {:016x}\n", apic.name(),
            apic.task_priority(), apic.processor_priority(), state.spurious_vector,
            state.logical_destination, state.destination_format, state.interrupt_command);
        for (usize i = 0; i < state.local_vectors.size(); ++i) {
            text += fmt::format("  {:<12}{}\n", sources[i],
                                text_of_vector_entry(state.local_vectors[i]));
        }
        text += fmt::format("  timer       initial {:x} divide {:x} TSC deadline {:x}\n",
                            state.initial_count, state.divide_configuration, state.tsc_deadline);
        text += "  requested " + vectors_in(state.requested) + "\n";
        text += "  in service" + vectors_in(state.in_service) + "\n";
    });
    return text;
}

std::string report_pci(const Board& board) {
    constexpr u32 slots = 32;
    constexpr u32 functions = 8;
    std::string text;
    for_each<devices::pci::Bus>(board, [&](const devices::pci::Bus& bus) {
        for (u32 slot = 0; slot < slots; ++slot) {
            for (u32 number = 0; number < functions; ++number) {
                devices::pci::Function* const found = bus.function_at(slot, number);
                if (found) text += report_function(slot, number, found->config());
            }
        }
    });
    return text;
}

}  // namespace machine
