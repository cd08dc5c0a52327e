// SPDX-License-Identifier: BSD-2-Clause
//
// --gdb: one GDB at a time on a TCP port of this host. The machine stops when one connects, as GDB
// expects, and goes on when it leaves.
#pragma once

#include <memory>

#include "frontends/gdb/connection.hpp"
#include "frontends/gdb/stub.hpp"
#include "frontends/session/attendant.hpp"

namespace frontends::gdb {

struct ServerOption {
    u16 port = 0;
    Architecture architecture = Architecture::X86_64;
};

class Server final : public Attendant {
public:
    /// Whether the guest waits with its first instruction until GDB lets it go.
    enum class Start : u8 { AtOnce, Stopped };

    Server(std::unique_ptr<Connection> connection, machine::Debugger& debugger,
           Architecture architecture, Stub::Monitor monitor, Start start);

    void attend(Session& session) override;
    void await(Wakers& wakers) const override;
    bool take(Session& session, machine::RunOutcome outcome) override;
    bool may_wake_guest() const override { return connection_->connected(); }
    void end(Session& session, int status) override;

private:
    void serve(Session& session);
    void send();

    std::unique_ptr<Connection> connection_;
    machine::Debugger& debugger_;
    Stub stub_;
    bool pauses_at_start_;
};

}  // namespace frontends::gdb
