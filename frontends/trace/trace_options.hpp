// SPDX-License-Identifier: BSD-2-Clause
//
// --trace and its companions: what is shown of a run, and where to. docs/tracing.md tells it to
// users.
#pragma once

#include <string>

#include "fabric/trace/trace_filter.hpp"

namespace frontends {

struct TraceOptions {
    std::string list;            // --trace; which words there are depends on the machine.
    fabric::TraceFilter limits;  // --trace-range, -ring, -cpu, -from, -until, -count.
    std::string file;            // --trace-file
    u64 buffer = 0;              // --trace-buffer: so many records, shown after a bad end.
};

}  // namespace frontends
