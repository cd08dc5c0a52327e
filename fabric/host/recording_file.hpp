// SPDX-License-Identifier: BSD-2-Clause
//
// A journal's recording on disk: a snapshot file of kind "recording".
#pragma once

#include <string>

#include "fabric/host/input_journal.hpp"
#include "fabric/state/snapshot_file.hpp"
#include "fabric/support/result.hpp"

namespace fabric {

Result<> write_recording(const std::string& path, const InputJournal::Recording& recording);
Result<InputJournal::Recording> read_recording(const std::string& path);

// Of an open file, which may hold more beside it.

Result<> write_recording(SnapshotWriter& out, const InputJournal::Recording& recording);
Result<InputJournal::Recording> read_recording(const SnapshotFile& file);

}  // namespace fabric
