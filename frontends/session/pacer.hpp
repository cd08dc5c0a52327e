// SPDX-License-Identifier: BSD-2-Clause
//
// --pace on: virtual time does not outrun the host's. A machine that idles sleeps until its next
// deadline; one that the host cannot run fast enough just runs, and what it lost beyond a fifth of
// a second is not made up for. The guest cannot tell: only when things happen to it on the host's
// clock is another.
#pragma once

#include <optional>

#include "frontends/session/attendant.hpp"

namespace frontends {

/// What the host's clock allows virtual time to be.
class PaceLine {
public:
    static constexpr u64 most_made_up_ns = 200'000'000;

    /// Virtual time goes on from here with the host's clock.
    void start(u64 host_ns, fabric::VmTime time);
    void stop() { running_ = false; }
    bool running() const { return running_; }

    /// Forgives what cannot be made up for, and begins anew where the machine was set to a time.
    void note_progress(u64 host_ns, fabric::VmTime time);
    fabric::VmTime allowed_at(u64 host_ns) const;
    /// When the host's clock will allow it.
    u64 host_time_of(fabric::VmTime time) const;

private:
    bool running_ = false;
    u64 host_ns_ = 0;
    fabric::VmTime time_;
};

class Pacer final : public Attendant {
public:
    void attend(Session& session) override;
    Stop next_stop() const override { return {.time = limit_}; }

private:
    PaceLine line_;
    fabric::VmTime limit_{Stop::never};
};

}  // namespace frontends
