// SPDX-License-Identifier: BSD-2-Clause
//
// The PC's network adapters, on slots 3 to 6 of its PCI bus, and where their lines lead.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "devices/network/e1000.hpp"
#include "devices/pci/bus.hpp"
#include "fabric/host/input_journal.hpp"
#include "fabric/host/packet_capture.hpp"

namespace machine {

struct PcAdapter {
    std::optional<std::array<u8, 6>> mac;  // None: by its slot.
    std::vector<u8> rom;                   // To boot from the network; empty: it does not.
};

/// The host's end of an adapter's line. Both outlive the machine, or are null.
struct PcLine {
    fabric::PacketSink* network = nullptr;
    fabric::PacketCapture* capture = nullptr;
};

class PcNetwork {
public:
    static constexpr usize most_adapters = 4;
    static constexpr u32 first_slot = 3;

    static fabric::Result<> check(const std::vector<PcAdapter>& adapters);
    /// "net0 02:53:41:54:00:03": what a checkpoint needs to find again.
    static std::string text_of(const std::vector<PcAdapter>& adapters);

    PcNetwork(fabric::EventQueue& events, fabric::GuestMemory& memory,
              const std::vector<PcAdapter>& adapters, const std::vector<PcLine>& lines);

    void attach(devices::pci::Bus& bus);
    void add_inputs(fabric::InputJournal& journal);
    std::vector<fabric::Device*> devices() const;

    usize adapters() const { return places_.size(); }
    devices::E1000& adapter(usize number) { return *places_[number]->adapter; }
    /// The journal's port numbers: whole frames; and a byte, whether the cable is plugged in.
    u16 frame_input(usize number) const { return places_[number]->frame_input; }
    u16 cable_input(usize number) const { return places_[number]->cable_input; }

private:
    struct Place final : public fabric::PacketSink {
        Place(fabric::EventQueue& its_events, PcLine its_line)
            : events(its_events), line(its_line) {}

        void accept(std::span<const u8> frame) override;
        void arrived(std::span<const u8> frame);

        fabric::EventQueue& events;
        PcLine line;
        std::unique_ptr<devices::E1000> adapter;
        u16 frame_input = 0;
        u16 cable_input = 0;
    };

    std::vector<std::unique_ptr<Place>> places_;
};

}  // namespace machine
