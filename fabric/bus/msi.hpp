// SPDX-License-Identifier: BSD-2-Clause
//
// Message-signalled interrupts: a write of `data` to `address`, which the interrupt controllers
// claim (SDM 3A 11.11).
#pragma once

#include "fabric/support/int_types.hpp"

namespace fabric {

struct MsiMessage {
    u64 address = 0;
    u32 data = 0;

    bool operator==(const MsiMessage&) const = default;
};

class MsiSink {
public:
    virtual ~MsiSink() = default;
    virtual void deliver(MsiMessage message) = 0;
};

}  // namespace fabric
