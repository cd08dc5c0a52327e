// SPDX-License-Identifier: BSD-2-Clause
//
// --disk FILE[,snapshot=on|off][,if=ide] and --cdrom FILE. A comma in a file's name is written
// twice.
#pragma once

#include <string>
#include <vector>

#include "fabric/support/result.hpp"
#include "machine/board/pc_drives.hpp"

namespace frontends {

fabric::Result<machine::PcDisk> parse_disk(const std::string& text);
fabric::Result<std::string> parse_cdrom(const std::string& text);

}  // namespace frontends
