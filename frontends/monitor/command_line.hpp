// SPDX-License-Identifier: BSD-2-Clause
//
// The words of a command to the monitor, and the numbers among them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fabric/support/int_types.hpp"
#include "fabric/support/result.hpp"

namespace frontends {

/// At blanks, but not within "quotes".
std::vector<std::string> words_of(std::string_view line);

/// The value of a register, if there is one of that name.
using RegisterByName = std::function<std::optional<u64>(std::string_view name)>;

/// Numbers (0x for hexadecimal) and $registers, added and subtracted: "$rsp+0x20".
fabric::Result<u64> value_of(std::string_view expression, const RegisterByName& registers);

/// How memory is shown: "x/8xg", with what is left out as GDB and QEMU have it.
struct DumpFormat {
    u64 count = 1;
    char form = 'x';  // x, d, u, o, c, or i for instructions.
    u8 size = 4;      // Bytes.
    bool operator==(const DumpFormat&) const = default;
};
/// What follows the slash.
fabric::Result<DumpFormat> parse_dump_format(std::string_view text);

}  // namespace frontends
