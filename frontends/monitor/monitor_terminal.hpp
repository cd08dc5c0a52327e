// SPDX-License-Identifier: BSD-2-Clause
//
// Ctrl-A c: the keys of the terminal go to the monitor instead of the guest, and back. The guest
// runs on meanwhile, unless "stop" is said.
#pragma once

#include <string>

#include "frontends/headless/terminal.hpp"
#include "frontends/monitor/monitor.hpp"
#include "frontends/session/attendant.hpp"

namespace frontends {

class MonitorTerminal final : public Attendant {
public:
    /// Adds its key to the terminal.
    MonitorTerminal(Terminal& terminal, Monitor& monitor, machine::Debugger& debugger);

    void attend(Session&) override {}
    /// Of a step that was made here.
    bool take(Session& session, machine::RunOutcome outcome) override;

private:
    void toggle();
    void take_keys(std::span<const u8> keys);
    void take_key(u8 key);

    Terminal& terminal_;
    Monitor& monitor_;
    machine::Debugger& debugger_;
    std::string line_;
    std::string last_line_;
    bool open_ = false;
};

}  // namespace frontends
