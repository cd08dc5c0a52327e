// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "fabric/support/result.hpp"
#include "frontends/cli/run_options.hpp"

namespace frontends {

/// Runs a guest to its end. The value is the process status.
fabric::Result<int> run_guest(const RunOptions& options);

}  // namespace frontends
