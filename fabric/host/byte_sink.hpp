// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "fabric/support/int_types.hpp"

namespace fabric {

/// Where a byte stream leaves the machine: a terminal, a file, a test. Takes all, never blocks the
/// guest, and has nothing to answer.
class ByteSink {
public:
    virtual ~ByteSink() = default;
    virtual void accept(u8 byte) = 0;
};

}  // namespace fabric
