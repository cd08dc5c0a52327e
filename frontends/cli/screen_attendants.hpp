// SPDX-License-Identifier: BSD-2-Clause
//
// Who looks at a PC's screen and types on its keyboard, as the options say: a window, --screenshot,
// --type; and the pace that a run with somebody in front of it has.
#pragma once

#include <memory>
#include <optional>

#include "frontends/cli/run_options.hpp"
#include "frontends/screen/screenshots.hpp"
#include "frontends/screen/typist.hpp"
#include "frontends/sdl/window_attendant.hpp"
#include "frontends/session/pacer.hpp"

namespace frontends {

class ScreenAttendants {
public:
    /// Paced with a window, and where `somebody_types` on a terminal: else a login would time out
    /// between two keys.
    static fabric::Result<std::unique_ptr<ScreenAttendants>> open(const RunOptions& options,
                                                                  machine::Machine& machine,
                                                                  bool somebody_types);

    void join(Session& session);

    /// Null where there is no keyboard.
    Typist* typist() { return typist_ ? &*typist_ : nullptr; }

private:
    ScreenAttendants() = default;

    fabric::Result<> open_window(const RunOptions& options, machine::Pc& pc);

    std::unique_ptr<WindowAttendant> window_;
    std::optional<Typist> typist_;
    std::optional<Screenshots> screenshots_;
    std::optional<Pacer> pacer_;
};

}  // namespace frontends
