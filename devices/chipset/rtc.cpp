// SPDX-License-Identifier: BSD-2-Clause
#include "devices/chipset/rtc.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "devices/chipset/rtc_registers.hpp"

namespace devices {

using namespace rtc;

namespace {

constexpr u64 ticks_per_second = 32'768;
// UIP rises 244 us before an update, which takes 1984 us (data sheet, table 6).
constexpr u64 ticks_of_update = 8 + 65;
constexpr i64 ns_per_second = 1'000'000'000;

}  // namespace

std::array<u8, 256> Rtc::State::power_on_ram() {
    std::array<u8, 256> ram{};
    ram[DayOfWeek] = 7;
    ram[DayOfMonth] = 1;
    ram[Month] = 1;
    ram[Century] = 0x20;
    ram[A] = a::Divider32kHz | 6;
    ram[B] = b::Hours24;
    return ram;
}

Rtc::Rtc(Config config, Wiring wiring)
    : config_(std::move(config)),
      wiring_(wiring),
      event_(wiring.events, config_.name + ".event", [this] { settle_and_schedule(); }) {}

void Rtc::reset(fabric::ResetKind kind) {
    settle();
    if (kind == fabric::ResetKind::PowerOn) {
        state_ = {.settled_at = tick()};
    } else {
        // RESET# (data sheet, "RESET").
        constexpr u8 cleared = b::PeriodicEnable | b::AlarmEnable | b::UpdateEnable | b::SquareWave;
        state_.ram[B] = static_cast<u8>(state_.ram[B] & ~cleared);
        state_.flags = 0;
        state_.index = 0;
        state_.extended_index = 0;
    }
    wiring_.nmi_masked.set(false);
    schedule();
}

u64 Rtc::read(u64 offset, u32) {
    switch (offset) {
        case 1: return read_register(state_.index & 0x7f);
        case 2: return state_.extended_index;
        case 3: return state_.ram[0x80 | state_.extended_index];
        default: return 0xff;  // The index cannot be read.
    }
}

void Rtc::write(u64 offset, u32, u64 wide_value) {
    const u8 value = static_cast<u8>(wide_value);
    switch (offset) {
        case 0:
            state_.index = value;
            wiring_.nmi_masked.set((value & NmiDisabled) != 0);
            break;
        case 1: write_register(state_.index & 0x7f, value); break;
        case 2: state_.extended_index = value & 0x7f; break;
        case 3: state_.ram[0x80 | state_.extended_index] = value; break;
        default: break;
    }
}

u8 Rtc::read_register(u8 index) {
    if (index > D && index != Century) return state_.ram[index];
    settle();
    switch (index) {
        case A: return update_in_progress() ? state_.ram[A] | a::UpdateInProgress : state_.ram[A];
        case C: {
            const u8 value = interrupts() ? state_.flags | c::IrqFlag : state_.flags;
            state_.flags = 0;
            schedule();
            return value;
        }
        case D: return ValidRamAndTime;
        default: return state_.ram[index];
    }
}

void Rtc::write_register(u8 index, u8 value) {
    if (index > D && index != Century) {
        state_.ram[index] = value;
        return;
    }
    settle();
    switch (index) {
        case A: write_a(value); break;
        case B: write_b(value); break;
        case C:
        case D: break;
        default: state_.ram[index] = value; break;
    }
    schedule();
}

void Rtc::write_a(u8 value) {
    const bool was_running = running();
    state_.ram[A] = value & (a::Divider | a::RateSelect);
    // Half a second after the divider is let go comes the first update (data sheet, table 4).
    if (!was_running && running()) {
        state_.divider = static_cast<u16>((ticks_per_second / 2 - tick()) % ticks_per_second);
    }
}

void Rtc::write_b(u8 value) {
    if (value & b::Set) value = static_cast<u8>(value & ~b::UpdateEnable);
    state_.ram[B] = value;
}

void Rtc::set_clock(i64 unix_ns) {
    settle();
    i64 seconds = unix_ns / ns_per_second;
    i64 rest = unix_ns % ns_per_second;
    if (rest < 0) {
        rest += ns_per_second;
        --seconds;
    }
    calendar().set(seconds);
    const u64 since_update =
        fabric::scaled_down(static_cast<u64>(rest), ticks_per_second, fabric::ns_per_second);
    state_.divider = static_cast<u16>((since_update - tick()) % ticks_per_second);
    schedule();
}

void Rtc::set_ram(u8 index, u8 value) {
    VERIFY(index > D);
    state_.ram[index] = value;
}

bool Rtc::running() const { return (state_.ram[A] & a::Divider) == a::Divider32kHz; }
bool Rtc::updating() const { return running() && !(state_.ram[B] & b::Set); }

/// Between two flags of the rate selected, in ticks of the crystal; 0 for none (table 5).
u64 Rtc::periodic_ticks() const {
    const u32 rate = state_.ram[A] & a::RateSelect;
    if (rate == 0 || !running()) return 0;
    return u64{1} << (rate < 3 ? rate + 6 : rate - 1);
}

bool Rtc::update_in_progress() const {
    return updating() &&
           divider_at(tick()) % ticks_per_second >= ticks_per_second - ticks_of_update;
}

/// The flags of register C that are enabled in B, where their bits are the same.
u8 Rtc::interrupts() const { return state_.flags & state_.ram[B]; }

void Rtc::settle() {
    const u64 now = tick();
    const u64 from = divider_at(std::min(std::exchange(state_.settled_at, now), now));
    const u64 to = divider_at(now);
    const u64 period = periodic_ticks();
    if (period != 0 && from / period != to / period) state_.flags |= c::Periodic;

    const u64 updates = to / ticks_per_second - from / ticks_per_second;
    if (updates == 0 || !updating()) return;
    state_.flags |= c::Update;
    const auto alarm = calendar().seconds_until_alarm();
    if (alarm && *alarm <= updates) state_.flags |= c::Alarm;
    calendar().advance(updates);
}

void Rtc::settle_and_schedule() {
    settle();
    schedule();
}

/// Sets the line, and the event that will next raise it. While it is up there is nothing to wait
/// for.
void Rtc::schedule() {
    const bool raised = interrupts() != 0;
    wiring_.irq.set(raised);
    event_.cancel();
    if (raised) return;

    constexpr u64 never = std::numeric_limits<u64>::max();
    const u64 now = divider_at(state_.settled_at);
    u64 next = never;
    const u64 period = periodic_ticks();
    if ((state_.ram[B] & b::PeriodicEnable) && period != 0) {
        next = (now / period + 1) * period;
    }
    if (updating()) {
        const u64 second = now / ticks_per_second;
        if (state_.ram[B] & b::UpdateEnable) {
            next = std::min(next, (second + 1) * ticks_per_second);
        }
        if (state_.ram[B] & b::AlarmEnable) {
            if (const auto wait = calendar().seconds_until_alarm()) {
                next = std::min(next, (second + *wait) * ticks_per_second);
            }
        }
    }
    if (next != never) event_.schedule_at(crystal.time_of_tick(next - state_.divider));
}

}  // namespace devices
