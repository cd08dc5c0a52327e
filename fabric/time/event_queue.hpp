// SPDX-License-Identifier: BSD-2-Clause
//
// Deadlines in virtual time: who wants to be called when.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fabric/state/saved_state.hpp"
#include "fabric/support/int_types.hpp"
#include "fabric/support/result.hpp"
#include "fabric/time/vm_time.hpp"

namespace fabric {

class Timer;
class Trace;

class EventQueue {
public:
    EventQueue() = default;
    EventQueue(const EventQueue&) = delete;
    EventQueue& operator=(const EventQueue&) = delete;
    ~EventQueue();

    VmTime now() const { return now_; }
    std::optional<VmTime> next_deadline() const;

    /// Moves time to `target`, firing what falls due on the way. Timers due at the same instant
    /// fire in the order they were created, so a run is a function of its inputs.
    void run_until(VmTime target);

    /// The time and every deadline, by the timers' names.
    void save(StateWriter& out) const;
    /// All or nothing. A timer that the file does not name is not pending; a name that no timer
    /// has is an error: the file is of another machine.
    Result<> restore(StateReader& in);

    /// Deadlines are traced as they are set and when they fall due, by the timers' names.
    void set_trace(Trace* trace) { trace_ = trace; }
    std::vector<std::string> timer_names() const;

private:
    friend class Timer;

    bool fires_before(const Timer& a, const Timer& b) const;
    void insert(Timer& timer);
    void remove(Timer& timer);
    void place(Timer& timer, usize index);
    void sift_up(usize index);
    void sift_down(usize index);

    VmTime now_;
    u64 timers_created_ = 0;
    std::vector<Timer*> timers_;   // In order of creation.
    std::vector<Timer*> pending_;  // A binary heap, earliest first.
    Trace* trace_ = nullptr;
};

/// One deadline, owned by the device that acts on it. The queue saves deadlines under `name`, so a
/// name is part of the snapshot format: "com1.transmit", "hpet.comparator0".
class Timer {
public:
    Timer(EventQueue& queue, std::string name, std::function<void()> fire);
    ~Timer();
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    void schedule(VmDuration from_now) { schedule_at(queue_.now() + from_now); }
    /// A deadline that has passed fires as soon as time is moved at all.
    void schedule_at(VmTime deadline);
    void cancel();
    bool pending() const { return heap_index_ != not_pending; }
    std::optional<VmTime> deadline() const;
    const std::string& name() const { return name_; }

private:
    friend class EventQueue;
    static constexpr usize not_pending = ~usize{0};

    EventQueue& queue_;
    std::string name_;
    std::function<void()> fire_;
    VmTime deadline_;
    u64 order_;  // Of creation.
    usize heap_index_ = not_pending;
};

}  // namespace fabric
