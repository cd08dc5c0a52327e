// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/trace/trace_filter.hpp"

#include <algorithm>
#include <vector>

#include "fabric/support/nearest_word.hpp"

namespace fabric {

namespace {

Result<> add_word(TraceFilter& filter, std::string_view word,
                  std::span<const std::string> subjects) {
    const auto category = std::ranges::find(trace_category_names, word);
    if (category != trace_category_names.end()) {
        filter.categories.insert(
            static_cast<TraceCategory>(category - trace_category_names.begin()));
        return {};
    }
    if (std::ranges::find(subjects, word) != subjects.end()) {
        filter.subjects.emplace(word);
        return {};
    }
    std::vector<std::string> known(trace_category_names.begin(), trace_category_names.end());
    known.insert(known.end(), subjects.begin(), subjects.end());
    known.emplace_back("all");
    return Error{"nothing to trace is called '" + std::string(word) + "'" +
                 did_you_mean(word, known)};
}

}  // namespace

Result<TraceFilter> parse_trace_list(std::string_view list, std::span<const std::string> subjects) {
    TraceFilter filter;
    while (!list.empty()) {
        const usize comma = std::min(list.find(','), list.size());
        const std::string_view word = list.substr(0, comma);
        list.remove_prefix(std::min(comma + 1, list.size()));
        if (word == "all") {
            for (usize i = 0; i < trace_category_names.size(); ++i) {
                filter.categories.insert(static_cast<TraceCategory>(i));
            }
        } else {
            TRY(add_word(filter, word, subjects));
        }
    }
    return filter;
}

}  // namespace fabric
