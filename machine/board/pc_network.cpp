// SPDX-License-Identifier: BSD-2-Clause
#include "machine/board/pc_network.hpp"

#include <string_view>

namespace machine {

using devices::E1000;
using fabric::Error;
using fabric::PacketDirection;
using fabric::Result;

namespace {

std::string name_of(usize number) { return "net" + std::to_string(number); }

/// Locally administered; the last byte is the slot.
std::array<u8, 6> mac_of(const std::vector<PcAdapter>& adapters, usize number) {
    const auto slot = static_cast<u8>(PcNetwork::first_slot + number);
    return adapters[number].mac.value_or(std::array<u8, 6>{0x02, 0x53, 0x41, 0x54, 0x00, slot});
}

std::string text_of_mac(const std::array<u8, 6>& mac) {
    std::string text;
    for (const u8 byte : mac) {
        constexpr std::string_view digits = "0123456789abcdef";
        if (!text.empty()) text += ':';
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

}  // namespace

Result<> PcNetwork::check(const std::vector<PcAdapter>& adapters) {
    if (adapters.size() > most_adapters) {
        return Error{std::to_string(adapters.size()) + " network adapters: a PC has room for " +
                     std::to_string(most_adapters)};
    }
    for (usize i = 0; i < adapters.size(); ++i) {
        for (usize other = 0; other < i; ++other) {
            if (mac_of(adapters, i) != mac_of(adapters, other)) continue;
            return Error{"two network adapters have the address " +
                         text_of_mac(mac_of(adapters, i)) + "; give one another with mac="};
        }
    }
    return {};
}

std::string PcNetwork::text_of(const std::vector<PcAdapter>& adapters) {
    std::string text;
    for (usize i = 0; i < adapters.size(); ++i) {
        if (!text.empty()) text += ", ";
        text += name_of(i) + " " + text_of_mac(mac_of(adapters, i));
    }
    return text;
}

PcNetwork::PcNetwork(fabric::EventQueue& events, fabric::GuestMemory& memory,
                     const std::vector<PcAdapter>& adapters, const std::vector<PcLine>& lines) {
    for (usize i = 0; i < adapters.size(); ++i) {
        const PcLine line = i < lines.size() ? lines[i] : PcLine{};
        Place& place = *places_.emplace_back(std::make_unique<Place>(events, line));
        place.adapter = std::make_unique<E1000>(
            E1000::Config{.name = name_of(i), .mac = mac_of(adapters, i), .rom = adapters[i].rom},
            E1000::Wiring{.events = events, .memory = memory, .line_out = place});
    }
}

void PcNetwork::attach(devices::pci::Bus& bus) {
    for (usize i = 0; i < places_.size(); ++i) {
        bus.attach(first_slot + static_cast<u32>(i), 0, *places_[i]->adapter);
    }
}

void PcNetwork::add_inputs(fabric::InputJournal& journal) {
    for (usize i = 0; i < places_.size(); ++i) {
        Place& place = *places_[i];
        place.frame_input =
            journal.add_port(name_of(i), [&place](auto frame) { place.arrived(frame); });
        place.cable_input = journal.add_port(name_of(i) + "-cable", [&place](auto bytes) {
            if (!bytes.empty()) place.adapter->set_cable(bytes[0] != 0);
        });
    }
}

std::vector<fabric::Device*> PcNetwork::devices() const {
    std::vector<fabric::Device*> all;
    for (const auto& place : places_) all.push_back(place->adapter.get());
    return all;
}

void PcNetwork::Place::accept(std::span<const u8> frame) {
    if (line.capture) line.capture->record(PacketDirection::FromGuest, events.now(), frame);
    if (line.network) line.network->accept(frame);
}

void PcNetwork::Place::arrived(std::span<const u8> frame) {
    if (line.capture) line.capture->record(PacketDirection::ToGuest, events.now(), frame);
    adapter->receive(frame);
}

}  // namespace machine
