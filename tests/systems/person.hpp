// SPDX-License-Identifier: BSD-2-Clause
//
// Somebody at a PC: looks at the screen, waits for something to appear, types.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "devices/video/frame.hpp"
#include "tests/machine/pc_guest.hpp"

namespace test {

/// The characters on a display, row by row; nothing in a graphics mode.
std::vector<std::string> text_on(devices::Vga& display);

class Person {
public:
    explicit Person(PcGuest& pc) : pc_(pc) {}

    bool sees(const std::string& text) const;
    /// All rows, for a message.
    std::string screen() const;
    devices::Frame picture() const;

    // For so many seconds of virtual time at most; false if it did not happen, or the run ended.

    bool waits_for(const std::string& text, u64 seconds);
    bool waits_for_serial(const std::string& text, u64 seconds);
    bool waits_until(const std::function<bool()>& happened, u64 seconds);

    /// As frontends/screen/key_script.hpp says: "ls<enter>", "<ctrl-alt-del>".
    void types(const std::string& text);
    /// As a PNG, where somebody can look at it.
    void keeps_picture(const std::string& name) const;

    /// How the run has ended, if it has.
    machine::RunOutcome outcome() const { return outcome_; }

private:
    bool runs_for(u64 ns);

    PcGuest& pc_;
    machine::RunOutcome outcome_ = machine::RunOutcome::LimitReached;
};

}  // namespace test
