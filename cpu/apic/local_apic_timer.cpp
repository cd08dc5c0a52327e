// SPDX-License-Identifier: BSD-2-Clause
//
// The timer of the local APIC (SDM 3A 10.5.4). It counts a clock of its own that knows nothing of
// when it is looked at: what the counter shows, and when it comes to zero, follow from the tick at
// which it was started.
#include "cpu/apic/local_apic.hpp"
#include "cpu/core/arch_msrs.hpp"
#include "fabric/time/frequency.hpp"

namespace cpu {

using namespace apic;
using fabric::Frequency;

LocalApic::TimerMode LocalApic::timer_mode() const {
    const auto mode =
        static_cast<TimerMode>((local_vector(Lvt::Timer) & lvt::TimerMode) >> lvt::TimerModeShift);
    const bool unknown = mode == TimerMode::TscDeadline && !has(Needs::TscDeadline);
    return unknown ? TimerMode::Reserved : mode;
}

/// Bits 3, 1 and 0: 2, 4, 8, 16, 32, 64, 128, 1 (SDM 3A figure 10-10).
u32 LocalApic::divisor() const {
    const u32 bits = state_.divide_configuration;
    const u32 code = (bits & 3) | (bits & 8) >> 1;
    return code == 7 ? 1 : 2u << code;
}

u64 LocalApic::tick_now() const {
    return Frequency(config_.timer_hz).ticks_at(wiring_.events.now());
}

u32 LocalApic::current_count() const {
    if (!state_.counting || timer_mode() == TimerMode::TscDeadline) return 0;
    const u64 now = tick_now();
    const u64 passed = now < state_.start_tick ? 0 : (now - state_.start_tick) / divisor();
    if (passed < state_.count_at_start) return state_.count_at_start - static_cast<u32>(passed);
    if (timer_mode() != TimerMode::Periodic || state_.initial_count == 0) return 0;
    const u64 into_period = (passed - state_.count_at_start) % state_.initial_count;
    return state_.initial_count - static_cast<u32>(into_period);
}

/// Brings the start up to the period that is running, which nobody did while the timer was masked.
void LocalApic::settle_timer() {
    if (!state_.counting) return;
    const u64 now = tick_now();
    const u64 passed = now < state_.start_tick ? 0 : (now - state_.start_tick) / divisor();
    if (passed < state_.count_at_start) return;
    if (timer_mode() != TimerMode::Periodic || state_.initial_count == 0) {
        state_.counting = false;
        return;
    }
    const u64 over = passed - state_.count_at_start;
    const u64 counted = state_.count_at_start + over - over % state_.initial_count;
    state_.start_tick += counted * divisor();
    state_.count_at_start = state_.initial_count;
}

void LocalApic::start_counting(u32 count) {
    state_.counting = count != 0;
    state_.count_at_start = count;
    state_.start_tick = tick_now();
    arm_timer();
}

/// A masked periodic timer has nothing to wake for.
void LocalApic::arm_timer() {
    const TimerMode mode = timer_mode();
    if (mode == TimerMode::TscDeadline) {
        arm_tsc_deadline();
        return;
    }
    const bool unheard =
        mode == TimerMode::Periodic && (local_vector(Lvt::Timer) & lvt::Masked) != 0;
    if (!state_.counting || unheard || mode == TimerMode::Reserved) {
        timer_.cancel();
        return;
    }
    const u64 end = state_.start_tick + u64{state_.count_at_start} * divisor();
    const bool beyond_time = end < state_.start_tick;
    timer_.schedule_at(Frequency(config_.timer_hz).time_of_tick(beyond_time ? ~u64{0} : end));
}

void LocalApic::timer_expired() {
    switch (timer_mode()) {
        case TimerMode::OneShot: state_.counting = false; break;
        case TimerMode::Periodic:
            settle_timer();
            arm_timer();
            break;
        case TimerMode::TscDeadline: state_.tsc_deadline = 0; break;
        case TimerMode::Reserved: return;
    }
    signal_local(Lvt::Timer);
}

void LocalApic::write_divide_configuration(u32 value) {
    settle_timer();
    const u32 left = current_count();
    state_.divide_configuration = value & divide::Defined;
    if (state_.counting) start_counting(left);
}

/// Going into or out of TSC-deadline mode disarms the timer (SDM 3A 10.5.4.1).
void LocalApic::write_timer_vector(u32 value) {
    settle_timer();
    const bool was_deadline = timer_mode() == TimerMode::TscDeadline;
    local_vector(Lvt::Timer) = value;
    if (was_deadline != (timer_mode() == TimerMode::TscDeadline)) {
        state_.counting = false;
        state_.tsc_deadline = 0;
    }
    arm_timer();
}

// ---- IA32_TSC_DEADLINE ----

u64 LocalApic::read_tsc_deadline() const {
    return timer_mode() == TimerMode::TscDeadline ? state_.tsc_deadline : 0;
}

void LocalApic::write_tsc_deadline(u64 value) {
    if (timer_mode() != TimerMode::TscDeadline) return;
    state_.tsc_deadline = value;
    arm_timer();
}

void LocalApic::tsc_moved() {
    if (timer_mode() == TimerMode::TscDeadline) arm_timer();
    if (listener_) listener_->tsc_moved();
}

void LocalApic::arm_tsc_deadline() {
    timer_.cancel();
    if (state_.tsc_deadline == 0) return;
    const Vcpu& vcpu = wiring_.vcpu;
    const u64 tsc =
        Frequency(vcpu.model.tsc_hz).ticks_at(wiring_.events.now()) + vcpu.state.msr.tsc_offset;
    if (tsc >= state_.tsc_deadline) {
        timer_expired();
        return;
    }
    timer_.schedule_at(time_of_tsc(vcpu, state_.tsc_deadline));
}

}  // namespace cpu
