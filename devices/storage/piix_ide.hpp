// SPDX-License-Identifier: BSD-2-Clause
//
// Function 1 of the PIIX3 or PIIX4 (Intel 290562, chapter 5): two IDE channels at the addresses
// that a PC has always had them at, and their bus masters behind a BAR.
//
// Not modelled: timings. The registers for them keep what is written; a drive takes the same time
// in every mode.
#pragma once

#include <array>
#include <string>

#include "devices/pci/function.hpp"
#include "devices/storage/ide_channel.hpp"

namespace devices {

class PiixIde final : public fabric::Device, public pci::Function {
public:
    struct Config {
        std::string name = "piix_ide";
        /// PIIX4, as Hyper-V shows; PIIX3 is 8086:7010. SeaBIOS sets up both.
        u16 vendor = 0x8086;
        u16 device = 0x7111;
        u8 revision = 1;
        u16 subsystem_vendor = 0;
        u16 subsystem = 0;
    };

    struct Wiring {
        std::array<IdeChannel*, 2> channels;
    };

    struct State {
        pci::ConfigState config;

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "config", state.config);
        }
    };

    PiixIde(Config config, Wiring wiring);

    std::string_view name() const override { return config_.name; }
    void reset(fabric::ResetKind kind) override;
    void save(fabric::StateWriter& out) const override { out.write(state_); }
    fabric::Result<> restore(fabric::StateReader& in) override;

    pci::ConfigSpace& config() override { return space_; }
    void config_written(u32 offset, u32 size) override;
    void add_windows(std::vector<pci::Window>& windows) const override;

    const State& state() const { return state_; }

private:
    /// Both channels' bus masters: eight registers each.
    class BusMasterBlock final : public fabric::IoHandler {
    public:
        explicit BusMasterBlock(PiixIde& owner) : owner_(owner) {}
        u64 read(u64 offset, u32 size) override;
        void write(u64 offset, u32 size, u64 value) override;

    private:
        PiixIde& owner_;
    };

    Config config_;
    Wiring wiring_;
    State state_;
    BusMasterBlock bus_masters_{*this};
    pci::ConfigSpace space_;
};

}  // namespace devices
