// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/apic/local_apic.hpp"

#include <utility>

#include "cpu/core/interrupts.hpp"
#include "fabric/time/frequency.hpp"

namespace cpu {

using namespace apic;

namespace {

constexpr u8 lowest_vector = 16;  // Those below are exceptions' and illegal here.

constexpr u8 priority_class(u8 priority) { return priority >> 4; }

constexpr u32 lint0 = 0;
constexpr u32 lint1 = 1;

}  // namespace

LocalApic::LocalApic(Config config, Wiring wiring)
    : config_(std::move(config)),
      wiring_(wiring),
      timer_(wiring.events, config_.name + ".timer", [this] { timer_expired(); }) {
    VERIFY(config_.timer_hz != 0 && config_.timer_hz <= fabric::ns_per_second);
    wiring_.vcpu.ports.interrupts = this;
    wiring_.vcpu.ports.apic_page = this;
    add_x2apic_msrs(*this, wiring_.vcpu.msrs);
    wiring_.bus.attach(*this);
}

void LocalApic::reset(fabric::ResetKind kind) {
    const auto levels = state_.lint_levels;
    state_ = State{};
    timer_.cancel();
    // The reset line is not those that drive the pins.
    if (kind == fabric::ResetKind::Platform) state_.lint_levels = levels;
}

/// SDM 3A 10.4.7.1, 10.4.7.3: as after power-on. The pins stay as they are driven.
void LocalApic::start_afresh() {
    state_ = {.automatic_eoi = state_.automatic_eoi, .lint_levels = state_.lint_levels};
    timer_.cancel();
    look_again();
}

void LocalApic::processor_reset_by_init() { start_afresh(); }

void LocalApic::apic_base_written(u64 before) {
    const u64 left = before & ~wiring_.vcpu.state.msr.apic_base;
    if (left & apic_base::Enabled) {
        wiring_.vcpu.state.cr8 = 0;
        start_afresh();
    }
    // Entering x2APIC mode clears the destination of the last command (SDM 3A 10.12.5.1).
    if (in_x2apic_mode() && (before & apic_base::Extended) == 0) {
        state_.interrupt_command = static_cast<u32>(state_.interrupt_command);
    }
    look_again();
}

bool LocalApic::enabled() const {
    return (wiring_.vcpu.state.msr.apic_base & apic_base::Enabled) != 0;
}

bool LocalApic::in_x2apic_mode() const {
    constexpr u64 mode = apic_base::Enabled | apic_base::Extended;
    return (wiring_.vcpu.state.msr.apic_base & mode) == mode;
}

bool LocalApic::takes_interrupts() const {
    return enabled() && (state_.spurious_vector & svr::Enabled) != 0;
}

// ---- Priorities, and what the processor asks for (SDM 3A 10.8.3) ----

u8 LocalApic::task_priority() const {
    return static_cast<u8>(wiring_.vcpu.state.cr8 << 4 | state_.task_priority_low);
}

void LocalApic::set_task_priority(u8 priority) {
    wiring_.vcpu.state.cr8 = priority >> 4;
    state_.task_priority_low = priority & 0xf;
    look_again();
}

/// MOV to CR8 clears the bits that CR8 does not have (SDM 3A 10.8.6).
void LocalApic::task_priority_written() {
    state_.task_priority_low = 0;
    look_again();
}

u8 LocalApic::processor_priority() const {
    const u8 task = task_priority();
    const u8 in_service = state_.in_service.highest();
    if (priority_class(task) >= priority_class(in_service)) return task;
    return in_service & 0xf0;
}

/// Zero for none.
u8 LocalApic::deliverable() const {
    const u8 vector = state_.requested.highest();
    if (vector == 0) return 0;
    return priority_class(vector) > priority_class(processor_priority()) ? vector : u8{0};
}

/// Without an APIC, LINT0 is the processor's INTR pin (SDM 3A 10.4.3).
bool LocalApic::external_pending() const {
    if (!wiring_.external) return false;
    const u32 entry = local_vector(Lvt::Lint0);
    constexpr u32 ext_int = static_cast<u32>(DeliveryMode::ExtInt) << lvt::ModeShift;
    const bool listening =
        !enabled() || state_.external_requested || (entry & (lvt::Mode | lvt::Masked)) == ext_int;
    return listening && wiring_.external->pending();
}

bool LocalApic::pending() const { return (enabled() && deliverable() != 0) || external_pending(); }

u8 LocalApic::acknowledge() {
    const u8 vector = enabled() ? deliverable() : u8{0};
    if (vector != 0) {
        state_.requested.remove(vector);
        state_.in_service.add(vector);
        if (state_.automatic_eoi.has(vector)) retire_interrupt();
        return vector;
    }
    if (external_pending()) {
        state_.external_requested = false;
        return wiring_.external->acknowledge();
    }
    return static_cast<u8>(state_.spurious_vector & svr::Vector);
}

void LocalApic::end_of_interrupt() {
    retire_interrupt();
    if (listener_) listener_->interrupt_ended();
}

void LocalApic::retire_interrupt() {
    const u8 vector = state_.in_service.highest();
    if (vector == 0) return;
    state_.in_service.remove(vector);
    if (state_.level_triggered.has(vector)) {
        if ((state_.spurious_vector & svr::SuppressEoiBroadcast) == 0) {
            wiring_.bus.end_of_interrupt(vector);
        }
        for (const Lvt source : {Lvt::Lint0, Lvt::Lint1}) {
            u32& entry = local_vector(source);
            if ((entry & lvt::RemoteIrr) == 0 || (entry & lvt::Vector) != vector) continue;
            entry &= ~lvt::RemoteIrr;
            if (lint_asserted(source == Lvt::Lint0 ? lint0 : lint1)) signal_local(source);
        }
    }
    look_again();
}

void LocalApic::set_automatic_eoi(u8 vector, bool automatic) {
    state_.automatic_eoi.set(vector, automatic);
}

void LocalApic::look_again() {
    if (pending()) wiring_.vcpu.attention |= attention::Events;
}

// ---- What comes in ----

u32 LocalApic::logical_id() const {
    const u32 id = wiring_.vcpu.topology.apic_id;
    if (in_x2apic_mode()) return (id >> 4) << 16 | u32{1} << (id & 0xf);
    return state_.logical_destination;
}

/// SDM 3A 10.6.2, 10.12.10. A narrow destination reaches processors in x2APIC mode as well: there
/// is no interrupt remapping here.
bool LocalApic::is_addressed_by(const InterruptMessage& message) const {
    const u32 id = wiring_.vcpu.topology.apic_id;
    const u32 wanted = message.destination;
    if (message.wide && wanted == ~u32{0}) return true;
    if (!message.logical) return wanted == id || (!message.wide && wanted == 0xff);
    const u32 mine = logical_id();
    if (in_x2apic_mode()) {
        if (!message.wide && wanted == 0xff) return true;
        return mine >> 16 == wanted >> 16 && (mine & wanted & 0xffff) != 0;
    }
    if (wanted > 0xff) return false;
    const u32 narrow = mine >> 24;
    const bool cluster_model = state_.destination_format >> 28 == 0;
    if (!cluster_model) return (narrow & wanted) != 0;
    const bool same_cluster = wanted >> 4 == 0xf || wanted >> 4 == narrow >> 4;
    return same_cluster && (narrow & wanted & 0xf) != 0;
}

/// Disabled by its spurious vector register it still takes what concerns the whole processor (SDM
/// 3A 10.4.7.2).
void LocalApic::accept(const InterruptMessage& message) {
    if (!enabled()) return;
    Vcpu& vcpu = wiring_.vcpu;
    switch (message.mode) {
        case DeliveryMode::Fixed:
        case DeliveryMode::LowestPriority:
            if (takes_interrupts()) take(message.vector, message.level_triggered);
            return;
        case DeliveryMode::Smi: signal_smi(vcpu); return;
        case DeliveryMode::Nmi: signal_nmi(vcpu); return;
        case DeliveryMode::Init: signal_init(vcpu); return;
        case DeliveryMode::Startup: signal_sipi(vcpu, message.vector); return;
        case DeliveryMode::ExtInt:
            if (takes_interrupts()) state_.external_requested = true;
            look_again();
            return;
        case DeliveryMode::RemoteRead: return;
    }
    UNREACHABLE();
}

void LocalApic::request(u8 vector) {
    if (takes_interrupts()) take(vector, false);
}

void LocalApic::take(u8 vector, bool level) {
    if (vector < lowest_vector) {
        note_error(esr::ReceiveIllegalVector);
        return;
    }
    state_.requested.add(vector);
    state_.level_triggered.set(vector, level);
    look_again();
}

/// An error interrupts when it comes up, not again while it is noted.
void LocalApic::note_error(u32 error) {
    if (state_.errors_since & error) return;
    state_.errors_since |= error;
    signal_local(Lvt::Error);
}

void LocalApic::signal_local(Lvt source) {
    u32& entry = local_vector(source);
    if (!enabled() || (entry & lvt::Masked)) return;
    const bool fixed = source == Lvt::Timer || source == Lvt::Error;
    const auto mode = fixed ? DeliveryMode::Fixed
                            : static_cast<DeliveryMode>((entry & lvt::Mode) >> lvt::ModeShift);
    const auto vector = static_cast<u8>(entry & lvt::Vector);
    const bool level = !fixed && (entry & lvt::Level) != 0;
    switch (mode) {
        case DeliveryMode::Fixed:
            if (level && (entry & lvt::RemoteIrr)) return;
            if (level) entry |= lvt::RemoteIrr;
            take(vector, level);
            return;
        case DeliveryMode::Smi: signal_smi(wiring_.vcpu); return;
        case DeliveryMode::Nmi: signal_nmi(wiring_.vcpu); return;
        case DeliveryMode::Init: signal_init(wiring_.vcpu); return;
        case DeliveryMode::ExtInt: look_again(); return;
        case DeliveryMode::LowestPriority:
        case DeliveryMode::RemoteRead:
        case DeliveryMode::Startup: return;  // Reserved.
    }
    UNREACHABLE();
}

// ---- The pins ----

bool LocalApic::lint_asserted(u32 lint) const {
    const u32 entry = local_vector(lint == lint0 ? Lvt::Lint0 : Lvt::Lint1);
    return state_.lint_levels[lint] != ((entry & lvt::ActiveLow) != 0);
}

void LocalApic::set_level(u32 lint, bool high) {
    VERIFY(lint <= lint1);
    const bool was_asserted = lint_asserted(lint);
    const bool rises = high && !state_.lint_levels[lint];
    state_.lint_levels[lint] = high;
    if (!enabled()) {
        if (lint == lint1 && rises) signal_nmi(wiring_.vcpu);
    } else {
        lint_changed(lint, was_asserted);
    }
    look_again();
}

/// NMI, SMI and INIT are edges whatever the entry says (SDM 3A 10.5.1, trigger mode).
void LocalApic::lint_changed(u32 lint, bool was_asserted) {
    if (!lint_asserted(lint)) return;
    const Lvt source = lint == lint0 ? Lvt::Lint0 : Lvt::Lint1;
    const u32 entry = local_vector(source);
    const bool level = (entry & lvt::Mode) == 0 && (entry & lvt::Level) != 0;
    if (level || !was_asserted) signal_local(source);
}

}  // namespace cpu
