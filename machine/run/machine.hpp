// SPDX-License-Identifier: BSD-2-Clause
//
// A board, running: its processors by turns, virtual time, input at its recorded instants,
// checkpoints, state hashes.
//
// Processors take turns of some 25 000 instructions on one host thread (DESIGN.md §3), and
// virtual time counts what all of them retire, so a machine with many is as reproducible as one
// with a single processor. A PAUSE ends a turn. Who is next and for how long is part of the state.
#pragma once

#include <memory>
#include <string>

#include "fabric/host/input_journal.hpp"
#include "fabric/state/snapshot_file.hpp"
#include "fabric/time/instruction_clock.hpp"
#include "machine/board/board.hpp"

namespace machine {

enum class RunOutcome : u8 {
    LimitReached,
    GuestExit,  // Through the debug exit.
    PowerOff,
    Reset,     // The guest asked for one, and the machine is not to start again.
    Idle,      // Halted, with no deadline that would wake it: only input can.
    Shutdown,  // Triple fault.
    StopRequested,
    Debugger,    // Somebody who looks on wanted it to stop here: see machine/run/debugger.hpp.
    AwaitsHost,  // A disk's host is out of room: see Board::host_trouble(). Nothing is lost.
};

class Machine final : private cpu::DeviceClock, private fabric::TraceClock {
public:
    /// The journal says whether this is a live run or a replay.
    static fabric::Result<std::unique_ptr<Machine>> create(
        std::unique_ptr<fabric::InputJournal> journal, const MakeBoard& make_board);

    /// Whether a reset that the guest asks for, and a triple fault, start it again. Else they end
    /// the run.
    void restart_on_reset(bool restart) { restarts_ = restart; }

    /// Runs until so many instructions have retired since power-on, or it is so late, or another
    /// outcome. A machine that has halted for good is idle until `time`, if one is given.
    RunOutcome run_until(u64 retired, fabric::VmTime time = never);
    static constexpr fabric::VmTime never{~u64{0}};

    /// From now on, the sinks of board().trace() are told what the filter lets through. It is the
    /// same run, with or without.
    void trace(fabric::TraceFilter filter);
    /// No processor runs: time jumps to the next deadline.
    bool halted() const { return !anybody_runs(); }

    /// By all processors.
    u64 retired() const { return schedule_.retired; }
    /// Whose turn it is.
    u32 current_processor() const { return schedule_.current; }
    fabric::VmInstant now() const { return {clock_.time_at(retired()), retired()}; }
    Board& board() { return *board_; }
    const Board& board() const { return *board_; }
    fabric::InputJournal& journal() { return *journal_; }

    /// Of everything the guest can ever notice, but for images that it writes to without an
    /// overlay. Equal hashes: equal futures, given equal input.
    u64 state_hash() const;

    fabric::Result<> save(const std::string& path) const;
    /// On error the machine is as it was.
    fabric::Result<> restore(const std::string& path);

    fabric::Result<> save(fabric::SnapshotWriter& out) const;
    fabric::Result<> restore(const fabric::SnapshotFile& file);

    /// What has run up to now, to be written when the run is over.
    fabric::InputJournal::Recording recording() const;

    /// Whose turn it is.
    struct Schedule {
        u64 retired = 0;
        u32 current = 0;
        u64 turn_left = shortest_turn;

        bool operator==(const Schedule&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& self, Visit& visit) {
            visit(1, "retired", self.retired);
            visit(2, "current", self.current);
            visit(3, "turn_left", self.turn_left);
        }
    };

private:
    static constexpr u64 shortest_turn = 16'384;

    Machine() = default;

    fabric::VmTime time_at(u64 retired) const override { return clock_.time_at(retired); }
    void access_begins(u64 retired) override;
    bool access_ends() override;

    fabric::TraceStamp stamp() const override;
    /// How far it is to where instructions begin or cease to be traced.
    std::optional<u64> instructions_to_trace_edge() const;
    void begin_to_trace_instructions();

    std::optional<RunOutcome> see_to_request();
    std::optional<RunOutcome> run_slice(u64 limit, fabric::VmTime time);
    std::optional<RunOutcome> take_turns(u64 slice, fabric::VmTime time);
    std::optional<RunOutcome> look_at(cpu::StopCause cause);
    cpu::StopCause run_current(u64 slice);
    void next_processor();
    void yield();
    bool anybody_runs() const;
    u64 instructions_to_next_stop(u64 limit) const;
    bool skip_idle_time(fabric::VmTime latest);
    void reset_board();

    std::unique_ptr<fabric::InputJournal> journal_;
    std::unique_ptr<Board> board_;
    fabric::InstructionClock clock_;
    Schedule schedule_;
    bool restarts_ = false;
    std::optional<fabric::VmTime> awaited_;  // The deadline that the slice was made for.
    bool cut_short_ = false;                 // The slice ends early for a nearer one.
    bool traces_instructions_ = false;
};

}  // namespace machine
