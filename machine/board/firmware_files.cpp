// SPDX-License-Identifier: BSD-2-Clause
#include "machine/board/firmware_files.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>
#include <utility>

#include "devices/firmware/fw_cfg_registers.hpp"
#include "machine/board/table_bytes.hpp"

namespace machine {

using devices::FwCfg;
using fabric::Error;
using fabric::Result;
namespace key = devices::fw_cfg::key;

namespace {

constexpr u64 four_gib = u64{1} << 32;
/// SeaBIOS puts PCI memory from here on, or behind RAM that reaches further.
constexpr u64 lowest_pci_memory = 0x8000'0000;
constexpr u64 io_apic = 0xfec0'0000;
constexpr u64 high_pci_window = u64{16} << 30;

std::vector<u8> little_endian(u64 value, usize size) {
    std::vector<u8> bytes;
    for (usize i = 0; i < size; ++i) bytes.push_back(static_cast<u8>(value >> (8 * i)));
    return bytes;
}

/// Entries as INT 15h, E820h gives them out: address, length, type. Firmware adds what is reserved.
std::vector<u8> memory_map(const FirmwareConfig& config) {
    constexpr u64 ram = 1;
    TableBytes map;
    map.u64s(0).u64s(config.low_ram_end).u32s(ram);
    if (config.high_ram_bytes != 0) map.u64s(four_gib).u64s(config.high_ram_bytes).u32s(ram);
    return map.take();
}

/// For each of S0 to S5: bit 7 says that it is there, below it is SLP_TYP.
std::vector<u8> sleep_states(const AcpiConfig& acpi) {
    const u8 to_ram = acpi.suspend_to_ram ? 0x81 : 0x00;
    return {0x80, 0x00, 0x00, to_ram, 0x80, 0x80};
}

/// A name a line, the last one ended by zero.
std::vector<u8> boot_order(const FirmwareConfig& config) {
    std::string lines = config.direct_boot ? direct_boot_device : "";
    for (const std::string& device : config.boot_order) {
        if (!lines.empty()) lines += '\n';
        lines += device;
    }
    std::vector<u8> bytes(lines.begin(), lines.end());
    bytes.push_back(0);
    return bytes;
}

/// SeaBIOS looks for the expansion ROM of a PCI function under this name before it looks at the
/// function.
std::string expansion_rom_name(u16 vendor, u16 device) {
    char text[20];
    std::snprintf(text, sizeof text, "pci%04x,%04x.rom", vendor, device);
    return text;
}

/// SeaBIOS's video BIOS looks for its frame buffer in the function that it was started for only if
/// the ROM names that function, in its PCI data structure (PCI Firmware Specification 3.0, 5.1.2);
/// else it takes a fixed address for it. Other ROMs are left alone.
void name_function(std::span<u8> rom, u16 vendor, u16 device) {
    constexpr usize pointer = 0x18;
    constexpr usize vendor_id = 4;
    constexpr usize device_id = 6;
    constexpr usize code_revision = 0x12;  // Which nobody reads: it keeps the check sum right.
    constexpr usize smallest = 0x18;
    if (rom.size() < pointer + 2) return;
    const usize at = rom[pointer] | usize{rom[pointer + 1]} << 8;
    if (at + smallest > rom.size()) return;
    const std::span<u8> data = rom.subspan(at, smallest);
    static constexpr std::array<u8, 4> signature = {'P', 'C', 'I', 'R'};
    if (!std::equal(signature.begin(), signature.end(), data.begin())) return;
    const auto put = [&](usize offset, u8 value) {
        data[code_revision] = static_cast<u8>(data[code_revision] + data[offset] - value);
        data[offset] = value;
    };
    put(vendor_id, static_cast<u8>(vendor));
    put(vendor_id + 1, static_cast<u8>(vendor >> 8));
    put(device_id, static_cast<u8>(device));
    put(device_id + 1, static_cast<u8>(device >> 8));
}

void complete_tables(FirmwareConfig& config) {
    config.acpi.cpu_count = config.cpu_count;
    config.acpi.low_pci_memory = {std::max(lowest_pci_memory, config.low_ram_end), io_apic - 1};
    if (config.high_ram_bytes != 0) {
        const u64 first = four_gib + config.high_ram_bytes;
        config.acpi.high_pci_memory = {first, first + high_pci_window - 1};
    }
    config.smbios.cpu_count = config.cpu_count;
    config.smbios.ram = {{0, config.low_ram_end}};
    if (config.high_ram_bytes != 0) {
        config.smbios.ram.push_back({four_gib, config.high_ram_bytes});
    }
}

void add_items(FwCfg::Config& files, const FirmwareConfig& config) {
    const auto& uuid = config.smbios.uuid;
    const u64 menu = config.boot_menu_ms ? 1 : 0;
    files.items.push_back({key::Uuid, {uuid.begin(), uuid.end()}});
    files.items.push_back(
        {key::RamSize, little_endian(config.low_ram_end + config.high_ram_bytes, 8)});
    files.items.push_back({key::NoGraphic, little_endian(0, 2)});
    files.items.push_back({key::NbCpus, little_endian(config.cpu_count, 2)});
    files.items.push_back({key::MaxCpus, little_endian(config.cpu_count, 2)});
    files.items.push_back({key::Numa, little_endian(0, 8)});
    files.items.push_back({key::BootMenu, little_endian(menu, 2)});
    files.items.push_back({key::Irq0Override, little_endian(1, 1)});
}

void add_file(FwCfg::Config& files, std::string name, std::vector<u8> bytes) {
    files.files.push_back({std::move(name), std::move(bytes), FwCfg::Access::ReadOnly});
}

void add_tables(FwCfg::Config& files, const FirmwareConfig& config) {
    AcpiFiles acpi = make_acpi_files(config.acpi);
    add_file(files, "etc/acpi/tables", std::move(acpi.tables));
    add_file(files, "etc/acpi/rsdp", std::move(acpi.rsdp));
    add_file(files, "etc/table-loader", std::move(acpi.loader));
    SmbiosFiles smbios = make_smbios_files(config.smbios);
    add_file(files, "etc/smbios/smbios-anchor", std::move(smbios.anchor));
    add_file(files, "etc/smbios/smbios-tables", std::move(smbios.tables));
}

}  // namespace

Result<FwCfg::Config> make_firmware_files(FirmwareConfig config) {
    if (config.low_ram_end >= io_apic) {
        return Error{"RAM below 4 GiB must end below the I/O APIC, at FEC00000"};
    }
    complete_tables(config);
    FwCfg::Config files;
    add_items(files, config);
    add_tables(files, config);
    add_file(files, "etc/e820", memory_map(config));
    add_file(files, "etc/system-states", sleep_states(config.acpi));
    if (config.direct_boot || !config.boot_order.empty()) {
        add_file(files, "bootorder", boot_order(config));
    }
    if (config.serial_console_port) {
        add_file(files, "etc/sercon-port", little_endian(*config.serial_console_port, 2));
    }
    if (config.boot_menu_ms) {
        add_file(files, "etc/boot-menu-wait", little_endian(*config.boot_menu_ms, 4));
    }
    if (config.acpi.high_pci_memory) {
        add_file(files, "etc/reserved-memory-end",
                 little_endian(config.acpi.high_pci_memory->first, 8));
    }
    if (!config.video_bios.empty()) {
        name_function(config.video_bios, config.video_vendor, config.video_device);
        add_file(files, expansion_rom_name(config.video_vendor, config.video_device),
                 std::move(config.video_bios));
    }
    if (!config.direct_boot) return files;
    DirectBootFiles boot =
        TRY(make_direct_boot_files(std::move(*config.direct_boot), config.low_ram_end));
    std::move(boot.items.begin(), boot.items.end(), std::back_inserter(files.items));
    files.files.push_back(std::move(boot.option_rom));
    return files;
}

}  // namespace machine
