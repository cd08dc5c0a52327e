// SPDX-License-Identifier: BSD-2-Clause
//
// "WHAT@TIME": something that is to be done at a virtual time, counted from power-on. A time is
// written 12.5 or 12.5s, 500ms, 20us, 2m or 1h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "fabric/support/result.hpp"
#include "fabric/time/vm_time.hpp"

namespace frontends {

fabric::Result<fabric::VmDuration> parse_duration(std::string_view text);

struct TimedText {
    std::string text;
    std::optional<fabric::VmTime> time;
};

/// At the last '@'. Without one there is no time.
fabric::Result<TimedText> parse_timed_text(const std::string& text);

}  // namespace frontends
