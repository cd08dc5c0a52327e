// SPDX-License-Identifier: BSD-2-Clause
//
// --serial: what a serial port of the guest is connected to.
//
//   stdio                the terminal
//   none                 nothing
//   pty                  a pseudo-terminal, whose name is printed
//   file:PATH            a file, written anew; nothing comes from it
//   tcp:[ADDRESS:]PORT   whoever connects there, one at a time; on 127.0.0.1 if nothing is said
//   unix:PATH            the same on a socket in the file system
#pragma once

#include <string>

#include "fabric/support/int_types.hpp"
#include "fabric/support/result.hpp"

namespace frontends {

struct SerialChoice {
    enum class Kind : u8 { Stdio, None, Pty, File, Tcp, Unix };

    Kind kind = Kind::Stdio;
    std::string path;  // Of a file or a socket.
    std::string address = "127.0.0.1";
    u16 tcp_port = 0;

    bool operator==(const SerialChoice&) const = default;
};

fabric::Result<SerialChoice> parse_serial(const std::string& text);

}  // namespace frontends
