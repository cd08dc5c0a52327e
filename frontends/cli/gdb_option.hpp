// SPDX-License-Identifier: BSD-2-Clause
//
// --gdb PORT[,arch=x86-64|i386|i8086].
#pragma once

#include <optional>
#include <string>

#include "fabric/support/result.hpp"
#include "frontends/gdb/server.hpp"

namespace frontends {

fabric::Result<std::optional<gdb::ServerOption>> parse_gdb(const std::string& text);

}  // namespace frontends
