// SPDX-License-Identifier: BSD-2-Clause
//
// `satori info`: what this host can do, or what a file is.
#pragma once

#include <string>

#include "fabric/support/result.hpp"

namespace frontends {

/// Engines, processor models, firmware, memory.
std::string describe_host();

/// Of a VM's TOML file or folder, a checkpoint, a recording, a kernel, a disk or CD image.
fabric::Result<std::string> describe_file(const std::string& path);

/// The processor models, a line or two each.
std::string describe_models();
/// Presets and features of --hyperv.
std::string describe_hyperv();

}  // namespace frontends
