// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "roms/runtime/runtime.h"

namespace groups {

#define TLFS_GROUP(name) void name();
#include "roms/tlfs/groups.def"
#undef TLFS_GROUP

/// What the abuse is made from; not zero.
extern u64 seed;

/// Whether this start comes from the reset that the group of that name brought about.
bool comes_from_reset();

/// True, and said, where there is nothing to check: no hypervisor, or no hypercall page.
bool without_hypervisor();
bool without_hypercalls();

}  // namespace groups
