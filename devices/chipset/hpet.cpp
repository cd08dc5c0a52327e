// SPDX-License-Identifier: BSD-2-Clause
#include "devices/chipset/hpet.hpp"

#include <utility>

#include "devices/chipset/hpet_registers.hpp"

namespace devices {

using namespace hpet;

namespace {

constexpr u64 femtoseconds_per_second = 1'000'000'000'000'000;

u64 merged(u64 before, u64 value, u64 mask) { return (before & ~mask) | (value & mask); }

}  // namespace

Hpet::Hpet(Config config, Wiring wiring)
    : config_(std::move(config)),
      wiring_(wiring),
      clock_(femtoseconds_per_second, config_.period_fs) {
    VERIFY(config_.timers >= 3 && config_.timers <= state_.timers.size());
    for (u32 i = 0; i < config_.timers; ++i) {
        deadlines_.push_back(std::make_unique<fabric::Timer>(
            wiring_.events, config_.name + ".comparator" + std::to_string(i),
            [this, i] { timer_fired(i); }));
    }
}

void Hpet::reset(fabric::ResetKind) {
    for (u32 i = 0; i < config_.timers; ++i) release_wire(i);
    state_ = {.settled_at = tick()};
    wiring_.legacy_route.set(false);
    schedule_all();
}

u64 Hpet::read(u64 offset, u32 size) {
    settle();
    const u64 value = read_register(offset & ~u64{7}) >> 8 * (offset & 7);
    return size >= 8 ? value : value & ((u64{1} << 8 * size) - 1);
}

void Hpet::write(u64 offset, u32 size, u64 value) {
    settle();
    const u64 mask = size >= 8 ? ~u64{0} : (u64{1} << 8 * size) - 1;
    const u32 shift = 8 * (offset & 7);
    write_register(offset & ~u64{7}, value << shift, mask << shift);
}

u64 Hpet::read_register(u64 offset) const {
    switch (offset) {
        case general_capabilities:
            return capabilities::Revision |
                   u64{config_.timers - 1} << capabilities::TimerCountShift |
                   capabilities::Counter64 | capabilities::LegacyRoute |
                   u64{config_.vendor} << capabilities::VendorShift |
                   u64{config_.period_fs} << capabilities::PeriodShift;
        case general_configuration: return state_.configuration;
        case general_interrupt_status: return state_.interrupt_status;
        case main_counter: return state_.counter;
        default: break;
    }
    const u64 index = (offset - first_timer) / timer_stride;
    if (offset < first_timer || index >= config_.timers) return 0;
    return read_timer(static_cast<u32>(index), offset % timer_stride);
}

u64 Hpet::read_timer(u32 index, u64 part) const {
    const TimerState& timer = state_.timers[index];
    switch (part) {
        case timer_configuration: return timer.configuration | timer_capabilities();
        case timer_comparator: return timer.comparator;
        case timer_fsb_route: return wiring_.messages ? timer.fsb_route : 0;
        default: return 0;
    }
}

void Hpet::write_register(u64 offset, u64 value, u64 mask) {
    switch (offset) {
        case general_configuration:
            write_configuration(merged(state_.configuration, value, mask));
            return;
        case general_interrupt_status:
            for (u32 i = 0; i < config_.timers; ++i) {
                if (!((value & mask & state_.interrupt_status) >> i & 1)) continue;
                state_.interrupt_status &= ~(u64{1} << i);
                release_wire(i);
                schedule(i);
            }
            return;
        case main_counter:
            state_.counter = merged(state_.counter, value, mask);
            schedule_all();
            return;
        default: break;
    }
    const u64 index = (offset - first_timer) / timer_stride;
    if (offset < first_timer || index >= config_.timers) return;
    write_timer(static_cast<u32>(index), offset % timer_stride, value, mask);
}

void Hpet::write_timer(u32 index, u64 part, u64 value, u64 mask) {
    TimerState& timer = state_.timers[index];
    switch (part) {
        case timer_configuration:
            write_timer_configuration(index, merged(timer.configuration, value, mask));
            break;
        case timer_comparator: write_comparator(index, value, mask); break;
        case timer_fsb_route:
            if (wiring_.messages) timer.fsb_route = merged(timer.fsb_route, value, mask);
            break;
        default: break;
    }
    schedule(index);
}

void Hpet::write_configuration(u64 value) {
    // Wires are let go on their present routes before these change.
    for (u32 i = 0; i < config_.timers; ++i) release_wire(i);
    state_.configuration = value & (configuration::Enable | configuration::LegacyRoute);
    wiring_.legacy_route.set(legacy_routed());
    for (u32 i = 0; i < config_.timers; ++i) {
        if (state_.interrupt_status >> i & 1) set_wire(i, true);
    }
    schedule_all();
}

void Hpet::write_timer_configuration(u32 index, u64 value) {
    TimerState& timer = state_.timers[index];
    release_wire(index);
    timer.configuration = value & timer::Writable;
    if (!wiring_.messages) timer.configuration &= ~timer::FsbEnable;
    // A route that the timer cannot take does not read back (section 2.3.8).
    const u64 route = timer.configuration >> timer::RouteShift & 0x1f;
    if (!(config_.routes >> route & 1)) timer.configuration &= ~(u64{0x1f} << timer::RouteShift);
    timer.comparator &= width_mask(timer);
    timer.period &= width_mask(timer);
    if (!(timer.configuration & timer::Level)) state_.interrupt_status &= ~(u64{1} << index);
    if (state_.interrupt_status >> index & 1) set_wire(index, true);
}

/// The accumulator and the period of a periodic timer share the register (section 2.3.9.2.2).
void Hpet::write_comparator(u32 index, u64 value, u64 mask) {
    TimerState& timer = state_.timers[index];
    const bool periodic = (timer.configuration & timer::Periodic) != 0;
    if (!periodic || (timer.configuration & timer::SetAccumulator)) {
        timer.comparator = merged(timer.comparator, value, mask) & width_mask(timer);
    }
    if (periodic) timer.period = merged(timer.period, value, mask) & width_mask(timer);
    timer.configuration &= ~timer::SetAccumulator;
}

bool Hpet::enabled() const { return (state_.configuration & configuration::Enable) != 0; }
bool Hpet::legacy_routed() const {
    return (state_.configuration & configuration::LegacyRoute) != 0;
}

u64 Hpet::timer_capabilities() const {
    const u64 fsb = wiring_.messages ? timer::FsbCapable : 0;
    return timer::PeriodicCapable | timer::SizeCapable64 | fsb |
           u64{config_.routes} << timer::RouteCapabilityShift;
}

u64 Hpet::width_mask(const TimerState& timer) {
    return (timer.configuration & timer::Mode32) ? 0xffff'ffff : ~u64{0};
}

/// How far the counter is from the comparator; 0 for a whole turn, when it is there already.
u64 Hpet::ticks_to_match(const TimerState& timer) const {
    const u64 mask = width_mask(timer);
    const u64 distance = (timer.comparator - state_.counter) & mask;
    return distance == 0 ? mask + 1 : distance;
}

/// Brings the counter and all timers up to now. Interrupts that fell due are raised: the events of
/// timers that have one on come first, so these are of timers whose wire is up already or off.
void Hpet::settle() {
    const u64 now = tick();
    const u64 before = std::exchange(state_.settled_at, now);
    if (!enabled() || now <= before) return;
    const u64 ticks = now - before;
    u64 matched = 0;
    for (u32 i = 0; i < config_.timers; ++i) matched |= u64{settle_timer(i, ticks)} << i;
    state_.counter += ticks;
    for (u32 i = 0; i < config_.timers; ++i) {
        if (matched >> i & 1) interrupt(i);
    }
}

/// Whether the counter meets the comparator within so many ticks.
bool Hpet::settle_timer(u32 index, u64 ticks) {
    TimerState& timer = state_.timers[index];
    const u64 distance = ticks_to_match(timer);
    if (distance == 0 || ticks < distance) return false;
    if ((timer.configuration & timer::Periodic) && timer.period != 0) {
        const u64 periods = (ticks - distance) / timer.period + 1;
        timer.comparator = (timer.comparator + periods * timer.period) & width_mask(timer);
    }
    return true;
}

void Hpet::timer_fired(u32 index) {
    settle();
    schedule(index);
}

void Hpet::interrupt(u32 index) {
    const TimerState& timer = state_.timers[index];
    if (timer.configuration & timer::Level) {
        state_.interrupt_status |= u64{1} << index;
        set_wire(index, true);
        return;
    }
    if (!(timer.configuration & timer::InterruptEnable)) return;
    if (timer.configuration & timer::FsbEnable) {
        const fabric::MsiMessage message{.address = timer.fsb_route >> 32,
                                         .data = static_cast<u32>(timer.fsb_route)};
        if (wiring_.messages) wiring_.messages->deliver(message);
        return;
    }
    set_wire(index, false);
    set_wire(index, true);
}

void Hpet::set_wire(u32 index, bool high) {
    const TimerState& timer = state_.timers[index];
    if (!(timer.configuration & timer::InterruptEnable)) return;
    if (timer.configuration & timer::FsbEnable) return;
    if (legacy_routed() && index < 2) {
        (index == 0 ? wiring_.legacy_irq0 : wiring_.legacy_irq8).set(high);
    } else {
        wiring_.routes[timer.configuration >> timer::RouteShift & 0x1f].set(high);
    }
}

void Hpet::release_wire(u32 index) { set_wire(index, false); }

/// There is an event only while it would be seen.
void Hpet::schedule(u32 index) {
    const TimerState& timer = state_.timers[index];
    fabric::Timer& deadline = *deadlines_[index];
    deadline.cancel();
    const bool wire_is_up = state_.interrupt_status >> index & 1;
    if (!enabled() || !(timer.configuration & timer::InterruptEnable) || wire_is_up) return;
    const u64 distance = ticks_to_match(timer);
    const u64 due = state_.settled_at + distance;
    if (distance == 0 || due < state_.settled_at) return;  // Beyond all time.
    deadline.schedule_at(clock_.time_of_tick(due));
}

void Hpet::schedule_all() {
    for (u32 i = 0; i < config_.timers; ++i) schedule(i);
}

}  // namespace devices
