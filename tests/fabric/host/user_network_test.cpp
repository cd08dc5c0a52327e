// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/host/user_network.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <algorithm>

#include "tests/support/temporary_folder.hpp"

using fabric::UserNetwork;
using Frame = std::vector<u8>;

namespace {

const std::vector<u8> mac = {0x02, 0x53, 0x41, 0x54, 0x00, 0x03};

/// The guest's end.
struct Guest {
    explicit Guest(UserNetwork& its_network) : network(its_network) {
        network.connect([this](auto frame) { heard.emplace_back(frame.begin(), frame.end()); });
    }
    void announce() {
        // ARP: who has 10.0.2.2? Tell 10.0.2.15.
        Frame frame(6, 0xff);
        frame.insert(frame.end(), mac.begin(), mac.end());
        frame.insert(frame.end(), {0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1});
        frame.insert(frame.end(), mac.begin(), mac.end());
        frame.insert(frame.end(), {10, 0, 2, 15, 0, 0, 0, 0, 0, 0, 10, 0, 2, 2});
        network.accept(frame);
    }
    /// Until a frame comes that `wanted` knows.
    bool hears(const std::function<bool(const Frame&)>& wanted) {
        for (int i = 0; i < 500; ++i) {
            network.attend();
            if (std::ranges::any_of(heard, wanted)) return true;
            std::vector<pollfd> descriptors;
            u64 wake = ~u64{0};
            network.add_waits(descriptors, wake);
            (void)::poll(descriptors.data(), descriptors.size(), 10);
        }
        return false;
    }

    UserNetwork& network;
    std::vector<Frame> heard;
};

/// A socket that listens on the host's loopback, at a port of the host's choice.
struct Listener {
    Listener() : descriptor(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof(address);
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        REQUIRE(::bind(descriptor, generic, length) == 0);
        REQUIRE(::listen(descriptor, 1) == 0);
        REQUIRE(::getsockname(descriptor, generic, &length) == 0);
        port = ntohs(address.sin_port);
    }
    ~Listener() { ::close(descriptor); }

    int descriptor;
    u16 port = 0;
};

}  // namespace

TEST_CASE("User network: somebody is there", "[fabric][network]") {
    const auto network = UserNetwork::create({}).value();
    Guest guest(*network);
    guest.announce();
    CHECK(guest.hears([](const Frame& frame) {
        return frame.size() >= 42 && frame[12] == 8 && frame[13] == 6 && frame[21] == 2 &&
               std::equal(mac.begin(), mac.end(), frame.begin());
    }));
    network->accept({});
    network->accept(Frame(70'000));
}

TEST_CASE("User network: a port of the host leads to the guest", "[fabric][network]") {
    u16 port = 0;
    {
        const Listener chosen;
        port = chosen.port;
    }
    const auto network =
        UserNetwork::create({.forwards = {{.host_port = port, .guest_port = 80}}}).value();
    Guest guest(*network);
    guest.announce();
    const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    (void)::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    CHECK(guest.hears([](const Frame& frame) {
        const bool tcp = frame.size() >= 54 && frame[12] == 8 && frame[13] == 0 && frame[23] == 6;
        return tcp && frame[47] == 2 && frame[36] == 0 && frame[37] == 80;  // SYN to port 80.
    }));
    ::close(client);
}

TEST_CASE("User network: what cannot be", "[fabric][network]") {
    const Listener taken;
    const auto in_use =
        UserNetwork::create({.forwards = {{.host_port = taken.port, .guest_port = 80}}});
    REQUIRE_FALSE(in_use);
    CHECK_THAT(in_use.error().message,
               Catch::Contains("in use") && Catch::Contains(std::to_string(taken.port)));

    const auto no_address = UserNetwork::create(
        {.forwards = {{.host_address = "localhost", .host_port = 1, .guest_port = 80}}});
    REQUIRE_FALSE(no_address);
    CHECK_THAT(no_address.error().message, Catch::Contains("'localhost'"));

    const test::TemporaryFolder folder;
    const auto no_folder = UserNetwork::create({.tftp_folder = folder.file("absent")});
    REQUIRE_FALSE(no_folder);
    CHECK_THAT(no_folder.error().message, Catch::Contains("absent"));
}
