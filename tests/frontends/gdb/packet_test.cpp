// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/gdb/packet.hpp"

#include <catch2/catch.hpp>

using frontends::gdb::PacketReader;
using frontends::gdb::Scanner;
using Event = PacketReader::Event;
using Kind = PacketReader::Event::Kind;

namespace {

std::vector<Event> read(PacketReader& reader, std::string_view wire) {
    return reader.take(std::span(reinterpret_cast<const u8*>(wire.data()), wire.size()));
}

std::vector<Event> read(std::string_view wire) {
    PacketReader reader;
    return read(reader, wire);
}

}  // namespace

TEST_CASE("GDB packets: payload, acknowledgements, interrupts", "[frontends][gdb]") {
    CHECK(read("$OK#9a") == std::vector<Event>{{Kind::Packet, "OK"}});
    CHECK(read("$OK#9A") == std::vector<Event>{{Kind::Packet, "OK"}});
    CHECK(read("$#00") == std::vector<Event>{{Kind::Packet, ""}});
    CHECK(read("+$g#67-\x03") == std::vector<Event>{{Kind::Acknowledged, ""},
                                                    {Kind::Packet, "g"},
                                                    {Kind::ResendWanted, ""},
                                                    {Kind::Interrupt, ""}});
    CHECK(read("noise").empty());
}

TEST_CASE("GDB packets: come in pieces of any size", "[frontends][gdb]") {
    PacketReader reader;
    std::vector<Event> events;
    for (const char each : std::string_view("+$m1000,4#8e")) {
        for (auto& event : read(reader, {&each, 1})) events.push_back(event);
    }
    CHECK(events == std::vector<Event>{{Kind::Acknowledged, ""}, {Kind::Packet, "m1000,4"}});
}

TEST_CASE("GDB packets: what is framed is read back, whatever it holds", "[frontends][gdb]") {
    std::string all;
    for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
    const std::string wire = frontends::gdb::framed(all);
    CHECK(wire.substr(1).find('$') == std::string::npos);
    CHECK(read(wire) == std::vector<Event>{{Kind::Packet, all}});
}

TEST_CASE("GDB packets: damaged ones are refused, and the next one is read", "[frontends][gdb]") {
    const std::string damaged = GENERATE("$OK#9b", "$OK#zz", "$OL#9a", "$O\x7fK#9a", "$OK#}a");
    CAPTURE(damaged);
    const auto events = read(damaged + "$OK#9a");
    REQUIRE(events.size() == 2);
    CHECK(events[0] == Event{Kind::Damaged, ""});
    CHECK(events[1] == Event{Kind::Packet, "OK"});
}

TEST_CASE("GDB packets: one that was never finished gives way", "[frontends][gdb]") {
    CHECK(read("$m1000$OK#9a") == std::vector<Event>{{Kind::Packet, "OK"}});
    // An interrupt within a packet is a byte of it.
    CHECK(read("$\x03#03") == std::vector<Event>{{Kind::Packet, "\x03"}});
}

TEST_CASE("GDB packets: as long as promised, and no longer", "[frontends][gdb]") {
    const std::string fits(frontends::gdb::largest_packet, 'x');
    CHECK(read(frontends::gdb::framed(fits)) == std::vector<Event>{{Kind::Packet, fits}});
    CHECK(read(frontends::gdb::framed(fits + "x")) == std::vector<Event>{{Kind::Damaged, ""}});
}

TEST_CASE("GDB packets: numbers and hex that are none", "[frontends][gdb]") {
    CHECK(frontends::gdb::bytes_of_hex("00fF") == std::vector<u8>{0, 0xff});
    CHECK_FALSE(frontends::gdb::bytes_of_hex("0"));
    CHECK_FALSE(frontends::gdb::bytes_of_hex("0g"));
    CHECK(frontends::gdb::hex_of("Az") == "417a");
    CHECK(Scanner("ffffffffffffffff,").number() == ~u64{0});
    CHECK_FALSE(Scanner("10000000000000000").number());
    CHECK_FALSE(Scanner(",1").number());
    CHECK_FALSE(Scanner("").number());
    Scanner parts("a;b");
    CHECK(parts.until(';') == "a");
    CHECK(parts.until(';') == "b");
    CHECK(parts.at_end());
}
