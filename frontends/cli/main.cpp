// SPDX-License-Identifier: BSD-2-Clause
//
// The satori program.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <csignal>

#include "cpu/core/models/cpu_model.hpp"
#include "frontends/cli/run_command.hpp"
#include "machine/board/board.hpp"

namespace {

constexpr int status_error = 1;

void list_models() {
    for (const auto& [model, is_default, obstacle] : machine::offered_models()) {
        fmt::print("{:<12} {}{}\n", model.name, model.description, is_default ? " (default)" : "");
        if (!obstacle.empty()) fmt::print("{:<12}   not on this host: {}\n", "", obstacle);
    }
}

void describe_run(CLI::App& run, frontends::RunOptions& options) {
    run.add_option("--memory", options.memory, "RAM, such as 64M or 2G");
    run.add_option("--cpus", options.cpus, "how many processors")->capture_default_str();
    run.add_option("--kernel", options.kernel, "a Linux kernel to boot (bzImage)");
    run.add_option("--initrd", options.initrd, "its initial RAM disk");
    run.add_option("--append", options.append, "its command line");
    run.add_option("--disk", options.disks,
                   "FILE[,snapshot=on]: a raw image as the next IDE disk; with snapshot=on nothing "
                   "is written to it. May be given again")
        ->allow_extra_args(false);
    run.add_option("--cdrom", options.cdroms,
                   "FILE: an image as a CD, the master of the second channel where it is free")
        ->allow_extra_args(false);
    run.add_option("--bios", options.bios, "the PC's firmware")->capture_default_str();
    run.add_option("--vgabios", options.video_bios, "the display's firmware")
        ->capture_default_str();
    run.add_option("--rtc", options.rtc,
                   "what the clock shows at power-on: host, or UTC as 2026-01-31T12:00:00")
        ->capture_default_str();
    run.add_flag("--no-reboot", options.no_reboot, "end where the guest would start again");
    run.add_option("--rom", options.rom,
                   "instead of a PC, a bare processor that starts in the last 16 bytes of this");
    run.add_option("--cpu", options.cpu, "processor model; 'satori cpus' lists them");
    run.add_option("--engine", options.engine, "what executes instructions")->capture_default_str();
    run.add_option("--debug-console", options.debug_console,
                   "where bytes written to port E9 go: stdout, stderr, none or a file")
        ->capture_default_str();
    run.add_option("--max-instructions", options.max_instructions, "stop after so many (0: never)")
        ->capture_default_str();
    run.add_option("--seed", options.seed,
                   "seed of the numbers that RDRAND gives; a checkpoint has its own")
        ->capture_default_str();
    run.add_option("--hash-every", options.hash_every,
                   "print a hash of the whole state every so many instructions");
    run.add_option("--record", options.record, "write all input to this file");
    run.add_option("--replay", options.replay, "take all input from such a file");
    run.add_option("--restore", options.restore, "start from this checkpoint");
    run.add_option("--save", options.save, "write a checkpoint to this file at the end");
    run.add_flag("--stats", options.stats, "print instruction counts and speed at the end");
    run.footer(
        "The first serial port is on the terminal; Ctrl-A x leaves. The process ends with 0 when "
        "the guest powers off or writes 0 to port F4, with 2v+1 when it writes v, with 2 when "
        "stopped, with 3 after a triple fault and with 4 if the guest halts for good.");
}

}  // namespace

int main(int argc, char** argv) {
    // A file that may not grow is a full host, which a write is told of.
    std::signal(SIGXFSZ, SIG_IGN);
    CLI::App app{"Satori: an exact, deterministic x86-64 machine"};
    app.set_version_flag("--version", "satori 0.1");
    app.require_subcommand(1);
    frontends::RunOptions options;
    CLI::App& run = *app.add_subcommand("run", "run a guest");
    describe_run(run, options);
    CLI::App& cpus = *app.add_subcommand("cpus", "list the processor models");
    CLI11_PARSE(app, argc, argv);

    if (cpus.parsed()) {
        list_models();
        return 0;
    }
    auto status = frontends::run_guest(options);
    if (status) return status.value();
    fmt::print(stderr, "satori: {}\n", status.error().message);
    return status_error;
}
