// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/cli/net_option.hpp"

#include <charconv>

#include "frontends/cli/option_values.hpp"

namespace frontends {

using fabric::Error;
using fabric::Result;
using Forward = fabric::UserNetwork::Forward;

namespace {

constexpr std::string_view forward_form =
    "write it like tcp:127.0.0.1:8080-10.0.2.15:80, or tcp::8080-:80";

Result<u16> parse_port(const std::string& text) {
    u16 port = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, trouble] = std::from_chars(text.data(), end, port);
    if (trouble == std::errc{} && stopped == end && port != 0) return port;
    return Error{"'" + text + "' is no port: there are 1 to 65535"};
}

/// "ADDRESS:PORT"; without an address `address` stays as it is.
Result<> parse_end(const std::string& text, std::string& address, u16& port) {
    const usize colon = text.rfind(':');
    if (colon == std::string::npos) return Error{"'" + text + "' has no port"};
    if (colon != 0) address = text.substr(0, colon);
    port = TRY(parse_port(text.substr(colon + 1)));
    return {};
}

Result<Forward> parse_forward(const std::string& text) {
    Forward forward;
    const usize colon = text.find(':');
    const usize dash = text.find('-');
    const std::string protocol = text.substr(0, colon);
    if (colon == std::string::npos || dash == std::string::npos || dash < colon ||
        (protocol != "tcp" && protocol != "udp")) {
        return Error{"'" + text + "' is no forwarding; " + std::string(forward_form)};
    }
    forward.udp = protocol == "udp";
    const auto both = [&]() -> Result<> {
        TRY(parse_end(text.substr(colon + 1, dash - colon - 1), forward.host_address,
                      forward.host_port));
        return parse_end(text.substr(dash + 1), forward.guest_address, forward.guest_port);
    };
    if (auto outcome = both(); !outcome) {
        return Error{"'" + text + "': " + outcome.error().message + "; " +
                     std::string(forward_form)};
    }
    return forward;
}

Result<std::array<u8, 6>> parse_mac(const std::string& text) {
    std::array<u8, 6> mac{};
    bool sound = text.size() == 17;
    for (usize i = 0; i < mac.size() && sound; ++i) {
        const char* const at = text.data() + 3 * i;
        const auto [stopped, trouble] = std::from_chars(at, at + 2, mac[i], 16);
        sound = trouble == std::errc{} && stopped == at + 2 && (i == 5 || at[2] == ':');
    }
    if (!sound) return Error{"'" + text + "' is no address; write it like 02:12:34:56:78:9a"};
    if ((mac[0] & 1) != 0) return Error{"'" + text + "' is the address of a group, not of one"};
    return mac;
}

Result<> set_part(NetworkChoice& network, const std::string& key, const std::string& value) {
    if (key == "hostfwd") {
        network.user.forwards.push_back(TRY(parse_forward(value)));
    } else if (key == "mac") {
        network.mac = TRY(parse_mac(value));
    } else if (key == "tftp") {
        network.user.tftp_folder = value;
    } else if (key == "bootfile") {
        network.user.boot_file = value;
    } else if (key == "restrict") {
        network.user.restricted = TRY(parse_switch(value));
    } else if (key == "ipv6") {
        network.user.ipv6 = TRY(parse_switch(value));
    } else if (key == "rom") {
        network.rom = value;
    } else if (key == "capture") {
        network.capture = value;
    } else if (key != "model") {
        return Error{
            "unknown; there are hostfwd, mac, tftp, bootfile, restrict, ipv6, rom, "
            "capture and model (write a comma of a file's name twice)"};
    } else if (value != "e1000") {
        return Error{"'" + value + "': there is e1000"};
    }
    return {};
}

}  // namespace

Result<> add_network(std::vector<NetworkChoice>& networks, const std::string& text) {
    const std::vector<std::string> parts = parts_of(text);
    if (text == "none") {
        networks.clear();
        return {};
    }
    if (parts[0] != "user") return Error{"'" + parts[0] + "': there are user and none"};
    NetworkChoice network;
    for (usize i = 1; i < parts.size(); ++i) {
        const usize equals = parts[i].find('=');
        const std::string key = parts[i].substr(0, equals);
        if (equals == std::string::npos) {
            return Error{"'" + parts[i] + "': write it like restrict=on"};
        }
        if (auto outcome = set_part(network, key, parts[i].substr(equals + 1)); !outcome) {
            return std::move(outcome).error().within(key);
        }
    }
    networks.push_back(std::move(network));
    return {};
}

}  // namespace frontends
