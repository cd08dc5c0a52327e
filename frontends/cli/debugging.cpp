// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/cli/debugging.hpp"

#include <utility>

#include "frontends/screen/png_picture.hpp"
#include "machine/board/pc.hpp"

namespace frontends {

using fabric::Error;
using fabric::Result;

Debugging::Debugging(Session& session, Terminal& terminal, Typist* typist)
    : debugger_(session.machine()),
      steering_(session, debugger_),
      monitor_(debugger_, steering_),
      monitor_terminal_(terminal, monitor_, debugger_) {
    if (typist) offer_keys(*typist);
    auto* const pc = dynamic_cast<machine::Pc*>(&session.machine().board());
    if (!pc) return;
    monitor_.offer_pictures([pc](const std::string& path) {
        devices::Frame picture;
        pc->display().render(picture);
        return write_png(path, picture);
    });
}

void Debugging::offer_keys(Typist& typist) {
    monitor_.offer_keys([this, &typist](const std::string& keys) -> Result<> {
        auto steps = TRY(parse_keys(keys));
        typist.type({.time = debugger_.machine().now().time, .steps = std::move(steps)});
        return {};
    });
}

Result<> Debugging::serve_gdb(const RunOptions& options) {
    if (!options.gdb) {
        if (!options.gdb_wait) return {};
        return Error{"--gdb-wait goes with --gdb: name a port"};
    }
    auto connection = gdb::Connection::listen(options.gdb->port);
    if (!connection) return std::move(connection).error().within("--gdb");
    const auto start = options.gdb_wait ? gdb::Server::Start::Stopped : gdb::Server::Start::AtOnce;
    server_.emplace(
        std::move(connection).value(), debugger_, options.gdb->architecture,
        [this](const auto& line, u32 processor) { return monitor_.execute(line, processor); },
        start);
    return {};
}

void Debugging::join(Session& session) {
    if (server_) session.add(*server_);
    session.add(monitor_terminal_);
}

}  // namespace frontends
