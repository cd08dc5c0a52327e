// SPDX-License-Identifier: BSD-2-Clause
#include "tests/differential/campaign.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "tests/differential/descriptors.hpp"

namespace test::differential {

fabric::Result<std::unique_ptr<Campaign>> Campaign::create(const CampaignOptions& options,
                                                           const cpu::CpuModel& model,
                                                           Tally& tally) {
    std::unique_ptr<Campaign> campaign(new Campaign(options, tally));
    campaign->guest_ = TRY(GuestCpu::create(model, options.engine));
    campaign->host_ = TRY(HostCpu::create());
    GeneratorOptions generator = options.generator;
    if (!campaign->host_->segments_available()) generator.mode16 = generator.mode32 = false;
    campaign->generator_ = std::make_unique<Generator>(generator, campaign->guest_->features());
    const auto usual = campaign->generator_->usual_memory();
    campaign->expected_.assign(usual.begin(), usual.end());
    std::ranges::copy(usual, campaign->host_->memory().begin());
    std::ranges::copy(usual, campaign->guest_->memory().begin());
    if (campaign->generator_->chosen_forms().empty()) {
        return fabric::Error{"no form of that name can be tested"};
    }
    return campaign;
}

void Campaign::run() {
    for (u64 i = 0; i < options_.count; ++i) run_case(options_.first + i * options_.stride);
}

void Campaign::set_memory(const MemoryPatch& patch) {
    const u64 first = std::max(patch.linear, arena);
    const u64 end = std::min(patch.linear + patch.bytes.size(), arena_end);
    if (first >= end || patch.linear > end) return;
    const u8* from = patch.bytes.data() + (first - patch.linear);
    for (u8* memory : {expected_.data(), host_->memory().data(), guest_->memory().data()}) {
        std::memcpy(memory + (first - arena), from, end - first);
    }
}

/// Most cases touch little of the arena: piece by piece, what has not changed is only looked at.
void Campaign::restore_memory() {
    constexpr usize piece = 512;
    for (usize at = 0; at < arena_writable_size; at += piece) {
        const u8* expected = expected_.data() + at;
        for (const std::span<u8> memory : {host_->memory(), guest_->memory()}) {
            u8* found = memory.data() + at;
            if (std::memcmp(found, expected, piece) != 0) std::memcpy(found, expected, piece);
        }
    }
    for (MemoryPatch& patch : test_.patches) {
        const u64 first = std::max(patch.linear, arena);
        const u64 end = std::min(patch.linear + patch.bytes.size(), arena_end);
        if (first >= end || patch.linear > end) continue;
        const u8* usual = generator_->usual_memory().data() + (first - arena);
        std::copy_n(usual, end - first,
                    patch.bytes.begin() + static_cast<i64>(first - patch.linear));
        set_memory(patch);
    }
}

namespace {
/// A far call from 32- or 16-bit code to 64-bit code pushes with all 64 bits of RSP. If that faults
/// beyond 4 GiB, Linux takes the fault for an erratum (AMD's 100: revision guide 25759) and lets
/// the instruction start over, again and again.
bool may_start_over_for_ever(const Case& test, const Outcome& guest) {
    return test.mode != cpu::CodeMode::Bits64 && guest.ending == Ending::Fault &&
           guest.vector == 14 && guest.address >> 32 != 0 && test.decoded.length != 0 &&
           cpu::form_of(test.decoded).semantic == cpu::Semantic::call_far;
}

bool is_far_transfer(const Case& test) {
    using cpu::Semantic;
    if (test.decoded.length == 0) return false;
    const Semantic semantic = cpu::form_of(test.decoded).semantic;
    return semantic == Semantic::call_far || semantic == Semantic::jmp_far ||
           semantic == Semantic::ret_far || semantic == Semantic::iret;
}

/// What surrounds the code are the harness's breakpoints. A far transfer that lands within its own
/// bytes, or prefixes without an opcode behind them, make those a part of other instructions.
bool meets_breakpoints(const Case& test, const Outcome& guest) {
    const u64 base = descriptor_base(guest.registers.selector(cpu::SegReg::Cs));
    const u64 offset = guest.registers.rip + base - test.code_address;
    if (guest.ending == Ending::Completed) return offset < test.code_size;
    if (is_far_transfer(test) && offset > test.last_instruction) return offset < test.code_size;
    return guest.vector == 3 && offset == u64{test.code_size} + 1 && test.decoded.length == 0;
}

/// What only the host has there would not survive.
bool meets_harness(const Outcome& guest) {
    return guest.ending == Ending::Fault && guest.vector == 14 &&
           guest.address - return_page < control_page + page - return_page;
}

}  // namespace

void Campaign::run_case(u64 index) {
    generator_->make(index, test_);
    for (const MemoryPatch& patch : test_.patches) set_memory(patch);
    const Outcome guest = guest_->run(test_);
    if (meets_harness(guest)) {
        __atomic_fetch_add(&tally_.spoiled, 1, __ATOMIC_RELAXED);
        restore_memory();
        return;
    }
    const Outcome host = host_->run(test_);
    auto found = differences(test_, host, guest, options_.comparison);
    if (!may_leave_parts(test_, host)) {
        const auto in_memory = memory_differences(host_->memory(), guest_->memory());
        found.insert(found.end(), in_memory.begin(), in_memory.end());
    }

    const auto count = [](u64& counter) { __atomic_fetch_add(&counter, 1, __ATOMIC_RELAXED); };
    count(tally_.done);
    count(tally_.cases[test_.form]);
    if (host.ending == Ending::Fault) {
        count(tally_.faults);
        count(tally_.vectors[host.vector % 32]);
    } else {
        count(tally_.completed[test_.form]);
    }
    const bool refused = guest.ending == Ending::Fault && guest.vector == 6;
    if (host.ending == Ending::Hang && may_start_over_for_ever(test_, guest)) {
        count(tally_.hung);
    } else if (!found.empty() && meets_breakpoints(test_, guest)) {
        count(tally_.spoiled);
    } else if (!found.empty() && refused && !foreign_extension(test_).empty()) {
        count(tally_.foreign);
    } else if (!found.empty()) {
        count(tally_.different);
        count(tally_.differing[test_.form]);
        report("difference", found);
    }
    restore_memory();
}

void Campaign::report(std::string_view what, const std::vector<std::string>& found) {
    if (options_.quiet || tally_.differing[test_.form] > options_.shown_per_form) return;
    if (++shown_ > options_.shown) return;
    std::string text =
        fmt::format("{} in case {}:{}: {}", what, test_.seed, test_.index, describe(test_));
    for (const std::string& line : found) text += "      " + line + "\n";
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
}

}  // namespace test::differential
