// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <optional>

#include "fabric/support/result.hpp"
#include "frontends/cli/run_options.hpp"
#include "frontends/gdb/server.hpp"
#include "frontends/headless/terminal.hpp"
#include "frontends/monitor/monitor_terminal.hpp"
#include "frontends/monitor/session_steering.hpp"
#include "frontends/screen/typist.hpp"
#include "frontends/session/session.hpp"

namespace frontends {

/// GDB and the monitor, which look at a session's machine by one debugger.
class Debugging {
public:
    /// `typist`: null where there is no keyboard.
    Debugging(Session& session, Terminal& terminal, Typist* typist);

    /// If --gdb asks for it.
    fabric::Result<> serve_gdb(const RunOptions& options);
    void join(Session& session);

private:
    void offer_keys(Typist& typist);

    machine::Debugger debugger_;
    SessionSteering steering_;
    Monitor monitor_;
    MonitorTerminal monitor_terminal_;
    std::optional<gdb::Server> server_;
};

}  // namespace frontends
