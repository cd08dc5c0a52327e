// SPDX-License-Identifier: BSD-2-Clause
//
// A serial port of the guest on something of the host's that may come and go: a pseudo-terminal, or
// whoever connects to a socket. The guest is never kept waiting: what nobody is there to read, or
// reads too slowly, is lost.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fabric/host/byte_sink.hpp"
#include "fabric/support/int_types.hpp"
#include "fabric/support/result.hpp"
#include "frontends/headless/serial_choice.hpp"
#include "frontends/session/attendant.hpp"

namespace frontends {

class SerialStream final : public fabric::ByteSink, public Attendant {
public:
    /// For a pty, tcp or unix. `port` is what the guest's port is called in messages.
    static fabric::Result<std::unique_ptr<SerialStream>> open(const SerialChoice& choice,
                                                              const std::string& port);
    ~SerialStream() override;
    SerialStream(const SerialStream&) = delete;
    SerialStream& operator=(const SerialStream&) = delete;

    /// Where what comes in goes, and whether there is room for it.
    void connect(std::function<void(std::span<const u8>)> guest, std::function<bool()> has_room) {
        guest_ = std::move(guest);
        guest_has_room_ = std::move(has_room);
    }

    /// Whether somebody is there.
    bool connected() const;

    void accept(u8 byte) override;

    void attend(Session& session) override;
    void await(Wakers& wakers) const override;
    bool may_wake_guest() const override { return true; }

private:
    SerialStream(int listening, int stream, std::string socket_path)
        : listening_(listening), stream_(stream), socket_path_(std::move(socket_path)) {}

    void take_connection();
    void send_waiting();
    void receive();
    void hang_up();

    int listening_;            // -1: nobody needs to connect, it is a pty.
    int stream_;               // -1: nobody is connected.
    std::string socket_path_;  // To be removed at the end.
    std::vector<u8> waiting_;
    std::function<void(std::span<const u8>)> guest_;
    std::function<bool()> guest_has_room_;
};

}  // namespace frontends
