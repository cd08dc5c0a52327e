// SPDX-License-Identifier: BSD-2-Clause
//
// From the host's keys to the bytes on the PS/2 wire. The codes are those by which Linux's driver
// knows an AT keyboard's keys, put together with its table for USB keyboards.
#include <catch2/catch.hpp>

#include <SDL_events.h>

#include "devices/input/ps2_keyboard.hpp"
#include "frontends/sdl/window_keys.hpp"
#include "frontends/sdl/window_mouse.hpp"

using frontends::WindowCommand;
using frontends::WindowKeys;

namespace {

using Bytes = std::vector<u8>;

struct KeyCode {
    SDL_Scancode key;
    u16 make;
};
// clang-format off
constexpr KeyCode key_codes[] = {
    {SDL_SCANCODE_A, 0x1c}, {SDL_SCANCODE_B, 0x32}, {SDL_SCANCODE_C, 0x21},
    {SDL_SCANCODE_D, 0x23}, {SDL_SCANCODE_E, 0x24}, {SDL_SCANCODE_F, 0x2b},
    {SDL_SCANCODE_G, 0x34}, {SDL_SCANCODE_H, 0x33}, {SDL_SCANCODE_I, 0x43},
    {SDL_SCANCODE_J, 0x3b}, {SDL_SCANCODE_K, 0x42}, {SDL_SCANCODE_L, 0x4b},
    {SDL_SCANCODE_M, 0x3a}, {SDL_SCANCODE_N, 0x31}, {SDL_SCANCODE_O, 0x44},
    {SDL_SCANCODE_P, 0x4d}, {SDL_SCANCODE_Q, 0x15}, {SDL_SCANCODE_R, 0x2d},
    {SDL_SCANCODE_S, 0x1b}, {SDL_SCANCODE_T, 0x2c}, {SDL_SCANCODE_U, 0x3c},
    {SDL_SCANCODE_V, 0x2a}, {SDL_SCANCODE_W, 0x1d}, {SDL_SCANCODE_X, 0x22},
    {SDL_SCANCODE_Y, 0x35}, {SDL_SCANCODE_Z, 0x1a}, {SDL_SCANCODE_1, 0x16},
    {SDL_SCANCODE_2, 0x1e}, {SDL_SCANCODE_3, 0x26}, {SDL_SCANCODE_4, 0x25},
    {SDL_SCANCODE_5, 0x2e}, {SDL_SCANCODE_6, 0x36}, {SDL_SCANCODE_7, 0x3d},
    {SDL_SCANCODE_8, 0x3e}, {SDL_SCANCODE_9, 0x46}, {SDL_SCANCODE_0, 0x45},
    {SDL_SCANCODE_RETURN, 0x5a}, {SDL_SCANCODE_ESCAPE, 0x76}, {SDL_SCANCODE_BACKSPACE, 0x66},
    {SDL_SCANCODE_TAB, 0x0d}, {SDL_SCANCODE_SPACE, 0x29}, {SDL_SCANCODE_MINUS, 0x4e},
    {SDL_SCANCODE_EQUALS, 0x55}, {SDL_SCANCODE_LEFTBRACKET, 0x54},
    {SDL_SCANCODE_RIGHTBRACKET, 0x5b}, {SDL_SCANCODE_BACKSLASH, 0x5d},
    {SDL_SCANCODE_SEMICOLON, 0x4c}, {SDL_SCANCODE_APOSTROPHE, 0x52}, {SDL_SCANCODE_GRAVE, 0x0e},
    {SDL_SCANCODE_COMMA, 0x41}, {SDL_SCANCODE_PERIOD, 0x49}, {SDL_SCANCODE_SLASH, 0x4a},
    {SDL_SCANCODE_CAPSLOCK, 0x58}, {SDL_SCANCODE_F1, 0x05}, {SDL_SCANCODE_F2, 0x06},
    {SDL_SCANCODE_F3, 0x04}, {SDL_SCANCODE_F4, 0x0c}, {SDL_SCANCODE_F5, 0x03},
    {SDL_SCANCODE_F6, 0x0b}, {SDL_SCANCODE_F7, 0x83}, {SDL_SCANCODE_F8, 0x0a},
    {SDL_SCANCODE_F9, 0x01}, {SDL_SCANCODE_F10, 0x09}, {SDL_SCANCODE_F11, 0x78},
    {SDL_SCANCODE_F12, 0x07}, {SDL_SCANCODE_SCROLLLOCK, 0x7e}, {SDL_SCANCODE_INSERT, 0xe070},
    {SDL_SCANCODE_HOME, 0xe06c}, {SDL_SCANCODE_PAGEUP, 0xe07d}, {SDL_SCANCODE_DELETE, 0xe071},
    {SDL_SCANCODE_END, 0xe069}, {SDL_SCANCODE_PAGEDOWN, 0xe07a}, {SDL_SCANCODE_RIGHT, 0xe074},
    {SDL_SCANCODE_LEFT, 0xe06b}, {SDL_SCANCODE_DOWN, 0xe072}, {SDL_SCANCODE_UP, 0xe075},
    {SDL_SCANCODE_NUMLOCKCLEAR, 0x77}, {SDL_SCANCODE_KP_DIVIDE, 0xe04a},
    {SDL_SCANCODE_KP_MULTIPLY, 0x7c}, {SDL_SCANCODE_KP_MINUS, 0x7b}, {SDL_SCANCODE_KP_PLUS, 0x79},
    {SDL_SCANCODE_KP_ENTER, 0xe05a}, {SDL_SCANCODE_KP_1, 0x69}, {SDL_SCANCODE_KP_2, 0x72},
    {SDL_SCANCODE_KP_3, 0x7a}, {SDL_SCANCODE_KP_4, 0x6b}, {SDL_SCANCODE_KP_5, 0x73},
    {SDL_SCANCODE_KP_6, 0x74}, {SDL_SCANCODE_KP_7, 0x6c}, {SDL_SCANCODE_KP_8, 0x75},
    {SDL_SCANCODE_KP_9, 0x7d}, {SDL_SCANCODE_KP_0, 0x70}, {SDL_SCANCODE_KP_PERIOD, 0x71},
    {SDL_SCANCODE_APPLICATION, 0xe02f}, {SDL_SCANCODE_LCTRL, 0x14}, {SDL_SCANCODE_LSHIFT, 0x12},
    {SDL_SCANCODE_LALT, 0x11}, {SDL_SCANCODE_LGUI, 0xe01f}, {SDL_SCANCODE_RCTRL, 0xe014},
    {SDL_SCANCODE_RSHIFT, 0x59}, {SDL_SCANCODE_RALT, 0xe011}, {SDL_SCANCODE_RGUI, 0xe027},
};
// clang-format on

struct Bench {
    fabric::EventQueue events;
    devices::Ps2Keyboard keyboard{{}, {events, [] {}}};
    WindowKeys keys;

    Bytes sent() {
        Bytes bytes;
        while (keyboard.has_byte()) bytes.push_back(keyboard.take_byte());
        return bytes;
    }
    Bytes press(SDL_Scancode key) {
        keyboard.keys(keys.pressed(key).events);
        return sent();
    }
    Bytes release(SDL_Scancode key) {
        keyboard.keys(keys.released(key).events);
        return sent();
    }
};

Bytes make_of(u16 code) {
    if (code > 0xff) return {static_cast<u8>(code >> 8), static_cast<u8>(code)};
    return {static_cast<u8>(code)};
}
Bytes break_of(u16 code) {
    if (code > 0xff) return {static_cast<u8>(code >> 8), 0xf0, static_cast<u8>(code)};
    return {0xf0, static_cast<u8>(code)};
}

}  // namespace

TEST_CASE("Window keys: all of a keyboard with 104 keys", "[frontends][window]") {
    Bench bench;
    for (const auto& [key, make] : key_codes) {
        CAPTURE(key);
        CHECK(bench.press(key) == make_of(make));
        CHECK(bench.release(key) == break_of(make));
    }
    CHECK(std::size(key_codes) + 2 == 104);
    CHECK(bench.press(SDL_SCANCODE_PRINTSCREEN) == Bytes{0xe0, 0x12, 0xe0, 0x7c});
    CHECK(bench.release(SDL_SCANCODE_PRINTSCREEN) == Bytes{0xe0, 0xf0, 0x7c, 0xe0, 0xf0, 0x12});
    CHECK(bench.press(SDL_SCANCODE_PAUSE) == Bytes{0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77});
    CHECK(bench.release(SDL_SCANCODE_PAUSE).empty());
}

TEST_CASE("Window keys: of keys that no keyboard has, nothing is told", "[frontends][window]") {
    Bench bench;
    for (const SDL_Scancode key : {SDL_SCANCODE_UNKNOWN, SDL_SCANCODE_AUDIOPLAY, SDL_SCANCODE_MODE,
                                   SDL_SCANCODE_SLEEP, SDL_SCANCODE_EXECUTE}) {
        CHECK(bench.press(key).empty());
        CHECK(bench.release(key).empty());
    }
}

TEST_CASE("Window keys: ours with Ctrl and Alt, and not without", "[frontends][window]") {
    WindowKeys keys;
    for (const auto& ours : frontends::window_command_keys()) {
        CHECK_FALSE(keys.pressed(ours.key).command);
        keys.released(ours.key);
    }
    keys.pressed(SDL_SCANCODE_LCTRL);
    CHECK_FALSE(keys.pressed(SDL_SCANCODE_F).command);
    keys.released(SDL_SCANCODE_F);
    keys.pressed(SDL_SCANCODE_RALT);  // AltGr with Ctrl types characters on many keyboards.
    CHECK_FALSE(keys.pressed(SDL_SCANCODE_F).command);
    keys.released(SDL_SCANCODE_F);
    keys.pressed(SDL_SCANCODE_LALT);
    for (const auto& ours : frontends::window_command_keys()) {
        const auto outcome = keys.pressed(ours.key);
        CHECK(outcome.command == ours.command);
        CHECK(outcome.events.empty());
        CHECK(keys.released(ours.key).events.empty());
    }
    // Ctrl-Alt-Delete is the guest's.
    CHECK(keys.pressed(SDL_SCANCODE_DELETE).events == Bytes{0x4c, 1});
}

TEST_CASE("Window keys: a key that is held goes down once", "[frontends][window]") {
    WindowKeys keys;
    CHECK(keys.pressed(SDL_SCANCODE_A).events == Bytes{0x04, 1});
    CHECK(keys.pressed(SDL_SCANCODE_A).events.empty());
    CHECK(keys.released(SDL_SCANCODE_B).events.empty());
    CHECK(keys.released(SDL_SCANCODE_A).events == Bytes{0x04, 0});
}

TEST_CASE("Window keys: all come up when the window is left", "[frontends][window]") {
    WindowKeys keys;
    keys.pressed(SDL_SCANCODE_LSHIFT);
    keys.pressed(SDL_SCANCODE_A);
    CHECK(keys.release_all() == Bytes{0x04, 0, 0xe1, 0});
    CHECK(keys.release_all().empty());
    CHECK(keys.released(SDL_SCANCODE_A).events.empty());
}

TEST_CASE("Window mouse: movement, wheel and buttons as the PS/2 mouse takes them",
          "[frontends][window]") {
    frontends::WindowMouse mouse;
    CHECK(mouse.moved(3, -2) == Bytes{0, 3, 0, 0xfe, 0xff, 0});
    CHECK(mouse.moved(100'000, -100'000) == Bytes{0, 0xff, 0x7f, 0x01, 0x80, 0});
    CHECK(mouse.wheel_turned(1) == Bytes{0, 0, 0, 0, 0, 1});
    CHECK(mouse.wheel_turned(-1000) == Bytes{0, 0, 0, 0, 0, 0x81});
    CHECK(mouse.button(SDL_BUTTON_LEFT, true) == Bytes{1, 0, 0, 0, 0, 0});
    CHECK(mouse.button(SDL_BUTTON_RIGHT, true) == Bytes{3, 0, 0, 0, 0, 0});
    CHECK(mouse.button(SDL_BUTTON_MIDDLE, true) == Bytes{7, 0, 0, 0, 0, 0});
    CHECK(mouse.button(SDL_BUTTON_LEFT, false) == Bytes{6, 0, 0, 0, 0, 0});
    CHECK(mouse.button(SDL_BUTTON_X1, true) == Bytes{14, 0, 0, 0, 0, 0});
    CHECK(mouse.button(SDL_BUTTON_X2, true) == Bytes{30, 0, 0, 0, 0, 0});
    CHECK(mouse.moved(1, 1) == Bytes{30, 1, 0, 1, 0, 0});
    CHECK(mouse.release_all() == Bytes{0, 0, 0, 0, 0, 0});
    CHECK(mouse.release_all().empty());
}
