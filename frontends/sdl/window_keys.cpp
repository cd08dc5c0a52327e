// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/sdl/window_keys.hpp"

#include <algorithm>
#include <array>

namespace frontends {

namespace {

constexpr std::array<WindowCommandKey, 8> command_keys = {{
    {SDL_SCANCODE_F, WindowCommand::FullScreen, "Ctrl-Alt-F", "full screen, and back"},
    {SDL_SCANCODE_G, WindowCommand::GrabMouse, "Ctrl-Alt-G",
     "give the mouse to the guest, or take it back"},
    {SDL_SCANCODE_S, WindowCommand::Screenshot, "Ctrl-Alt-S",
     "screenshot, into the folder that satori was started in"},
    {SDL_SCANCODE_P, WindowCommand::Pause, "Ctrl-Alt-P", "pause, and go on"},
    {SDL_SCANCODE_R, WindowCommand::Reset, "Ctrl-Alt-R", "the reset button"},
    {SDL_SCANCODE_B, WindowCommand::PowerButton, "Ctrl-Alt-B", "the power button"},
    {SDL_SCANCODE_I, WindowCommand::WholeDots, "Ctrl-Alt-I",
     "whole dots: each shown as large as the others, or the picture as large as fits"},
    {SDL_SCANCODE_U, WindowCommand::FitWindow, "Ctrl-Alt-U", "the window as large as the picture"},
}};

/// Above them are keys that no PS/2 keyboard has.
bool is_usage(SDL_Scancode key) { return key >= SDL_SCANCODE_A && key <= SDL_SCANCODE_RGUI; }

}  // namespace

std::span<const WindowCommandKey> window_command_keys() { return command_keys; }

bool WindowKeys::is_down(SDL_Scancode key) const {
    return std::find(down_.begin(), down_.end(), static_cast<u8>(key)) != down_.end();
}

/// The left Alt: the right one is AltGr, which types characters together with Ctrl.
bool WindowKeys::control_and_alt() const {
    return (is_down(SDL_SCANCODE_LCTRL) || is_down(SDL_SCANCODE_RCTRL)) &&
           is_down(SDL_SCANCODE_LALT);
}

WindowKeys::Outcome WindowKeys::pressed(SDL_Scancode key) {
    if (!is_usage(key) || is_down(key)) return {};
    if (control_and_alt()) {
        for (const WindowCommandKey& ours : command_keys) {
            if (ours.key == key) return {.events = {}, .command = ours.command};
        }
    }
    const u8 usage = static_cast<u8>(key);
    down_.push_back(usage);
    return {.events = {usage, 1}, .command = {}};
}

WindowKeys::Outcome WindowKeys::released(SDL_Scancode key) {
    if (!is_usage(key) || !is_down(key)) return {};
    const u8 usage = static_cast<u8>(key);
    std::erase(down_, usage);
    return {.events = {usage, 0}, .command = {}};
}

std::vector<u8> WindowKeys::release_all() {
    std::vector<u8> events;
    for (usize i = down_.size(); i-- > 0;) events.insert(events.end(), {down_[i], 0});
    down_.clear();
    return events;
}

}  // namespace frontends
