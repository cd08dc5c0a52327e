// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/cli/board_options.hpp"

#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "fabric/host/file.hpp"
#include "frontends/cli/image_format.hpp"
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

/// Firmware of the distribution's, which may not be installed.
Result<std::vector<u8>> firmware_of(const std::string& option, const std::string& path,
                                    const std::string& standard, u64 largest) {
    auto bytes = file_of(option, path, largest);
    if (bytes || path != standard || access(path.c_str(), F_OK) == 0) return bytes;
    return Error{bytes.error().message +
                 "; it is in Debian's package seabios (apt-get install seabios)"};
}

/// What the host could not hold even with nothing else running.
Result<> check_host_memory(u64 bytes) {
    struct sysinfo host {};
    if (sysinfo(&host) != 0) return {};
    const u64 most = (u64{host.totalram} + host.totalswap) * host.mem_unit;
    if (bytes <= most) return {};
    return Error{"--memory: " + std::to_string(bytes / mib) +
                 " MiB are asked for, and this host has " + std::to_string(most / mib) +
                 " MiB; give the machine less"};
}

/// The person is told; a guest may well write what looks like another format onto its raw disk.
void hint_at_other_formats(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::vector<char> start(image_format::enough_bytes);
    file.read(start.data(), static_cast<std::streamsize>(start.size()));
    const auto* const bytes = reinterpret_cast<const u8*>(start.data());
    const std::string container =
        image_format::container_of({bytes, static_cast<usize>(file.gcount())});
    if (container.empty()) return;
    print_notice("--disk " + path + ": it looks like " + container +
                 " and is taken as raw; 'qemu-img convert -O raw' makes it so");
}

Result<machine::TinyConfig> tiny_config_of(const RunOptions& options) {
    if (!options.disks.empty() || !options.cdroms.empty()) {
        return Error{"--disk and --cdrom are for the PC; the machine of --rom has no drives"};
    }
    if (!options.boot_order.empty()) {
        return Error{"--boot is for the PC; the machine of --rom starts in its ROM"};
    }
    if (options.serial.size() > 1) {
        return Error{"--serial: the machine of --rom has one serial port"};
    }
    if (!options.networks.empty()) {
        return Error{"--net is for the PC; the machine of --rom has no network"};
    }
    return machine::TinyConfig{
        .rom = TRY(file_of("--rom", options.rom, machine::TinyBoard::largest_rom)),
        .ram_bytes = options.memory.value_or(64 * mib),
        .cpu = options.cpu,
        .hyperv = options.hyperv.value_or(hyperv::FeatureSet{})};
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

Result<> check_boot_order(const RunOptions& options) {
    const bool asked = std::ranges::count(options.boot_order, machine::PcBootDevice::Network) != 0;
    const auto has_rom = [](const NetworkChoice& network) { return !network.rom.empty(); };
    if (!asked || std::ranges::any_of(options.networks, has_rom)) return {};
    return Error{
        "--boot network: no adapter has a ROM to boot with; give one, as in --net "
        "user,rom=/usr/lib/ipxe/qemu/pxe-e1000.rom (of Debian's package ipxe-qemu)"};
}

Result<machine::PcConfig> pc_config_of(const RunOptions& options) {
    machine::PcConfig config{.ram_bytes = options.memory.value_or(512 * mib),
                             .processors = options.cpus,
                             .cpu = options.cpu,
                             .disks = options.disks,
                             .cdroms = options.cdroms,
                             .boot_order = options.boot_order};
    TRY(check_boot_order(options));
    if (options.hyperv) config.hyperv = *options.hyperv;
    TRY(check_host_memory(config.ram_bytes));
    const RunOptions standard;
    config.firmware =
        TRY(firmware_of("--bios", options.bios, standard.bios, machine::Pc::largest_firmware));
    if (options.vgabios != "none") {
        config.video_bios =
            TRY(firmware_of("--vgabios", options.vgabios, standard.vgabios, largest_option_rom));
    }
    for (const machine::PcDisk& disk : options.disks) hint_at_other_formats(disk.path);
    for (const NetworkChoice& network : options.networks) {
        machine::PcAdapter adapter{.mac = network.mac};
        if (!network.rom.empty()) {
            adapter.rom = TRY(file_of("--net rom", network.rom, largest_option_rom));
        }
        config.adapters.push_back(std::move(adapter));
    }
    config.kernel = TRY(direct_boot_of(options));
    return config;
}

}  // namespace

Result<machine::MakeBoard> board_maker(const RunOptions& options, BoardSinks sinks) {
    const auto& serial = sinks.serial;
    if (!options.rom.empty()) {
        return machine::TinyBoard::maker(TRY(tiny_config_of(options)), {*serial[0], sinks.debug});
    }
    return machine::Pc::maker(TRY(pc_config_of(options)),
                              {.serial = *serial[0],
                               .firmware_log = sinks.debug,
                               .notice = print_notice,
                               .further_serial = {serial[1], serial[2], serial[3]},
                               .lines = sinks.lines});
}

}  // namespace frontends
