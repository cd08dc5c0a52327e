// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "fabric/support/int_types.hpp"

namespace frontends {

/// What a person at the monitor may ask of whoever runs the machine. All of it happens once the
/// command has been answered.
class Steering {
public:
    virtual ~Steering() = default;

    virtual bool paused() const = 0;
    virtual void pause() = 0;
    virtual void resume() = 0;
    /// One instruction of a processor; then it is paused.
    virtual void step(u32 processor) = 0;
    virtual void leave() = 0;
};

}  // namespace frontends
