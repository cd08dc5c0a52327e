// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/gdb/server.hpp"

#include <string>
#include <utility>

#include "frontends/session/session.hpp"

namespace frontends::gdb {

using machine::RunOutcome;

Server::Server(std::unique_ptr<Connection> connection, machine::Debugger& debugger,
               Architecture architecture, Stub::Monitor monitor, Start start)
    : connection_(std::move(connection)),
      debugger_(debugger),
      stub_(debugger, architecture, std::move(monitor)),
      pauses_at_start_(start == Start::Stopped) {}

void Server::attend(Session& session) {
    if (std::exchange(pauses_at_start_, false)) {
        print_notice("the guest waits for GDB on port " + std::to_string(connection_->port()));
        session.pause();
    }
    if (connection_->accept_client()) {
        stub_.begin();
        session.pause();
    }
    if (connection_->connected()) serve(session);
}

void Server::serve(Session& session) {
    const bool ran = stub_.wants_to_run();
    const std::vector<u8> received = connection_->receive();
    stub_.take(received);
    send();
    if (stub_.end() == Stub::End::Killed) session.leave(run_status::stopped);
    if (stub_.end() == Stub::End::Detached) connection_->drop_client();
    if (!connection_->connected()) {
        stub_.forget();
        session.resume();
        return;
    }
    // Changes only: the monitor may have had the machine stop or go on besides.
    if (stub_.wants_to_run() == ran) return;
    if (ran) {
        session.pause();
    } else {
        session.resume();
    }
}

void Server::send() { connection_->send(stub_.take_output()); }

void Server::await(Wakers& wakers) const {
    wakers.descriptors.push_back({.fd = connection_->descriptor(), .events = POLLIN, .revents = 0});
}

bool Server::take(Session& session, RunOutcome outcome) {
    if (!connection_->connected() || !stub_.wants_to_run()) return false;
    if (outcome == RunOutcome::Debugger) {
        const auto stop = debugger_.look_at_stop();
        if (!stop) return true;
        stub_.stopped(*stop);
    } else if (outcome == RunOutcome::Shutdown) {
        stub_.shut_down();  // A triple fault is worth a look at what led to it.
    } else {
        return false;
    }
    send();
    session.pause();
    return true;
}

void Server::end(Session&, int status) {
    if (!connection_->connected()) return;
    stub_.exited(status);
    send();
}

}  // namespace frontends::gdb
