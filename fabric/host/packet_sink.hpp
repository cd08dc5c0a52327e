// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <span>

#include "fabric/support/int_types.hpp"

namespace fabric {

/// Where Ethernet frames leave the machine, without their FCS: a network on the host, a test. Never
/// blocks the guest; what answers it comes back through the input journal.
class PacketSink {
public:
    virtual ~PacketSink() = default;
    virtual void accept(std::span<const u8> frame) = 0;
};

}  // namespace fabric
