// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/gdb/packet.hpp"

namespace frontends::gdb {

namespace {

constexpr u8 interrupt_byte = 3;
constexpr char escape = '}';
constexpr u8 escape_mask = 0x20;
constexpr std::string_view digits = "0123456789abcdef";

/// 16 and up: no digit.
u8 digit_value(u8 byte) {
    if (byte >= '0' && byte <= '9') return static_cast<u8>(byte - '0');
    if (byte >= 'a' && byte <= 'f') return static_cast<u8>(byte - 'a' + 10);
    if (byte >= 'A' && byte <= 'F') return static_cast<u8>(byte - 'A' + 10);
    return 16;
}

}  // namespace

std::vector<PacketReader::Event> PacketReader::take(std::span<const u8> bytes) {
    std::vector<Event> events;
    for (const u8 byte : bytes) {
        if (auto event = take(byte)) events.push_back(*std::move(event));
    }
    return events;
}

std::optional<PacketReader::Event> PacketReader::take_between(u8 byte) {
    switch (byte) {
        case '$':
            where_ = Where::Payload;
            payload_.clear();
            sum_ = 0;
            too_long_ = false;
            return std::nullopt;
        case '+': return Event{Event::Kind::Acknowledged, {}};
        case '-': return Event{Event::Kind::ResendWanted, {}};
        case interrupt_byte: return Event{Event::Kind::Interrupt, {}};
        default: return std::nullopt;  // Noise.
    }
}

void PacketReader::add(u8 byte) {
    too_long_ = too_long_ || payload_.size() >= largest_packet;
    if (!too_long_) payload_.push_back(static_cast<char>(byte));
}

PacketReader::Event PacketReader::finish(u8 second_digit) {
    where_ = Where::Between;
    const u8 first = digit_value(first_digit_);
    const u8 second = digit_value(second_digit);
    const bool whole = first < 16 && second < 16 && (first << 4 | second) == sum_ && !too_long_;
    if (!whole) return {Event::Kind::Damaged, {}};
    return {Event::Kind::Packet, payload_};
}

std::optional<PacketReader::Event> PacketReader::take(u8 byte) {
    switch (where_) {
        case Where::Between: return take_between(byte);
        case Where::Payload:
            if (byte == '$') return take_between(byte);  // The one before was never finished.
            if (byte == '#') {
                where_ = Where::FirstDigit;
                return std::nullopt;
            }
            sum_ = static_cast<u8>(sum_ + byte);
            if (byte == escape) {
                where_ = Where::Escaped;
            } else {
                add(byte);
            }
            return std::nullopt;
        case Where::Escaped:
            sum_ = static_cast<u8>(sum_ + byte);
            add(byte ^ escape_mask);
            where_ = Where::Payload;
            return std::nullopt;
        case Where::FirstDigit:
            first_digit_ = byte;
            where_ = Where::SecondDigit;
            return std::nullopt;
        case Where::SecondDigit: return finish(byte);
    }
    return std::nullopt;
}

std::string framed(std::string_view payload) {
    std::string wire = "$";
    u8 sum = 0;
    const auto add = [&](u8 byte) {
        wire.push_back(static_cast<char>(byte));
        sum = static_cast<u8>(sum + byte);
    };
    for (const char each : payload) {
        const bool special = each == '$' || each == '#' || each == escape || each == '*';
        if (special) add(static_cast<u8>(escape));
        add(static_cast<u8>(special ? each ^ escape_mask : each));
    }
    wire += '#';
    wire += digits[sum >> 4];
    wire += digits[sum & 15];
    return wire;
}

std::string hex_of(std::span<const u8> bytes) {
    std::string hex;
    hex.reserve(2 * bytes.size());
    for (const u8 byte : bytes) {
        hex += digits[byte >> 4];
        hex += digits[byte & 15];
    }
    return hex;
}

std::string hex_of(std::string_view text) {
    return hex_of(std::span(reinterpret_cast<const u8*>(text.data()), text.size()));
}

std::optional<std::vector<u8>> bytes_of_hex(std::string_view hex) {
    if (hex.size() % 2 != 0) return std::nullopt;
    std::vector<u8> bytes;
    bytes.reserve(hex.size() / 2);
    for (usize i = 0; i < hex.size(); i += 2) {
        const u8 high = digit_value(static_cast<u8>(hex[i]));
        const u8 low = digit_value(static_cast<u8>(hex[i + 1]));
        if (high > 15 || low > 15) return std::nullopt;
        bytes.push_back(static_cast<u8>(high << 4 | low));
    }
    return bytes;
}

bool Scanner::skip(std::string_view expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
}

std::optional<u64> Scanner::number() {
    u64 value = 0;
    usize count = 0;
    while (count < rest_.size() && digit_value(static_cast<u8>(rest_[count])) < 16) {
        if ((value >> 60) != 0) return std::nullopt;
        value = value << 4 | digit_value(static_cast<u8>(rest_[count++]));
    }
    if (count == 0) return std::nullopt;
    rest_.remove_prefix(count);
    return value;
}

std::string_view Scanner::until(char end) {
    const usize at = rest_.find(end);
    const std::string_view part = rest_.substr(0, at);
    rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at + 1);
    return part;
}

}  // namespace frontends::gdb
