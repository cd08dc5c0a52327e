// SPDX-License-Identifier: BSD-2-Clause
//
// The Unicorn differential tester: random instances of the forms that Unicorn can run, in real mode
// and in flat 32- and 64-bit machines at the highest privilege, there and on our processor, from
// the same state; everything compared. A second opinion where no host can be asked.
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>
#include <map>
#include <new>

#include "cpu/core/models/cpu_model.hpp"
#include "cpu/fpu/host_features.hpp"
#include "tests/differential/unicorn_campaign.hpp"

namespace test::differential {
namespace {

struct Arguments {
    FlatOptions campaign;
    std::string mode = "all";
    std::string repro;
    u64 jobs = 1;
    bool coverage = false;
};

constexpr std::array<FlatMode, 3> all_modes = {FlatMode::Real, FlatMode::Protected, FlatMode::Long};

void add_options(CLI::App& app, Arguments& to) {
    app.add_option("--count", to.campaign.count, "Cases to run in each mode, of all jobs together");
    app.add_option("--seed", to.campaign.generator.seed, "What the cases are made from");
    app.add_option("--form", to.campaign.generator.form_name,
                   "Only forms whose \"encoding mnemonic\" contains this");
    app.add_option("--mode", to.mode, "real, protected, long or all")
        ->check(CLI::IsMember({"real", "protected", "long", "all"}));
    app.add_option("--jobs", to.jobs, "Processes to run side by side");
    app.add_option("--repro", to.repro, "SEED:CASE of a difference, to run it alone; with --mode");
    app.add_option("--show-per-form", to.campaign.shown_per_form, "Differences printed of a form");
    app.add_option("--show", to.campaign.shown, "Differences printed by a process");
    app.add_flag("--coverage", to.coverage, "List every form with its number of cases");
}

bool apply(Arguments& arguments) {
    if (arguments.repro.empty()) return true;
    unsigned long seed = 0;
    unsigned long index = 0;
    if (std::sscanf(arguments.repro.c_str(), "%lu:%lu", &seed, &index) != 2) return false;
    arguments.campaign.generator.seed = seed;
    arguments.campaign.first = index;
    arguments.campaign.count = 1;
    arguments.jobs = 1;
    return true;
}

/// Whose case to show if Unicorn aborts this process.
const FlatCampaign* aborting = nullptr;

/// Runs one job's share. The status its process ends with.
int run_job(const Arguments& arguments, const cpu::CpuModel& model, FlatTally& tally, u64 job) {
    FlatOptions options = arguments.campaign;
    options.first += job;
    options.stride = arguments.jobs;
    options.count = (options.count + arguments.jobs - 1 - job) / arguments.jobs;
    auto campaign = FlatCampaign::create(options, model, tally);
    if (!campaign) {
        fmt::print(stderr, "unicorn_differential: {}\n", campaign.error().message);
        return 2;
    }
    aborting = campaign.value().get();
    std::signal(SIGABRT, [](int) {
        fmt::print("aborted in {}\n", aborting->current());
        std::fflush(stdout);
    });
    campaign.value()->run();
    return 0;
}

int run_jobs(const Arguments& arguments, const cpu::CpuModel& model, FlatTally& tally) {
    // A process of its own also for one: Unicorn may abort.
    std::fflush(stdout);
    for (u64 job = 0; job < arguments.jobs; ++job) {
        const pid_t child = fork();
        if (child == 0) _exit(run_job(arguments, model, tally, job));
    }
    int worst = 0;
    int status = 0;
    while (wait(&status) > 0) {
        worst = std::max(worst, WIFEXITED(status) ? WEXITSTATUS(status) : 2);
        if (WIFSIGNALED(status)) fmt::print("a job was ended by signal {}\n", WTERMSIG(status));
    }
    return worst;
}

std::string form_name(usize row) {
    const cpu::Form& form = cpu::forms()[row];
    return fmt::format("{:28} {}", form.encoding, form.mnemonic);
}

void print_excluded(FlatMode mode) {
    std::map<std::string_view, std::string> forms;
    for (const cpu::Form& form : cpu::forms()) {
        const std::string_view reason = exclusion_reason(mode, form);
        if (!reason.empty()) forms[reason] += fmt::format(" {};", form.mnemonic);
    }
    for (const auto& [reason, names] : forms)
        fmt::print("not run in {} mode: {}:{}\n", mode_name(mode), reason, names);
}

/// A form that never completes is one that only raises, or the slice is too short.
void print_coverage(const Arguments& arguments, const FlatTally& tally,
                    std::span<const u16> chosen) {
    usize missing = 0;
    for (const u16 row : chosen) {
        const bool missed = tally.completed[row] == 0;
        missing += missed;
        if (arguments.coverage) {
            fmt::print("{:9} {:9} {:9} {}\n", tally.cases[row], tally.completed[row],
                       tally.exact[row], form_name(row));
        } else if (missed && missing <= 20) {
            fmt::print("never completed: {}\n", form_name(row));
        }
    }
    fmt::print("{} of {} forms completed at least once\n", chosen.size() - missing, chosen.size());
}

void print_summary(FlatMode mode, const FlatTally& tally) {
    fmt::print(
        "{} mode: {} cases: {} ended in an exception, {} were equal but for a mask; left "
        "out: {} that are no instruction, {} that touched what is not memory, {} branches with "
        "66\n",
        mode_name(mode), tally.done, tally.faults, tally.masked, tally.undecoded, tally.outside,
        tally.left_out);
    fmt::print("exceptions by vector:");
    for (usize vector = 0; vector < tally.vectors.size(); ++vector) {
        if (tally.vectors[vector] != 0) fmt::print(" {}:{}", vector, tally.vectors[vector]);
    }
    fmt::print("\n");
    for (usize row = 0; row < mask_rows().size(); ++row) {
        if (tally.masks[row] == 0) continue;
        fmt::print("mask {:8}  {}\n", tally.masks[row], mask_rows()[row].reason);
    }
    for (usize row = 0; row < cpu::forms().size(); ++row) {
        if (tally.differing[row] == 0) continue;
        fmt::print("DIFFERS {:8} of {:8}  {}\n", tally.differing[row], tally.cases[row],
                   form_name(row));
    }
    fmt::print("{} mode: {} differences\n", mode_name(mode), tally.different);
}

int run_mode(const Arguments& arguments, FlatMode mode, FlatTally& tally) {
    const cpu::CpuModel& model = cpu::default_cpu_model(cpu::host_features());
    const cpu::FeatureSet features = cpu::features_on_host(model, cpu::host_features());
    const int status = run_jobs(arguments, model, tally);
    if (status != 0) return status;
    const Generator generator(generator_options(arguments.campaign), features);
    print_summary(mode, tally);
    if (arguments.coverage) print_excluded(mode);
    const bool whole =
        arguments.repro.empty() && arguments.campaign.count >= 30 * cpu::forms().size();
    if (whole || arguments.coverage) print_coverage(arguments, tally, generator.chosen_forms());
    return tally.different != 0 ? 1 : 0;
}

int run(Arguments arguments) {
    void* shared =
        mmap(nullptr, sizeof(FlatTally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return 2;
    int worst = 0;
    for (const FlatMode mode : all_modes) {
        if (arguments.mode != "all" && arguments.mode != mode_name(mode)) continue;
        arguments.campaign.mode = mode;
        worst = std::max(worst, run_mode(arguments, mode, *new (shared) FlatTally));
    }
    return worst;
}

}  // namespace
}  // namespace test::differential

int main(int count, char** values) {
    CLI::App app("Compares our processor with Unicorn, instruction by instruction.");
    test::differential::Arguments arguments;
    test::differential::add_options(app, arguments);
    CLI11_PARSE(app, count, values);
    if (!test::differential::apply(arguments)) {
        fmt::print(stderr, "unicorn_differential: --repro wants SEED:CASE, such as 1:4711\n");
        return 2;
    }
    return test::differential::run(arguments);
}
