// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/screen/screenshots.hpp"

#include <algorithm>

#include "frontends/screen/png_picture.hpp"
#include "frontends/screen/timed_text.hpp"
#include "frontends/session/session.hpp"

namespace frontends {

using fabric::Error;
using fabric::Result;

Result<ScreenshotOrder> parse_screenshot(const std::string& text) {
    TimedText parts = TRY(parse_timed_text(text));
    if (parts.text.empty()) return Error{"'" + text + "': name the file of the picture"};
    return ScreenshotOrder{.path = std::move(parts.text), .time = parts.time};
}

Screenshots::Screenshots(std::vector<ScreenshotOrder> orders, machine::Pc& pc) : pc_(pc) {
    for (ScreenshotOrder& order : orders) {
        (order.time ? timed_ : last_).push_back(std::move(order));
    }
    std::stable_sort(timed_.begin(), timed_.end(),
                     [](const auto& a, const auto& b) { return *a.time < *b.time; });
}

Stop Screenshots::next_stop() const {
    if (next_ == timed_.size()) return {};
    return {.time = *timed_[next_].time};
}

void Screenshots::attend(Session& session) {
    const fabric::VmTime now = session.machine().now().time;
    while (next_ < timed_.size() && *timed_[next_].time <= now) {
        shoot(session, timed_[next_++].path);
    }
}

void Screenshots::end(Session& session, int) {
    for (const ScreenshotOrder& order : last_) shoot(session, order.path);
    for (; next_ < timed_.size(); ++next_) {
        session.note_failure();
        print_notice("--screenshot " + timed_[next_].path + ": the run was over before its time");
    }
}

void Screenshots::shoot(Session& session, const std::string& path) {
    devices::Frame picture;
    pc_.display().render(picture);
    if (const auto written = write_png(path, picture); !written) {
        session.note_failure();
        print_notice("--screenshot " + written.error().message);
    }
}

}  // namespace frontends
