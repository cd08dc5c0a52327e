// SPDX-License-Identifier: BSD-2-Clause
//
// Where a guest's messages and events go (TLFS, Ports and Connections): the connections of the
// partition, each to a port of whoever is above, such as VMBus.
#pragma once

#include <functional>
#include <map>
#include <span>

#include "hyperv/tlfs/status.hpp"

namespace hyperv {

class Connections {
public:
    using TakeMessage = std::function<Status(u32 type, std::span<const u8> payload)>;
    using TakeEvent = std::function<Status(u16 flag)>;

    struct EventPort {
        u16 flags = 1;  // Numbers below this are valid.
        TakeEvent take;
    };

    void add_message_port(u32 connection, TakeMessage take) {
        message_ports_[connection] = std::move(take);
    }
    void add_event_port(u32 connection, EventPort port) {
        event_ports_[connection] = std::move(port);
    }
    void remove(u32 connection) {
        message_ports_.erase(connection);
        event_ports_.erase(connection);
    }

    Status post(u32 connection, u32 type, std::span<const u8> payload) const;
    Status signal(u32 connection, u16 flag) const;

private:
    std::map<u32, TakeMessage> message_ports_;
    std::map<u32, EventPort> event_ports_;
};

}  // namespace hyperv
