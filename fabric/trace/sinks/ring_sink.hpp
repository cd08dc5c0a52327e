// SPDX-License-Identifier: BSD-2-Clause
//
// The last records, for a look back after something went wrong, and for tests.
#pragma once

#include <deque>

#include "fabric/trace/trace.hpp"

namespace fabric {

class RingSink final : public TraceSink {
public:
    explicit RingSink(usize capacity) : capacity_(capacity) {}

    void accept(const TraceRecord& record) override {
        if (records_.size() == capacity_) records_.pop_front();
        records_.push_back(record);
    }

    /// Oldest first.
    const std::deque<TraceRecord>& records() const { return records_; }

private:
    usize capacity_;
    std::deque<TraceRecord> records_;
};

}  // namespace fabric
