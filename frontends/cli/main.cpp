// SPDX-License-Identifier: BSD-2-Clause
//
// The satori program.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <csignal>

#include "cpu/core/models/cpu_model.hpp"
#include "frontends/cli/command_line.hpp"
#include "frontends/cli/run_command.hpp"
#include "frontends/session/session.hpp"
#include "machine/board/board.hpp"

namespace {

constexpr int status_error = 1;

void list_models() {
    for (const auto& [model, is_default, obstacle] : machine::offered_models()) {
        fmt::print("{:<12} {}{}\n", model.name, model.description, is_default ? " (default)" : "");
        if (!obstacle.empty()) fmt::print("{:<12}   not on this host: {}\n", "", obstacle);
    }
}

fabric::Result<int> run(const frontends::RunCommandLine& command_line) {
    return frontends::run_guest(TRY(command_line.options()));
}

}  // namespace

int main(int argc, char** argv) {
    // A file that may not grow is a full host, which a write is told of.
    std::signal(SIGXFSZ, SIG_IGN);
    CLI::App app{"Satori: an exact, deterministic x86-64 machine"};
    app.set_version_flag("--version", "satori 0.1");
    app.require_subcommand(1);
    const frontends::RunCommandLine run_command(app);
    app.add_subcommand("cpus", "list the processor models")->callback(list_models);
    CLI11_PARSE(app, argc, argv);

    if (!run_command.given()) return 0;
    auto status = run(run_command);
    if (status) return status.value();
    frontends::print_notice(status.error().message);
    return status_error;
}
