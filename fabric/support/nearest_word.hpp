// SPDX-License-Identifier: BSD-2-Clause
//
// For error messages about names: "... Did you mean 'com1'?"
#pragma once

#include <algorithm>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fabric/support/int_types.hpp"

namespace fabric {

/// Levenshtein's: how many letters to add, drop or change to make one of the other.
inline usize edit_distance(std::string_view from, std::string_view to) {
    std::vector<usize> row(to.size() + 1);
    std::iota(row.begin(), row.end(), usize{0});
    for (usize i = 0; i < from.size(); ++i) {
        usize diagonal = row[0];
        row[0] = i + 1;
        for (usize j = 0; j < to.size(); ++j) {
            const usize changed = diagonal + (from[i] == to[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
        }
    }
    return row.back();
}

/// ". Did you mean 'x'?" where something known is near; otherwise all that is known.
inline std::string did_you_mean(std::string_view word, std::span<const std::string> known) {
    const std::string* nearest = nullptr;
    usize least = word.size() / 3 + 2;  // Further away it is another word.
    for (const std::string& candidate : known) {
        const usize distance = edit_distance(word, candidate);
        if (distance < least) {
            least = distance;
            nearest = &candidate;
        }
    }
    if (nearest) return ". Did you mean '" + *nearest + "'?";
    std::string all;
    for (const std::string& candidate : known) all += (all.empty() ? "" : ", ") + candidate;
    return ". There are: " + all;
}

}  // namespace fabric
