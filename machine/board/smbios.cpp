// SPDX-License-Identifier: BSD-2-Clause
#include "machine/board/smbios.hpp"

#include <algorithm>
#include <initializer_list>
#include <numeric>
#include <string_view>

#include "machine/board/table_bytes.hpp"

namespace machine {

namespace {

constexpr u64 mib = u64{1} << 20;
constexpr u64 kib = u64{1} << 10;
constexpr u64 largest_module = u64{16} << 30;

/// Handles, by type; instances count up from here.
namespace handle {
constexpr u16 Bios = 0x0000;
constexpr u16 System = 0x0100;
constexpr u16 BaseBoard = 0x0200;
constexpr u16 Chassis = 0x0300;
constexpr u16 Processor = 0x0400;
constexpr u16 MemoryArray = 0x1000;
constexpr u16 MemoryModule = 0x1100;
constexpr u16 MappedRange = 0x1300;
constexpr u16 BootStatus = 0x2000;
constexpr u16 End = 0x7f00;
constexpr u16 NotProvided = 0xfffe;
}  // namespace handle

class StructureTable {
public:
    /// A header, the formatted area, then the strings that it refers to by number from 1 on.
    void add(u8 type, u16 number, TableBytes& formatted,
             std::initializer_list<std::string_view> strings) {
        const usize start = bytes_.size();
        bytes_.u8s(type).u8s(4 + formatted.size()).u16s(number).append(formatted.view());
        for (const std::string_view each : strings) {
            // An empty string would end the set.
            const std::string_view text = each.empty() ? std::string_view(" ") : each;
            bytes_.text(text, text.size() + 1);
        }
        bytes_.zeroes(strings.size() == 0 ? 2 : 1);
        ++count_;
        largest_ = std::max(largest_, bytes_.size() - start);
    }

    usize count() const { return count_; }
    usize largest() const { return largest_; }
    std::vector<u8> take() { return bytes_.take(); }

private:
    TableBytes bytes_;
    usize count_ = 0;
    usize largest_ = 0;
};

void add_bios(StructureTable& table, const SmbiosConfig& config) {
    constexpr u64 characteristics_not_supported = 1 << 3;
    constexpr u64 acpi = 1 << 0;
    constexpr u64 is_a_virtual_machine = 1 << 4;
    TableBytes body;
    body.u8s(1).u8s(2).u16s(0xf000).u8s(3).u8s(0).u64s(characteristics_not_supported);
    body.u8s(acpi).u8s(is_a_virtual_machine).u8s(1).u8s(0).u8s(0xff).u8s(0xff);
    table.add(0, handle::Bios, body, {config.bios_vendor, config.bios_version, config.bios_date});
}

/// The first three fields of a UUID are little-endian here (DSP0134 7.2.1).
void append_uuid(TableBytes& body, const std::array<u8, 16>& uuid) {
    static constexpr std::array<u8, 16> order = {3, 2, 1,  0,  5,  4,  7,  6,
                                                 8, 9, 10, 11, 12, 13, 14, 15};
    for (const u8 from : order) body.u8s(uuid[from]);
}

void add_system(StructureTable& table, const SmbiosConfig& config) {
    constexpr u64 woken_by_power_switch = 6;
    TableBytes body;
    body.u8s(1).u8s(2).u8s(3).u8s(4);
    append_uuid(body, config.uuid);
    body.u8s(woken_by_power_switch).u8s(0).u8s(5);
    table.add(1, handle::System, body,
              {config.manufacturer, config.product, config.version, config.serial_number,
               "Virtual Machine"});
}

void add_base_board(StructureTable& table, const SmbiosConfig& config) {
    constexpr u64 hosting_board = 1 << 0;
    constexpr u64 motherboard = 0x0a;
    TableBytes body;
    body.u8s(1).u8s(2).u8s(3).u8s(4).u8s(0).u8s(hosting_board).u8s(0).u16s(handle::Chassis);
    body.u8s(motherboard).u8s(0);
    table.add(2, handle::BaseBoard, body,
              {config.manufacturer, config.product, config.version, config.serial_number});
}

void add_chassis(StructureTable& table, const SmbiosConfig& config) {
    constexpr u64 desktop = 3;
    constexpr u64 safe = 3;
    constexpr u64 no_security = 3;
    TableBytes body;
    body.u8s(1).u8s(desktop).u8s(2).u8s(3).u8s(0).u8s(safe).u8s(safe).u8s(safe).u8s(no_security);
    body.u32s(0).u8s(0).u8s(1).u8s(0).u8s(0).u8s(0);
    table.add(3, handle::Chassis, body,
              {config.manufacturer, config.version, config.serial_number});
}

/// One socket for each processor, of one core.
void add_processor(StructureTable& table, const SmbiosConfig& config, u32 number) {
    constexpr u64 central_processor = 3;
    constexpr u64 other_family = 1;
    constexpr u64 populated_and_enabled = 0x41;
    constexpr u64 other_upgrade = 1;
    constexpr u64 no_cache = 0xffff;
    constexpr u64 is_64_bit = 1 << 2;
    const std::string socket = "CPU " + std::to_string(number);
    TableBytes body;
    body.u8s(1).u8s(central_processor).u8s(other_family).u8s(2).u64s(0).u8s(3).u8s(0).u16s(0);
    body.u16s(std::min<u32>(config.cpu_mhz, 0xffff)).u16s(std::min<u32>(config.cpu_mhz, 0xffff));
    body.u8s(populated_and_enabled).u8s(other_upgrade);
    body.u16s(no_cache).u16s(no_cache).u16s(no_cache).u8s(0).u8s(0).u8s(0);
    body.u8s(1).u8s(1).u8s(1).u16s(is_64_bit).u16s(other_family);
    table.add(4, static_cast<u16>(handle::Processor + number), body,
              {socket, config.manufacturer, config.processor});
}

void add_memory_array(StructureTable& table, u64 total, u64 modules) {
    constexpr u64 system_board = 3;
    constexpr u64 system_memory = 3;
    constexpr u64 no_correction = 3;
    constexpr u64 see_extended = 0x8000'0000;
    const bool fits = total / kib < see_extended;
    TableBytes body;
    body.u8s(system_board).u8s(system_memory).u8s(no_correction);
    body.u32s(fits ? total / kib : see_extended).u16s(handle::NotProvided).u16s(modules);
    body.u64s(fits ? 0 : total);
    table.add(16, handle::MemoryArray, body, {});
}

void add_memory_module(StructureTable& table, const SmbiosConfig& config, u64 number, u64 bytes) {
    constexpr u64 width_unknown = 0xffff;
    constexpr u64 dimm = 9;
    constexpr u64 ram = 7;
    constexpr u64 other_detail = 1 << 1;
    const std::string slot = "DIMM " + std::to_string(number);
    TableBytes body;
    body.u16s(handle::MemoryArray).u16s(handle::NotProvided);
    body.u16s(width_unknown).u16s(width_unknown);
    body.u16s(bytes / mib).u8s(dimm).u8s(0).u8s(1).u8s(0).u8s(ram).u16s(other_detail);
    body.u16s(0).u8s(2).u8s(0).u8s(0).u8s(0).u8s(0).u32s(0).u16s(0);
    body.u16s(0).u16s(0).u16s(0);
    table.add(17, static_cast<u16>(handle::MemoryModule + number), body,
              {slot, config.manufacturer});
}

void add_mapped_range(StructureTable& table, u16 number, SmbiosConfig::Range range) {
    constexpr u64 see_extended = 0xffff'ffff;
    const u64 last = range.first + range.length - 1;
    const bool fits = last / kib < see_extended;
    TableBytes body;
    body.u32s(fits ? range.first / kib : see_extended).u32s(fits ? last / kib : see_extended);
    body.u16s(handle::MemoryArray).u8s(1);
    body.u64s(fits ? 0 : range.first).u64s(fits ? 0 : last);
    table.add(19, static_cast<u16>(handle::MappedRange + number), body, {});
}

void add_memory(StructureTable& table, const SmbiosConfig& config) {
    u64 total = 0;
    for (const SmbiosConfig::Range& range : config.ram) total += range.length;
    const u64 modules = std::max<u64>((total + largest_module - 1) / largest_module, 1);
    add_memory_array(table, total, modules);
    for (u64 i = 0; i < modules; ++i) {
        add_memory_module(table, config, i, std::min(total - i * largest_module, largest_module));
    }
    for (usize i = 0; i < config.ram.size(); ++i) {
        if (config.ram[i].length == 0) continue;
        add_mapped_range(table, static_cast<u16>(i), config.ram[i]);
    }
}

u8 sum_to_zero(std::span<const u8> bytes) {
    return static_cast<u8>(0u - std::accumulate(bytes.begin(), bytes.end(), 0u));
}

/// The 2.1 entry point (DSP0134 5.2.1). The firmware puts in the address, and makes the check sums
/// anew.
std::vector<u8> anchor(const StructureTable& table, usize length) {
    constexpr usize intermediate = 0x10;
    TableBytes bytes;
    bytes.text("_SM_", 4).u8s(0).u8s(0x1f).u8s(2).u8s(8).u16s(table.largest()).u8s(0).zeroes(5);
    bytes.text("_DMI_", 5).u8s(0).u16s(length).u32s(0).u16s(table.count()).u8s(0x28);
    const std::span<u8> all = bytes.view();
    all[intermediate + 5] = sum_to_zero(all.subspan(intermediate));
    all[4] = sum_to_zero(all);
    return bytes.take();
}

}  // namespace

SmbiosFiles make_smbios_files(const SmbiosConfig& config) {
    StructureTable table;
    add_bios(table, config);
    add_system(table, config);
    add_base_board(table, config);
    add_chassis(table, config);
    for (u32 cpu = 0; cpu < config.cpu_count; ++cpu) add_processor(table, config, cpu);
    add_memory(table, config);
    TableBytes no_errors;
    no_errors.zeroes(7);
    table.add(32, handle::BootStatus, no_errors, {});
    TableBytes nothing;
    table.add(127, handle::End, nothing, {});
    std::vector<u8> structures = table.take();
    return {.anchor = anchor(table, structures.size()), .tables = structures};
}

}  // namespace machine
