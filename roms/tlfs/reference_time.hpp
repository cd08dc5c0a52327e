// SPDX-License-Identifier: BSD-2-Clause
//
// The partition's time in units of 100 ns, read in the guest's ways (TLFS 12).
#pragma once

#include "roms/tlfs/tlfs.hpp"

namespace reference {

/// Where enable_page() lays the reference TSC page.
extern volatile tlfs::ReferenceTscPage page;

/// False if it, or the counter beside it, is not there.
bool enable_page();

/// The page's formula; enable_page() was true.
u64 at_tsc(u64 tsc);

u64 counter();

/// Until so many units are over.
void wait(u64 ticks);

}  // namespace reference
