// SPDX-License-Identifier: BSD-2-Clause
//
// The tiny board, running: virtual time, input at its recorded instants, checkpoints, state hashes.
#pragma once

#include <memory>
#include <string>

#include "fabric/host/input_journal.hpp"
#include "fabric/state/snapshot_file.hpp"
#include "fabric/time/instruction_clock.hpp"
#include "machine/board/tiny_board.hpp"

namespace machine {

enum class RunOutcome : u8 {
    LimitReached,
    GuestExit,  // Through the debug exit.
    Idle,       // Halted, with no deadline that would wake it: only input can.
    Shutdown,   // Triple fault.
    StopRequested,
};

class TinyMachine final : private cpu::DeviceClock {
public:
    /// The journal says whether this is a live run or a replay.
    static fabric::Result<std::unique_ptr<TinyMachine>> create(
        const TinyConfig& config, TinyHost host, std::unique_ptr<fabric::InputJournal> journal);

    /// Runs until so many instructions have retired since power-on, or another outcome.
    RunOutcome run_until(u64 retired);

    u64 retired() const { return board_->vcpu().state.retired; }
    fabric::VmInstant now() const { return {clock_.time_at(retired()), retired()}; }
    TinyBoard& board() { return *board_; }
    const TinyBoard& board() const { return *board_; }
    fabric::InputJournal& journal() { return *journal_; }

    /// Of everything the guest can ever notice. Equal hashes: equal futures, given equal input.
    u64 state_hash() const;

    fabric::Result<> save(const std::string& path) const;
    /// On error the machine is as it was.
    fabric::Result<> restore(const std::string& path);

    fabric::Result<> save(fabric::SnapshotWriter& out) const;
    fabric::Result<> restore(const fabric::SnapshotFile& file);

private:
    TinyMachine() = default;

    fabric::VmTime time_at(u64 retired) const override { return clock_.time_at(retired); }
    void access_begins(u64 retired) override;
    bool access_ends() override;

    u64 instructions_to_next_stop(u64 limit) const;
    bool skip_idle_time();

    std::unique_ptr<fabric::InputJournal> journal_;
    std::unique_ptr<TinyBoard> board_;
    fabric::InstructionClock clock_;
    std::optional<fabric::VmTime> awaited_;  // The deadline that the slice was made for.
    bool cut_short_ = false;                 // The slice ends early for a nearer one.
};

}  // namespace machine
