// SPDX-License-Identifier: BSD-2-Clause
//
// The four synthetic timers of a virtual processor (TLFS, Synthetic Timers): at a time of the
// reference counter, or once per period, a message to a source of the SynIC or an interrupt.
#pragma once

#include <array>
#include <memory>

#include "fabric/time/event_queue.hpp"

namespace hyperv {

class VirtualProcessor;

class SyntheticTimers {
public:
    static constexpr usize count = 4;

    struct One {
        u64 configuration = 0;
        u64 count = 0;
        u64 expiration = 0;  // In reference time, while it runs.

        bool operator==(const One&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& one, Visit& visit) {
            visit(1, "config", one.configuration);
            visit(2, "count", one.count);
            visit(3, "expiration", one.expiration);
        }
    };

    struct State {
        std::array<One, count> timers;

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "timers", state.timers);
        }
    };

    explicit SyntheticTimers(VirtualProcessor& processor);

    void reset();
    const State& state() const { return state_; }
    void restore(const State& state) { state_ = state; }

    u64 configuration(usize which) const { return state_.timers[which].configuration; }
    /// False: a bit that must be zero is not.
    [[nodiscard]] bool write_configuration(usize which, u64 value);
    u64 count_register(usize which) const { return state_.timers[which].count; }
    void write_count(usize which, u64 value);

private:
    void restart(usize which);
    void arm(usize which);
    void expire(usize which);
    bool can_signal(u64 configuration) const;

    VirtualProcessor& processor_;
    State state_;
    std::array<std::unique_ptr<fabric::Timer>, count> deadlines_;
};

}  // namespace hyperv
