// SPDX-License-Identifier: BSD-2-Clause
//
// A CD or DVD drive: a packet device (ATA/ATAPI-6, chapter 9) that takes the commands of MMC-3.
//
// A disc is an image of sectors of 2048 bytes, with one data track; one that is larger than any CD
// shows itself as a DVD. Not modelled: audio tracks and sub-channels, writing, regions and keys of
// DVDs, overlapped commands, EDC and ECC of raw sectors (they read as zeroes).
#pragma once

#include <array>
#include <string>

#include "devices/storage/drive.hpp"
#include "devices/storage/image_request.hpp"
#include "devices/storage/mmc.hpp"
#include "devices/storage/task_file.hpp"
#include "fabric/bus/device.hpp"

namespace devices {

class AtapiCdrom final : public fabric::Device, public ata::Drive {
public:
    static constexpr u32 sector_bytes = 2048;
    static constexpr u32 raw_sector_bytes = 2352;

    struct Config {
        std::string name = "ide1.cdrom0";
        std::string model = "Satori DVD-ROM";  // Vendor (8), product (16) of INQUIRY alike.
        std::string serial = "CD00000000001";
        std::string firmware = "1.0";
        ImageRequest::Pace pace{.access_ns = 150'000, .bytes_per_second = 100'000'000};
    };

    struct Wiring {
        fabric::EventQueue& events;
        fabric::BlockStore* disc =
            nullptr;  // What lies in the tray at power-on. Outlives its stay.
        ImageRequest::Trouble trouble;
    };

    enum class Phase : u8 {
        Idle,
        AtImage,  // Busy: a request is under way.
        Packet,   // DRQ: the host sends a command.
        PioIn,    // DRQ: the host reads.
        PioOut,
        DmaIn,  // DMARQ.
        DmaOut
    };

    struct State {
        ata::TaskFile task;
        Phase phase = Phase::Idle;
        std::array<u8, 12> packet{};
        u8 packet_bytes = 0;  // Of it, received.
        bool dma = false;
        u16 byte_limit = 0;  // Of a block by PIO.
        std::vector<u8> buffer;
        u32 position = 0;
        u32 block_end = 0;  // In the buffer.
        u32 next_sector = 0;
        u32 sectors_left = 0;
        mmc::Sense sense;
        bool reset_unreported = true;
        bool change_unreported = false;
        mmc::MediaEvent event = mmc::MediaEvent::None;
        bool tray_open = false;
        bool locked = false;
        u8 transfer_mode = 0x0c;
        bool interrupt = false;
        ImageRequest::State request;

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "task", state.task);
            visit(2, "phase", state.phase);
            visit(3, "packet", state.packet);
            visit(4, "packet_bytes", state.packet_bytes);
            visit(5, "dma", state.dma);
            visit(6, "byte_limit", state.byte_limit);
            visit(7, "buffer", state.buffer);
            visit(8, "position", state.position);
            visit(9, "block_end", state.block_end);
            visit(10, "next_sector", state.next_sector);
            visit(11, "sectors_left", state.sectors_left);
            visit(12, "sense", state.sense);
            visit(13, "reset_unreported", state.reset_unreported);
            visit(14, "change_unreported", state.change_unreported);
            visit(15, "event", state.event);
            visit(16, "tray_open", state.tray_open);
            visit(17, "locked", state.locked);
            visit(18, "transfer_mode", state.transfer_mode);
            visit(19, "interrupt", state.interrupt);
            visit(20, "request", state.request);
        }
    };

    AtapiCdrom(Config config, Wiring wiring);

    std::string_view name() const override { return config_.name; }
    void reset(fabric::ResetKind kind) override;
    void save(fabric::StateWriter& out) const override { out.write(state_); }
    /// The board has put the same disc in.
    fabric::Result<> restore(fabric::StateReader& in) override;

    void plug_in(ata::Cable& cable) override { cable_ = &cable; }
    u8 read_register(ata::Register reg) override;
    u8 read_alternate_status() const override { return state_.task.status; }
    void write_register(ata::Register reg, u8 value) override { state_.task.write(reg, value); }
    void execute(u8 command) override;
    void write_control(u8 value) override;
    u16 read_data() override;
    void write_data(u16 value) override;
    bool interrupt() const override { return state_.interrupt; }
    ata::DmaDirection dma_direction() const override;
    std::span<u8> dma_bytes() override;
    void dma_moved(usize bytes) override;

    /// Somebody opens the tray, puts in a disc or takes it out (null), and closes it. By the input
    /// journal. False if the guest holds the tray locked: it is told that somebody wants to.
    bool change_disc(fabric::BlockStore* disc);
    /// The same without asking the guest; before a restore.
    void force_disc(fabric::BlockStore* disc);

    bool stalled() const { return request_.stalled(); }
    void retry() { request_.retry(); }
    void give_up() { request_.give_up(); }

    const State& state() const { return state_; }

private:
    // Registers, phases and how commands end (atapi_cdrom.cpp).
    fabric::Result<> check(const State& state) const;
    void show_signature();
    void set_phase(Phase phase, u8 status);
    void raise_interrupt();
    void finish_ata();
    void abort_ata();
    void send_identity();
    void set_features();
    void begin_packet();
    void complete();
    void complete_with(mmc::Sense sense);
    void offer_block();
    void data_taken();
    void image_done(ImageRequest::Outcome outcome, std::vector<u8> data);
    std::array<u8, 512> identity() const;

    // Commands (atapi_cdrom_commands.cpp).
    void execute_packet();
    void execute_on_medium(mmc::Operation operation);
    bool report_attention(mmc::Operation operation);
    void reply(std::span<const u8> bytes, usize most);
    void take_parameters(u32 bytes);
    void read_sectors(u32 first, u32 count);
    void read_cd(u32 first, u32 count);
    void read_piece();
    std::vector<u8> raw_sectors(std::span<const u8> data) const;
    void start_stop();
    void prevent_removal();
    void inquiry();
    void request_sense();
    void mode_sense(bool ten);
    void read_format_capacities();
    void get_configuration();
    void get_event_status();

    // What is on the disc (atapi_cdrom_disc.cpp).
    void read_toc();
    void read_sub_channel();
    void read_header();
    void read_disc_information();
    void read_track_information();
    void read_dvd_structure();

    bool medium_present() const { return request_.store() != nullptr && !state_.tray_open; }
    u32 sectors() const;
    u16 current_profile() const;
    u16 word(usize index) const {
        return static_cast<u16>(state_.packet[index] << 8 | state_.packet[index + 1]);
    }
    u32 dword(usize index) const { return u32{word(index)} << 16 | word(index + 2); }

    Config config_;
    ata::Cable* cable_ = nullptr;
    State state_;
    ImageRequest request_;
};

}  // namespace devices
