// SPDX-License-Identifier: BSD-2-Clause
//
// A PC with Debian's SeaBIOS in it, and what it says.
#pragma once

#include <string>

#include "machine/board/pc.hpp"
#include "machine/run/machine.hpp"
#include "tests/machine/guest.hpp"

namespace test {

/// False, and says so, where Debian's package is not installed.
bool have_seabios();

/// 16 MiB, with SeaBIOS and its display firmware; nothing to boot from.
machine::PcConfig pc_config();

struct PcGuest {
    explicit PcGuest(const machine::PcConfig& config = pc_config());

    /// In steps, until the firmware's log has this text; false if that takes longer.
    bool run_until_logged(const std::string& text, u64 limit = 2'000'000'000);
    machine::RunOutcome run_to_end(u64 limit = 2'000'000'000) { return machine->run_until(limit); }

    void press(machine::PcButton button);

    u64 hash() const { return machine->state_hash(); }
    machine::Pc& board() { return dynamic_cast<machine::Pc&>(machine->board()); }
    fabric::SnapshotFile checkpoint() const;
    usize times_logged(const std::string& text) const;

    Collected serial;
    Collected log;
    std::vector<std::string> notices;
    std::unique_ptr<machine::Machine> machine;
};

}  // namespace test
