// SPDX-License-Identifier: BSD-2-Clause
//
// 82441FX (440FX PMC): the host bridge. It decides whether the addresses from C0000 to FFFFF mean
// RAM or the bus, separately for reads and writes, and who sees the RAM behind A0000.
//
// Not modelled: what DRAM rows, timings and buffers do; their registers keep what is written to
// them. Deviation: D_CLS does not hide SMRAM from data accesses in system management mode.
#pragma once

#include <string>

#include "devices/pci/function.hpp"
#include "fabric/memory/guest_memory.hpp"

namespace devices {

class I440fx final : public fabric::Device, public pci::Function {
public:
    struct Config {
        std::string name = "i440fx";
        /// SeaBIOS switches shadow RAM of 8086:1237 alone; Hyper-V shows a 440BX, 8086:7192.
        u16 vendor = 0x8086;
        u16 device = 0x1237;
        u8 revision = 2;
        u16 subsystem_vendor = 0;
        u16 subsystem = 0;
    };

    struct Wiring {
        /// With shadow RAM from A0000 to FFFFF.
        fabric::GuestMemory& memory;
    };

    struct State {
        pci::ConfigState config;
        bool smm_active = false;  // SMIACT#: the processor says that it is in SMM.
        bool smram_locked = false;

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "config", state.config);
            visit(2, "smm_active", state.smm_active);
            visit(3, "smram_locked", state.smram_locked);
        }
    };

    I440fx(Config config, Wiring wiring);

    std::string_view name() const override { return name_; }
    void reset(fabric::ResetKind kind) override;
    void save(fabric::StateWriter& out) const override { out.write(state_); }
    fabric::Result<> restore(fabric::StateReader& in) override;

    pci::ConfigSpace& config() override { return space_; }
    void config_written(u32 offset, u32 size) override;

    /// SMIACT#. Of several processors, the one that is running.
    void set_smm_active(bool active);

    const State& state() const { return state_; }

private:
    void route_memory();
    void route_smram();

    std::string name_;
    Wiring wiring_;
    State state_;
    pci::ConfigSpace space_;
};

}  // namespace devices
