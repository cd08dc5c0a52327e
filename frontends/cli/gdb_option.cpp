// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/cli/gdb_option.hpp"

#include "frontends/cli/option_values.hpp"

namespace frontends {

using fabric::Error;
using fabric::Result;

Result<std::optional<gdb::ServerOption>> parse_gdb(const std::string& text) {
    constexpr u64 largest_port = 65'535;
    const std::vector<std::string> parts = parts_of(text);
    auto port = parse_number(parts[0]);
    if (!port || port.value() == 0 || port.value() > largest_port) {
        return Error{"'" + parts[0] + "' is no port; write a number from 1 to 65535, such as 1234"};
    }
    gdb::ServerOption option{.port = static_cast<u16>(port.value())};
    for (usize i = 1; i < parts.size(); ++i) {
        constexpr std::string_view key = "arch=";
        if (!parts[i].starts_with(key)) {
            return Error{"there is no '" + parts[i] + "'; there is arch=x86-64, i386 or i8086"};
        }
        option.architecture = TRY(gdb::parse_architecture(parts[i].substr(key.size())));
    }
    return std::optional(option);
}

}  // namespace frontends
