// SPDX-License-Identifier: BSD-2-Clause
//
// What a machine tells those who look on at it, and when.
#include <algorithm>

#include "machine/run/machine.hpp"

namespace machine {

using fabric::TraceFilter;
using fabric::TracePoint;
using fabric::VmTime;

void Machine::trace(TraceFilter filter) {
    board_->trace().set_filter(std::move(filter));
    traces_instructions_ = false;
}

fabric::TraceStamp Machine::stamp() const {
    const cpu::CpuState& state = board_->vcpu(schedule_.current).state;
    // Between two slices, that of a processor which has not run for a while is old.
    const u64 retired = std::max(state.retired, schedule_.retired);
    return {.retired = retired,
            .time = clock_.time_at(retired),
            .processor = schedule_.current,
            .ring = state.cpl};
}

std::optional<u64> Machine::instructions_to_trace_edge() const {
    if (!board_->trace().shows_instructions()) return std::nullopt;
    const TraceFilter& filter = board_->trace().filter();
    std::optional<u64> nearest;
    for (const auto& point : {filter.from, filter.until}) {
        if (!point || point->reached(stamp())) continue;
        const u64 distance = point->unit == TracePoint::Unit::Instructions
                                 ? point->value - retired()
                                 : clock_.instructions_until(VmTime{point->value}, retired());
        nearest = std::min(nearest.value_or(distance), distance);
    }
    return nearest;
}

/// Branches that know their way into pages that are to be looked at would go it without asking:
/// what they know is of another generation from now on.
void Machine::begin_to_trace_instructions() {
    const fabric::Trace& trace = board_->trace();
    const auto& from = trace.filter().from;
    const bool traces = trace.shows_instructions() && (!from || from->reached(stamp()));
    if (traces && !traces_instructions_) {
        for (usize i = 0; i < board_->processors(); ++i) board_->vcpu(i).tlb.begin_generation();
    }
    traces_instructions_ = traces;
}

}  // namespace machine
