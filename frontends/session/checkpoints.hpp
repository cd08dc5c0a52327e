// SPDX-License-Identifier: BSD-2-Clause
//
// --save: checkpoints of a run, at virtual times named before, whenever somebody asks, and at the
// end.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fabric/support/result.hpp"
#include "fabric/time/vm_time.hpp"
#include "frontends/session/attendant.hpp"

namespace frontends {

struct CheckpointOrder {
    std::string path;
    std::optional<fabric::VmTime> time;  // Without: at the end.
};

class Checkpoints final : public Attendant {
public:
    explicit Checkpoints(std::vector<CheckpointOrder> orders);

    void attend(Session& session) override;
    Stop next_stop() const override;

    /// Into the first "satori-N.checkpoint" of this folder that is free. What goes wrong is told,
    /// and the run goes on.
    static void save_now(Session& session);

    /// Those for the end. It is an error if there are others, whose time did not come.
    fabric::Result<> save_last(const machine::Machine& machine);

private:
    std::vector<CheckpointOrder> orders_;  // Not made yet; by time.
};

}  // namespace frontends
