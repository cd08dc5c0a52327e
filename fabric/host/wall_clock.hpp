// SPDX-License-Identifier: BSD-2-Clause
//
// The host's clocks, the only place where they are read. The wall clock reaches the machine through
// the input journal, once, at power-on; the steady clock never does: it paces the run loop.
#pragma once

#include "fabric/support/int_types.hpp"

namespace fabric {

/// Nanoseconds since 1970, UTC.
i64 host_wall_clock_ns();

/// Nanoseconds since some fixed moment; never goes back.
u64 host_steady_clock_ns();

void host_sleep_ns(u64 ns);

}  // namespace fabric
