// SPDX-License-Identifier: BSD-2-Clause
//
// The namespace: what an operating system cannot find by itself.
#include <array>
#include <string>

#include "machine/board/acpi_tables.hpp"

namespace machine {

using namespace aml;

namespace {

constexpr std::array<std::string_view, 4> links = {"LNKA", "LNKB", "LNKC", "LNKD"};
constexpr std::array<std::string_view, 4> link_registers = {
    "\\_SB.PCI0.ISA.PRQ0", "\\_SB.PCI0.ISA.PRQ1", "\\_SB.PCI0.ISA.PRQ2", "\\_SB.PCI0.ISA.PRQ3"};
constexpr u64 sci = 9;
constexpr u64 present_and_working = 0x0f;

Code hid(std::string_view id) { return name("_HID", eisa_id(id)); }
Code uid(u64 number) { return name("_UID", integer(number)); }

/// \_Sx: what to write into PM1a_CNT.SLP_TYP (PIIX4 data sheet, 7.2.3: 0 soft off, 1 suspend to
/// RAM).
Code sleep_state(std::string_view state, u64 type) {
    return name(state, package({integer(type), integer(type), integer(0), integer(0)}));
}

Code sleep_states(const AcpiConfig& config) {
    Code states;
    if (config.suspend_to_ram) states += sleep_state("\\_S3", 1);
    states += sleep_state("\\_S4", 0);
    states += sleep_state("\\_S5", 0);
    return states;
}

/// Which link each pin of each slot ends at: pins turn by one from slot to slot, and slot 1's INTA
/// is at PIRQA. The PIIX4's power management function, slot 1 INTA, has the SCI for itself.
Code pci_routing() {
    std::vector<Code> routes;
    for (u64 slot = 0; slot < 32; ++slot) {
        for (u64 pin = 0; pin < 4; ++pin) {
            const std::string_view link =
                slot == 1 && pin == 0 ? std::string_view("LNKS") : links[(slot + pin + 3) % 4];
            routes.push_back(package({integer(slot << 16 | 0xffff), integer(pin),
                                      path("\\_SB." + std::string(link)), integer(0)}));
        }
    }
    return name("_PRT", package(routes));
}

Code pci_root_resources(const AcpiConfig& config) {
    const auto low = config.low_pci_memory;
    Code windows = join({
        bus_numbers(0, 0xff),
        io_ports(0xcf8, 8),
        io_window(0, 0xcf7),
        io_window(0xd00, 0xffff),
        memory_window_32(0xa'0000, 0xb'ffff, Caching::Cacheable),
        memory_window_32(static_cast<u32>(low.first), static_cast<u32>(low.last),
                         Caching::NonCacheable),
    });
    if (config.high_pci_memory) {
        windows += memory_window_64(config.high_pci_memory->first, config.high_pci_memory->last,
                                    Caching::Cacheable);
    }
    return name("_CRS", resources(windows));
}

Code serial_port(u32 index) {
    static constexpr std::array<std::string_view, 4> names = {"COM1", "COM2", "COM3", "COM4"};
    static constexpr std::array<u16, 4> ports = {0x3f8, 0x2f8, 0x3e8, 0x2e8};
    static constexpr std::array<u8, 4> lines = {4, 3, 4, 3};
    return device(names[index], hid("PNP0501"), uid(index + 1),
                  name("_CRS", resources(io_ports(ports[index], 8), irq(lines[index]))));
}

/// Ports that belong to nothing above, so that nothing else is put there.
Code system_board_ports(const AcpiConfig& config) {
    return device(
        "MBRD", hid("PNP0C02"), uid(1),
        name("_CRS", resources(io_ports(0x92, 1), io_ports(0xb2, 2), io_ports(0x510, 12),
                               io_ports(config.pm_base, 0x40), io_ports(config.smbus_base, 0x10))));
}

Code isa_bridge(const AcpiConfig& config) {
    Code serial;
    for (u32 i = 0; i < config.serial_ports && i < 4; ++i) serial += serial_port(i);
    const Code rtc = resources(io_ports(0x70, 4), irq(8));
    const Code pit = resources(io_ports(0x40, 4), irq(0));
    const Code pic = resources(io_ports(0x20, 2), io_ports(0xa0, 2), io_ports(0x4d0, 2), irq(2));
    const Code dma =
        resources(io_ports(0x00, 0x10), io_ports(0x80, 0x10), io_ports(0xc0, 0x20), dma_channel(4));
    return device(
        "ISA", name("_ADR", integer(0x0001'0000)),
        operation_region("P40C", Space::PciConfig, 0x60, 4),
        byte_field("P40C", {{"PRQ0", 8}, {"PRQ1", 8}, {"PRQ2", 8}, {"PRQ3", 8}}),
        device("PIC", hid("PNP0000"), name("_CRS", pic)),
        device("TMR", hid("PNP0100"), name("_CRS", pit)),
        device("RTC", hid("PNP0B00"), name("_CRS", rtc)),
        device("DMAC", hid("PNP0200"), name("_CRS", dma)),
        device("SPKR", hid("PNP0800"), name("_CRS", resources(io_ports(0x61, 1)))),
        device("FPU", hid("PNP0C04"), name("_CRS", resources(io_ports(0xf0, 0x10), irq(13)))),
        device("KBD", hid("PNP0303"),
               name("_CRS", resources(io_ports(0x60, 1), io_ports(0x64, 1), irq(1)))),
        device("MOU", hid("PNP0F13"), name("_CRS", resources(irq(12)))), serial,
        system_board_ports(config));
}

/// A PIRQ route control register: bit 7 set is "not routed", bits 3:0 the interrupt.
Code link_methods() {
    return join({
        method("IQST", 1, Reentrancy::NotSerialized,
               if_true(bit_and(integer(0x80), argument(0)), give_back(integer(0x09))),
               give_back(integer(0x0b))),
        name("PRRB", resources(level_interrupts({0}))),
        create_dword_field(path("PRRB"), 5, "PRRI"),
        method("IQCR", 1, Reentrancy::Serialized, store(integer(0), path("PRRI")),
               if_true(less(argument(0), integer(0x80)), store(argument(0), path("PRRI"))),
               give_back(path("PRRB"))),
    });
}

Code interrupt_link(usize index) {
    const Code route = path(link_registers[index]);
    return device(
        links[index], hid("PNP0C0F"), uid(index + 1),
        name("_PRS", resources(level_interrupts({5, 10, 11}))),
        method("_STA", 0, Reentrancy::NotSerialized, give_back(call("IQST", {route}))),
        method("_DIS", 0, Reentrancy::NotSerialized, bit_or_into(route, integer(0x80), route)),
        method("_CRS", 0, Reentrancy::NotSerialized, give_back(call("IQCR", {route}))),
        method("_SRS", 1, Reentrancy::Serialized, create_dword_field(argument(0), 5, "PRRI"),
               store(path("PRRI"), route)));
}

/// The system control interrupt cannot be moved.
Code sci_link() {
    const Code fixed = resources(level_interrupts({static_cast<u32>(sci)}));
    return device("LNKS", hid("PNP0C0F"), uid(5), name("_PRS", fixed), name("_CRS", fixed),
                  method("_STA", 0, Reentrancy::NotSerialized, give_back(integer(0x0b))),
                  method("_DIS", 0, Reentrancy::NotSerialized),
                  method("_SRS", 1, Reentrancy::NotSerialized));
}

Code hpet() {
    return device("HPET", hid("PNP0103"), uid(0), name("_STA", integer(present_and_working)),
                  name("_CRS", resources(fixed_memory(0xfed0'0000, 0x400))));
}

}  // namespace

Code make_dsdt(const AcpiConfig& config) {
    const Code root =
        device("PCI0", hid("PNP0A03"), uid(0), pci_routing(), pci_root_resources(config),
               isa_bridge(config), config.pci_root_devices);
    Code system_bus = join({root, link_methods()});
    for (usize i = 0; i < links.size(); ++i) system_bus += interrupt_link(i);
    system_bus += sci_link();
    if (config.hpet) system_bus += hpet();
    return join({sleep_states(config), scope("\\_SB", system_bus)});
}

Code make_processor_ssdt(const AcpiConfig& config) {
    Code processors;
    for (u32 i = 0; i < config.cpu_count; ++i) {
        constexpr std::string_view digits = "0123456789ABCDEF";
        const std::string unit = {'C', 'P', digits[i / 16 % 16], digits[i % 16]};
        processors += device(unit, name("_HID", string("ACPI0007")), uid(i));
    }
    return scope("\\_SB", processors);
}

}  // namespace machine
