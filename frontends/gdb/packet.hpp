// SPDX-License-Identifier: BSD-2-Clause
//
// The framing of GDB's remote serial protocol (GDB manual, appendix E.1): $payload#checksum, with
// an acknowledgement by the other side until both agree to do without, and the byte 3 outside of
// packets as a request to stop.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fabric/support/int_types.hpp"

namespace frontends::gdb {

/// What we tell GDB a packet may hold at most, and refuse beyond.
constexpr usize largest_packet = 16 * 1024;

/// Takes what comes over the wire in pieces of any size.
class PacketReader {
public:
    struct Event {
        enum class Kind : u8 { Packet, Damaged, Interrupt, Acknowledged, ResendWanted };
        Kind kind = Kind::Packet;
        std::string payload;  // Of a packet, with escapes taken out.
        bool operator==(const Event&) const = default;
    };

    std::vector<Event> take(std::span<const u8> bytes);

private:
    enum class Where : u8 { Between, Payload, Escaped, FirstDigit, SecondDigit };

    std::optional<Event> take(u8 byte);
    std::optional<Event> take_between(u8 byte);
    void add(u8 byte);
    Event finish(u8 second_digit);

    Where where_ = Where::Between;
    std::string payload_;
    u8 sum_ = 0;
    u8 first_digit_ = 0;
    bool too_long_ = false;
};

/// A packet with this payload, as it goes over the wire.
std::string framed(std::string_view payload);

std::string hex_of(std::span<const u8> bytes);
std::string hex_of(std::string_view text);
/// Nothing if it is not pairs of digits.
std::optional<std::vector<u8>> bytes_of_hex(std::string_view hex);

/// Reads the parts of a request from left to right.
class Scanner {
public:
    explicit Scanner(std::string_view text) : rest_(text) {}

    bool at_end() const { return rest_.empty(); }
    std::string_view rest() const { return rest_; }
    /// True, and past it, if this comes next.
    bool skip(std::string_view expected);
    /// Hexadecimal; nothing if there is no digit, or more than fit.
    std::optional<u64> number();
    /// Up to `end`, which is skipped, or to the end of all.
    std::string_view until(char end);

private:
    std::string_view rest_;
};

}  // namespace frontends::gdb
