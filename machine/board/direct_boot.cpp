// SPDX-License-Identifier: BSD-2-Clause
#include "machine/board/direct_boot.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <optional>
#include <span>

#include "devices/firmware/fw_cfg_registers.hpp"
#include "fabric/support/bit_range.hpp"
#include "machine/board/linuxboot_rom.hpp"

namespace machine {

using devices::FwCfg;
using fabric::Error;
using fabric::Result;
namespace key = devices::fw_cfg::key;

namespace {

/// Offsets in a bzImage (boot.rst, "The Real-Mode Kernel Header").
namespace header {
constexpr usize SetupSects = 0x1f1;
constexpr usize VidMode = 0x1fa;
constexpr usize BootFlag = 0x1fe;
constexpr usize Magic = 0x202;
constexpr usize Version = 0x206;
constexpr usize TypeOfLoader = 0x210;
constexpr usize LoadFlags = 0x211;
constexpr usize RamdiskImage = 0x218;
constexpr usize RamdiskSize = 0x21c;
constexpr usize HeapEndPtr = 0x224;
constexpr usize CmdLinePtr = 0x228;
constexpr usize InitrdAddrMax = 0x22c;
constexpr usize RelocatableKernel = 0x234;
constexpr usize CmdlineSize = 0x238;
constexpr usize PrefAddress = 0x258;
constexpr usize InitSize = 0x260;
constexpr usize End = 0x264;
}  // namespace header

constexpr u64 magic = 0x5372'6448;  // "HdrS"
constexpr u64 oldest_version = 0x0206;
constexpr u64 version_with_init_size = 0x020a;
constexpr u64 loaded_high = 1 << 0;
constexpr u64 can_use_heap = 1 << 7;
constexpr u64 unknown_loader = 0xff;

constexpr u64 sector = 512;
constexpr u64 default_setup_sectors = 4;
constexpr u64 largest_setup = 0x8000;
constexpr u64 setup_address = 0x1'0000;
constexpr u64 heap_end = 0xe000;  // In the setup code's segment; above it is its stack.
constexpr u64 cmdline_address = 0x2'0000;
constexpr u64 largest_cmdline = 0x1'0000;
constexpr u64 kernel_address = 0x10'0000;
/// The firmware keeps its tables at the end of RAM: SeaBIOS takes a quarter of this at most.
constexpr u64 firmware_reserve = 0x10'0000;

u64 field(std::span<const u8> image, usize offset, usize size) {
    u64 value = 0;
    for (usize i = size; i-- > 0;) value = value << 8 | image[offset + i];
    return value;
}

void set_field(std::span<u8> image, usize offset, usize size, u64 value) {
    for (usize i = 0; i < size; ++i) image[offset + i] = static_cast<u8>(value >> (8 * i));
}

std::string in_mib(u64 bytes) { return std::to_string((bytes + 0xf'ffff) >> 20) + " MiB"; }

Result<> check_header(std::span<const u8> kernel) {
    if (kernel.size() < header::End || field(kernel, header::BootFlag, 2) != 0xaa55 ||
        field(kernel, header::Magic, 4) != magic) {
        return Error{"not a Linux kernel: a bzImage is wanted, such as /boot/vmlinuz of Debian"};
    }
    const u64 version = field(kernel, header::Version, 2);
    if (version < oldest_version) {
        return Error{"the kernel speaks version " + std::to_string(version >> 8) + "." +
                     std::to_string(version & 0xff) +
                     " of the boot protocol; 2.6 (Linux 2.6.22) is the oldest that can be booted"};
    }
    if ((field(kernel, header::LoadFlags, 1) & loaded_high) == 0) {
        return Error{"the kernel is a zImage, to be loaded low; a bzImage is wanted"};
    }
    return {};
}

Result<u64> setup_bytes(std::span<const u8> kernel) {
    const u64 sectors = field(kernel, header::SetupSects, 1);
    const u64 bytes = ((sectors == 0 ? default_setup_sectors : sectors) + 1) * sector;
    if (bytes > largest_setup) {
        return Error{"the kernel's setup code has " + std::to_string(bytes) +
                     " bytes; 32 KiB is the most that the boot protocol allows"};
    }
    if (bytes >= kernel.size()) return Error{"the kernel's file is cut short"};
    return bytes;
}

/// The value of an option "name=..." on the command line; of several the last.
std::optional<std::string_view> option(std::string_view line, std::string_view name) {
    std::optional<std::string_view> found;
    while (!line.empty()) {
        const usize end = std::min(line.find(' '), line.size());
        const std::string_view word = line.substr(0, end);
        if (word.starts_with(name)) found = word.substr(name.size());
        line.remove_prefix(std::min(end + 1, line.size()));
    }
    return found;
}

/// A number as the kernel's memparse() reads it: 0x..., or decimal; then K, M or G.
std::optional<u64> number_of(std::string_view text) {
    const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    if (hexadecimal) text.remove_prefix(2);
    u64 value = 0;
    const char* const end = text.data() + text.size();
    const auto [next, error] = std::from_chars(text.data(), end, value, hexadecimal ? 16 : 10);
    if (error != std::errc()) return std::nullopt;
    static constexpr std::string_view units = "KkMmGg";
    const usize unit = next == end ? std::string_view::npos : units.find(*next);
    if (unit == std::string_view::npos) return value;
    const unsigned shift = 10 * (static_cast<unsigned>(unit) / 2 + 1);
    return value << shift >> shift == value ? value << shift : ~u64{0};
}

/// vga=, which is for the boot loader to pass on (boot.rst, "Special Command Line Options").
std::optional<u64> video_mode(std::string_view command_line) {
    const auto wanted = option(command_line, "vga=");
    if (!wanted) return std::nullopt;
    if (*wanted == "normal") return 0xffff;
    if (*wanted == "ext") return 0xfffe;
    if (*wanted == "ask") return 0xfffd;
    const auto number = number_of(*wanted);
    return number && *number <= 0xffff ? number : std::nullopt;
}

/// mem= too: beyond it the kernel would not find its initrd.
u64 usable_end(std::string_view command_line, u64 low_ram_end) {
    const u64 end = low_ram_end - std::min(low_ram_end, firmware_reserve);
    const auto limit = option(command_line, "mem=");
    const auto bytes = limit ? number_of(*limit) : std::nullopt;
    return bytes && *bytes != 0 ? std::min(end, *bytes) : end;
}

/// Where what the kernel needs for itself ends, before it has found its way in memory.
u64 kernel_end(std::span<const u8> kernel, u64 protected_bytes) {
    u64 end = kernel_address + protected_bytes;
    if (field(kernel, header::Version, 2) < version_with_init_size) return end;
    const bool relocatable = field(kernel, header::RelocatableKernel, 1) != 0;
    const u64 preferred = field(kernel, header::PrefAddress, 8);
    const u64 runs_at = relocatable ? std::max(kernel_address, preferred) : preferred;
    const u64 needed = runs_at + field(kernel, header::InitSize, 4);
    return std::max(end, needed < runs_at ? ~u64{0} : needed);  // A hostile header may wrap.
}

struct Placement {
    u64 protected_bytes = 0;
    u64 initrd_address = 0;
};

Result<Placement> place(const DirectBootConfig& config, u64 setup, u64 low_ram_end) {
    const std::span<const u8> kernel(config.kernel);
    const u64 end = usable_end(config.command_line, low_ram_end);
    Placement placement{.protected_bytes = kernel.size() - setup};
    const u64 first_free = kernel_end(kernel, placement.protected_bytes);
    if (first_free > end) {
        return Error{"the kernel needs the memory up to " + in_mib(first_free) +
                     ", and there are only " + in_mib(end) + ": give the machine more memory"};
    }
    if (config.initrd.empty()) return placement;
    const u64 highest = field(kernel, header::InitrdAddrMax, 4) + 1;
    const u64 top = std::min(end, highest);
    const u64 needed = config.initrd.size();
    if (top < first_free || top - first_free < needed + fabric::page_size) {
        return Error{"the initrd of " + in_mib(needed) +
                     " does not fit between the kernel, up to " + in_mib(first_free) + ", and " +
                     in_mib(top) + ": give the machine more memory"};
    }
    placement.initrd_address = fabric::rounded_down(top - needed, fabric::page_size);
    return placement;
}

void fill_in(std::span<u8> setup, const DirectBootConfig& config, const Placement& placement) {
    const u64 flags = field(setup, header::LoadFlags, 1);
    set_field(setup, header::TypeOfLoader, 1, unknown_loader);
    set_field(setup, header::LoadFlags, 1, flags | can_use_heap);
    set_field(setup, header::HeapEndPtr, 2, heap_end - 0x200);
    set_field(setup, header::CmdLinePtr, 4, cmdline_address);
    set_field(setup, header::RamdiskImage, 4, placement.initrd_address);
    set_field(setup, header::RamdiskSize, 4, config.initrd.size());
    if (const auto mode = video_mode(config.command_line)) {
        set_field(setup, header::VidMode, 2, *mode);
    }
}

Result<> check_command_line(std::span<const u8> kernel, const std::string& command_line) {
    const u64 most = std::min(field(kernel, header::CmdlineSize, 4), largest_cmdline - 1);
    if (command_line.size() > most) {
        return Error{"the command line has " + std::to_string(command_line.size()) +
                     " characters; this kernel takes " + std::to_string(most)};
    }
    if (command_line.find('\0') != std::string::npos) {
        return Error{"the command line has a character 0 in it"};
    }
    return {};
}

FwCfg::Item number_item(u16 number, u64 value) {
    std::vector<u8> bytes(4);
    set_field(bytes, 0, 4, value);
    return {number, std::move(bytes)};
}

void add_blob(std::vector<FwCfg::Item>& items, std::array<u16, 3> keys, u64 address,
              std::vector<u8> bytes) {
    items.push_back(number_item(keys[0], address));
    items.push_back(number_item(keys[1], bytes.size()));
    items.push_back({keys[2], std::move(bytes)});
}

FwCfg::File option_rom() {
    const std::span<const u8> assembled = linuxboot_rom();
    std::vector<u8> rom(assembled.begin(), assembled.end());
    rom.back() = static_cast<u8>(0u - std::accumulate(rom.begin(), rom.end() - 1, 0u));
    return {"genroms/linuxboot_dma.bin", std::move(rom), FwCfg::Access::ReadOnly};
}

}  // namespace

Result<DirectBootFiles> make_direct_boot_files(DirectBootConfig config, u64 low_ram_end) {
    std::vector<u8>& kernel = config.kernel;
    TRY(check_header(kernel));
    TRY(check_command_line(kernel, config.command_line));
    if (config.initrd.size() > ~u32{0}) return Error{"the initrd is longer than 4 GiB"};
    const u64 setup_size = TRY(setup_bytes(kernel));
    const Placement placement = TRY(place(config, setup_size, low_ram_end));

    const auto border = kernel.begin() + static_cast<i64>(setup_size);
    std::vector<u8> setup(kernel.begin(), border);
    fill_in(setup, config, placement);
    kernel.erase(kernel.begin(), border);
    std::vector<u8> command_line(config.command_line.begin(), config.command_line.end());
    command_line.push_back(0);

    DirectBootFiles files{.items = {}, .option_rom = option_rom()};
    add_blob(files.items, {key::SetupAddress, key::SetupSize, key::SetupData}, setup_address,
             std::move(setup));
    add_blob(files.items, {key::CmdlineAddress, key::CmdlineSize, key::CmdlineData},
             cmdline_address, std::move(command_line));
    add_blob(files.items, {key::KernelAddress, key::KernelSize, key::KernelData}, kernel_address,
             std::move(kernel));
    add_blob(files.items, {key::InitrdAddress, key::InitrdSize, key::InitrdData},
             placement.initrd_address, std::move(config.initrd));
    return files;
}

}  // namespace machine
