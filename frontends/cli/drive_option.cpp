// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/cli/drive_option.hpp"

#include "frontends/cli/option_values.hpp"

namespace frontends {

using fabric::Error;
using fabric::Result;

Result<machine::PcDisk> parse_disk(const std::string& text) {
    const std::vector<std::string> parts = parts_of(text);
    machine::PcDisk disk{.path = parts[0]};
    if (disk.path.empty()) return Error{"'" + text + "': name the file of an image first"};
    for (usize i = 1; i < parts.size(); ++i) {
        const std::string& part = parts[i];
        if (part == "snapshot=on" || part == "snapshot=off") {
            disk.snapshot = part == "snapshot=on";
        } else if (part != "if=ide") {
            return Error{disk.path + ": there is no '" + part +
                         "'; there are snapshot=on, snapshot=off and if=ide (write a comma of the "
                         "file's name twice)"};
        }
    }
    return disk;
}

Result<std::string> parse_cdrom(const std::string& text) {
    const std::vector<std::string> parts = parts_of(text);
    if (parts[0].empty()) return Error{"'" + text + "': name the file of an image"};
    if (parts.size() == 1) return parts[0];
    return Error{parts[0] + ": there is no '" + parts[1] +
                 "'; it takes nothing but the file (write a comma of its name twice)"};
}

}  // namespace frontends
