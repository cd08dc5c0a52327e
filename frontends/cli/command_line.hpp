// SPDX-License-Identifier: BSD-2-Clause
//
// The option table on the command line.
#pragma once

#include <string>
#include <vector>

#include "fabric/support/result.hpp"
#include "frontends/cli/option_table.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace frontends {

class RunCommandLine {
public:
    /// Adds the command `run`. Nothing of `app` is kept but that command.
    explicit RunCommandLine(CLI::App& app);

    bool given() const;

    /// After `app` has parsed: those of the VM's file, if one was named, and of the command line.
    fabric::Result<RunOptions> options() const;

private:
    fabric::Result<> check_nothing_is_left() const;
    std::vector<GivenOption> given_options() const;

    CLI::App& run_;
    CLI::Option* vm_;
    std::vector<CLI::Option*> options_;  // By row of the table.
};

}  // namespace frontends
