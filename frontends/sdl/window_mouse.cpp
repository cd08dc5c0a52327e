// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/sdl/window_mouse.hpp"

#include <algorithm>

namespace frontends {

namespace {

constexpr i32 most_movement = 0x7fff;
constexpr i32 most_notches = 0x7f;

u8 bit_of(u8 number) {
    switch (number) {
        case SDL_BUTTON_LEFT: return 1 << 0;
        case SDL_BUTTON_RIGHT: return 1 << 1;
        case SDL_BUTTON_MIDDLE: return 1 << 2;
        case SDL_BUTTON_X1: return 1 << 3;
        case SDL_BUTTON_X2: return 1 << 4;
        default: return 0;
    }
}

}  // namespace

std::vector<u8> WindowMouse::packets(i32 right, i32 down, i32 wheel) const {
    right = std::clamp(right, -most_movement, most_movement);
    down = std::clamp(down, -most_movement, most_movement);
    wheel = std::clamp(wheel, -most_notches, most_notches);
    return {buttons_,
            static_cast<u8>(right),
            static_cast<u8>(right >> 8),
            static_cast<u8>(down),
            static_cast<u8>(down >> 8),
            static_cast<u8>(wheel)};
}

std::vector<u8> WindowMouse::button(u8 number, bool down) {
    const u8 bit = bit_of(number);
    buttons_ = static_cast<u8>(down ? buttons_ | bit : buttons_ & ~bit);
    return packets(0, 0, 0);
}

std::vector<u8> WindowMouse::release_all() {
    if (buttons_ == 0) return {};
    buttons_ = 0;
    return packets(0, 0, 0);
}

}  // namespace frontends
