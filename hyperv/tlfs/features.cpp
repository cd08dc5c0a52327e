// SPDX-License-Identifier: BSD-2-Clause
#include "hyperv/tlfs/features.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "fabric/support/nearest_word.hpp"
#include "fabric/support/verify.hpp"

namespace hyperv {

using fabric::Error;
using fabric::Result;

namespace {

constexpr u32 bit(unsigned number) { return u32{1} << number; }

constexpr FeatureRow features[] = {
    {.feature = Feature::Hypercalls,
     .name = "hypercalls",
     .description = "the guest's identity and the hypercall page",
     .shown = {.privileges_low = bit(5)}},
    {.feature = Feature::VpIndex,
     .name = "vp-index",
     .description = "the number of a virtual processor",
     .shown = {.privileges_low = bit(6)}},
    {.feature = Feature::VpRuntime,
     .name = "vp-runtime",
     .description = "how long a virtual processor has run",
     .shown = {.privileges_low = bit(0)}},
    {.feature = Feature::ReferenceCounter,
     .name = "reference-counter",
     .description = "the partition's time in 100 ns, as an MSR",
     .shown = {.privileges_low = bit(1)}},
    {.feature = Feature::ReferenceTsc,
     .name = "reference-tsc",
     .description = "the same time, from RDTSC and a page",
     .shown = {.privileges_low = bit(9)},
     .needs = {Feature::ReferenceCounter}},
    {.feature = Feature::Frequencies,
     .name = "frequencies",
     .description = "how fast the TSC and the APIC's timer run",
     .shown = {.privileges_low = bit(11), .features = bit(8)}},
    {.feature = Feature::ApicMsrs,
     .name = "apic-msrs",
     .description = "EOI, ICR and TPR as MSRs, and the VP assist page",
     .shown = {.privileges_low = bit(4), .recommended = bit(3)}},
    {.feature = Feature::Reset,
     .name = "reset",
     .description = "an MSR that resets the machine",
     .shown = {.privileges_low = bit(7)}},
    {.feature = Feature::Crash,
     .name = "crash",
     .description = "a crashing guest says why",
     .shown = {.features = bit(10)}},
    {.feature = Feature::TscInvariant,
     .name = "tsc-invariant",
     .description = "the guest chooses to see an invariant TSC, and uses it directly",
     .shown = {.privileges_low = bit(15)}},
    {.feature = Feature::RelaxedTiming,
     .name = "relaxed-timing",
     .description = "the guest should run no watchdogs that rely on timely interrupts",
     .shown = {.recommended = bit(5)}},
    {.feature = Feature::SpinWait,
     .name = "spin-wait",
     .description = "who waits long for a lock says so, and another processor runs"},
    {.feature = Feature::XmmInput,
     .name = "xmm-input",
     .description = "fast hypercalls with input of up to 112 bytes",
     .shown = {.features = bit(4)}},
    {.feature = Feature::XmmOutput,
     .name = "xmm-output",
     .description = "fast hypercalls with output",
     .shown = {.features = bit(15)},
     .needs = {Feature::XmmInput}},
    {.feature = Feature::HypercallLock,
     .name = "hypercall-lock",
     .description = "the hypercall page can be fixed where it is",
     .shown = {.features = bit(18)}},
    {.feature = Feature::Synic,
     .name = "synic",
     .description = "the synthetic interrupt controller",
     .shown = {.privileges_low = bit(2)}},
    {.feature = Feature::SintPolling,
     .name = "sint-polling",
     .description = "its sources can be polled",
     .shown = {.features = bit(17)},
     .needs = {Feature::Synic}},
    {.feature = Feature::DeprecateAutoEoi,
     .name = "deprecate-auto-eoi",
     .description = "the guest should end the interrupts of its sources itself",
     .shown = {.recommended = bit(9)}},
    {.feature = Feature::SyntheticTimers,
     .name = "stimers",
     .description = "four synthetic timers per processor",
     .shown = {.privileges_low = bit(3)},
     .needs = {Feature::ReferenceCounter, Feature::Synic}},
    {.feature = Feature::DirectTimers,
     .name = "direct-stimers",
     .description = "synthetic timers interrupt without a message",
     .shown = {.features = bit(19)},
     .needs = {Feature::SyntheticTimers}},
    {.feature = Feature::PostMessages,
     .name = "messages",
     .description = "the guest posts messages",
     .shown = {.privileges_high = bit(4)},
     .needs = {Feature::Synic}},
    {.feature = Feature::SignalEvents,
     .name = "events",
     .description = "the guest signals events",
     .shown = {.privileges_high = bit(5)},
     .needs = {Feature::Synic}},
    {.feature = Feature::RemoteFlush,
     .name = "remote-flush",
     .description = "a hypercall flushes the TLBs of other processors",
     .shown = {.recommended = bit(2)}},
    {.feature = Feature::ClusterIpi,
     .name = "cluster-ipi",
     .description = "a hypercall interrupts other processors",
     .shown = {.recommended = bit(10)}},
    {.feature = Feature::ProcessorSets,
     .name = "processor-sets",
     .description = "those two for any set of processors",
     .shown = {.recommended = bit(11)},
     .needs = {Feature::RemoteFlush, Feature::ClusterIpi}},
    {.feature = Feature::VpRegisters,
     .name = "vp-registers",
     .description = "hypercalls read and write registers",
     .shown = {.privileges_high = bit(17)}},
    {.feature = Feature::PartitionId,
     .name = "partition-id",
     .description = "the partition's number; Hv#1 leaves it to a root partition",
     .shown = {.privileges_high = bit(1)}},
    {.feature = Feature::StartVp,
     .name = "start-vp",
     .description = "a hypercall starts a processor, in any state",
     .shown = {.privileges_high = bit(21)}},
};

/// What "Hv#1" alone implies (Requirements for Implementing the Microsoft Hypervisor Interface).
constexpr FeatureSet hv1{Feature::Hypercalls, Feature::VpIndex};

constexpr FeatureSet everything() {
    FeatureSet all;
    for (const FeatureRow& row : features) all.add(row.feature);
    return all;
}

/// Linux takes who may know the partition's number for a root partition, and stumbles.
constexpr FeatureSet full() {
    FeatureSet chosen = everything();
    chosen.remove(Feature::PartitionId);
    return chosen;
}

/// With an invariant TSC Linux leaves the reference TSC alone, and with an MSR to reset by, old
/// Windows its ACPI.
constexpr FeatureSet windows() {
    FeatureSet chosen = full();
    for (const Feature left_out :
         {Feature::TscInvariant, Feature::HypercallLock, Feature::VpRegisters}) {
        chosen.remove(left_out);
    }
    return chosen;
}

constexpr std::array<Preset, 4> all_presets = {{
    {"off", "plain hardware", {}},
    {"minimal", "what Hv#1 demands and nothing else", hv1},
    {"windows", "what Windows and Linux make use of", windows()},
    {"full", "all that a guest may have", full()},
}};

const FeatureRow& row_of(Feature feature) {
    const auto row = std::ranges::find(features, feature, &FeatureRow::feature);
    VERIFY(row != std::end(features));
    return *row;
}

const FeatureRow* find_row(std::string_view name) {
    const auto row = std::ranges::find(features, name, &FeatureRow::name);
    return row == std::end(features) ? nullptr : row;
}

void add_with_needs(FeatureSet& set, Feature feature) {
    set.add(feature);
    for (const FeatureRow& row : features) {
        if (row_of(feature).needs.has(row.feature)) add_with_needs(set, row.feature);
    }
}

Error unknown_word(const std::string& word) {
    std::vector<std::string> known;
    known.reserve(std::size(all_presets) + std::size(features));
    for (const Preset& each : all_presets) known.emplace_back(each.name);
    for (const FeatureRow& row : features) known.emplace_back(row.name);
    return Error{"'" + word + "' is neither a preset nor a feature" +
                 fabric::did_you_mean(word, known)};
}

Result<> take_away(FeatureSet& set, const FeatureRow& row) {
    if (hv1.has(row.feature)) {
        return Error{fmt::format("'-{}': nothing works without it; 'off' is no Hyper-V", row.name)};
    }
    for (const FeatureRow& other : features) {
        if (!set.has(other.feature) || !other.needs.has(row.feature)) continue;
        return Error{
            fmt::format("'-{}': '{}' needs it; take that away first", row.name, other.name)};
    }
    set.remove(row.feature);
    return {};
}

Result<> apply_word(FeatureSet& set, const std::string& word) {
    const bool minus = word.starts_with('-');
    const std::string name = minus || word.starts_with('+') ? word.substr(1) : word;
    const FeatureRow* const row = find_row(name);
    if (!row) return unknown_word(word);
    if (minus) return take_away(set, *row);
    set.add(hv1);
    add_with_needs(set, row->feature);
    return {};
}

/// From `from` to `to`: what parse_features() must be told, and how much it is.
std::pair<std::string, usize> way(const Preset& from, FeatureSet to) {
    std::string text(from.name);
    usize steps = 0;
    for (const FeatureRow& row : features) {
        if (from.features.has(row.feature) == to.has(row.feature)) continue;
        text += to.has(row.feature) ? ",+" : ",-";
        text += row.name;
        ++steps;
    }
    return {text, steps};
}

}  // namespace

std::span<const FeatureRow> feature_table() { return features; }
std::span<const Preset> presets() { return all_presets; }

FeatureSet preset(std::string_view name) {
    const auto found = std::ranges::find(all_presets, name, &Preset::name);
    VERIFY(found != all_presets.end());
    return found->features;
}

Result<FeatureSet> parse_features(const std::string& text) {
    FeatureSet set;
    for (usize start = 0, number = 0; start <= text.size(); ++number) {
        const usize comma = std::min(text.find(',', start), text.size());
        const std::string word = text.substr(start, comma - start);
        start = comma + 1;
        const auto found = std::ranges::find(all_presets, word, &Preset::name);
        if (found == all_presets.end()) {
            if (number == 0) set = preset("windows");
            TRY(apply_word(set, word));
        } else if (number == 0) {
            set = found->features;
        } else {
            return Error{"'" + word + "': a preset comes first, features after it"};
        }
    }
    return set;
}

std::string text_of(FeatureSet set) {
    if (set.empty()) return "off";
    auto best = way(all_presets[1], set);
    for (const Preset& each : std::span(all_presets).subspan(2)) {
        if (auto other = way(each, set); other.second < best.second) best = std::move(other);
    }
    return best.first;
}

}  // namespace hyperv
