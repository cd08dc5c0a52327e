// SPDX-License-Identifier: BSD-2-Clause
//
// What --screenshot says: the screen into a file, at a virtual time or when the run is over.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "frontends/session/attendant.hpp"
#include "machine/board/pc.hpp"

namespace frontends {

/// One --screenshot.
struct ScreenshotOrder {
    std::string path;
    std::optional<fabric::VmTime> time;  // Without: at the end.
};

/// "FILE@TIME", or "FILE" for the end.
fabric::Result<ScreenshotOrder> parse_screenshot(const std::string& text);

class Screenshots final : public Attendant {
public:
    Screenshots(std::vector<ScreenshotOrder> orders, machine::Pc& pc);

    void attend(Session& session) override;
    Stop next_stop() const override;
    /// One that is still to come keeps a guest alive that has halted for good.
    bool may_wake_guest() const override { return next_ < timed_.size(); }
    void end(Session& session, int status) override;

private:
    void shoot(Session& session, const std::string& path);

    machine::Pc& pc_;
    std::vector<ScreenshotOrder> timed_;  // Earliest first.
    std::vector<ScreenshotOrder> last_;
    usize next_ = 0;
};

}  // namespace frontends
