// SPDX-License-Identifier: BSD-2-Clause
//
// What --type types, written as a line of text. Characters stand for the keys of a US keyboard;
// \n is Enter, \t Tab, \b Backspace, \e Escape, and \\, \< and \@ are the characters themselves.
// Keys without a character stand in angle brackets, alone or with others held down:
//
//   <enter> <esc> <f2> <up> <pageup> <ctrl-alt-del> <alt-f1> <shift-tab> <ctrl-c> <kp5>
//
// <wait 500ms> goes on later. A key goes down, comes up after ten milliseconds of virtual time, and
// the next one follows ten later: what a BIOS, a boot loader and an operating system all bear.
#pragma once

#include <string>
#include <vector>

#include "fabric/support/int_types.hpp"
#include "fabric/support/result.hpp"
#include "fabric/time/vm_time.hpp"

namespace frontends {

struct KeyStep {
    std::vector<u8> events;   // Pairs of a HID usage and 1 for down, 0 for up; may be none.
    fabric::VmDuration then;  // How long until the next.

    bool operator==(const KeyStep&) const = default;
};

fabric::Result<std::vector<KeyStep>> parse_keys(const std::string& text);

}  // namespace frontends
