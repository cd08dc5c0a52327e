// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/cli/nearest_word.hpp"

#include <algorithm>
#include <vector>

#include "fabric/support/int_types.hpp"
#include "fabric/support/verify.hpp"

namespace frontends {

namespace {

/// Letters to put in, take out, exchange, or swap with their neighbour.
usize distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<usize>> steps(a.size() + 1, std::vector<usize>(b.size() + 1));
    for (usize i = 0; i <= a.size(); ++i) {
        for (usize j = 0; j <= b.size(); ++j) {
            if (i == 0 || j == 0) {
                steps[i][j] = i + j;
                continue;
            }
            const usize exchange = a[i - 1] == b[j - 1] ? 0 : 1;
            steps[i][j] = std::min(
                {steps[i - 1][j] + 1, steps[i][j - 1] + 1, steps[i - 1][j - 1] + exchange});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                steps[i][j] = std::min(steps[i][j], steps[i - 2][j - 2] + 1);
            }
        }
    }
    return steps[a.size()][b.size()];
}

}  // namespace

std::string_view nearest_word(std::string_view word, std::span<const std::string_view> candidates) {
    VERIFY(!candidates.empty());
    return *std::ranges::min_element(
        candidates, {}, [word](std::string_view each) { return distance(word, each); });
}

}  // namespace frontends
