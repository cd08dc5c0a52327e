// SPDX-License-Identifier: BSD-2-Clause
//
// The satori program.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <csignal>
#include <optional>

#include "frontends/cli/checkpoint_command.hpp"
#include "frontends/cli/command_line.hpp"
#include "frontends/cli/completion.hpp"
#include "frontends/cli/info_command.hpp"
#include "frontends/cli/nearest_word.hpp"
#include "frontends/cli/run_command.hpp"
#include "frontends/session/session.hpp"

namespace {

using fabric::Error;
using fabric::Result;

constexpr int status_error = 1;

constexpr const char* examples = R"(
Examples:
  satori run --disk debian.img --memory 1G      run a PC; 'satori run --help' has it all
  satori run vm.toml                            the same, described in a file
  satori info boot.checkpoint                   what a file is

docs/command_line.md tells the rest.)";

/// The commands that only print: what each takes, and what it prints.
class TellingCommands {
public:
    explicit TellingCommands(CLI::App& app) {
        CLI::App& info = *app.add_subcommand("info", "what this host can do, or what a file is");
        info.add_option("FILE", word_,
                        "a VM's TOML, a checkpoint, a recording, a kernel or an image");
        info.callback([this] {
            tell(word_.empty() ? Result<std::string>(frontends::describe_host())
                               : frontends::describe_file(word_));
        });
        add_checkpoint(*app.add_subcommand("checkpoint", "look at checkpoints"));
        app.add_subcommand("cpus", "list the processor models")->callback([this] {
            tell(frontends::describe_models());
        });
        app.add_subcommand("hyperv", "list what --hyperv takes")->callback([this] {
            tell(frontends::describe_hyperv());
        });
        CLI::App& completion =
            *app.add_subcommand("completion", "print a completion script for a shell");
        completion.add_option("SHELL", word_, "bash, zsh or fish")->required();
        completion.callback([this] { tell(frontends::completion_script(word_)); });
    }

    /// What was found to tell; nothing if none of these commands was given.
    std::optional<Result<std::string>>& told() { return told_; }

private:
    void add_checkpoint(CLI::App& checkpoint) {
        checkpoint.require_subcommand(1);
        CLI::App& info = *checkpoint.add_subcommand("info", "what a checkpoint is of, and when");
        info.add_option("FILE", word_, "the checkpoint")->required();
        info.callback([this] { tell(frontends::describe_checkpoint(word_)); });
        CLI::App& list = *checkpoint.add_subcommand("list", "the checkpoints in a folder");
        list.add_option("FOLDER", word_, "where (here)");
        list.callback([this] { tell(frontends::list_checkpoints(word_.empty() ? "." : word_)); });
    }

    void tell(Result<std::string> told) { told_.emplace(std::move(told)); }

    std::string word_;
    std::optional<Result<std::string>> told_;
};

/// A first word that is no command is answered with the one that was meant.
Result<> check_command(const CLI::App& app, int argc, char** argv) {
    if (argc < 2 || argv[1][0] == '-') return {};
    std::vector<std::string> names;
    for (const CLI::App* each : app.get_subcommands(nullptr)) names.push_back(each->get_name());
    if (std::ranges::find(names, argv[1]) != names.end()) return {};
    const std::vector<std::string_view> candidates(names.begin(), names.end());
    return Error{"there is no command '" + std::string(argv[1]) + "'; the nearest is '" +
                 std::string(frontends::nearest_word(argv[1], candidates)) +
                 "' ('satori --help' lists them)"};
}

int failed(const Error& error) {
    frontends::print_notice(error.message);
    return status_error;
}

Result<int> run(const frontends::RunCommandLine& command_line) {
    return frontends::run_guest(TRY(command_line.options()));
}

}  // namespace

int main(int argc, char** argv) {
    // A file that may not grow is a full host, which a write is told of.
    std::signal(SIGXFSZ, SIG_IGN);
    CLI::App app{"Satori: an exact, deterministic x86-64 machine"};
    app.set_version_flag("--version", "satori 0.1");
    app.require_subcommand(1);
    app.footer(examples);
    const frontends::RunCommandLine run_command(app);
    TellingCommands telling(app);
    if (const auto known = check_command(app, argc, argv); !known) return failed(known.error());
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version.
        return failed({std::string(error.what()) + "; 'satori --help' tells"});
    }

    if (auto& told = telling.told()) {
        if (!*told) return failed(told->error());
        fmt::print("{}", told->value());
        return 0;
    }
    auto status = run(run_command);
    return status ? status.value() : failed(status.error());
}
