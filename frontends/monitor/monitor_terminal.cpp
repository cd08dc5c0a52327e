// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/monitor/monitor_terminal.hpp"

#include <fmt/format.h>

#include "frontends/session/session.hpp"

namespace frontends {

namespace {

constexpr u8 ctrl_c = 3;
constexpr u8 ctrl_u = 21;
constexpr u8 backspace = 8;
constexpr u8 rubout = 127;
constexpr usize longest_line = 1024;

void show(std::string_view text) { fmt::print(stderr, "{}", text); }
void prompt() { show("(satori) "); }

}  // namespace

MonitorTerminal::MonitorTerminal(Terminal& terminal, Monitor& monitor, machine::Debugger& debugger)
    : terminal_(terminal), monitor_(monitor), debugger_(debugger) {
    terminal_.add_command('c', "monitor, and back", [this](Session&) { toggle(); });
}

void MonitorTerminal::toggle() {
    open_ = !open_;
    line_.clear();
    show("\n");
    if (!open_) {
        terminal_.send_keys_to_guest();
        return;
    }
    show("The monitor; 'help' lists commands, Ctrl-A c goes back to the guest.\n");
    prompt();
    terminal_.send_keys_to([this](Session&, std::span<const u8> keys) { take_keys(keys); });
}

void MonitorTerminal::take_keys(std::span<const u8> keys) {
    for (const u8 key : keys) take_key(key);
}

/// An empty line is the one before again, as in GDB: for stepping.
void MonitorTerminal::take_key(u8 key) {
    if (key == '\r' || key == '\n') {
        show("\n");
        if (line_.empty()) line_ = last_line_;
        show(monitor_.execute(line_, std::nullopt));
        last_line_ = line_;
        line_.clear();
        prompt();
    } else if (key == backspace || key == rubout) {
        if (line_.empty()) return;
        line_.pop_back();
        show("\b \b");
    } else if (key == ctrl_c || key == ctrl_u) {
        line_.clear();
        show("\n");
        prompt();
    } else if (key >= ' ' && key < rubout && line_.size() < longest_line) {
        line_.push_back(static_cast<char>(key));
        show({reinterpret_cast<const char*>(&key), 1});
    }
}

bool MonitorTerminal::take(Session& session, machine::RunOutcome outcome) {
    if (outcome != machine::RunOutcome::Debugger) return false;
    const auto stop = debugger_.look_at_stop();
    if (!stop) return true;
    session.pause();
    show(monitor_.execute("x/1i $rip", stop->processor));
    if (open_) prompt();
    return true;
}

}  // namespace frontends
