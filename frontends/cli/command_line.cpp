// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/cli/command_line.hpp"

#include <CLI/CLI.hpp>

#include "frontends/cli/help_text.hpp"
#include "frontends/cli/nearest_word.hpp"

namespace frontends {

using fabric::Error;
using fabric::Result;

namespace {

std::string flag_of(const Option& option) { return "--" + std::string(option.name); }

CLI::Option* add_to(CLI::App& app, const Option& option) {
    const std::string help(option.help);
    if (option.is_switch()) return app.add_flag(flag_of(option), help);
    auto* const added = app.add_option(
        flag_of(option), [](const CLI::results_t&) { return true; }, help);
    added->take_all();
    added->allow_extra_args(false);
    return added;
}

}  // namespace

RunCommandLine::RunCommandLine(CLI::App& app) : run_(*app.add_subcommand("run", "run a guest")) {
    for (const Option& option : run_option_table()) options_.push_back(add_to(run_, option));
    run_.allow_extras();  // check_nothing_is_left() knows what was meant.
    run_.formatter_fn([](auto*, auto, auto) { return run_help(); });
}

bool RunCommandLine::given() const { return run_.parsed(); }

Result<> RunCommandLine::check_nothing_is_left() const {
    const std::vector<std::string> left = run_.remaining();
    if (left.empty()) return {};
    const std::string word = left[0].substr(0, left[0].find('='));
    if (!word.starts_with("-")) {
        return Error{"'" + word + "' belongs to no option; 'satori run --help' lists them"};
    }
    std::vector<std::string> flags = {"--help"};
    for (const Option& option : run_option_table()) flags.push_back(flag_of(option));
    const std::vector<std::string_view> candidates(flags.begin(), flags.end());
    return Error{"there is no option " + word + "; the nearest is " +
                 std::string(nearest_word(word, candidates)) + " ('satori run --help' lists them)"};
}

std::vector<GivenOption> RunCommandLine::given_options() const {
    std::vector<GivenOption> given;
    for (usize i = 0; i < options_.size(); ++i) {
        if (options_[i]->count() == 0) continue;
        given.push_back({&run_option_table()[i], options_[i]->results()});
        // Where only one value can be, the last one counts.
        auto& values = given.back().values;
        if (!given.back().option->repeatable) values.erase(values.begin(), values.end() - 1);
    }
    return given;
}

Result<RunOptions> RunCommandLine::options() const {
    TRY(check_nothing_is_left());
    RunOptions options;
    for (const auto& [option, values] : given_options()) {
        for (const std::string& value : values) {
            auto outcome = option->set(options, value);
            if (!outcome) return std::move(outcome).error().within(flag_of(*option));
        }
    }
    return options;
}

}  // namespace frontends
