// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "fabric/support/int_types.hpp"

namespace fabric {

/// The far end of interrupt wires: a PIC, an I/O APIC, a router in front of both.
class IrqSink {
public:
    virtual ~IrqSink() = default;
    virtual void set_level(u32 input, bool high) = 0;
};

/// A device's end of one wire. It knows neither its number nor who listens: the board decides.
/// The level of every wire is saved by the sink, so restoring a device never drives its wires.
class IrqLine {
public:
    IrqLine() = default;  // Not connected; for tests and for boards that leave a pin open.
    IrqLine(IrqSink& sink, u32 input) : sink_(&sink), input_(input) {}

    void set(bool high) const {
        if (sink_) sink_->set_level(input_, high);
    }

private:
    IrqSink* sink_ = nullptr;
    u32 input_ = 0;
};

}  // namespace fabric
