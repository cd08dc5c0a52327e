// SPDX-License-Identifier: BSD-2-Clause
//
// Function 3 of the PIIX4 (82371AB, Intel 290562, chapter 7): power management and SMBus, as far as
// configuration space goes: it places the two blocks of registers, which are devices of their own.
//
// Not modelled: device monitors and their traps (DEVRES and DEVACT keep what is written), the
// general purpose inputs.
#pragma once

#include <string>

#include "devices/pci/function.hpp"

namespace devices {

class PiixPm final : public fabric::Device, public pci::Function {
public:
    static constexpr u64 pm_block_bytes = 64;
    static constexpr u64 smbus_block_bytes = 16;

    struct Config {
        std::string name = "piix_pm";
        u16 vendor = 0x8086;
        u16 device = 0x7113;
        u8 revision = 3;
        u16 subsystem_vendor = 0;
        u16 subsystem = 0;
    };

    struct Wiring {
        fabric::IoHandler& pm_block;
        fabric::IoHandler* smbus_block = nullptr;  // Null: nobody answers there.
        u32 pm_widest_access = 4;
    };

    struct State {
        pci::ConfigState config;

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "config", state.config);
        }
    };

    PiixPm(Config config, Wiring wiring);

    std::string_view name() const override { return config_.name; }
    void reset(fabric::ResetKind kind) override;
    void save(fabric::StateWriter& out) const override { out.write(state_); }
    fabric::Result<> restore(fabric::StateReader& in) override;

    pci::ConfigSpace& config() override { return space_; }
    void config_written(u32, u32) override { space_.windows_changed(); }
    void add_windows(std::vector<pci::Window>& windows) const override;

    /// DEVACTB.APMC_EN: does a write to port B2 raise an SMI?
    bool apmc_raises_smi() const;

    const State& state() const { return state_; }

private:
    Config config_;
    Wiring wiring_;
    State state_;
    pci::ConfigSpace space_;
};

}  // namespace devices
