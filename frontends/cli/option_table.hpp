// SPDX-License-Identifier: BSD-2-Clause
//
// The options of `satori run`, one row each. From the rows come the command line, the TOML file of
// a VM, --help and the shells' completion; so a new option is a row in option_table.cpp, a member
// of RunOptions, and where its value has a grammar, a parser beside drive_option.hpp.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fabric/support/result.hpp"
#include "frontends/cli/run_options.hpp"

namespace frontends {

/// A heading of --help, and where its options stand in a TOML file.
struct OptionGroup {
    std::string_view heading;
    std::string_view table;  // "machine" for [machine]; empty for the file's top.
};

/// What in a value is a path: of TOML files it is taken from their folder, shells complete it.
enum class PathIn : u8 {
    Nothing,
    Whole,
    Head,       // What stands in front of commas or '@'.
    AfterColon  // "file:PATH", "unix:PATH".
};

struct Option {
    std::string_view name;   // "memory": --memory, and the key in TOML.
    std::string_view value;  // How help calls the value; empty: there is none, it is on or off.
    const OptionGroup* group;
    std::string_view help;
    std::function<fabric::Result<>(RunOptions&, const std::string&)> set;
    bool repeatable = false;  // Each use calls set() once more.
    PathIn path = PathIn::Nothing;
    std::vector<std::string_view> words = {};  // Values to choose from, or in place of a path.

    /// For a value like "FILE,snapshot=on": the keys it has as a TOML table, first the one of what
    /// stands in front; and those whose values are paths.
    std::vector<std::string_view> keys = {};
    std::vector<std::string_view> path_keys = {};

    bool is_switch() const { return value.empty(); }
};

std::span<const Option> run_option_table();

/// One option, as a user gave it.
struct GivenOption {
    struct Value {
        std::string text;
        std::string where;  // "--memory", "vm.toml:3: memory": errors begin with it.
    };

    const Option* option;
    std::vector<Value> values;
};

/// What was given on the command line takes the place of what a file says of the same option.
fabric::Result<RunOptions> options_of(const std::vector<GivenOption>& file,
                                      const std::vector<GivenOption>& command_line);

}  // namespace frontends
