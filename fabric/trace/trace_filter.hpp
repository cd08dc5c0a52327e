// SPDX-License-Identifier: BSD-2-Clause
//
// What a user writes after --trace: words separated by commas, each a category ("io", "msr"), the
// name of a subject ("com1", "hpet"), or "all".
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "fabric/support/result.hpp"
#include "fabric/trace/trace.hpp"

namespace fabric {

/// An unknown word is an error that names the nearest known one. `subjects` are the known ones.
Result<TraceFilter> parse_trace_list(std::string_view list, std::span<const std::string> subjects);

}  // namespace fabric
