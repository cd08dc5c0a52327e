// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/sdl/window_attendant.hpp"

#include <SDL.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "fabric/host/wall_clock.hpp"
#include "frontends/screen/png_picture.hpp"
#include "frontends/session/session.hpp"

namespace frontends {

using fabric::Result;
using machine::PcButton;

namespace {

constexpr u64 shortest_look_ns = 16'000'000;  // As often as most screens show a picture.
constexpr u64 look_share = 10;                // Of the host's time, a tenth at most.
constexpr u64 between_events_ns = 4'000'000;
constexpr u64 longest_sleep_ns = 10'000'000;  // SDL has nothing that poll() could wait for.

}  // namespace

std::string title_of(const std::string& name, const WindowStatus& status) {
    std::string title = "Satori: " + name;
    if (status.paused) {
        title += " - paused (Ctrl-Alt-P goes on)";
    } else {
        title += fmt::format(" - {:.0f} MIPS, {:.0f} % of real time", status.speed.mips,
                             status.speed.real_time_percent);
    }
    if (status.closing) return title + " - power button pressed; close again to leave";
    return title + (status.grabbed ? " - Ctrl-Alt-G frees the mouse" : " - click for the mouse");
}

Result<std::unique_ptr<WindowAttendant>> WindowAttendant::open(machine::Pc& pc,
                                                               const std::string& name) {
    auto window = TRY(Window::open("Satori: " + name));
    return std::unique_ptr<WindowAttendant>(new WindowAttendant(pc, name, std::move(window)));
}

WindowAttendant::WindowAttendant(machine::Pc& pc, const std::string& name,
                                 std::unique_ptr<Window> window)
    : pc_(pc), name_(name), window_(std::move(window)) {}

void WindowAttendant::attend(Session& session) {
    const u64 now = fabric::host_steady_clock_ns();
    if (now >= next_events_ns_) {
        take_events(session);
        next_events_ns_ = now + between_events_ns;
    }
    if (now >= next_look_ns_) look_at_picture(now);
    speedometer_.look(now, session.machine().now());
    show_status(session);
}

void WindowAttendant::await(Wakers& wakers) const {
    wakers.host_ns = std::min(wakers.host_ns, fabric::host_steady_clock_ns() + longest_sleep_ns);
}

void WindowAttendant::look_at_picture(u64 host_ns) {
    u64 took = 0;
    if (visible_) {
        pc_.display().render(picture_);
        window_->show(picture_);
        took = fabric::host_steady_clock_ns() - host_ns;
    }
    next_look_ns_ = host_ns + std::max(shortest_look_ns, took * look_share);
}

void WindowAttendant::show_status(const Session& session) {
    const std::string title = title_of(name_, {.speed = speedometer_.speed(),
                                               .paused = session.paused(),
                                               .grabbed = window_->grabbed(),
                                               .closing = closing_});
    if (title == title_) return;
    title_ = title;
    window_->set_title(title);
}

void WindowAttendant::take_events(Session& session) {
    SDL_Event event;
    while (SDL_PollEvent(&event)) take_event(session, event);
}

void WindowAttendant::take_event(Session& session, const SDL_Event& event) {
    switch (event.type) {
        case SDL_QUIT: close(session); break;
        case SDL_WINDOWEVENT: take_window_event(session, event.window.event); break;
        case SDL_KEYDOWN:
        case SDL_KEYUP: {
            if (event.key.repeat != 0) break;
            const SDL_Scancode key = event.key.keysym.scancode;
            const auto outcome =
                event.type == SDL_KEYDOWN ? keys_.pressed(key) : keys_.released(key);
            // What is pressed while the machine stands still would fill its keyboard's buffer; that
            // a key came up has to get through.
            if (event.type == SDL_KEYUP || !session.paused()) {
                post(session, pc_.keyboard_input(), outcome.events);
            }
            if (outcome.command) obey(session, *outcome.command);
            break;
        }
        case SDL_MOUSEMOTION:
            if (!window_->grabbed() || session.paused()) break;
            post(session, pc_.mouse_input(), mouse_.moved(event.motion.xrel, event.motion.yrel));
            break;
        case SDL_MOUSEBUTTONDOWN:
        case SDL_MOUSEBUTTONUP: take_button(session, event); break;
        case SDL_MOUSEWHEEL:
            if (!window_->grabbed() || session.paused()) break;
            post(session, pc_.mouse_input(), mouse_.wheel_turned(event.wheel.y));
            break;
        default: break;
    }
}

/// The click that asks for the mouse is not the guest's.
void WindowAttendant::take_button(Session& session, const SDL_Event& event) {
    const bool down = event.type == SDL_MOUSEBUTTONDOWN;
    if (window_->grabbed()) {
        post(session, pc_.mouse_input(), mouse_.button(event.button.button, down));
    } else if (down && event.button.button == SDL_BUTTON_LEFT) {
        grab(session, true);
    }
}

void WindowAttendant::take_window_event(Session& session, u8 what) {
    switch (what) {
        case SDL_WINDOWEVENT_FOCUS_LOST:
            post(session, pc_.keyboard_input(), keys_.release_all());
            grab(session, false);
            break;
        case SDL_WINDOWEVENT_RESIZED: window_->note_resized_by_user(); [[fallthrough]];
        case SDL_WINDOWEVENT_SIZE_CHANGED:
        case SDL_WINDOWEVENT_EXPOSED: window_->show_again(); break;
        case SDL_WINDOWEVENT_HIDDEN:
        case SDL_WINDOWEVENT_MINIMIZED: visible_ = false; break;
        case SDL_WINDOWEVENT_SHOWN:
        case SDL_WINDOWEVENT_RESTORED: visible_ = true; break;
        default: break;
    }
}

void WindowAttendant::obey(Session& session, WindowCommand command) {
    switch (command) {
        case WindowCommand::FullScreen: window_->set_full_screen(!window_->full_screen()); break;
        case WindowCommand::GrabMouse: grab(session, !window_->grabbed()); break;
        case WindowCommand::Screenshot: take_screenshot(session); break;
        case WindowCommand::Pause: session.paused() ? session.resume() : session.pause(); break;
        case WindowCommand::Reset: press(session, PcButton::Reset); break;
        case WindowCommand::PowerButton: press(session, PcButton::Power); break;
        case WindowCommand::WholeDots:
            window_->set_scaling(window_->scaling() == Scaling::Whole ? Scaling::Free
                                                                      : Scaling::Whole);
            break;
        case WindowCommand::FitWindow: window_->fit(); break;
    }
}

void WindowAttendant::grab(Session& session, bool grabbed) {
    if (grabbed == window_->grabbed()) return;
    window_->grab(grabbed);
    post(session, pc_.mouse_input(), mouse_.release_all());
}

/// A guest is asked to shut down; one that does not is left the second time.
void WindowAttendant::close(Session& session) {
    if (closing_) return session.leave(run_status::stopped);
    closing_ = true;
    press(session, PcButton::Power);
    if (session.paused()) session.resume();
}

void WindowAttendant::take_screenshot(Session& session) {
    const u64 ms = session.machine().now().time.ns / 1'000'000;
    const std::string path = fmt::format("satori-{}.{:03}s.png", ms / 1000, ms % 1000);
    devices::Frame picture;
    pc_.display().render(picture);
    const auto written = write_png(path, picture);
    print_notice("screenshot: " + (written ? path : written.error().message));
}

void WindowAttendant::post(Session& session, u16 port, const std::vector<u8>& bytes) {
    if (!bytes.empty()) session.machine().journal().post(port, bytes);
}

void WindowAttendant::press(Session& session, PcButton button) {
    post(session, pc_.button_input(), {static_cast<u8>(button)});
}

}  // namespace frontends
