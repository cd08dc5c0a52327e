// SPDX-License-Identifier: BSD-2-Clause
//
// Many cases, one after the other, on both processors.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "cpu/decode/decoder.hpp"
#include "fabric/support/result.hpp"
#include "tests/differential/comparison.hpp"
#include "tests/differential/generator.hpp"
#include "tests/differential/guest_cpu.hpp"
#include "tests/differential/host_cpu.hpp"

namespace test::differential {

constexpr usize most_forms = 8192;

/// Counted by all processes together, in shared memory.
struct Tally {
    u64 done = 0;
    u64 faults = 0;   // Cases that ended in an exception, on the host.
    u64 foreign = 0;  // Left out: an extension of the host that the model has not.
    u64 hung = 0;     // Left out: did not come back on the host.
    u64 spoiled = 0;  // Left out: ran into the harness's breakpoints.
    u64 different = 0;
    std::array<u64, most_forms> cases{};      // By form.
    std::array<u64, most_forms> completed{};  // Of them, without exception.
    std::array<u64, most_forms> differing{};
    std::array<u64, 32> vectors{};
};

struct CampaignOptions {
    GeneratorOptions generator;
    ComparisonOptions comparison;
    EngineKind engine = EngineKind::Execute;
    u64 count = 1'000'000;
    u64 first = 0;
    u64 stride = 1;
    u64 shown_per_form = 2;
    u64 shown = 40;
    bool quiet = false;
};

class Campaign {
public:
    static fabric::Result<std::unique_ptr<Campaign>> create(const CampaignOptions& options,
                                                            const cpu::CpuModel& model,
                                                            Tally& tally);

    void run();
    const Generator& generator() const { return *generator_; }
    bool segments_available() const { return host_->segments_available(); }

private:
    Campaign(const CampaignOptions& options, Tally& tally) : options_(options), tally_(tally) {}

    void run_case(u64 index);
    void set_memory(const MemoryPatch& patch);
    void restore_memory();
    void report(std::string_view what, const std::vector<std::string>& found);

    CampaignOptions options_;
    Tally& tally_;
    HostCpu* host_ = nullptr;
    std::unique_ptr<GuestCpu> guest_;
    std::unique_ptr<Generator> generator_;
    std::vector<u8> expected_;  // The arena as the case found it.
    Case test_;
    u64 shown_ = 0;
};

}  // namespace test::differential
