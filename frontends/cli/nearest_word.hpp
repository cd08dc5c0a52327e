// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <span>
#include <string_view>

namespace frontends {

/// The candidate that takes the fewest single-letter changes to get to. There is at least one.
std::string_view nearest_word(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace frontends
