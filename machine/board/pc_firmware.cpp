// SPDX-License-Identifier: BSD-2-Clause
#include "machine/board/pc_firmware.hpp"

#include <algorithm>

#include "cpu/core/models/cpu_model.hpp"

namespace machine {

namespace {

constexpr u64 pci_hole = 0xe000'0000;
constexpr u64 mib = u64{1} << 20;

namespace cmos {
constexpr u8 Equipment = 0x14;
constexpr u8 BaseMemory = 0x15;      // KiB, and the high byte after it.
constexpr u8 ExtendedMemory = 0x17;  // KiB above 1 MiB.
constexpr u8 ExtendedMemoryAgain = 0x30;
constexpr u8 MemoryAbove16M = 0x34;  // In 64 KiB.
constexpr u8 BootThird = 0x38;
constexpr u8 BootFirstAndSecond = 0x3d;
constexpr u8 MemoryAbove4G = 0x5b;  // In 64 KiB, three bytes.
constexpr u8 OtherProcessors = 0x5f;
constexpr u8 CoprocessorAndMouse = 0x06;
constexpr u8 DiskThenCdrom = 0x32;
}  // namespace cmos

/// As SeaBIOS names what it finds on the PCI bus (its src/boot.c): functions by slot and number, in
/// hexadecimal, drives by channel and place on the cable.
std::vector<std::string> boot_order_of(const PcConfig& config, const PcDrives::Media& media) {
    using Kind = PcDrives::Medium::Kind;
    std::vector<std::string> names;
    const auto add_drives = [&](Kind kind) {
        for (const usize place : PcDrives::in_order(media, kind)) {
            names.push_back("/pci@i0cf8/ide@1,1/drive@" + std::to_string(place / 2) + "/disk@" +
                            std::to_string(place % 2));
        }
    };
    for (const PcBootDevice device : config.boot_order) {
        switch (device) {
            case PcBootDevice::Disk: add_drives(Kind::Disk); break;
            case PcBootDevice::Cdrom: add_drives(Kind::Cdrom); break;
            case PcBootDevice::Network:
                for (usize i = 0; i < config.adapters.size(); ++i) {
                    if (config.adapters[i].rom.empty()) continue;
                    names.push_back("/pci@i0cf8/ethernet@" +
                                    std::to_string(PcNetwork::first_slot + i));
                }
                break;
        }
    }
    return names;
}

}  // namespace

PcMemoryMap memory_map_of(u64 ram_bytes) {
    const u64 low = std::min(ram_bytes, pci_hole);
    return {.low_end = low, .high_bytes = ram_bytes - low};
}

FirmwareConfig firmware_config_of(const PcConfig& config, const cpu::CpuModel& model,
                                  const PcDrives::Media& media) {
    const PcMemoryMap memory = memory_map_of(config.ram_bytes);
    FirmwareConfig firmware{.cpu_count = config.processors,
                            .low_ram_end = memory.low_end,
                            .high_ram_bytes = memory.high_bytes,
                            .video_bios = config.video_bios,
                            .boot_order = boot_order_of(config, media),
                            .direct_boot = config.kernel};
    firmware.acpi.serial_ports = PcSerial::count;
    firmware.smbios.cpu_mhz = static_cast<u32>(model.tsc_hz / 1'000'000);
    return firmware;
}

void fill_cmos(devices::Rtc& rtc, const PcConfig& config) {
    const PcMemoryMap memory = memory_map_of(config.ram_bytes);
    const auto put = [&](u8 index, u64 value, u8 bytes) {
        for (u8 i = 0; i < bytes; ++i) {
            rtc.set_ram(static_cast<u8>(index + i), static_cast<u8>(value >> (8 * i)));
        }
    };
    const u64 extended = std::min<u64>((memory.low_end - mib) >> 10, 0xffff);
    const u64 above_16m = memory.low_end > 16 * mib ? (memory.low_end - 16 * mib) >> 16 : 0;
    put(cmos::Equipment, cmos::CoprocessorAndMouse, 1);
    put(cmos::BaseMemory, 640, 2);
    put(cmos::ExtendedMemory, extended, 2);
    put(cmos::ExtendedMemoryAgain, extended, 2);
    put(cmos::MemoryAbove16M, std::min<u64>(above_16m, 0xffff), 2);
    put(cmos::MemoryAbove4G, memory.high_bytes >> 16, 3);
    put(cmos::BootThird, 0, 1);
    put(cmos::BootFirstAndSecond, cmos::DiskThenCdrom, 1);
    put(cmos::OtherProcessors, config.processors - 1, 1);
}

}  // namespace machine
