// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/cli/image_format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace frontends::image_format {

namespace {

struct Container {
    std::string_view name;
    std::string_view magic;
    usize offset = 0;
};
constexpr std::array containers = {
    Container{"qcow2", "QFI\xfb"},
    Container{"VHDX", "vhdxfile"},
    Container{"VMDK", "KDMV"},
    Container{"VHD", "conectix"},
    Container{"VDI", "\x7f\x10\xda\xbe", 0x40},
};

// El Torito and ISO 9660 have sectors of 2048 bytes; descriptors begin at sector 16.
constexpr usize iso_descriptor = 0x8000;
constexpr usize iso_boot_record = 0x8800;

bool has_at(std::span<const u8> start, usize offset, std::string_view text) {
    if (start.size() < offset + text.size()) return false;
    return std::ranges::equal(start.subspan(offset, text.size()), text, {},
                              [](u8 byte) { return static_cast<char>(byte); });
}

u64 number_at(std::span<const u8> start, usize offset, usize bytes) {
    u64 value = 0;
    for (usize i = 0; i < bytes; ++i) value |= u64{start[offset + i]} << (8 * i);
    return value;
}

std::string text_at(std::span<const u8> start, usize offset, usize longest) {
    std::string text;
    for (usize i = offset; i < std::min(offset + longest, start.size()); ++i) {
        if (start[i] == 0) break;
        text += start[i] >= ' ' && start[i] < 0x7f ? static_cast<char>(start[i]) : '?';
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
}

/// The Linux/x86 boot protocol: "HdrS" at 202h, its version, and where the kernel's name is.
std::optional<std::string> describe_kernel(std::span<const u8> start) {
    if (!has_at(start, 0x202, "HdrS") || start.size() < 0x210) return std::nullopt;
    const u64 version = number_at(start, 0x206, 2);
    const usize name = static_cast<usize>(number_at(start, 0x20e, 2)) + 0x200;
    return fmt::format("a Linux kernel, for --kernel: {}\n  boot protocol {}.{:02}\n",
                       text_at(start, name, 80), version >> 8, version & 0xff);
}

std::optional<std::string> describe_disc(std::span<const u8> start, u64 file_bytes) {
    if (!has_at(start, iso_descriptor + 1, "CD001")) return std::nullopt;
    const bool bootable = has_at(start, iso_boot_record + 7, "EL TORITO SPECIFICATION");
    return fmt::format(
        "a CD image, for --cdrom: '{}'\n  {:.1f} MiB{}\n", text_at(start, iso_descriptor + 40, 32),
        static_cast<double>(file_bytes) / (1 << 20), bootable ? ", can be booted (El Torito)" : "");
}

std::string describe_partitions(std::span<const u8> start) {
    constexpr usize table = 446;
    std::string text;
    for (usize i = 0; i < 4; ++i) {
        const usize entry = table + 16 * i;
        const u64 kind = start[entry + 4];
        if (kind == 0) continue;
        const double mib = static_cast<double>(number_at(start, entry + 12, 4)) / 2048;
        text += fmt::format("  partition {} type {:02x}, sector {}, {:.1f} MiB{}\n", i + 1, kind,
                            number_at(start, entry + 8, 4), mib,
                            start[entry] == 0x80 ? ", active" : "");
    }
    return text;
}

std::string describe_disk(std::span<const u8> start, u64 file_bytes) {
    const double mib = static_cast<double>(file_bytes) / (1 << 20);
    if (file_bytes == 0 || file_bytes % 512 != 0) {
        return fmt::format("nothing known, and no raw disk: {} bytes are no whole sectors\n",
                           file_bytes);
    }
    const bool bootable = has_at(start, 510, "\x55\xaa");
    std::string text = fmt::format("a raw disk image, for --disk: {:.1f} MiB, {} sectors\n", mib,
                                   file_bytes / 512);
    if (!bootable) return text + "  no boot sector\n";
    text += has_at(start, 512, "EFI PART") ? "  a GUID partition table\n" : "  a boot sector\n";
    return text + describe_partitions(start);
}

}  // namespace

std::string container_of(std::span<const u8> start) {
    for (const Container& each : containers) {
        if (has_at(start, each.offset, each.magic)) return std::string(each.name);
    }
    return {};
}

std::string describe(std::span<const u8> start, u64 file_bytes) {
    if (const std::string container = container_of(start); !container.empty()) {
        return fmt::format(
            "a {} image, which is not read here; make it raw with\n"
            "  qemu-img convert -O raw FROM TO\n",
            container);
    }
    if (const auto kernel = describe_kernel(start)) return *kernel;
    if (const auto disc = describe_disc(start, file_bytes)) return *disc;
    return describe_disk(start, file_bytes);
}

}  // namespace frontends::image_format
