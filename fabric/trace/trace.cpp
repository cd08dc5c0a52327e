// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/trace/trace.hpp"

#include <fmt/format.h>

#include <bit>
#include <iterator>

namespace fabric {

namespace {

struct EventRow {
    std::string_view name;
    std::string_view fields;  // "(subject, address, size, value)"
};

constexpr EventRow rows[] = {
#define EVENT(name, category, kind, parameters, arguments) {#name, #arguments},
#include "fabric/trace/events.def"
};

/// The fields' names after the subject.
std::vector<std::string_view> value_names(const EventRow& row) {
    std::vector<std::string_view> names;
    std::string_view rest = row.fields.substr(1, row.fields.size() - 2);
    while (true) {
        const usize comma = rest.find(", ");
        names.push_back(rest.substr(0, comma));
        if (comma == std::string_view::npos) break;
        rest.remove_prefix(comma + 2);
    }
    names.erase(names.begin());
    return names;
}

/// The first few, then every power of two: enough to see what goes on and that it goes on.
constexpr u64 reported_one_by_one = 8;

}  // namespace

std::string text_of(const TraceRecord& record) {
    const EventRow& row = rows[static_cast<usize>(record.event)];
    std::string text =
        fmt::format("{:3}.{:09} vp{} {}: {}", record.time.ns / 1'000'000'000,
                    record.time.ns % 1'000'000'000, record.vp, record.subject, row.name);
    auto to = std::back_inserter(text);
    usize next = 0;
    std::string_view separator = " ";
    for (const std::string_view name : value_names(row)) {
        if (name == "what") {
            fmt::format_to(to, "{}{}", separator, record.what);
        } else {
            fmt::format_to(to, "{}{} {:#x}", separator, name, record.values[next++]);
        }
        separator = ", ";
    }
    if (record.repeats > 1) fmt::format_to(to, " (and {} like it)", record.repeats - 1);
    return text;
}

void Trace::set_filter(TraceFilter filter) {
    filter_ = std::move(filter);
    listening_ = 0;
    for (const TraceCategory category : filter_.categories) listening_ |= 1u << bit(category);
    // Which subjects there are is known only when something happens to them.
    if (!filter_.subjects.empty()) listening_ = ~0u;
}

void Trace::emit_with(TraceEvent event, TraceCategory category, TraceKind kind,
                      std::string_view subject, std::string_view what, std::array<u64, 3> values) {
    if (!filter_.categories.contains(category) && !filter_.subjects.contains(subject)) return;
    const u64 repeats = repeats_to_report(kind, {event, std::string(subject), std::string(what)});
    if (repeats == 0) return;
    const TraceRecord record{.event = event,
                             .time = now_,
                             .vp = vp_,
                             .subject = std::string(subject),
                             .what = std::string(what),
                             .values = values,
                             .repeats = repeats};
    for (TraceSink* sink : sinks_) sink->accept(record);
}

/// 0: this one is passed over in silence. Otherwise how many the record to be made stands for.
u64 Trace::repeats_to_report(TraceKind kind, Site site) {
    if (kind == TraceKind::Normal) return 1;
    const u64 count = ++seen_[std::move(site)];
    if (count <= reported_one_by_one) return 1;
    return std::has_single_bit(count) ? count / 2 : 0;
}

}  // namespace fabric
