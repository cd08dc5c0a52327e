// SPDX-License-Identifier: BSD-2-Clause
//
// The window, with SDL's driver that has no screen.
#include <catch2/catch.hpp>

#include <SDL.h>

#include <cstdlib>

#include "frontends/sdl/window_attendant.hpp"
#include "frontends/session/session.hpp"
#include "tests/machine/pc_guest.hpp"

using frontends::Session;
using frontends::WindowAttendant;

namespace {

SDL_Event key_event(SDL_Scancode key, bool down, bool repeat) {
    SDL_Event event{};
    event.type = down ? SDL_KEYDOWN : SDL_KEYUP;
    event.key.state = down ? SDL_PRESSED : SDL_RELEASED;
    event.key.repeat = repeat ? 1 : 0;
    event.key.keysym.scancode = key;
    return event;
}

SDL_Event window_event(u8 what) {
    SDL_Event event{};
    event.type = SDL_WINDOWEVENT;
    event.window.event = what;
    return event;
}

SDL_Event button_event(u8 button, bool down) {
    SDL_Event event{};
    event.type = down ? SDL_MOUSEBUTTONDOWN : SDL_MOUSEBUTTONUP;
    event.button.button = button;
    return event;
}

SDL_Event motion_event(i32 right, i32 down) {
    SDL_Event event{};
    event.type = SDL_MOUSEMOTION;
    event.motion.xrel = right;
    event.motion.yrel = down;
    return event;
}

SDL_Event quit_event() {
    SDL_Event event{};
    event.type = SDL_QUIT;
    return event;
}

struct Bench {
    test::PcGuest guest;
    std::unique_ptr<WindowAttendant> window;
    Session session{*guest.machine};

    Bench() {
        setenv("SDL_VIDEODRIVER", "dummy", 1);
        window = WindowAttendant::open(guest.board(), "test").value();
        SDL_FlushEvents(SDL_FIRSTEVENT, SDL_LASTEVENT);
    }

    /// As SDL would tell; then a little of the run.
    void tell(std::initializer_list<SDL_Event> events) {
        for (SDL_Event event : events) REQUIRE(SDL_PushEvent(&event) == 1);
        SDL_Delay(5);  // Events are looked at every four milliseconds.
        window->attend(session);
        (void)guest.machine->run_until(guest.machine->retired() + 10);
    }

    struct Posted {
        u16 port;
        std::vector<u8> bytes;
        bool operator==(const Posted&) const = default;
    };
    /// What has come in since the last call.
    std::vector<Posted> posted() {
        std::vector<Posted> news;
        const auto log = guest.machine->journal().log();
        for (; seen < log.size(); ++seen) news.push_back({log[seen].port, log[seen].bytes});
        return news;
    }
    usize seen = 2;  // After entropy and the wall clock.

    u16 keyboard() { return guest.board().keyboard_input(); }
    u16 mouse() { return guest.board().mouse_input(); }
    u16 buttons() { return guest.board().button_input(); }
};

using Posts = std::vector<Bench::Posted>;

}  // namespace

TEST_CASE("Window: keys come through the journal, without the host's repetitions",
          "[frontends][window]") {
    if (!test::have_seabios()) return;
    Bench bench;
    bench.tell({key_event(SDL_SCANCODE_A, true, false), key_event(SDL_SCANCODE_A, true, true),
                key_event(SDL_SCANCODE_A, false, false)});
    CHECK(bench.posted() == Posts{{bench.keyboard(), {4, 1}}, {bench.keyboard(), {4, 0}}});
    bench.tell(
        {key_event(SDL_SCANCODE_LSHIFT, true, false), window_event(SDL_WINDOWEVENT_FOCUS_LOST)});
    CHECK(bench.posted() == Posts{{bench.keyboard(), {0xe1, 1}}, {bench.keyboard(), {0xe1, 0}}});
}

TEST_CASE("Window: the mouse is the guest's when it was clicked for", "[frontends][window]") {
    if (!test::have_seabios()) return;
    Bench bench;
    bench.tell({motion_event(5, 5)});
    CHECK(bench.posted().empty());
    bench.tell({button_event(SDL_BUTTON_LEFT, true), button_event(SDL_BUTTON_LEFT, false)});
    bench.tell({motion_event(5, -1), button_event(SDL_BUTTON_RIGHT, true)});
    // The click's release is the guest's as well: its button was up all the time.
    CHECK(bench.posted() == Posts{{bench.mouse(), {0, 0, 0, 0, 0, 0}},
                                  {bench.mouse(), {0, 5, 0, 0xff, 0xff, 0}},
                                  {bench.mouse(), {2, 0, 0, 0, 0, 0}}});
    // Ctrl-Alt-G takes it back, and lets go of its buttons.
    bench.tell({key_event(SDL_SCANCODE_LCTRL, true, false),
                key_event(SDL_SCANCODE_LALT, true, false), key_event(SDL_SCANCODE_G, true, false),
                motion_event(7, 7)});
    CHECK(bench.posted() == Posts{{bench.keyboard(), {0xe0, 1}},
                                  {bench.keyboard(), {0xe2, 1}},
                                  {bench.mouse(), {0, 0, 0, 0, 0, 0}}});
}

TEST_CASE("Window: closing it presses the power button, and leaves the second time",
          "[frontends][window]") {
    if (!test::have_seabios()) return;
    Bench bench;
    bench.tell({quit_event()});
    CHECK(bench.posted() == Posts{{bench.buttons(), {static_cast<u8>(machine::PcButton::Power)}}});
    SDL_Event again = quit_event();
    REQUIRE(SDL_PushEvent(&again) == 1);
    bench.session.add(*bench.window);
    CHECK(bench.session.run() == frontends::run_status::stopped);
}

TEST_CASE("Window: pause and reset", "[frontends][window]") {
    if (!test::have_seabios()) return;
    Bench bench;
    bench.tell({key_event(SDL_SCANCODE_LCTRL, true, false),
                key_event(SDL_SCANCODE_LALT, true, false), key_event(SDL_SCANCODE_P, true, false),
                key_event(SDL_SCANCODE_P, false, false)});
    CHECK(bench.session.paused());
    (void)bench.posted();
    bench.tell({key_event(SDL_SCANCODE_A, true, false), key_event(SDL_SCANCODE_A, false, false),
                key_event(SDL_SCANCODE_LCTRL, false, false),
                key_event(SDL_SCANCODE_LCTRL, true, false)});
    CHECK(bench.posted() == Posts{{bench.keyboard(), {4, 0}}, {bench.keyboard(), {0xe0, 0}}});
    bench.tell({key_event(SDL_SCANCODE_P, true, false), key_event(SDL_SCANCODE_P, false, false)});
    CHECK_FALSE(bench.session.paused());
    (void)bench.posted();
    bench.tell({key_event(SDL_SCANCODE_R, true, false)});
    CHECK(bench.posted() == Posts{{bench.buttons(), {static_cast<u8>(machine::PcButton::Reset)}}});
}

TEST_CASE("Window: its title says how it goes", "[frontends][window]") {
    const auto title = [](frontends::WindowStatus status) {
        return frontends::title_of("a.img", status);
    };
    CHECK(title({.speed = {.mips = 152.6, .real_time_percent = 63.7}}) ==
          "Satori: a.img - 153 MIPS, 64 % of real time - click for the mouse");
    CHECK(title({.paused = true, .grabbed = true}) ==
          "Satori: a.img - paused (Ctrl-Alt-P goes on) - Ctrl-Alt-G frees the mouse");
    CHECK(title({.closing = true}).find("close again to leave") != std::string::npos);
}
