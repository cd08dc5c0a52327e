// SPDX-License-Identifier: BSD-2-Clause
//
// The ACPI tables of the PC: FADT, FACS, MADT, DSDT, SSDT, HPET, WAET under RSDT and XSDT
// (ACPI 6.3, chapter 5), as files for the firmware.
//
// The firmware decides where they lie: it is given the tables in one piece, and a script (QEMU's
// table loader) that says which pointers to add to and which check sums to make.
#pragma once

#include <optional>
#include <vector>

#include "fabric/support/int_types.hpp"
#include "machine/board/aml.hpp"

namespace machine {

struct AcpiConfig {
    struct Window {
        u64 first = 0;
        u64 last = 0;
    };

    u32 cpu_count = 1;  // 1 to 64; the local APICs are numbered from 0.
    /// Where PCI devices may be put: between RAM and the I/O APIC, and above 4 GiB.
    Window low_pci_memory{0xe000'0000, 0xfebf'ffff};
    std::optional<Window> high_pci_memory;
    u16 pm_base = 0x600;  // Where SeaBIOS puts the PIIX4's power management block.
    u16 smbus_base = 0x700;
    u32 serial_ports = 1;  // 0 to 4: COM1 and on.
    bool hpet = true;
    u32 hpet_block_id = 0x8086'a201;  // The low half of its capabilities register.
    bool suspend_to_ram = false;
    /// Devices of others in \_SB.PCI0, such as VMBus: "\_SB.PCI0.VMBS".
    aml::Code pci_root_devices;
};

/// For fw_cfg, under the names that SeaBIOS and OVMF look for.
struct AcpiFiles {
    std::vector<u8> tables;  // etc/acpi/tables
    std::vector<u8> rsdp;    // etc/acpi/rsdp
    std::vector<u8> loader;  // etc/table-loader
};

AcpiFiles make_acpi_files(const AcpiConfig& config);

/// The definition blocks, without their table headers.
aml::Code make_dsdt(const AcpiConfig& config);
aml::Code make_processor_ssdt(const AcpiConfig& config);

}  // namespace machine
