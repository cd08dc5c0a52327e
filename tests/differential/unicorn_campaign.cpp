// SPDX-License-Identifier: BSD-2-Clause
#include "tests/differential/unicorn_campaign.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "tests/differential/unicorn_cases.hpp"

namespace test::differential {

namespace {
void count(u64& counter) { __atomic_fetch_add(&counter, 1, __ATOMIC_RELAXED); }
}  // namespace

GeneratorOptions generator_options(const FlatOptions& options) {
    GeneratorOptions generator = options.generator;
    generator.mode16 = options.mode == FlatMode::Real;
    generator.mode32 = options.mode == FlatMode::Protected;
    generator.mode64 = options.mode == FlatMode::Long;
    generator.flat = true;
    generator.skip = [mode = options.mode](const cpu::Form& form) {
        return exclusion_reason(mode, form);
    };
    return generator;
}

fabric::Result<std::unique_ptr<FlatCampaign>> FlatCampaign::create(const FlatOptions& options,
                                                                   const cpu::CpuModel& model,
                                                                   FlatTally& tally) {
    std::unique_ptr<FlatCampaign> campaign(new FlatCampaign(options, tally));
    campaign->guest_ = TRY(FlatGuest::create(model, options.mode));
    const cpu::CpuState& start = campaign->guest_->initial();
    campaign->start_ = {.cr0 = start.cr0,
                        .cr3 = start.cr3,
                        .cr4 = start.cr4,
                        .gdt_base = start.gdtr.base,
                        .idt_base = start.idtr.base,
                        .gdt_limit = start.gdtr.limit,
                        .idt_limit = start.idtr.limit};
    campaign->unicorn_ = TRY(UnicornCpu::create(options.mode, campaign->start_));
    campaign->guest_->adopt_tables(campaign->unicorn_->tables());
    campaign->generator_ =
        std::make_unique<Generator>(generator_options(options), campaign->guest_->features());
    if (campaign->generator_->chosen_forms().empty()) {
        return fabric::Error{"no form of that name can be tested"};
    }
    const auto usual = campaign->generator_->usual_memory();
    campaign->usual_.assign(usual.begin(), usual.end());
    campaign->expected_ = campaign->usual_;
    std::ranges::copy(usual, campaign->unicorn_->memory().begin());
    std::ranges::copy(usual, campaign->guest_->memory().begin());
    return campaign;
}

void FlatCampaign::run() {
    for (u64 i = 0; i < options_.count; ++i) run_case(options_.first + i * options_.stride);
}

void FlatCampaign::set_memory(const MemoryPatch& patch) {
    const u64 start = arena_of(options_.mode);
    const u64 first = std::max(patch.linear, start);
    const u64 end = std::min(patch.linear + patch.bytes.size(), start + arena_size);
    if (first >= end || patch.linear > end) return;
    const u8* from = patch.bytes.data() + (first - patch.linear);
    for (u8* memory : {expected_.data(), unicorn_->memory().data(), guest_->memory().data()}) {
        std::memcpy(memory + (first - start), from, end - first);
    }
}

void FlatCampaign::restore_memory() {
    for (const std::span<u8> memory :
         {std::span<u8>(expected_), unicorn_->memory(), guest_->memory()}) {
        if (std::memcmp(memory.data(), usual_.data(), usual_.size()) != 0) {
            std::ranges::copy(usual_, memory.begin());
        }
    }
    guest_->restore_tables();
    unicorn_->restore_tables();
}

/// What differs and no row of the masks is about.
std::vector<std::string> FlatCampaign::judge(const FlatOutcome& ours, const FlatOutcome& unicorn) {
    const Judged judged{options_.mode, test_, cpu::forms()[test_.form], ours, unicorn};
    const FlatMemory our_memory{guest_->memory(), guest_->tables()};
    const FlatMemory its_memory{unicorn_->memory(), unicorn_->tables()};
    auto found = differences(judged, our_memory, its_memory, {});
    const bool completed = ours.ending == Ending::Completed;
    if (found.empty()) {
        if (completed) count(tally_.exact[test_.form]);
        return found;
    }
    Leniency leniency;
    for (const MaskRow& row : mask_rows()) {
        if (row.applies(judged)) leniency.add(row.leniency);
    }
    found = differences(judged, our_memory, its_memory, leniency);
    if (!found.empty()) return found;
    count(tally_.masked);
    count_needed_masks(judged, our_memory, its_memory);
    return found;
}

/// Those without which there would be a difference.
void FlatCampaign::count_needed_masks(const Judged& judged, const FlatMemory& ours,
                                      const FlatMemory& unicorn) {
    const auto rows = mask_rows();
    for (usize i = 0; i < rows.size(); ++i) {
        if (!rows[i].applies(judged)) continue;
        Leniency others;
        for (usize j = 0; j < rows.size(); ++j) {
            if (j != i && rows[j].applies(judged)) others.add(rows[j].leniency);
        }
        if (!differences(judged, ours, unicorn, others).empty()) count(tally_.masks[i]);
    }
}

void FlatCampaign::count_outcome(const FlatOutcome& ours, const FlatOutcome& unicorn) {
    count(tally_.done);
    count(tally_.cases[test_.form]);
    if (ours.ending == Ending::Fault) {
        count(tally_.faults);
        count(tally_.vectors[ours.vector % 32]);
    } else if (unicorn.ending == Ending::Completed && !unicorn.outside) {
        count(tally_.completed[test_.form]);
    }
}

void FlatCampaign::run_case(u64 index) {
    generator_->make(index, test_);
    move_to(options_.mode, start_, guest_->features(), test_);
    if (test_.decoded.length == 0) {
        count(tally_.done);
        count(tally_.undecoded);
        return;
    }
    if (is_left_out(options_.mode, test_)) {
        count(tally_.done);
        count(tally_.left_out);
        return;
    }
    for (const MemoryPatch& patch : test_.patches) set_memory(patch);
    const FlatOutcome ours = guest_->run(test_, expected_);
    if (ours.outside || ours.ending == Ending::Hang) {
        count(tally_.done);
        count(tally_.outside);
        restore_memory();
        return;
    }
    const FlatOutcome unicorn =
        unicorn_->run(test_, ours.landing == test_.code_address ? 0 : ours.landing);
    count_outcome(ours, unicorn);
    const auto found = judge(ours, unicorn);
    if (!found.empty()) {
        count(tally_.different);
        count(tally_.differing[test_.form]);
        report(found);
    }
    restore_memory();
}

void FlatCampaign::report(const std::vector<std::string>& found) {
    if (tally_.differing[test_.form] > options_.shown_per_form) return;
    if (++shown_ > options_.shown) return;
    std::string text = fmt::format("difference in case {}:{}, {} mode: {}", test_.seed, test_.index,
                                   mode_name(options_.mode), describe(test_));
    for (const std::string& line : found) text += "      " + line + "\n";
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
}

}  // namespace test::differential
