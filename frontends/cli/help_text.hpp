// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>

namespace frontends {

/// `satori run --help`.
std::string run_help();

}  // namespace frontends
