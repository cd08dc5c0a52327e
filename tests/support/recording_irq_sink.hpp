// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "fabric/bus/irq_line.hpp"

namespace test {

/// The far end of one interrupt wire: remembers its level and how often it was driven.
struct RecordingIrqSink final : fabric::IrqSink {
    void set_level(u32, bool high) override {
        level = high;
        ++times_driven;
    }

    bool level = false;
    u32 times_driven = 0;
};

}  // namespace test
