// SPDX-License-Identifier: BSD-2-Clause
//
// The native differential tester: random instances of every form of the instruction table that user
// mode can run, on the host processor and on ours, from the same state; everything compared.
#include <fmt/format.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <map>
#include <new>

#include "cpu/core/models/cpu_model.hpp"
#include "cpu/fpu/host_features.hpp"
#include "fabric/support/verify.hpp"
#include "tests/differential/campaign.hpp"
#include "tests/differential/skip_list.hpp"

namespace test::differential {
namespace {

struct Arguments {
    CampaignOptions campaign;
    std::string mode = "all";
    std::string engine = "interpreter";
    std::string repro;
    u64 jobs = 1;
    u64 progress = 0;
    bool coverage = false;
    bool mask_undefined = false;
};

void add_options(CLI::App& app, Arguments& to) {
    app.add_option("--count", to.campaign.count, "Cases to run, of all jobs together");
    app.add_option("--seed", to.campaign.generator.seed, "What the cases are made from");
    app.add_option("--form", to.campaign.generator.form_name,
                   "Only forms whose \"encoding mnemonic\" contains this");
    app.add_option("--mode", to.mode, "64, 32, 16 or all")
        ->check(CLI::IsMember({"64", "32", "16", "all"}));
    app.add_option("--engine", to.engine, "execute or interpreter")
        ->check(CLI::IsMember({"execute", "interpreter"}));
    app.add_option("--sequence", to.campaign.generator.sequence,
                   "Up to so many instructions in one case");
    app.add_option("--loops", to.campaign.generator.loops,
                   "Of a hundred cases, how many run a few times in a loop");
    app.add_flag("--alignment-checks", to.campaign.generator.alignment_checks,
                 "Set RFLAGS.AC in half of the cases");
    app.add_option("--jobs", to.jobs, "Processes to run side by side");
    app.add_option("--progress", to.progress, "Seconds between two lines that tell how far it is");
    app.add_option("--repro", to.repro, "SEED:CASE of a difference, to run it alone");
    app.add_option("--show-per-form", to.campaign.shown_per_form, "Differences printed of a form");
    app.add_option("--show", to.campaign.shown, "Differences printed by a process");
    app.add_flag("--coverage", to.coverage, "List every form with its number of cases");
    app.add_flag("--mask-undefined", to.mask_undefined,
                 "Do not compare flags that the manual leaves undefined");
}

bool apply(Arguments& arguments) {
    CampaignOptions& campaign = arguments.campaign;
    GeneratorOptions& generator = campaign.generator;
    generator.mode16 = arguments.mode == "all" || arguments.mode == "16";
    generator.mode32 = arguments.mode == "all" || arguments.mode == "32";
    generator.mode64 = arguments.mode == "all" || arguments.mode == "64";
    campaign.engine = arguments.engine == "execute" ? EngineKind::Execute : EngineKind::Interpreter;
    // Stepping is the engine's business; execute() alone knows nothing of it.
    generator.single_step = campaign.engine == EngineKind::Interpreter;
    if (arguments.mask_undefined) campaign.comparison.undefined_flags = UndefinedFlags::Mask;
    if (arguments.repro.empty()) return true;
    unsigned long seed = 0;
    unsigned long index = 0;
    if (std::sscanf(arguments.repro.c_str(), "%lu:%lu", &seed, &index) != 2) return false;
    generator.seed = seed;
    campaign.first = index;
    campaign.count = 1;
    arguments.jobs = 1;
    return true;
}

/// What user mode can see of the processor it runs on is the same for the whole job.
void stay_on_one_processor(u64 job) {
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return;
    u64 skip = job % static_cast<u64>(CPU_COUNT(&allowed));
    for (usize i = 0; i < CPU_SETSIZE; ++i) {
        if (!CPU_ISSET(i, &allowed) || skip-- != 0) continue;
        CPU_ZERO(&allowed);
        CPU_SET(i, &allowed);
        VERIFY(sched_setaffinity(0, sizeof(allowed), &allowed) == 0);
        return;
    }
}

/// Runs one job's share. The status its process ends with.
int run_job(const Arguments& arguments, const cpu::CpuModel& model, Tally& tally, u64 job) {
    stay_on_one_processor(job);
    CampaignOptions options = arguments.campaign;
    options.first += job;
    options.stride = arguments.jobs;
    options.count = (options.count + arguments.jobs - 1 - job) / arguments.jobs;
    auto campaign = Campaign::create(options, model, tally);
    if (!campaign) {
        fmt::print(stderr, "native_differential: {}\n", campaign.error().message);
        return 2;
    }
    if (job == 0 && !campaign.value()->segments_available()) {
        fmt::print("32- and 16-bit code skipped: this system has no modify_ldt\n");
    }
    campaign.value()->run();
    return 0;
}

void print_progress(const Arguments& arguments, const Tally& tally) {
    fmt::print(
        "{:.1f} %: {} cases, {} differences, {} hung\n",
        100.0 * static_cast<double>(tally.done) / static_cast<double>(arguments.campaign.count),
        tally.done, tally.different, tally.hung);
    std::fflush(stdout);
}

/// Until all jobs have ended; the worst of their statuses.
int wait_for_jobs(const Arguments& arguments, const Tally& tally) {
    int worst = 0;
    int status = 0;
    u64 seconds = 0;
    pid_t ended = 0;
    while ((ended = waitpid(-1, &status, arguments.progress == 0 ? 0 : WNOHANG)) >= 0) {
        if (ended == 0) {
            sleep(1);
            if (++seconds % arguments.progress == 0) print_progress(arguments, tally);
            continue;
        }
        worst = std::max(worst, WIFEXITED(status) ? WEXITSTATUS(status) : 2);
        if (WIFSIGNALED(status)) fmt::print("a job was ended by signal {}\n", WTERMSIG(status));
    }
    return worst;
}

int run_jobs(const Arguments& arguments, const cpu::CpuModel& model, Tally& tally) {
    if (arguments.jobs <= 1 && arguments.progress == 0) return run_job(arguments, model, tally, 0);
    std::fflush(stdout);
    for (u64 job = 0; job < arguments.jobs; ++job) {
        const pid_t child = fork();
        if (child == 0) _exit(run_job(arguments, model, tally, job));
    }
    return wait_for_jobs(arguments, tally);
}

std::string form_name(usize row) {
    const cpu::Form& form = cpu::forms()[row];
    return fmt::format("{:28} {}", form.encoding, form.mnemonic);
}

void print_skipped() {
    std::map<std::string_view, usize> reasons;
    for (const cpu::Form& form : cpu::forms()) {
        const std::string_view reason = skip_reason(form);
        if (!reason.empty()) ++reasons[reason];
    }
    for (const auto& [reason, forms] : reasons)
        fmt::print("skipped: {} forms: {}\n", forms, reason);
}

/// How many of the forms were not hit.
usize print_coverage(const Arguments& arguments, const Tally& tally, std::span<const u16> chosen) {
    usize missing = 0;
    for (const u16 row : chosen) {
        if (arguments.coverage) {
            fmt::print("{:9} {:9} {}\n", tally.cases[row], tally.completed[row], form_name(row));
        }
        if (tally.cases[row] == 0) {
            ++missing;
            if (missing <= 20) fmt::print("not hit: {}\n", form_name(row));
        }
    }
    fmt::print("{} of {} forms hit\n", chosen.size() - missing, chosen.size());
    return missing;
}

void print_summary(const Tally& tally) {
    fmt::print(
        "{} cases: {} ended in an exception; left out: {} extensions of the host, {} hung, {} that "
        "met breakpoints\n",
        tally.done, tally.faults, tally.foreign, tally.hung, tally.spoiled);
    fmt::print("exceptions by vector:");
    for (usize vector = 0; vector < tally.vectors.size(); ++vector) {
        if (tally.vectors[vector] != 0) fmt::print(" {}:{}", vector, tally.vectors[vector]);
    }
    fmt::print("\n");
    for (usize row = 0; row < cpu::forms().size(); ++row) {
        if (tally.differing[row] == 0) continue;
        fmt::print("DIFFERS {:8} of {:8}  {}\n", tally.differing[row], tally.cases[row],
                   form_name(row));
    }
    fmt::print("{} differences\n", tally.different);
}

int run(const Arguments& arguments) {
    void* shared =
        mmap(nullptr, sizeof(Tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return 2;
    auto* tally = new (shared) Tally;
    const cpu::CpuModel& model = cpu::default_cpu_model(cpu::host_features());
    const cpu::FeatureSet features = cpu::features_on_host(model, cpu::host_features());
    const Generator generator(arguments.campaign.generator, features);
    const int status = run_jobs(arguments, model, *tally);
    if (status != 0) return status;
    print_summary(*tally);
    if (arguments.coverage) print_skipped();
    usize missing = 0;
    const bool whole =
        arguments.repro.empty() && arguments.campaign.count >= 20 * cpu::forms().size();
    if (whole || arguments.coverage)
        missing = print_coverage(arguments, *tally, generator.chosen_forms());
    return tally->different != 0 || (whole && missing != 0) ? 1 : 0;
}

}  // namespace
}  // namespace test::differential

int main(int count, char** values) {
    CLI::App app("Compares our processor with the host's, instruction by instruction.");
    test::differential::Arguments arguments;
    test::differential::add_options(app, arguments);
    CLI11_PARSE(app, count, values);
    if (!test::differential::apply(arguments)) {
        fmt::print(stderr, "native_differential: --repro wants SEED:CASE, such as 1:4711\n");
        return 2;
    }
    return test::differential::run(arguments);
}
