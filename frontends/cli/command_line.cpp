// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/cli/command_line.hpp"

#include <CLI/CLI.hpp>

#include "frontends/cli/help_text.hpp"
#include "frontends/cli/nearest_word.hpp"
#include "frontends/cli/vm_file.hpp"

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
    vm_ = run_.add_option("vm", [](const CLI::results_t&) { return true; });
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
        const std::vector<std::string> texts = options_[i]->results();
        if (texts.empty()) continue;
        const Option& option = run_option_table()[i];
        GivenOption one{.option = &option, .values = {}};
        for (const std::string& text : texts) one.values.push_back({text, flag_of(option)});
        // Where only one value can be, the last one counts.
        if (!option.repeatable) one.values.erase(one.values.begin(), one.values.end() - 1);
        given.push_back(std::move(one));
    }
    return given;
}

Result<RunOptions> RunCommandLine::options() const {
    TRY(check_nothing_is_left());
    std::vector<GivenOption> file;
    if (vm_->count() != 0) file = TRY(read_vm_file(vm_->results()[0]));
    return options_of(file, given_options());
}

}  // namespace frontends
