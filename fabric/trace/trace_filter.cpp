// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/trace/trace_filter.hpp"

#include <algorithm>
#include <charconv>

#include "fabric/support/nearest_word.hpp"

namespace fabric {

namespace {

bool is_heavy(TraceCategory category) {
    return category == TraceCategory::Instructions || category == TraceCategory::Registers;
}

Result<> add_word(TraceFilter& filter, std::string_view word,
                  std::span<const std::string> subjects) {
    const auto category = std::ranges::find(trace_categories, word, &TraceCategoryName::word);
    if (category != trace_categories.end()) {
        filter.categories.insert(static_cast<TraceCategory>(category - trace_categories.begin()));
        return {};
    }
    if (std::ranges::find(subjects, word) != subjects.end()) {
        filter.subjects.emplace(word);
        return {};
    }
    std::vector<std::string> known = {"all"};
    for (const TraceCategoryName& each : trace_categories) known.emplace_back(each.word);
    known.insert(known.end(), subjects.begin(), subjects.end());
    return Error{"nothing to trace is called '" + std::string(word) + "'" +
                 did_you_mean(word, known)};
}

std::optional<u64> number_of(std::string_view digits, int base) {
    if (base == 16 && (digits.starts_with("0x") || digits.starts_with("0X"))) {
        digits.remove_prefix(2);
    }
    u64 value = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stopped, error] = std::from_chars(digits.data(), end, value, base);
    if (error != std::errc{} || stopped != end) return std::nullopt;
    return value;
}

/// "1.25" with so many nanoseconds to a unit; what is finer than a nanosecond does not count.
std::optional<u64> nanoseconds_of(std::string_view text, u64 unit) {
    const usize point = std::min(text.find('.'), text.size());
    const auto whole = number_of(text.substr(0, point), 10);
    if (!whole || *whole > ~u64{0} / unit - 1) return std::nullopt;
    u64 fraction = 0;
    if (point != text.size()) {
        const std::string_view digits = text.substr(point + 1);
        if (digits.empty()) return std::nullopt;
        u64 place = unit;
        for (const char digit : digits) {
            if (digit < '0' || digit > '9') return std::nullopt;
            place /= 10;
            fraction += place * static_cast<u64>(digit - '0');
        }
    }
    return *whole * unit + fraction;
}

struct TimeUnit {
    std::string_view name;
    u64 ns;
};

// The longer names first: "s" ends them all.
constexpr TimeUnit time_units[] = {
    {"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}};

}  // namespace

bool TraceFilter::names(std::string_view subject) const {
    if (subjects.empty()) return false;
    if (subjects.contains(subject)) return true;
    for (usize end = subject.find_first_of(".-"); end != std::string_view::npos;
         end = subject.find_first_of(".-", end + 1)) {
        if (subjects.contains(subject.substr(0, end))) return true;
    }
    return false;
}

bool TraceFilter::covers(u64 address) const { return touches(address, address); }

bool TraceFilter::touches(u64 first, u64 last) const {
    return ranges.empty() || std::ranges::any_of(ranges, [&](const TraceRange& range) {
               return range.touches(first, last);
           });
}

bool TraceFilter::is_open_at(const TraceStamp& now) const {
    return (!from || from->reached(now)) && (!until || !until->reached(now)) &&
           (!ring || *ring == now.ring) && (!processor || *processor == now.processor);
}

Result<TraceFilter> parse_trace_list(std::string_view list, std::span<const std::string> subjects) {
    TraceFilter filter;
    while (!list.empty()) {
        const usize comma = std::min(list.find(','), list.size());
        const std::string_view word = list.substr(0, comma);
        list.remove_prefix(std::min(comma + 1, list.size()));
        if (word != "all") {
            TRY(add_word(filter, word, subjects));
            continue;
        }
        for (usize i = 0; i < trace_categories.size(); ++i) {
            const auto category = static_cast<TraceCategory>(i);
            if (!is_heavy(category)) filter.categories.insert(category);
        }
    }
    return filter;
}

Result<TraceRange> parse_trace_range(std::string_view text) {
    const usize middle = std::min(text.find_first_of("-+"), text.size());
    const auto first = number_of(text.substr(0, middle), 16);
    const bool alone = middle == text.size();
    const auto second = alone ? first : number_of(text.substr(middle + 1), 16);
    if (first && second) {
        const bool by_length = !alone && text[middle] == '+';
        const u64 last = by_length ? *first + (*second - 1) : *second;
        if (last >= *first && !(by_length && *second == 0)) return TraceRange{*first, last};
    }
    return Error{"'" + std::string(text) +
                 "' is no range of addresses; write it in hexadecimal, like 3f8-3ff, "
                 "fee00000+1000 or ffffffff81000000"};
}

Result<TracePoint> parse_trace_point(std::string_view text) {
    for (const TimeUnit& unit : time_units) {
        if (!text.ends_with(unit.name)) continue;
        const auto ns = nanoseconds_of(text.substr(0, text.size() - unit.name.size()), unit.ns);
        if (ns) return TracePoint{*ns, TracePoint::Unit::Nanoseconds};
        break;
    }
    if (const auto count = number_of(text, 10)) return TracePoint{*count};
    return Error{"'" + std::string(text) +
                 "' is no point of a run; write a number of instructions, like 5000000, or a "
                 "virtual time, like 1.5s, 20ms or 7us"};
}

}  // namespace fabric
