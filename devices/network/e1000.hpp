// SPDX-License-Identifier: BSD-2-Clause
//
// Intel 82540EM: the gigabit Ethernet adapter of most virtual machines (Intel 317453).
//
// Frames leave and arrive at the pace of the line in virtual time; interrupts are delayed and
// throttled as programmed. Not modelled: power management and waking, MSI, the flash, management
// (ASF, SMBus), flow control by pause frames, the diagnostic view of the packet buffer, collisions.
// Deviations: descriptors are fetched and written back one by one, whatever the thresholds say;
// the line is perfect, so no frame is bad.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "devices/network/e1000_state.hpp"
#include "devices/pci/function.hpp"
#include "fabric/host/packet_sink.hpp"
#include "fabric/memory/guest_memory.hpp"
#include "fabric/time/event_queue.hpp"

namespace devices {

class E1000 final : public fabric::Device, public fabric::IoHandler, public pci::Function {
public:
    using State = e1000::State;

    static constexpr usize longest_packet = 16'288;  // On the line, with LPE.

    struct Config {
        std::string name = "net0";
        std::array<u8, 6> mac = {0x52, 0x54, 0x00, 0x00, 0x00, 0x03};
        std::vector<u8> rom;  // An option ROM, to boot from the network; none if empty.
    };

    struct Wiring {
        fabric::EventQueue& events;
        fabric::GuestMemory& memory;
        fabric::PacketSink& line_out;
    };

    E1000(Config config, Wiring wiring);

    std::string_view name() const override { return config_.name; }
    void reset(fabric::ResetKind kind) override;
    void save(fabric::StateWriter& out) const override { out.write(state_); }
    fabric::Result<> restore(fabric::StateReader& in) override;

    pci::ConfigSpace& config() override { return space_; }
    void config_written(u32 offset, u32 size) override;

    /// The registers in memory: words; narrower writes are lost.
    u64 read(u64 offset, u32 size) override;
    void write(u64 offset, u32 size, u64 value) override;

    /// A frame from the host. Called by the input journal, never by a host thread.
    void receive(std::span<const u8> frame);
    void set_cable(bool plugged) { phy_.set_cable(plugged); }
    bool link_up() const;

    const State& state() const { return state_; }

private:
    /// BAR 2: an address and a window (13.1.2).
    class IoWindow final : public fabric::IoHandler {
    public:
        explicit IoWindow(E1000& owner) : owner_(owner) {}
        u64 read(u64 offset, u32 size) override;
        void write(u64 offset, u32 size, u64 value) override;

    private:
        E1000& owner_;
    };

    class RomWindow final : public fabric::IoHandler {
    public:
        explicit RomWindow(const std::vector<u8>& bytes) : bytes_(bytes) {}
        u64 read(u64 offset, u32 size) override;
        void write(u64, u32, u64) override {}

    private:
        const std::vector<u8>& bytes_;
    };

    std::vector<pci::Bar> bars();

    // Registers (e1000_access.cpp).
    u32 read_register(u32 offset);
    void write_register(u32 offset, u32 value);
    bool write_special(u32 offset, u32 value);
    u32* table_word(u32 offset);
    u32 read_statistic(u32 index);
    u32 status() const;
    u32 eecd() const;
    void write_ctrl(u32 value);
    void write_eecd(u32 value);
    void write_eerd(u32 value);
    void write_mdic(u32 value);

    void software_reset();
    void load_from_eeprom();

    // Interrupts (e1000_interrupts.cpp).
    void raise(u32 causes);
    void update_interrupt();
    void link_changed();
    void delay(fabric::Timer& packet, u32 packet_delay, fabric::Timer& absolute,
               u32 absolute_delay);
    void receive_delay_over();
    void transmit_delay_over();

    // Statistics (e1000_interrupts.cpp).
    void count(e1000::Statistic what, u32 by = 1);
    void count_octets(e1000::Statistic what, u64 bytes);
    void count_size(e1000::Statistic smallest, usize bytes);

    // Transmission (e1000_transmit.cpp).
    bool can_transmit() const;
    void fetch_packet();
    bool fetch_descriptor();
    void take_context(u64 first, u64 second);
    void take_data(u64 address, u64 second);
    void start_sending();
    void transmit_due();
    void send_packet();
    void put_on_line(std::vector<u8> frame);
    void retire_descriptors();
    void report_sent(bool any, bool delayed);
    void drop_packet_in_hand();

    // Reception (e1000_receive.cpp).
    void frame_arrived();
    void take_frame(std::span<const u8> frame);
    bool passes_filters(std::span<const u8> frame, bool& exact) const;
    bool passes_vlan_filter(std::span<const u8> frame) const;
    e1000::ReceivedFrame prepared(std::span<const u8> frame, bool exact) const;
    void check_sums(e1000::ReceivedFrame& frame) const;
    void deliver();
    void deliver_piece();
    void frame_delivered(usize bytes);
    u32 free_receive_descriptors() const;
    u32 receive_buffer_bytes() const;
    bool looped_back() const;

    Config config_;
    Wiring wiring_;
    State state_;
    e1000::Registers& regs_ = state_.registers;
    IoWindow io_window_{*this};
    RomWindow rom_window_{config_.rom};
    pci::ConfigSpace space_;
    e1000::Eeprom eeprom_;
    e1000::Phy phy_;
    fabric::Timer transmit_;
    fabric::Timer arrival_;
    fabric::Timer receive_delay_;
    fabric::Timer receive_absolute_;
    fabric::Timer transmit_delay_;
    fabric::Timer transmit_absolute_;
    fabric::Timer throttle_;
};

}  // namespace devices
