// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/cli/board_options.hpp"

#include "fabric/host/file.hpp"
#include "frontends/session/session.hpp"
#include "machine/board/pc.hpp"
#include "machine/board/tiny_board.hpp"

namespace frontends {

using fabric::Error;
using fabric::Result;

namespace {

constexpr u64 mib = u64{1} << 20;
constexpr u64 largest_option_rom = u64{256} << 10;
constexpr u64 largest_kernel = 256 * mib;
constexpr u64 largest_initrd = 3072 * mib;

/// A file that an option names, or an error that names both.
Result<std::vector<u8>> file_of(const std::string& option, const std::string& path, u64 largest) {
    auto bytes = fabric::read_whole_file(path, largest);
    if (!bytes) return std::move(bytes).error().within(option);
    return bytes;
}

Result<machine::TinyConfig> tiny_config_of(const RunOptions& options) {
    if (!options.disks.empty() || !options.cdroms.empty()) {
        return Error{"--disk and --cdrom are for the PC; the machine of --rom has no drives"};
    }
    return machine::TinyConfig{
        .rom = TRY(file_of("--rom", options.rom, machine::TinyBoard::largest_rom)),
        .ram_bytes = options.memory.value_or(64 * mib),
        .cpu = options.cpu};
}

Result<std::optional<machine::DirectBootConfig>> direct_boot_of(const RunOptions& options) {
    if (options.kernel.empty()) {
        if (options.initrd.empty() && options.append.empty()) {
            return std::optional<machine::DirectBootConfig>{};
        }
        return Error{"--initrd and --append go with --kernel: name a kernel"};
    }
    machine::DirectBootConfig config{.command_line = options.append};
    config.kernel = TRY(file_of("--kernel", options.kernel, largest_kernel));
    if (!options.initrd.empty()) {
        config.initrd = TRY(file_of("--initrd", options.initrd, largest_initrd));
    }
    return std::optional(std::move(config));
}

Result<machine::PcConfig> pc_config_of(const RunOptions& options) {
    machine::PcConfig config{.ram_bytes = options.memory.value_or(512 * mib),
                             .processors = options.cpus,
                             .cpu = options.cpu,
                             .disks = options.disks,
                             .cdroms = options.cdroms};
    config.firmware = TRY(file_of("--bios", options.bios, machine::Pc::largest_firmware));
    if (options.vgabios != "none") {
        config.video_bios = TRY(file_of("--vgabios", options.vgabios, largest_option_rom));
    }
    config.kernel = TRY(direct_boot_of(options));
    return config;
}

}  // namespace

Result<machine::MakeBoard> board_maker(const RunOptions& options, BoardSinks sinks) {
    if (!options.rom.empty()) {
        return machine::TinyBoard::maker(TRY(tiny_config_of(options)), {sinks.serial, sinks.debug});
    }
    return machine::Pc::maker(TRY(pc_config_of(options)),
                              {sinks.serial, sinks.debug, print_notice});
}

}  // namespace frontends
