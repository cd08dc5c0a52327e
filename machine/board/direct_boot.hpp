// SPDX-License-Identifier: BSD-2-Clause
//
// --kernel, --initrd, --append: a Linux kernel without a boot loader, by the boot protocol 2.06 and
// later (Documentation/x86/boot.rst).
//
// The kernel is entered where GRUB's linux16 and every BIOS boot loader enters it: at its real-mode
// code, with the firmware beneath it. So the kernel itself asks for the memory map, the video mode,
// EDD and the keyboard, and finds ACPI and SMBIOS where firmware puts them, as on a disk boot; an
// entry in protected mode would have us invent all that. The work is split: here the image is
// checked, addresses are chosen and the setup header is filled in; the option ROM of roms/linuxboot
// copies the pieces, when the firmware has decided to boot from it.
#pragma once

#include <string>
#include <vector>

#include "devices/firmware/fw_cfg.hpp"
#include "fabric/support/result.hpp"

namespace machine {

struct DirectBootConfig {
    std::vector<u8> kernel;  // A bzImage.
    std::vector<u8> initrd;  // Empty: none.
    std::string command_line;
};

struct DirectBootFiles {
    std::vector<devices::FwCfg::Item> items;
    devices::FwCfg::File option_rom;
};

/// `low_ram_end`: where the RAM that begins at 0 ends. Errors tell what is wrong with the kernel,
/// or what does not fit.
fabric::Result<DirectBootFiles> make_direct_boot_files(DirectBootConfig config, u64 low_ram_end);

/// How firmware calls the option ROM in its boot order.
constexpr const char* direct_boot_device = "/rom@genroms/linuxboot_dma.bin";

}  // namespace machine
