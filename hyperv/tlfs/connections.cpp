// SPDX-License-Identifier: BSD-2-Clause
#include "hyperv/tlfs/connections.hpp"

namespace hyperv {

Status Connections::post(u32 connection, u32 type, std::span<const u8> payload) const {
    const auto found = message_ports_.find(connection);
    if (found != message_ports_.end()) return found->second(type, payload);
    return event_ports_.contains(connection) ? Status::InvalidPortId : Status::InvalidConnectionId;
}

Status Connections::signal(u32 connection, u16 flag) const {
    const auto found = event_ports_.find(connection);
    if (found == event_ports_.end()) {
        return message_ports_.contains(connection) ? Status::InvalidPortId
                                                   : Status::InvalidConnectionId;
    }
    const EventPort& port = found->second;
    return flag < port.flags ? port.take(flag) : Status::InvalidParameter;
}

}  // namespace hyperv
