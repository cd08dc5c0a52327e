// SPDX-License-Identifier: BSD-2-Clause
#include "devices/chipset/acpi_pm.hpp"

#include <algorithm>
#include <utility>

#include "devices/chipset/acpi_pm_registers.hpp"

namespace devices {

using namespace acpi_pm;

namespace {

// TMROF_STS is set whenever bit 23, the timer's highest, changes.
constexpr u32 highest_timer_bit = 23;
constexpr u64 timer_mask = 0xff'ffff;
constexpr fabric::VmDuration override_time{4'000'000'000};

constexpr u8 byte_of(u64 word, u64 index) { return static_cast<u8>(word >> 8 * index); }

}  // namespace

AcpiPm::AcpiPm(Config config, Wiring wiring)
    : config_(std::move(config)),
      wiring_(std::move(wiring)),
      overflow_(wiring_.events, config_.name + ".overflow",
                [this] {
                    settle();
                    update();
                }),
      button_(wiring_.events, config_.name + ".power_button", [this] { button_held(); }) {}

void AcpiPm::reset(fabric::ResetKind kind) {
    const State before = std::exchange(state_, State{.settled_at = tick()});
    if (kind == fabric::ResetKind::Platform) {
        // The resume well keeps its power, and the finger stays where it is.
        constexpr u16 resume_well = pm1::PowerButton | pm1::PowerButtonOverride | pm1::Resume;
        state_.status = before.status & resume_well;
        state_.power_button_down = before.power_button_down;
    } else {
        button_.cancel();
    }
    update();
}

u64 AcpiPm::read(u64 offset, u32 size) {
    settle();
    u64 value = 0;
    for (u32 i = 0; i < size; ++i) value |= u64{read_byte(offset + i)} << 8 * i;
    return value;
}

u8 AcpiPm::read_byte(u64 offset) const {
    const u64 within = offset & 1;
    switch (offset & ~u64{1}) {
        case pmsts: return byte_of(state_.status, within);
        case pmen: return byte_of(state_.enable, within);
        case pmcntrl: return byte_of(state_.control, within);
        case pmtmr:
        case pmtmr + 2: return byte_of(state_.settled_at & timer_mask, offset - pmtmr);
        case gpsts: return byte_of(state_.gpe_status, within);
        case gpen: return byte_of(state_.gpe_enable, within);
        case plvl2: return 0;  // PLVL3 too: there are no such states to enter.
        case glbsts: return byte_of(state_.global_status, within);
        case glben: return byte_of(state_.global_enable, within);
        case glbctl:
        case glbctl + 2: return byte_of(state_.global_control, offset - glbctl);
        default: return state_.other[offset % state_.other.size()];
    }
}

void AcpiPm::write(u64 offset, u32 size, u64 value) {
    settle();
    for (u32 done = 0; done < size;) {
        const u64 here = offset + done;
        const bool high_byte = (here & 1) != 0;
        const bool whole = !high_byte && size - done >= 2;
        const u16 mask = whole ? 0xffff : high_byte ? 0xff00 : 0x00ff;
        const u64 part = value >> 8 * done;
        write_word(here & ~u64{1}, static_cast<u16>(high_byte ? part << 8 : part), mask);
        done += whole ? 2 : 1;
    }
    update();
}

/// Bits outside of `mask` are not written.
void AcpiPm::write_word(u64 offset, u16 value, u16 mask) {
    const auto merged = [&](u16 before) {
        return static_cast<u16>((before & ~mask) | (value & mask));
    };
    const u16 ones = value & mask;  // What a write to a status register clears.
    switch (offset) {
        case pmsts: state_.status &= static_cast<u16>(~ones); break;
        case pmen: state_.enable = merged(state_.enable) & pm1::Enable; break;
        case pmcntrl: write_control(merged(state_.control)); break;
        case pmtmr:
        case pmtmr + 2:
        case plvl2: break;
        case gpsts: state_.gpe_status &= static_cast<u16>(~ones); break;
        case gpen: state_.gpe_enable = merged(state_.gpe_enable); break;
        case glbsts: state_.global_status &= static_cast<u16>(~ones); break;
        case glben: state_.global_enable = merged(state_.global_enable); break;
        case glbctl:
            write_global_control((state_.global_control & 0xffff'0000) |
                                 merged(static_cast<u16>(state_.global_control)));
            break;
        case glbctl + 2:
            write_global_control(
                (state_.global_control & 0xffff) |
                static_cast<u32>(merged(static_cast<u16>(state_.global_control >> 16))) << 16);
            break;
        default:
            for (u32 i = 0; i < 2; ++i) {
                const u8 byte_mask = byte_of(mask, i);
                u8& place = state_.other[(offset + i) % state_.other.size()];
                place = static_cast<u8>((place & ~byte_mask) | (byte_of(value, i) & byte_mask));
            }
    }
}

void AcpiPm::write_control(u16 value) {
    state_.control = value & control::Kept;
    if (value & control::GlobalRelease) {
        state_.global_status |= global::BiosStatus;
        if (state_.global_enable & global::BiosEnable) pull_smi();
    }
    if (value & control::SuspendEnable) {
        const u32 type = (value & control::SuspendType) >> control::SuspendTypeShift;
        if (type < static_cast<u32>(SleepType::Working))
            wiring_.sleep(static_cast<SleepType>(type));
    }
}

void AcpiPm::write_global_control(u32 value) {
    state_.global_control = value & ~global::BiosRelease;
    // The other half of the handshake: firmware has done, and tells the system by an SCI.
    if (value & global::BiosRelease) state_.status |= pm1::Global;
}

void AcpiPm::apm_command(u8 command) {
    if (command == config_.acpi_enable_command) state_.control |= control::SciEnable;
    if (command == config_.acpi_disable_command) {
        state_.control &= static_cast<u16>(~control::SciEnable);
    }
    settle();
    update();
    if (!wiring_.apm_smi_enabled()) return;
    state_.global_status |= global::ApmStatus;
    pull_smi();
}

void AcpiPm::pull_smi() {
    if (!(state_.global_control & global::SmiEnable)) return;
    wiring_.smi.set(true);
    wiring_.smi.set(false);
}

void AcpiPm::set_power_button(bool down) {
    if (down == state_.power_button_down) return;
    state_.power_button_down = down;
    if (down) {
        state_.status |= pm1::PowerButton;
        button_.schedule(override_time);
    } else {
        button_.cancel();
    }
    settle();
    update();
}

void AcpiPm::press_power_button() {
    set_power_button(true);
    set_power_button(false);
}

void AcpiPm::button_held() {
    state_.status |= pm1::PowerButtonOverride;
    state_.status &= static_cast<u16>(~pm1::PowerButton);
    update();
    wiring_.sleep(SleepType::SoftOff);
}

void AcpiPm::raise_gpe(u32 bit) {
    VERIFY(bit < 16);
    state_.gpe_status |= static_cast<u16>(1u << bit);
    settle();
    update();
}

void AcpiPm::rtc_interrupted() {
    state_.status |= pm1::RealTimeClock;
    settle();
    update();
}

void AcpiPm::wake_up() {
    state_.status |= pm1::Resume;
    settle();
    update();
}

void AcpiPm::settle() {
    const u64 now = tick();
    const u64 before = std::min(std::exchange(state_.settled_at, now), now);
    if (before >> highest_timer_bit != now >> highest_timer_bit) {
        state_.status |= pm1::TimerOverflow;
    }
}

void AcpiPm::update() {
    const bool events = (state_.status & state_.enable) != 0;
    const bool gpes = (state_.gpe_status & state_.gpe_enable) != 0;
    const bool sci_enabled = (state_.control & control::SciEnable) != 0;
    wiring_.sci.set(sci_enabled && (events || gpes));

    overflow_.cancel();
    const bool would_interrupt = sci_enabled && (state_.enable & pm1::TimerOverflow) &&
                                 !(state_.status & pm1::TimerOverflow);
    if (!would_interrupt) return;
    const u64 next = (state_.settled_at >> highest_timer_bit) + 1;
    overflow_.schedule_at(timer_clock.time_of_tick(next << highest_timer_bit));
}

}  // namespace devices
