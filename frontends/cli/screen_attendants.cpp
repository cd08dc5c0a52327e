// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/cli/screen_attendants.hpp"

#include <filesystem>

#include "frontends/session/session.hpp"

namespace frontends {

using fabric::Error;
using fabric::Result;

namespace {

/// Of the machine, for the window's title: what it starts from.
std::string name_of(const RunOptions& options) {
    const std::string& path = !options.disks.empty()    ? options.disks[0].path
                              : !options.cdroms.empty() ? options.cdroms[0]
                                                        : options.kernel;
    const std::string name = std::filesystem::path(path).filename();
    return name.empty() ? "PC" : name;
}

Result<> refuse_without_screen(const RunOptions& options) {
    const char* const option = options.display == Display::Sdl ? "--display sdl"
                               : !options.screenshots.empty()  ? "--screenshot"
                               : !options.typed.empty()        ? "--type"
                                                               : nullptr;
    if (!option) return {};
    return Error{std::string(option) +
                 " is for the PC; the machine of --rom has no screen and no keyboard"};
}

}  // namespace

Result<std::unique_ptr<ScreenAttendants>> ScreenAttendants::open(const RunOptions& options,
                                                                 machine::Machine& machine,
                                                                 bool somebody_types) {
    std::unique_ptr<ScreenAttendants> made(new ScreenAttendants);
    auto* const pc = dynamic_cast<machine::Pc*>(&machine.board());
    if (pc) {
        TRY(made->open_window(options, *pc));
        made->typist_.emplace(options.typed, *pc);
        if (!options.screenshots.empty()) made->screenshots_.emplace(options.screenshots, *pc);
    } else {
        TRY(refuse_without_screen(options));
    }
    // A network lives on the host's clock.
    const bool live_network = !options.networks.empty() && options.replay.empty();
    const bool by_default = made->window_ || live_network || somebody_types;
    if (options.pace.value_or(by_default)) made->pacer_.emplace();
    return made;
}

Result<> ScreenAttendants::open_window(const RunOptions& options, machine::Pc& pc) {
    const bool unasked = options.display == Display::Automatic;
    if (options.headless && options.display == Display::Sdl) {
        return Error{"--headless and --display sdl: give one of them"};
    }
    if (options.headless || options.display == Display::None) return {};
    if (unasked && !Window::display_seems_available()) return {};
    auto window = WindowAttendant::open(pc, name_of(options));
    if (window) {
        window_ = std::move(window).value();
        return {};
    }
    if (!unasked) {
        return Error{"--display sdl: " + window.error().message +
                     "; set DISPLAY or WAYLAND_DISPLAY, or give --headless"};
    }
    print_notice(window.error().message + "; going on without a window");
    return {};
}

void ScreenAttendants::join(Session& session) {
    if (window_) session.add(*window_);
    if (typist_) session.add(*typist_);
    if (screenshots_) session.add(*screenshots_);
    if (pacer_) session.add(*pacer_);
}

}  // namespace frontends
