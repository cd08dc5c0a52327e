// SPDX-License-Identifier: BSD-2-Clause
//
// The power management register block of the 82371AB (PIIX4, Intel 290562), which ACPI describes:
// PM1a event and control, PM timer, GPE0, and the SMI that firmware needs. The PCI function that
// places it is another device.
//
// The timer is 24 bits at 315/88 MHz in virtual time; its overflow makes an event only while that
// would interrupt. Not modelled: clock throttling and the C states (reading PLVL2 stops nothing),
// device monitors and their traps, general purpose outputs. Deviation: EOS is kept and holds
// nothing back; SeaBIOS never sets it.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>

#include "fabric/bus/device.hpp"
#include "fabric/bus/irq_line.hpp"
#include "fabric/time/event_queue.hpp"
#include "fabric/time/frequency.hpp"

namespace devices {

/// SUS_TYP of PMCNTRL, which the DSDT's _Sx objects name.
enum class SleepType : u8 {
    SoftOff = 0,
    SuspendToRam = 1,
    PoweredOnContextLost = 2,
    PoweredOnCpuContextLost = 3,
    PoweredOn = 4,
    Working = 5,
};

class AcpiPm final : public fabric::Device, public fabric::IoHandler {
public:
    static constexpr fabric::Frequency timer_clock{315'000'000, 88};

    struct Config {
        std::string name = "acpi_pm";
        // What firmware's SMI handler does on a real board: bytes to APMC that switch SCI_EN.
        std::optional<u8> acpi_enable_command = 0xf1;
        std::optional<u8> acpi_disable_command = 0xf0;
    };

    struct Wiring {
        fabric::EventQueue& events;
        fabric::IrqLine sci;
        fabric::IrqLine smi;                    // Driven high and low again.
        std::function<bool()> apm_smi_enabled;  // APMC_EN of the PCI function.
        std::function<void(SleepType)> sleep;   // The guest asks for it; SoftOff ends the machine.
    };

    struct State {
        u16 status = 0;
        u16 enable = 0;
        u16 control = 0;
        u16 gpe_status = 0;
        u16 gpe_enable = 0;
        u16 global_status = 0;
        u16 global_enable = 0;
        u32 global_control = 0;
        std::array<u8, 64> other{};  // Registers that are kept and do nothing, by offset.
        u64 settled_at = 0;          // The timer's tick up to which overflows were noted.
        bool power_button_down = false;

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "pmsts", state.status);
            visit(2, "pmen", state.enable);
            visit(3, "pmcntrl", state.control);
            visit(4, "gpsts", state.gpe_status);
            visit(5, "gpen", state.gpe_enable);
            visit(6, "glbsts", state.global_status);
            visit(7, "glben", state.global_enable);
            visit(8, "glbctl", state.global_control);
            visit(9, "other", state.other);
            visit(10, "settled_at", state.settled_at);
            visit(11, "power_button_down", state.power_button_down);
        }
    };

    AcpiPm(Config config, Wiring wiring);

    std::string_view name() const override { return config_.name; }
    void reset(fabric::ResetKind kind) override;
    void save(fabric::StateWriter& out) const override { out.write(state_); }
    fabric::Result<> restore(fabric::StateReader& in) override { return in.read(state_); }

    /// The block at PMBASE: any width up to 4.
    u64 read(u64 offset, u32 size) override;
    void write(u64 offset, u32 size, u64 value) override;

    /// PWRBTN#. Held for four seconds it turns the machine off, whatever the guest thinks of it.
    void set_power_button(bool down);
    /// Down and up again: asks the guest to shut down.
    void press_power_button();
    /// An event of GPE0, by its bit.
    void raise_gpe(u32 bit);
    /// IRQ8 as the chip sees it: noted in RTC_STS, for waking.
    void rtc_interrupted();
    /// A byte was written to APMC.
    void apm_command(u8 command);
    /// The machine comes back from sleep.
    void wake_up();

    const State& state() const { return state_; }

private:
    u8 read_byte(u64 offset) const;
    void write_word(u64 offset, u16 value, u16 mask);
    void write_control(u16 value);
    void write_global_control(u32 value);
    void pull_smi();

    u64 tick() const { return timer_clock.ticks_at(wiring_.events.now()); }
    void settle();
    void update();
    void button_held();

    Config config_;
    Wiring wiring_;
    State state_;
    fabric::Timer overflow_;
    fabric::Timer button_;
};

}  // namespace devices
