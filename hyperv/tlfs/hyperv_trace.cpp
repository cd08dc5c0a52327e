// SPDX-License-Identifier: BSD-2-Clause
#include "hyperv/tlfs/hyperv_trace.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fabric/trace/trace.hpp"
#include "hyperv/tlfs/partition.hpp"
#include "hyperv/tlfs/virtual_processor.hpp"

namespace hyperv {

using fabric::TraceCategory;

namespace {

/// The features of which this leaf shows a bit.
std::string shown_in(const Partition& partition, u32 leaf) {
    constexpr u32 features = 0x4000'0003;
    constexpr u32 recommendations = 0x4000'0004;
    std::string text;
    for (const FeatureRow& row : feature_table()) {
        const ShownBits& bits = row.shown;
        const bool in_leaf =
            (leaf == features && (bits.privileges_low | bits.privileges_high | bits.features)) ||
            (leaf == recommendations && bits.recommended);
        if (!in_leaf || !partition.has(row.feature)) continue;
        text += text.empty() ? ": " : ", ";
        text += row.name;
    }
    return text;
}

std::string in_brackets(const std::string& text) { return text.empty() ? text : " (" + text + ")"; }

}  // namespace

bool traces_hyperv(const VirtualProcessor& processor) {
    return processor.partition().trace().listens_to(TraceCategory::Hyperv);
}

void trace_msr(const VirtualProcessor& processor, MsrAccess access, std::string_view name,
               u32 index, std::optional<u64> value, const std::string& described) {
    if (!traces_hyperv(processor)) return;
    const bool reads = access == MsrAccess::Read;
    const std::string outcome =
        value ? fmt::format("{} {:#x}", reads ? "->" : "<-", *value) : std::string("#GP");
    const std::string_view refused = reads ? "read of " : "write to ";
    processor.partition().trace().hv_msr(
        processor.name(),
        fmt::format("{}{} {}{}", value ? "" : refused, name, outcome, in_brackets(described)),
        index);
}

void trace_cpuid_leaf(const VirtualProcessor& processor, std::string_view name, u32 leaf,
                      const cpu::CpuidLeaf& found) {
    if (!traces_hyperv(processor)) return;
    processor.partition().trace().hv_cpuid(
        processor.name(), std::string(name) + shown_in(processor.partition(), leaf), leaf,
        found.eax, found.ebx, found.ecx, found.edx);
}

void trace_hypercall(const VirtualProcessor& processor, const TracedHypercall& call) {
    if (!traces_hyperv(processor)) return;
    const HypercallControl control = call.control;
    std::string text = call.row ? std::string(call.row->name) : "unknown hypercall";
    if (control.fast()) text += " fast";
    if (!call.described.empty()) text += " " + call.described;
    if (control.reps() != 0) {
        text += fmt::format(", {} from {} of {}",
                            call.reps_done - std::min(call.reps_done, control.start()),
                            control.start(), control.reps());
    }
    processor.partition().trace().hypercall(
        processor.name(), text + " -> " + std::string(name_of(call.status)), control.code());
}

void trace_message(const VirtualProcessor& processor, usize source, u32 type,
                   std::string_view what) {
    if (!traces_hyperv(processor)) return;
    processor.partition().trace().hv_message(
        processor.name(), fmt::format("SINT{}: message of type {:#x} {}", source, type, what));
}

void trace_event_flag(const VirtualProcessor& processor, usize source, usize flag) {
    if (!traces_hyperv(processor)) return;
    processor.partition().trace().hv_message(
        processor.name(), fmt::format("SINT{}: event flag {} set", source, flag));
}

void trace_crash(const Partition& partition, const std::string& text) {
    partition.trace().hv_crash(partition.name(), text);
}

}  // namespace hyperv
