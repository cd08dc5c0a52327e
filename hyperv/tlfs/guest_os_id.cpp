// SPDX-License-Identifier: BSD-2-Clause
#include "hyperv/tlfs/guest_os_id.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace hyperv {

namespace {

u64 bits(u64 value, unsigned high, unsigned low) {
    return (value >> low) & ((u64{1} << (high - low + 1)) - 1);
}

std::string describe_open_source(u64 identity) {
    constexpr std::array<std::string_view, 5> types = {"", "Linux", "FreeBSD", "Xen", "illumos"};
    const u64 type = bits(identity, 62, 56);
    const std::string name = type != 0 && type < types.size()
                                 ? std::string(types[type])
                                 : fmt::format("open-source system {:#x}", type);
    // As Linux encodes its version: 16 bits, 8, 8.
    return fmt::format("{} {}.{}.{}", name, bits(identity, 47, 32), bits(identity, 31, 24),
                       bits(identity, 23, 16));
}

std::string describe_proprietary(u64 identity) {
    constexpr std::array<std::string_view, 6> systems = {"system",     "MS-DOS",     "Windows 3.x",
                                                         "Windows 9x", "Windows NT", "Windows CE"};
    constexpr u64 microsoft = 1;
    const u64 vendor = bits(identity, 62, 48);
    const u64 system = bits(identity, 47, 40);
    const std::string name = vendor == microsoft && system < systems.size()
                                 ? std::string(systems[system])
                                 : fmt::format("vendor {:#x}, system {:#x},", vendor, system);
    return fmt::format("{} {}.{} build {}", name, bits(identity, 39, 32), bits(identity, 31, 24),
                       bits(identity, 15, 0));
}

}  // namespace

std::string describe_guest_os(u64 identity) {
    if (identity == 0) return "no identity";
    return (identity >> 63) != 0 ? describe_open_source(identity) : describe_proprietary(identity);
}

}  // namespace hyperv
