// SPDX-License-Identifier: BSD-2-Clause
//
// `satori checkpoint info FILE` and `satori checkpoint list [FOLDER]`.
#pragma once

#include <string>

#include "fabric/support/result.hpp"

namespace frontends {

fabric::Result<std::string> describe_checkpoint(const std::string& path);

/// A line for each checkpoint in the folder.
fabric::Result<std::string> list_checkpoints(const std::string& folder);

}  // namespace frontends
