// SPDX-License-Identifier: BSD-2-Clause
//
// A window's keys: most are the guest's, those with Ctrl-Alt in window_command_keys are ours. SDL's
// scancodes are the USB HID usages that the keyboard takes. The host's repetitions are dropped: the
// guest's keyboard repeats by itself.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <SDL_scancode.h>

#include "fabric/support/int_types.hpp"

namespace frontends {

enum class WindowCommand : u8 {
    FullScreen,
    GrabMouse,
    Screenshot,
    Pause,
    Reset,
    PowerButton,
    WholeDots,
    FitWindow,
};

struct WindowCommandKey {
    SDL_Scancode key;
    WindowCommand command;
    std::string_view name;  // "Ctrl-Alt-F"
    std::string_view what;
};
std::span<const WindowCommandKey> window_command_keys();

class WindowKeys {
public:
    struct Outcome {
        std::vector<u8> events;  // As the keyboard takes them from the journal.
        std::optional<WindowCommand> command;
    };
    Outcome pressed(SDL_Scancode key);
    Outcome released(SDL_Scancode key);

    /// The window is not looked at any more: nobody will tell when keys are let go.
    std::vector<u8> release_all();

private:
    bool is_down(SDL_Scancode key) const;
    bool control_and_alt() const;

    std::vector<u8> down_;  // What the guest has been told of, in order.
};

}  // namespace frontends
