// SPDX-License-Identifier: BSD-2-Clause
#include "machine/run/machine.hpp"

#include <algorithm>

#include "cpu/core/yield.hpp"

namespace machine {

using cpu::StopCause;
using fabric::Result;
using fabric::VmInstant;
using fabric::VmTime;

namespace {

/// How long input from the host may wait to be looked at.
constexpr u64 longest_slice = 1'000'000;

/// On hardware 140 cycles; where a hypervisor looks on, microseconds.
constexpr fabric::VmDuration pause_time{500};

/// Turns of one length could keep step with a loop that lets go of a lock for a moment each time
/// around (SeaBIOS has one): then nobody else would ever find it free.
u64 turn_at(u64 shortest, u64 retired) {
    return shortest + ((retired * 0x9e37'79b9'7f4a'7c15) >> 50);
}

/// A halted processor that nothing has happened to need not be asked.
bool has_something_to_do(const cpu::Vcpu& vcpu) {
    const cpu::Activity activity = vcpu.state.activity;
    return activity == cpu::Activity::Running || activity == cpu::Activity::Shutdown ||
           vcpu.attention != 0;
}

}  // namespace

Result<std::unique_ptr<Machine>> Machine::create(std::unique_ptr<fabric::InputJournal> journal,
                                                 const MakeBoard& make_board) {
    std::unique_ptr<Machine> machine(new Machine);
    machine->journal_ = std::move(journal);
    machine->board_ = TRY(make_board(*machine->journal_, *machine));
    TRY(machine->journal_->check_fits(text_of(machine->board_->identity())));
    machine->board_->trace().set_clock(machine.get());
    return machine;
}

void Machine::access_begins(u64 retired) { board_->events().run_until(clock_.time_at(retired)); }

bool Machine::access_ends() {
    const auto deadline = board_->events().next_deadline();
    const bool nearer = deadline && (!awaited_ || *deadline < *awaited_);
    if (!nearer && !board_->request()) return false;
    cut_short_ = true;
    return true;
}

u64 Machine::instructions_to_next_stop(u64 limit) const {
    u64 until = std::min(limit, longest_slice);
    if (const auto deadline = board_->events().next_deadline()) {
        until = std::min(until, clock_.instructions_until(*deadline, retired()));
    }
    if (const auto input = journal_->next_due()) {
        until = std::min(until, input->retired - std::min(input->retired, retired()));
    }
    if (const auto edge = instructions_to_trace_edge()) until = std::min(until, *edge);
    return until;
}

/// False: nothing but input can end the idleness.
bool Machine::skip_idle_time(VmTime latest) {
    std::optional<VmTime> target = board_->events().next_deadline();
    if (const auto input = journal_->next_due(); input && input->retired <= retired()) {
        target = std::min(target.value_or(input->time), input->time);
    }
    if (!target && latest == never) return false;
    const VmTime until = std::min(target.value_or(latest), latest);
    clock_.skip_to(until, retired());
    board_->trace().idle("machine", until.ns);
    return true;
}

RunOutcome Machine::run_until(u64 limit, VmTime time) {
    while (true) {
        board_->events().run_until(now().time);
        journal_->deliver_due(now());
        if (const auto outcome = see_to_request()) return *outcome;
        if (retired() >= limit || now().time >= time) return RunOutcome::LimitReached;
        if (const auto outcome = run_slice(limit - retired(), time)) return *outcome;
    }
}

std::optional<RunOutcome> Machine::see_to_request() {
    const auto request = board_->request();
    if (!request) return std::nullopt;
    fabric::Trace& trace = board_->trace();
    switch (request->kind) {
        case BoardRequest::Kind::Exit:
            trace.end("machine", "exit by the guest", request->value);
            return RunOutcome::GuestExit;
        case BoardRequest::Kind::PowerOff:
            trace.end("machine", "power-off", 0);
            return RunOutcome::PowerOff;
        case BoardRequest::Kind::AwaitHost: return RunOutcome::AwaitsHost;
        case BoardRequest::Kind::Reset: break;
    }
    if (!restarts_) return RunOutcome::Reset;
    reset_board();
    return std::nullopt;
}

void Machine::reset_board() {
    board_->trace().reset("machine");
    board_->reset(fabric::ResetKind::Platform, retired());
    schedule_.current = 0;
    schedule_.turn_left = shortest_turn;
}

bool Machine::anybody_runs() const {
    for (usize i = 0; i < board_->processors(); ++i) {
        if (board_->vcpu(i).state.activity == cpu::Activity::Running) return true;
    }
    return false;
}

std::optional<RunOutcome> Machine::run_slice(u64 limit, VmTime time) {
    const u64 slice =
        instructions_to_next_stop(std::min(limit, clock_.instructions_until(time, retired())));
    if (anybody_runs()) {
        // The recorded run was halted here until its input came; this one runs on.
        if (const auto input = journal_->next_due(); input && input->retired <= retired()) {
            journal_->deliver_misplaced(now());
            return std::nullopt;
        }
        // A deadline that has come to the nanosecond is still to be fired.
        if (slice == 0) {
            clock_.skip_to(now().time + fabric::VmDuration{1}, retired());
            return std::nullopt;
        }
    }
    awaited_ = board_->events().next_deadline();
    cut_short_ = false;
    begin_to_trace_instructions();
    return take_turns(slice, time);
}

/// Runs the first processor, from the current one on, that has anything to do.
std::optional<RunOutcome> Machine::take_turns(u64 slice, VmTime time) {
    for (usize tried = 0; tried < board_->processors(); ++tried) {
        const cpu::Vcpu& vcpu = board_->vcpu(schedule_.current);
        if (has_something_to_do(vcpu)) {
            const u64 before = retired();
            const StopCause cause = run_current(slice);
            if (cause != StopCause::Halted || retired() != before) return look_at(cause);
        }
        next_processor();
    }
    if (!journal_->has_posts() && !skip_idle_time(time)) return RunOutcome::Idle;
    return std::nullopt;
}

StopCause Machine::run_current(u64 slice) {
    cpu::Vcpu& vcpu = board_->vcpu(schedule_.current);
    const bool alone = board_->processors() == 1;
    vcpu.state.retired = retired();
    board_->turn_begins(schedule_.current, retired());
    const StopCause cause =
        board_->engine().run(vcpu, alone ? slice : std::min(slice, schedule_.turn_left));
    const u64 ran = vcpu.state.retired - retired();
    schedule_.retired = vcpu.state.retired;
    board_->turn_ends(schedule_.current, retired());
    if (!alone) schedule_.turn_left -= std::min(ran, schedule_.turn_left);
    if (cpu::take_yield(vcpu)) {
        yield();
        return StopCause::BudgetSpent;
    }
    board_->events().run_until(now().time);
    return cause;
}

void Machine::next_processor() {
    schedule_.current = (schedule_.current + 1) % static_cast<u32>(board_->processors());
    schedule_.turn_left = turn_at(shortest_turn, retired());
}

/// PAUSE ends a turn, and takes its time: a guest that spins until a clock says so, as kernels do
/// between two looks at a serial port, need not be run for every turn of its loop.
void Machine::yield() {
    VmTime until = now().time + pause_time;
    if (const auto deadline = board_->events().next_deadline()) until = std::min(until, *deadline);
    clock_.skip_to(until, retired());
    next_processor();
}

std::optional<RunOutcome> Machine::look_at(StopCause cause) {
    if (cause == StopCause::Halted || schedule_.turn_left == 0) next_processor();
    switch (cause) {
        case StopCause::BudgetSpent:
        case StopCause::Halted: break;
        case StopCause::StopRequested:
            if (!cut_short_) return RunOutcome::StopRequested;
            break;
        case StopCause::Debugger: return RunOutcome::Debugger;
        case StopCause::Shutdown:
            if (!restarts_) return RunOutcome::Shutdown;
            reset_board();
            break;
    }
    return std::nullopt;
}

fabric::InputJournal::Recording Machine::recording() const {
    return journal_->recording(text_of(board_->identity()), now());
}

}  // namespace machine
