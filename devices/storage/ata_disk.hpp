// SPDX-License-Identifier: BSD-2-Clause
//
// A hard disk as ATA/ATAPI-6 (T13 1410D) describes them: PIO, multiple, multiword and Ultra DMA,
// 28- and 48-bit addresses and the older cylinders, heads and sectors; power, write cache, a
// minimum of SMART, and TRIM (ACS-2, 7.5).
//
// Transfers take a virtual time computed from their length. A host that cannot store what is
// written stalls the disk, which stays busy until retry(). Not modelled: security, host protected
// area, overlapped commands, bad sectors. Deviation: a request that runs past the end of the disk
// transfers nothing, not what is before the end.
#pragma once

#include <array>
#include <string>

#include "devices/storage/drive.hpp"
#include "devices/storage/image_request.hpp"
#include "devices/storage/task_file.hpp"
#include "fabric/bus/device.hpp"

namespace devices {

class AtaDisk final : public fabric::Device, public ata::Drive {
public:
    static constexpr u32 sector_bytes = 512;

    struct Config {
        std::string name = "ide0.disk0";
        std::string model = "Satori disk";     // At most 40 characters.
        std::string serial = "ST00000000001";  // At most 20.
        std::string firmware = "1.0";          // At most 8.
        ImageRequest::Pace pace;
    };

    struct Wiring {
        fabric::EventQueue& events;
        fabric::BlockStore& image;  // Outlives the disk.
        ImageRequest::Trouble trouble;
    };

    enum class Phase : u8 {
        Idle,
        AtImage,  // Busy: a request is under way.
        PioIn,    // DRQ: the host reads.
        PioOut,
        DmaIn,  // DMARQ.
        DmaOut
    };
    enum class Power : u8 { Active, Idle, Standby, Sleep };

    struct State {
        ata::TaskFile task;
        u8 command = 0;  // What is being executed.
        Phase phase = Phase::Idle;
        u64 next_sector = 0;   // Of the transfer: the first not yet taken from or put on the image.
        u32 sectors_left = 0;  // From there on.
        std::vector<u8> buffer;    // Of this block or piece.
        u32 position = 0;          // In the buffer.
        u8 sectors_per_block = 0;  // SET MULTIPLE MODE; 0: not switched on.
        u8 transfer_mode = 0x0c;
        u8 heads = 16;  // As INITIALIZE DEVICE PARAMETERS says.
        u8 sectors_per_track = 63;
        u8 advanced_power = 0;  // 0: off.
        bool write_cache = true;
        bool look_ahead = true;
        bool smart = true;
        bool revert = false;  // To defaults at a soft reset.
        bool interrupt = false;
        Power power = Power::Active;
        ImageRequest::State request;

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "task", state.task);
            visit(2, "command", state.command);
            visit(3, "phase", state.phase);
            visit(4, "next_sector", state.next_sector);
            visit(5, "sectors_left", state.sectors_left);
            visit(6, "buffer", state.buffer);
            visit(7, "position", state.position);
            visit(8, "sectors_per_block", state.sectors_per_block);
            visit(9, "transfer_mode", state.transfer_mode);
            visit(10, "heads", state.heads);
            visit(11, "sectors_per_track", state.sectors_per_track);
            visit(12, "advanced_power", state.advanced_power);
            visit(13, "write_cache", state.write_cache);
            visit(14, "look_ahead", state.look_ahead);
            visit(15, "smart", state.smart);
            visit(16, "revert", state.revert);
            visit(17, "interrupt", state.interrupt);
            visit(18, "power", state.power);
            visit(19, "request", state.request);
        }
    };

    AtaDisk(Config config, Wiring wiring);

    std::string_view name() const override { return config_.name; }
    void reset(fabric::ResetKind kind) override;
    void save(fabric::StateWriter& out) const override { out.write(state_); }
    fabric::Result<> restore(fabric::StateReader& in) override;

    void plug_in(ata::Cable& cable) override { cable_ = &cable; }
    u8 read_register(ata::Register reg) override;
    u8 read_alternate_status() const override { return state_.task.status; }
    void write_register(ata::Register reg, u8 value) override;
    void execute(u8 command) override;
    void write_control(u8 value) override;
    u16 read_data() override;
    void write_data(u16 value) override;
    bool interrupt() const override { return state_.interrupt; }
    ata::DmaDirection dma_direction() const override;
    std::span<u8> dma_bytes() override;
    void dma_moved(usize bytes) override;

    /// The host could not do what a request needs (Wiring::trouble was told).
    bool stalled() const { return request_.stalled(); }
    void retry() { request_.retry(); }
    /// The guest sees an error of the medium.
    void give_up() { request_.give_up(); }

    u64 sectors() const { return image_.size() / sector_bytes; }
    const State& state() const { return state_; }

private:
    struct Extent {
        u64 first = 0;
        u32 count = 0;
    };
    enum class Width : u8 { Bits28, Bits48 };

    // Registers, phases and how commands end (ata_disk.cpp).
    fabric::Result<> check(const State& state) const;
    void soft_reset();
    void complete();
    void complete_with(u8 error);
    void fail_at(u64 sector, u8 error);
    void raise_interrupt();
    void set_phase(Phase phase, u8 status);

    // Reading and writing (ata_disk_transfer.cpp).
    static Width width_of(u8 command);
    std::optional<Extent> extent(Width width);
    std::optional<u64> sector_of_address(Width width) const;
    void set_address(u64 sector);
    void start_transfer(u8 command);
    bool multiple_is_off(u8 command);
    u32 block_sectors() const;
    void read_piece();
    void offer_block();
    void await_block();
    void write_piece();
    void verify();
    void trim();
    void image_done(ImageRequest::Outcome outcome, std::vector<u8> data);
    void transfer_done(std::vector<u8> data);

    // Commands that answer at once (ata_disk_commands.cpp).
    bool execute_at_once(u8 command);
    void send(std::span<const u8> bytes);
    void set_features();
    bool set_transfer_mode(u8 mode);
    void set_multiple();
    void initialize_parameters();
    void power_command(u8 command);
    void read_native_max(Width width);
    void smart();
    void flush();
    std::array<u8, 512> identity() const;

    Config config_;
    fabric::BlockStore& image_;
    ata::Cable* cable_ = nullptr;
    State state_;
    ImageRequest request_;
};

}  // namespace devices
