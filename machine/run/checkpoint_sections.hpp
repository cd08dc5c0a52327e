// SPDX-License-Identifier: BSD-2-Clause
//
// Names and records of a checkpoint's file that more than one reader knows.
#pragma once

#include <string>
#include <string_view>

#include "fabric/memory/guest_memory.hpp"
#include "fabric/state/saved_state.hpp"
#include "fabric/state/snapshot_file.hpp"
#include "fabric/support/result.hpp"
#include "fabric/time/instruction_clock.hpp"

namespace machine::checkpoint {

inline constexpr std::string_view kind = "checkpoint";
inline constexpr u64 largest_section = u64{64} << 20;

inline const std::string machine = "machine";
inline const std::string schedule = "schedule";
inline const std::string clock = "clock";
inline const std::string hash = "hash";
inline const std::string ram = "ram";

/// A page's number, and its bytes.
inline constexpr usize page_record = 8 + fabric::page_size;

/// Machine::state_hash(), for those who ask what a checkpoint is of.
struct SavedHash {
    u64 value = 0;

    template <class Self, class Visit>
    static constexpr void fields(Self& state, Visit& visit) {
        visit(1, "value", state.value);
    }
};

/// Restores by `restore(reader)` from a section; errors name it.
template <class Restore>
fabric::Result<> read_from(const fabric::SnapshotFile& file, const std::string& name,
                           Restore restore) {
    const auto bytes = TRY(file.section(name, largest_section));
    fabric::StateReader reader(bytes);
    if (auto outcome = restore(reader); !outcome) return std::move(outcome).error().within(name);
    return {};
}

inline fabric::Result<u64> read_hash(const fabric::SnapshotFile& file) {
    SavedHash made;
    TRY(read_from(file, hash, [&](fabric::StateReader& in) { return in.read(made); }));
    return made.value;
}

/// The clock as it was when so many instructions had retired.
inline fabric::Result<fabric::InstructionClock> read_clock(const fabric::SnapshotFile& file,
                                                           u64 retired) {
    fabric::InstructionClock made;
    TRY(read_from(file, clock, [&](fabric::StateReader& in) { return made.restore(in); }));
    if (retired >= made.state().base_retired) return made;
    return fabric::Error{clock + ": it was last set after the checkpoint was made"};
}

}  // namespace machine::checkpoint
