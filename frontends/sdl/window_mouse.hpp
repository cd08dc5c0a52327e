// SPDX-License-Identifier: BSD-2-Clause
//
// A window's mouse, as the guest's takes it from the journal: buttons and movement. The guest has
// it while the window has grabbed it.
#pragma once

#include <vector>

#include <SDL_events.h>

#include "fabric/support/int_types.hpp"

namespace frontends {

class WindowMouse {
public:
    std::vector<u8> moved(i32 right, i32 down) const { return packets(right, down, 0); }
    /// Away from the user.
    std::vector<u8> wheel_turned(i32 notches) const { return packets(0, 0, notches); }
    /// By SDL's numbers.
    std::vector<u8> button(u8 number, bool down);
    std::vector<u8> release_all();

private:
    std::vector<u8> packets(i32 right, i32 down, i32 wheel) const;

    u8 buttons_ = 0;
};

}  // namespace frontends
