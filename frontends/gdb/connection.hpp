// SPDX-License-Identifier: BSD-2-Clause
//
// A TCP port of this host alone, and the one client that is served at a time.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fabric/support/int_types.hpp"
#include "fabric/support/result.hpp"

namespace frontends::gdb {

class Connection {
public:
    /// Port 0: any that is free.
    static fabric::Result<std::unique_ptr<Connection>> listen(u16 port);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    u16 port() const { return port_; }
    bool connected() const { return client_ >= 0; }
    /// To wait on until there is something to do: a client's bytes, or the next client.
    int descriptor() const { return connected() ? client_ : listener_; }

    /// True: somebody has just connected. Does not wait.
    bool accept_client();
    /// What has come, which may be nothing; does not wait. A client that is gone is no longer
    /// connected() afterwards.
    std::vector<u8> receive();
    /// Waits until it is on its way, but not for long.
    void send(const std::string& bytes);
    void drop_client();

private:
    Connection(int listener, u16 port) : listener_(listener), port_(port) {}

    int listener_;
    int client_ = -1;
    u16 port_;
};

}  // namespace frontends::gdb
