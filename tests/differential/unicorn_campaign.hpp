// SPDX-License-Identifier: BSD-2-Clause
//
// Many cases in one of the flat machines, one after the other, on our processor and in Unicorn.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "tests/differential/campaign.hpp"
#include "tests/differential/unicorn_comparison.hpp"
#include "tests/differential/unicorn_cpu.hpp"
#include "tests/differential/unicorn_guest.hpp"

namespace test::differential {

/// Counted by all processes together, in shared memory.
struct FlatTally {
    u64 done = 0;
    u64 faults = 0;     // Ended in an exception, on our side.
    u64 outside = 0;    // Left out: touched what is not memory.
    u64 undecoded = 0;  // Left out: no instruction to us. Unicorn takes many such, or aborts.
    u64 left_out = 0;   // Left out: Unicorn would go astray.
    u64 masked = 0;     // Equal only but for what a row of the masks is about.
    u64 different = 0;
    std::array<u64, most_forms> cases{};      // By form.
    std::array<u64, most_forms> completed{};  // Of them, without exception on either side.
    std::array<u64, most_forms> exact{};      // Of these, with no mask needed.
    std::array<u64, most_forms> differing{};
    std::array<u64, 32> vectors{};
    std::array<u64, most_mask_rows> masks{};  // By row: without it they would not be equal.
};

struct FlatOptions {
    FlatMode mode = FlatMode::Real;
    GeneratorOptions generator;
    u64 count = 200'000;
    u64 first = 0;
    u64 stride = 1;
    u64 shown_per_form = 2;
    u64 shown = 40;
};

/// Those of the generator for this machine.
GeneratorOptions generator_options(const FlatOptions& options);

class FlatCampaign {
public:
    static fabric::Result<std::unique_ptr<FlatCampaign>> create(const FlatOptions& options,
                                                                const cpu::CpuModel& model,
                                                                FlatTally& tally);

    void run();
    /// The case that runs: Unicorn aborts where its translator finds itself wrong.
    std::string current() const { return describe(test_); }

private:
    FlatCampaign(const FlatOptions& options, FlatTally& tally) : options_(options), tally_(tally) {}

    void run_case(u64 index);
    void set_memory(const MemoryPatch& patch);
    void restore_memory();
    void count_needed_masks(const Judged& judged, const FlatMemory& ours,
                            const FlatMemory& unicorn);
    std::vector<std::string> judge(const FlatOutcome& ours, const FlatOutcome& unicorn);
    void count_outcome(const FlatOutcome& ours, const FlatOutcome& unicorn);
    void report(const std::vector<std::string>& found);

    FlatOptions options_;
    FlatTally& tally_;
    std::unique_ptr<FlatGuest> guest_;
    std::unique_ptr<UnicornCpu> unicorn_;
    std::unique_ptr<Generator> generator_;
    std::vector<u8> usual_;
    std::vector<u8> expected_;  // The arena as the case found it.
    SystemState start_;
    Case test_;
    u64 shown_ = 0;
};

}  // namespace test::differential
