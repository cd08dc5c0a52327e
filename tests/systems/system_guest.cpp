// SPDX-License-Identifier: BSD-2-Clause
#include "tests/systems/system_guest.hpp"

#include <catch2/catch.hpp>

#include <filesystem>

#include "fabric/host/file.hpp"
#include "tests/machine/pc_guest.hpp"

namespace test {

namespace {

constexpr u64 largest_file = u64{1} << 30;

}  // namespace

std::string system_file(const std::string& name) {
    const std::string path = SYSTEMS_MEDIA "/" + name;
    if (have_seabios() && std::filesystem::exists(path)) return path;
    WARN("not tested: " << path << " is missing; tests/systems/media.py makes it");
    return "";
}

machine::PcConfig system_config(u64 mebibytes) {
    machine::PcConfig config = pc_config();
    config.ram_bytes = mebibytes << 20;
    return config;
}

machine::PcConfig system_with_cd(u64 mebibytes, const std::string& path) {
    machine::PcConfig config = system_config(mebibytes);
    config.cdroms = {path};
    return config;
}

machine::PcConfig system_with_kernel(u64 mebibytes, const std::string& kernel,
                                     const std::string& initrd, const std::string& command_line) {
    machine::PcConfig config = system_config(mebibytes);
    config.kernel = machine::DirectBootConfig{.command_line = command_line};
    config.kernel->kernel = fabric::read_whole_file(kernel, largest_file).value();
    if (!initrd.empty()) {
        config.kernel->initrd = fabric::read_whole_file(initrd, largest_file).value();
    }
    return config;
}

}  // namespace test
