// SPDX-License-Identifier: BSD-2-Clause
//
// Virtual time. It advances only while the guest runs, and only the run loop advances it: nothing
// in a device may ask the host what time it is. That one rule gives pause, snapshots and replay.
#pragma once

#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fabric/support/int_types.hpp"

namespace fabric {

struct VmDuration {
    u64 ns = 0;
    auto operator<=>(const VmDuration&) const = default;
};

/// Nanoseconds since power-on.
struct VmTime {
    u64 ns = 0;
    auto operator<=>(const VmTime&) const = default;
    VmTime operator+(VmDuration d) const { return {ns + d.ns}; }
};

class Timer;

class EventQueue {
public:
    VmTime now() const { return now_; }
    std::optional<VmTime> next_deadline() const;

    /// Moves time to `target`, firing what falls due on the way. Timers due at the same instant
    /// fire in the order they were created, so a run is a function of its inputs.
    void run_until(VmTime target);

private:
    friend class Timer;
    Timer* earliest() const;

    VmTime now_;
    std::vector<Timer*> timers_;  // In order of creation.
};

/// One deadline, owned by the device that acts on it. The queue saves deadlines under `name`, so a
/// name is part of the snapshot format: "com1.transmit", "hpet.comparator0".
class Timer {
public:
    Timer(EventQueue& queue, std::string name, std::function<void()> fire);
    ~Timer();
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    void schedule(VmDuration from_now) { deadline_ = queue_.now() + from_now; }
    void cancel() { deadline_.reset(); }
    bool pending() const { return deadline_.has_value(); }
    const std::string& name() const { return name_; }

private:
    friend class EventQueue;

    EventQueue& queue_;
    std::string name_;
    std::function<void()> fire_;
    std::optional<VmTime> deadline_;
};

}  // namespace fabric
