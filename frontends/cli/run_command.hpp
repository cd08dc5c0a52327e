// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>

#include "fabric/support/int_types.hpp"
#include "fabric/support/result.hpp"

namespace frontends {

struct RunOptions {
    std::string rom;
    std::string memory = "64M";
    std::string cpu;
    std::string engine = "interpreter";
    std::string debug_console = "stdout";
    std::string record;
    std::string replay;
    std::string restore;
    std::string save;
    u64 max_instructions = 0;  // 0: no limit.
    u64 hash_every = 0;        // 0: no hashes.
    u64 seed = 1;
    bool stats = false;
};

/// Runs a guest to its end. The value is the process status.
fabric::Result<int> run_guest(const RunOptions& options);

/// "64M", "2G", "512K", or bytes.
fabric::Result<u64> parse_size(const std::string& text);

}  // namespace frontends
