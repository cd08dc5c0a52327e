// SPDX-License-Identifier: BSD-2-Clause
#include "machine/run/tiny_machine.hpp"

#include <algorithm>

namespace machine {

using fabric::Result;
using fabric::VmInstant;
using fabric::VmTime;

namespace {

/// How long input from the host may wait to be looked at.
constexpr u64 longest_slice = 1'000'000;

}  // namespace

Result<std::unique_ptr<TinyMachine>> TinyMachine::create(
    const TinyConfig& config, TinyHost host, std::unique_ptr<fabric::InputJournal> journal) {
    std::unique_ptr<TinyMachine> machine(new TinyMachine);
    machine->journal_ = std::move(journal);
    machine->board_ = TRY(TinyBoard::create(config, host, *machine->journal_, *machine));
    TRY(machine->journal_->check_ports());
    return machine;
}

u64 TinyMachine::instructions_to_next_stop(u64 limit) const {
    u64 until = std::min(limit, longest_slice);
    if (const auto deadline = board_->events().next_deadline()) {
        until = std::min(until, clock_.instructions_until(*deadline, retired()));
    }
    if (const auto input = journal_->next_due()) {
        until = std::min(until, input->retired - std::min(input->retired, retired()));
    }
    return until;
}

void TinyMachine::access_begins(u64 retired) {
    board_->events().run_until(clock_.time_at(retired));
}

bool TinyMachine::access_ends() {
    const auto deadline = board_->events().next_deadline();
    if (!deadline || (awaited_ && *deadline >= *awaited_)) return false;
    cut_short_ = true;
    return true;
}

/// False: nothing but input can end the idleness.
bool TinyMachine::skip_idle_time() {
    std::optional<VmTime> target = board_->events().next_deadline();
    if (const auto input = journal_->next_due(); input && input->retired <= retired()) {
        target = std::min(target.value_or(input->time), input->time);
    }
    if (!target) return false;
    clock_.skip_to(*target, retired());
    return true;
}

RunOutcome TinyMachine::run_until(u64 limit) {
    while (true) {
        board_->events().run_until(now().time);
        journal_->deliver_due(now());
        if (board_->debug_exit().value()) return RunOutcome::GuestExit;
        if (retired() >= limit) return RunOutcome::LimitReached;
        const u64 slice = instructions_to_next_stop(limit - retired());
        // The recorded run was halted here until its input came; this one runs on.
        if (const auto input = journal_->next_due();
            input && input->retired <= retired() &&
            board_->vcpu().state.activity == cpu::Activity::Running) {
            journal_->deliver_misplaced(now());
            continue;
        }
        // A deadline that has come to the nanosecond is still to be fired.
        if (slice == 0 && board_->vcpu().state.activity == cpu::Activity::Running) {
            clock_.skip_to(now().time + fabric::VmDuration{1}, retired());
            continue;
        }
        awaited_ = board_->events().next_deadline();
        cut_short_ = false;
        const cpu::StopCause cause = board_->engine().run(board_->vcpu(), slice);
        board_->events().run_until(now().time);
        switch (cause) {
            case cpu::StopCause::BudgetSpent: break;
            case cpu::StopCause::StopRequested:
                if (!cut_short_ && !board_->debug_exit().value()) return RunOutcome::StopRequested;
                break;
            case cpu::StopCause::Shutdown: return RunOutcome::Shutdown;
            case cpu::StopCause::Halted:
                if (!journal_->has_posts() && !skip_idle_time()) return RunOutcome::Idle;
                break;
        }
    }
}

}  // namespace machine
