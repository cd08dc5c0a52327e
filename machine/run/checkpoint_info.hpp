// SPDX-License-Identifier: BSD-2-Clause
//
// What a checkpoint says of itself, without a machine to restore it into.
#pragma once

#include <string>
#include <vector>

#include "fabric/state/snapshot_file.hpp"
#include "fabric/support/result.hpp"
#include "fabric/time/vm_time.hpp"
#include "machine/board/board.hpp"

namespace machine {

struct CheckpointInfo {
    BoardIdentity machine;
    fabric::VmInstant when;
    u64 state_hash = 0;
    u64 stored_ram_bytes = 0;  // The rest of RAM is zero.
    std::string guest;         // What it told its hypervisor that it is; empty without one.
    std::string crash;         // What it last reported.
};

fabric::Result<CheckpointInfo> checkpoint_info(const fabric::SnapshotFile& file);

}  // namespace machine
