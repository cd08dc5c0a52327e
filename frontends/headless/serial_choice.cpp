// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/headless/serial_choice.hpp"

#include <charconv>

namespace frontends {

using fabric::Error;
using fabric::Result;
using Kind = SerialChoice::Kind;

namespace {

Result<SerialChoice> parse_tcp(const std::string& text, const std::string& target) {
    SerialChoice choice{.kind = Kind::Tcp};
    const usize colon = target.rfind(':');
    if (colon != std::string::npos) choice.address = target.substr(0, colon);
    const std::string port = colon == std::string::npos ? target : target.substr(colon + 1);
    const char* const end = port.data() + port.size();
    const auto [stopped, trouble] = std::from_chars(port.data(), end, choice.tcp_port);
    if (trouble == std::errc{} && stopped == end && choice.tcp_port != 0) return choice;
    return Error{"'" + text + "': '" + port + "' is no TCP port; write tcp:4444"};
}

}  // namespace

Result<SerialChoice> parse_serial(const std::string& text) {
    if (text == "stdio") return SerialChoice{.kind = Kind::Stdio};
    if (text == "none") return SerialChoice{.kind = Kind::None};
    if (text == "pty") return SerialChoice{.kind = Kind::Pty};
    const usize colon = text.find(':');
    const std::string kind = text.substr(0, colon);
    const std::string target = colon == std::string::npos ? "" : text.substr(colon + 1);
    if (kind == "tcp") return parse_tcp(text, target);
    if (kind == "file" || kind == "unix") {
        if (target.empty()) return Error{"'" + text + "': name a file, as in " + kind + ":PATH"};
        return SerialChoice{.kind = kind == "file" ? Kind::File : Kind::Unix, .path = target};
    }
    return Error{"there is no '" + text +
                 "'; there are stdio, none, pty, file:PATH, tcp:PORT and unix:PATH"};
}

}  // namespace frontends
