// SPDX-License-Identifier: BSD-2-Clause
//
// The window of a PC: shows its display, gives it the keys and the mouse, says how fast it runs.
//
// It runs on the machine's thread, between two slices of the run: there the picture is that of an
// instant, nothing needs a lock, and SDL wants its events on the thread it was started on. What the
// window costs is bounded instead: looks are as far apart as ten times what the last one took.
#pragma once

#include <memory>
#include <string>

#include "frontends/sdl/window.hpp"
#include "frontends/sdl/window_keys.hpp"
#include "frontends/sdl/window_mouse.hpp"
#include "frontends/session/attendant.hpp"
#include "frontends/session/speed.hpp"
#include "machine/board/pc.hpp"

union SDL_Event;

namespace frontends {

class WindowAttendant final : public Attendant {
public:
    /// `name` is the machine's, for the title.
    static fabric::Result<std::unique_ptr<WindowAttendant>> open(machine::Pc& pc,
                                                                 const std::string& name);

    void attend(Session& session) override;
    void await(Wakers& wakers) const override;
    bool may_wake_guest() const override { return true; }

private:
    WindowAttendant(machine::Pc& pc, const std::string& name, std::unique_ptr<Window> window);

    void take_events(Session& session);
    void take_event(Session& session, const SDL_Event& event);
    void take_window_event(Session& session, u8 what);
    void take_button(Session& session, const SDL_Event& event);
    void obey(Session& session, WindowCommand command);
    void grab(Session& session, bool grabbed);
    void close(Session& session);
    void take_screenshot(Session& session);
    void post(Session& session, u16 port, const std::vector<u8>& bytes);
    void press(Session& session, machine::PcButton button);
    void look_at_picture(u64 host_ns);
    void show_status(const Session& session);

    machine::Pc& pc_;
    std::string name_;
    std::unique_ptr<Window> window_;
    WindowKeys keys_;
    WindowMouse mouse_;
    devices::Frame picture_;
    Speedometer speedometer_;
    std::string title_;
    u64 next_look_ns_ = 0;
    u64 next_events_ns_ = 0;
    bool visible_ = true;
    bool closing_ = false;  // The power button was pressed for the user: the next time it is over.
};

/// "Satori: pc - 153 MIPS, 64 % of real time - Ctrl-Alt-G takes the mouse"
struct WindowStatus {
    Speed speed;
    bool paused = false;
    bool grabbed = false;
    bool closing = false;
};
std::string title_of(const std::string& name, const WindowStatus& status);

}  // namespace frontends
