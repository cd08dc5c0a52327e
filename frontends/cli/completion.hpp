// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>

#include "fabric/support/result.hpp"

namespace frontends {

/// A script that makes a shell complete satori's commands, options and their values: for bash, zsh
/// or fish.
fabric::Result<std::string> completion_script(const std::string& shell);

}  // namespace frontends
