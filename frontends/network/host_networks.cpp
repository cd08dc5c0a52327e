// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/network/host_networks.hpp"

#include <algorithm>

#include "frontends/session/session.hpp"
#include "machine/board/pc.hpp"

namespace frontends {

using fabric::PacketCapture;
using fabric::Result;
using fabric::UserNetwork;

Result<std::unique_ptr<HostNetworks>> HostNetworks::open(const std::vector<NetworkChoice>& choices,
                                                         bool replaying) {
    auto networks = std::make_unique<HostNetworks>();
    for (const NetworkChoice& choice : choices) {
        Line& line = networks->lines_.emplace_back();
        if (!replaying) {
            auto network = UserNetwork::create(choice.user);
            if (!network) return std::move(network).error().within("--net");
            line.network = std::move(network).value();
        }
        if (choice.capture.empty()) continue;
        const std::string adapter = "net" + std::to_string(networks->lines_.size() - 1);
        auto capture = PacketCapture::create(choice.capture, adapter);
        if (!capture) return std::move(capture).error().within("--net capture");
        line.capture = std::move(capture).value();
    }
    return networks;
}

std::vector<machine::PcLine> HostNetworks::lines() const {
    std::vector<machine::PcLine> made;
    for (const Line& line : lines_) made.push_back({line.network.get(), line.capture.get()});
    return made;
}

void HostNetworks::connect(machine::Machine& machine) {
    connected_ = true;
    auto* const pc = dynamic_cast<machine::Pc*>(&machine.board());
    if (!pc) return;
    for (usize i = 0; i < lines_.size(); ++i) {
        if (!lines_[i].network) continue;
        lines_[i].network->connect([&machine, port = pc->network().frame_input(i)](auto frame) {
            machine.journal().post(port, frame);
        });
    }
}

void HostNetworks::attend(Session& session) {
    if (!connected_) connect(session.machine());
    for (const Line& line : lines_) {
        if (line.network) line.network->attend();
    }
    flush();
}

void HostNetworks::await(Wakers& wakers) const {
    for (const Line& line : lines_) {
        if (line.network) line.network->add_waits(wakers.descriptors, wakers.host_ns);
    }
}

bool HostNetworks::may_wake_guest() const {
    return std::ranges::any_of(lines_, [](const Line& line) { return line.network != nullptr; });
}

void HostNetworks::end(Session&, int) { flush(); }

void HostNetworks::flush() {
    for (const Line& line : lines_) {
        if (!line.capture) continue;
        if (const auto flushed = line.capture->flush(); !flushed) {
            print_notice(flushed.error().message);
        }
    }
}

}  // namespace frontends
