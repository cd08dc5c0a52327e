// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/headless/terminal.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>

namespace frontends {

namespace {

constexpr u8 ctrl_a = 1;
constexpr usize longest_line = 4096;

constexpr std::string_view help =
    "\r\nCtrl-A x  leave satori\r\nCtrl-A Ctrl-A  send Ctrl-A to the guest\r\n";

}  // namespace

void DescriptorSink::accept(u8 byte) {
    waiting_.push_back(byte);
    if (byte == '\n' || waiting_.size() >= longest_line) flush();
}

void DescriptorSink::flush() {
    usize done = 0;
    while (done < waiting_.size()) {
        const ssize_t written = write(descriptor_, waiting_.data() + done, waiting_.size() - done);
        if (written <= 0) break;  // A reader that is gone is no reason to stop the guest.
        done += static_cast<usize>(written);
    }
    waiting_.clear();
}

Terminal::Terminal() {
    termios now{};
    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &now) != 0) return;
    saved_ = now;
    cfmakeraw(&now);
    now.c_oflag |= OPOST;
    tcsetattr(STDIN_FILENO, TCSANOW, &now);
}

Terminal::~Terminal() {
    if (saved_) tcsetattr(STDIN_FILENO, TCSANOW, &*saved_);
}

Terminal::Input Terminal::read(int wait_ms) {
    Input input;
    pollfd waiting{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    if (at_end_) {
        (void)poll(nullptr, 0, wait_ms);
    } else if (poll(&waiting, 1, wait_ms) > 0) {
        std::array<u8, 256> keys;
        const ssize_t count = ::read(STDIN_FILENO, keys.data(), keys.size());
        at_end_ = count <= 0;
        for (ssize_t i = 0; i < count; ++i) take(keys[static_cast<usize>(i)], input);
    }
    input.at_end = at_end_;
    return input;
}

void Terminal::take(u8 key, Input& input) {
    if (!interactive()) {
        input.to_guest.push_back(key);
        return;
    }
    if (!escape_) {
        escape_ = key == ctrl_a;
        if (!escape_) input.to_guest.push_back(key);
        return;
    }
    escape_ = false;
    switch (key) {
        case 'x': input.leave = true; break;
        case ctrl_a: input.to_guest.push_back(ctrl_a); break;
        default: [[maybe_unused]] const auto shown = write(STDERR_FILENO, help.data(), help.size());
    }
}

}  // namespace frontends
