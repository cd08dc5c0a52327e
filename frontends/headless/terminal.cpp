// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/headless/terminal.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "frontends/session/session.hpp"

// Last: see terminal.hpp.
#include <termios.h>

namespace frontends {

namespace {

constexpr u8 ctrl_a = 1;

}  // namespace

Terminal::Terminal(TakeKeys guest, std::function<bool()> guest_has_room)
    : guest_(std::move(guest)), taker_(guest_), guest_has_room_(std::move(guest_has_room)) {
    add_command('x', "leave satori", [](Session& session) { session.leave(run_status::stopped); });
    add_command('p', "pause, or go on", [](Session& session) {
        session.paused() ? session.resume() : session.pause();
        print_notice(session.paused() ? "paused" : "going on");
    });
    at_end_ = !taker_ && !isatty(STDIN_FILENO);
    termios now{};
    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &now) != 0) return;
    saved_ = std::make_unique<termios>(now);
    cfmakeraw(&now);
    now.c_oflag |= OPOST;
    tcsetattr(STDIN_FILENO, TCSANOW, &now);
}

Terminal::~Terminal() {
    if (saved_) tcsetattr(STDIN_FILENO, TCSANOW, saved_.get());
}

void Terminal::add_command(char key, std::string help, Command command) {
    commands_.push_back({key, std::move(help), std::move(command)});
}

void Terminal::attend(Session& session) {
    pollfd waiting{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    if (!may_read() || poll(&waiting, 1, 0) <= 0) return;
    std::array<u8, 256> bytes;
    const ssize_t count = read(STDIN_FILENO, bytes.data(), bytes.size());
    at_end_ = count <= 0;
    for (ssize_t i = 0; i < count; ++i) take_key(bytes[static_cast<usize>(i)], session);
    hand_over(session);
}

void Terminal::await(Wakers& wakers) const {
    if (!may_read()) return;
    wakers.descriptors.push_back({.fd = STDIN_FILENO, .events = POLLIN, .revents = 0});
}

/// What is printed from here on is for a terminal that ends lines itself.
void Terminal::end(Session&, int) {
    if (saved_) tcsetattr(STDIN_FILENO, TCSANOW, saved_.get());
}

void Terminal::take_key(u8 key, Session& session) {
    if (escape_) {
        escape_ = false;
        act_on(key, session);
    } else if (interactive() && key == ctrl_a) {
        escape_ = true;
    } else {
        keys_.push_back(key);
    }
}

void Terminal::act_on(u8 key, Session& session) {
    if (key == ctrl_a) {
        keys_.push_back(ctrl_a);
        return;
    }
    hand_over(session);  // What was typed before a command comes before it.
    const auto command = std::ranges::find(commands_, static_cast<char>(key), &EscapeCommand::key);
    if (command == commands_.end()) {
        show_help();
    } else {
        command->act(session);
    }
}

void Terminal::hand_over(Session& session) {
    if (!keys_.empty() && taker_) taker_(session, keys_);
    keys_.clear();
}

void Terminal::show_help() const {
    std::string text = "\n";
    for (const EscapeCommand& command : commands_) {
        text += fmt::format("Ctrl-A {}       {}\n", command.key, command.help);
    }
    text += "Ctrl-A h       show this\nCtrl-A Ctrl-A  send one Ctrl-A to the guest\n";
    fmt::print(stderr, "{}", text);
}

}  // namespace frontends
