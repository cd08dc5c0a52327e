// SPDX-License-Identifier: BSD-2-Clause
//
// One channel of an IDE controller: the command block (ports 1F0 or 170), the control block (3F6 or
// 376), a bus master, one interrupt, and a cable with up to two drives (ATA/ATAPI-6, chapters 6
// and 9).
//
// A drive that is alone answers for the other as ATA/ATAPI-6, 9.16.1 says; with no drive at all the
// bus floats high.
#pragma once

#include <array>
#include <string>

#include "devices/storage/bus_master.hpp"
#include "devices/storage/drive.hpp"
#include "fabric/bus/device.hpp"
#include "fabric/bus/irq_line.hpp"

namespace devices {

class IdeChannel final : public fabric::Device, public ata::Cable {
public:
    struct Config {
        std::string name = "ide0";
    };

    struct Wiring {
        fabric::IrqLine irq;
        fabric::GuestMemory& memory;
        std::array<ata::Drive*, 2> drives{};  // Null: nothing is plugged in.
    };

    struct State {
        u8 selected = 0;
        u8 control = 0;
        bool interrupt = false;           // INTRQ, as it reaches the board.
        bool bus_master_allowed = false;  // By the controller's command register.
        BusMaster::State bus_master;

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "selected", state.selected);
            visit(2, "control", state.control);
            visit(3, "interrupt", state.interrupt);
            visit(4, "bus_master_allowed", state.bus_master_allowed);
            visit(5, "bus_master", state.bus_master);
        }
    };

    IdeChannel(Config config, Wiring wiring);

    std::string_view name() const override { return config_.name; }
    /// The drives are devices of their own, and reset by the board as well.
    void reset(fabric::ResetKind kind) override;
    void save(fabric::StateWriter& out) const override { out.write(state_); }
    fabric::Result<> restore(fabric::StateReader& in) override;

    /// 8 ports, at most 4 at a time.
    fabric::IoHandler& command_block() { return command_block_; }
    /// 1 port.
    fabric::IoHandler& control_block() { return control_block_; }

    u64 read_bus_master(u32 offset) const { return bus_master_.read(offset); }
    void write_bus_master(u32 offset, u8 value);
    void allow_bus_master(bool allowed);

    void interrupt_changed() override;
    void dma_requested() override;

    const State& state() const { return state_; }

private:
    class CommandBlock final : public fabric::IoHandler {
    public:
        explicit CommandBlock(IdeChannel& channel) : channel_(channel) {}
        u64 read(u64 offset, u32 size) override;
        void write(u64 offset, u32 size, u64 value) override;

    private:
        IdeChannel& channel_;
    };
    class ControlBlock final : public fabric::IoHandler {
    public:
        explicit ControlBlock(IdeChannel& channel) : channel_(channel) {}
        u64 read(u64, u32) override { return channel_.read_alternate_status(); }
        void write(u64, u32, u64 value) override { channel_.write_control(static_cast<u8>(value)); }

    private:
        IdeChannel& channel_;
    };

    ata::Drive* selected() const { return wiring_.drives[state_.selected]; }
    ata::Drive* other() const { return wiring_.drives[state_.selected ^ 1]; }

    u64 read_data(u32 size);
    void write_data(u32 size, u64 value);
    u8 read_register(ata::Register reg);
    void write_register(ata::Register reg, u8 value);
    u8 read_alternate_status() const;
    void write_control(u8 value);

    Config config_;
    Wiring wiring_;
    State state_;
    BusMaster bus_master_;
    CommandBlock command_block_{*this};
    ControlBlock control_block_{*this};
};

}  // namespace devices
