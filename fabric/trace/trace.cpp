// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/trace/trace.hpp"

#include <fmt/args.h>
#include <fmt/format.h>

#include <bit>

#include "fabric/support/verify.hpp"

namespace fabric {

namespace {

struct EventRow {
    std::string_view name;
    std::string_view arguments;  // "(subject, address, size, value)"
    std::string_view text;
};

constexpr EventRow rows[] = {
#define EVENT(name, category, kind, parameters, arguments, text) {#name, #arguments, text},
#include "fabric/trace/events.def"
};

/// A row, taken apart.
struct EventForm {
    std::vector<std::string> values;  // The names of the numbers.
    std::optional<usize> address;     // Which of them.
};

EventForm form_of(const EventRow& row) {
    EventForm form;
    std::string_view rest = row.arguments.substr(1, row.arguments.size() - 2);
    while (!rest.empty()) {
        const usize comma = std::min(rest.find(", "), rest.size());
        const std::string_view name = rest.substr(0, comma);
        rest.remove_prefix(std::min(comma + 2, rest.size()));
        if (name == "subject" || name == "what") continue;
        if (name == "address") form.address = form.values.size();
        form.values.emplace_back(name);
    }
    VERIFY(form.values.size() <= most_trace_values);
    return form;
}

const EventForm& form_of(TraceEvent event) {
    static const std::vector<EventForm> forms = [] {
        std::vector<EventForm> made;
        for (const EventRow& row : rows) made.push_back(form_of(row));
        return made;
    }();
    return forms[static_cast<usize>(event)];
}

/// The first few, then every power of two: enough to see what goes on and that it goes on.
constexpr u64 reported_one_by_one = 8;

constexpr u64 ns_per_second = 1'000'000'000;

}  // namespace

std::string text_of(const TraceRecord& record) {
    const EventRow& row = rows[static_cast<usize>(record.event)];
    const EventForm& form = form_of(record.event);
    fmt::dynamic_format_arg_store<fmt::format_context> arguments;
    arguments.push_back(fmt::arg("subject", std::string_view(record.subject)));
    arguments.push_back(fmt::arg("what", std::string_view(record.what)));
    for (usize i = 0; i < form.values.size(); ++i) {
        arguments.push_back(fmt::arg(form.values[i].c_str(), record.values[i]));
    }
    const TraceStamp& stamp = record.stamp;
    std::string text = fmt::format("{:>12} {:>5}.{:09} cpu{:<2} {:<13} {}", stamp.retired,
                                   stamp.time.ns / ns_per_second, stamp.time.ns % ns_per_second,
                                   stamp.processor, row.name, fmt::vformat(row.text, arguments));
    if (record.repeats > 1) text += fmt::format(" (and {} like it)", record.repeats - 1);
    return text;
}

void Trace::set_filter(TraceFilter filter) {
    filter_ = std::move(filter);
    made_ = 0;
    seen_.clear();
    listening_ = 0;
    for (const TraceCategory category : filter_.categories) listening_ |= 1u << bit(category);
    // Which subjects there are is known only when something happens to them.
    if (!filter_.subjects.empty()) listening_ = ~0u;
    shows_instructions_ = filter_.shows_instructions();
}

void Trace::emit_with(TraceEvent event, TraceCategory category, TraceKind kind,
                      std::string_view subject, std::string_view what, Values values) {
    if (!filter_.categories.contains(category) && !filter_.names(subject)) return;
    const TraceStamp here = now();
    if (!filter_.is_open_at(here)) return;
    const auto address = form_of(event).address;
    if (address && !filter_.covers(values[*address])) return;
    const u64 repeats = repeats_to_report(kind, {event, std::string(subject), std::string(what)});
    if (repeats == 0) return;
    const TraceRecord record{.event = event,
                             .stamp = here,
                             .subject = std::string(subject),
                             .what = std::string(what),
                             .values = values,
                             .repeats = repeats};
    for (TraceSink* sink : sinks_) sink->accept(record);
    if (++made_ == filter_.count) {
        listening_ = 0;
        shows_instructions_ = false;
    }
}

/// 0: this one is passed over in silence. Otherwise how many the record to be made stands for.
u64 Trace::repeats_to_report(TraceKind kind, Site site) {
    if (kind == TraceKind::Normal) return 1;
    const u64 count = ++seen_[std::move(site)];
    if (count <= reported_one_by_one) return 1;
    return std::has_single_bit(count) ? count / 2 : 0;
}

}  // namespace fabric
