// SPDX-License-Identifier: BSD-2-Clause
//
// The far end of a PS/2 line, as the keyboard controller sees it.
#pragma once

#include "fabric/support/int_types.hpp"

namespace devices {

class Ps2Device {
public:
    virtual ~Ps2Device() = default;

    /// A byte from the controller has arrived.
    virtual void receive(u8 byte) = 0;
    /// Does it want to send? When that becomes true it calls the `data_ready` of its wiring.
    virtual bool has_byte() const = 0;
    /// The line is free, and the byte has been sent.
    virtual u8 take_byte() = 0;
};

}  // namespace devices
