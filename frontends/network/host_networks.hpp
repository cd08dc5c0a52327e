// SPDX-License-Identifier: BSD-2-Clause
//
// The host's ends of a machine's network adapters: user-mode networks and capture files, served
// between two slices of the run.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fabric/host/packet_capture.hpp"
#include "fabric/host/user_network.hpp"
#include "frontends/session/attendant.hpp"
#include "machine/board/pc_network.hpp"

namespace frontends {

/// One adapter, and where its line leads.
struct NetworkChoice {
    fabric::UserNetwork::Config user;
    std::optional<std::array<u8, 6>> mac;
    std::string rom;      // A file; empty: none.
    std::string capture;  // Likewise.
};

class HostNetworks final : public Attendant {
public:
    /// Where a run is replayed there are no networks: what they said is in the recording. Captures
    /// are made all the same.
    static fabric::Result<std::unique_ptr<HostNetworks>> open(
        const std::vector<NetworkChoice>& choices, bool replaying);

    /// For the board.
    std::vector<machine::PcLine> lines() const;

    void attend(Session& session) override;
    void await(Wakers& wakers) const override;
    bool may_wake_guest() const override;
    void end(Session& session, int status) override;

private:
    struct Line {
        std::unique_ptr<fabric::UserNetwork> network;
        std::unique_ptr<fabric::PacketCapture> capture;
    };

    void connect(machine::Machine& machine);
    void flush();

    std::vector<Line> lines_;
    bool connected_ = false;
};

}  // namespace frontends
