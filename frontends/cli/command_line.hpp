// SPDX-License-Identifier: BSD-2-Clause
//
// The option table on the command line.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "fabric/support/result.hpp"
#include "frontends/cli/option_table.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace frontends {

/// One option as the user gave it. A switch that is just named is "on".
struct GivenOption {
    const Option* option;
    std::vector<std::string> values;
};

class RunCommandLine {
public:
    /// Adds the command `run`. Nothing of `app` is kept but that command.
    explicit RunCommandLine(CLI::App& app);

    bool given() const;

    // After `app` has parsed.

    fabric::Result<RunOptions> options() const;

private:
    fabric::Result<> check_nothing_is_left() const;
    std::vector<GivenOption> given_options() const;

    CLI::App& run_;
    std::vector<CLI::Option*> options_;  // By row of the table.
};

}  // namespace frontends
