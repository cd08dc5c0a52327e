// SPDX-License-Identifier: BSD-2-Clause
//
// --boot cdrom,disk,network
#pragma once

#include <string>
#include <vector>

#include "fabric/support/result.hpp"
#include "machine/board/pc.hpp"

namespace frontends {

fabric::Result<std::vector<machine::PcBootDevice>> parse_boot_order(const std::string& text);

}  // namespace frontends
