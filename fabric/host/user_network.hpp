// SPDX-License-Identifier: BSD-2-Clause
//
// A network of one guest behind address translation, in user mode (libslirp): 10.0.2.0/24, where
// 10.0.2.2 is the host and its loopback, 10.0.2.3 answers names, and DHCP gives the guest
// 10.0.2.15. All of it is the host's: its timers run on the host's clock, and what it has to say
// goes to the guest through the input journal. A checkpoint does not hold its connections.
//
// One thread, the machine's: nothing happens but within these calls.
#pragma once

#include <poll.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fabric/host/packet_sink.hpp"
#include "fabric/support/result.hpp"

namespace fabric {

class UserNetwork final : public PacketSink {
public:
    /// From a port of the host to one of the guest.
    struct Forward {
        bool udp = false;
        std::string host_address = "127.0.0.1";
        u16 host_port = 0;
        std::string guest_address = "10.0.2.15";
        u16 guest_port = 0;

        bool operator==(const Forward&) const = default;
    };

    struct Config {
        std::vector<Forward> forwards;
        std::string tftp_folder;  // Empty: no TFTP.
        std::string boot_file;    // What DHCP names to boot from.
        bool restricted = false;  // The guest reaches nothing but what is forwarded to it.
        bool ipv6 = false;
    };

    using ToGuest = std::function<void(std::span<const u8> frame)>;

    /// Errors name the option they are of: "hostfwd=...: port 8080 of the host is in use".
    static Result<std::unique_ptr<UserNetwork>> create(const Config& config);
    ~UserNetwork() override;

    /// Where answers go. Until then there are none.
    void connect(ToGuest to_guest) { to_guest_ = std::move(to_guest); }

    /// From the guest.
    void accept(std::span<const u8> frame) override;

    /// What a sleeping caller should wait for: appends descriptors, and lowers the time.
    void add_waits(std::vector<pollfd>& descriptors, u64& wake_host_ns) const;
    /// Does what is to be done now, without waiting.
    void attend();

private:
    struct Library;  // What libslirp is told and calls.

    UserNetwork();

    std::unique_ptr<Library> library_;
    ToGuest to_guest_;
};

}  // namespace fabric
