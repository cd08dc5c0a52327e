// SPDX-License-Identifier: BSD-2-Clause
#include "hyperv/tlfs/synthetic_timers.hpp"

#include "hyperv/tlfs/partition.hpp"
#include "hyperv/tlfs/virtual_processor.hpp"

namespace hyperv {

namespace {

namespace config {
constexpr u64 Enable = 1 << 0;
constexpr u64 Periodic = 1 << 1;
constexpr u64 Lazy = 1 << 2;  // Without effect: in virtual time no processor is ever late.
constexpr u64 AutoEnable = 1 << 3;
constexpr u64 ApicVector = 0xff << 4;
constexpr u64 Direct = 1 << 12;
constexpr u64 Sint = 0xf << 16;
constexpr u64 Always = Enable | Periodic | Lazy | AutoEnable | Sint;
}  // namespace config

constexpr u8 vector_of(u64 configuration) { return static_cast<u8>(configuration >> 4); }
constexpr usize sint_of(u64 configuration) { return (configuration >> 16) & 0xf; }

}  // namespace

SyntheticTimers::SyntheticTimers(VirtualProcessor& processor) : processor_(processor) {
    for (usize which = 0; which < count; ++which) {
        deadlines_[which] = std::make_unique<fabric::Timer>(
            processor.partition().events(),
            std::string(processor.name()) + ".stimer" + std::to_string(which),
            [this, which] { expire(which); });
    }
}

void SyntheticTimers::reset() {
    state_ = State{};
    for (const auto& deadline : deadlines_) deadline->cancel();
}

/// A timer that sends messages needs a source other than SINT0, and a SynIC.
bool SyntheticTimers::can_signal(u64 configuration) const {
    if (configuration & config::Direct) return true;
    return sint_of(configuration) != 0 && processor_.has(Feature::Synic);
}

bool SyntheticTimers::write_configuration(usize which, u64 value) {
    const bool direct = processor_.has(Feature::DirectTimers);
    const u64 defined = config::Always | (direct ? config::Direct | config::ApicVector : 0);
    if (value & ~defined) return false;
    if (!can_signal(value)) value &= ~config::Enable;
    state_.timers[which].configuration = value;
    restart(which);
    return true;
}

void SyntheticTimers::write_count(usize which, u64 value) {
    One& one = state_.timers[which];
    one.count = value;
    if (value == 0) {
        one.configuration &= ~config::Enable;
    } else if ((one.configuration & config::AutoEnable) && can_signal(one.configuration)) {
        one.configuration |= config::Enable;
    }
    restart(which);
}

void SyntheticTimers::restart(usize which) {
    One& one = state_.timers[which];
    deadlines_[which]->cancel();
    if ((one.configuration & config::Enable) == 0) return;
    const u64 now = processor_.partition().time().now();
    if (one.configuration & config::Periodic) {
        // A period of nothing is none: such a timer never runs.
        if (one.count == 0) {
            one.configuration &= ~config::Enable;
            return;
        }
        one.expiration = now + one.count;
        arm(which);
        return;
    }
    one.expiration = one.count;
    if (now >= one.expiration) {
        expire(which);
    } else {
        arm(which);
    }
}

void SyntheticTimers::arm(usize which) {
    // What wraps lies beyond all time, as what time does not reach.
    const u64 now = processor_.partition().time().now();
    const u64 expiration = state_.timers[which].expiration;
    const auto when = processor_.partition().time().time_of(expiration);
    if (when && expiration > now) deadlines_[which]->schedule_at(*when);
}

void SyntheticTimers::expire(usize which) {
    One& one = state_.timers[which];
    const u64 expiration = one.expiration;
    if (one.configuration & config::Periodic) {
        one.expiration += one.count;
        arm(which);
    } else {
        one.configuration &= ~config::Enable;
    }
    if (one.configuration & config::Direct) {
        processor_.apic().request(vector_of(one.configuration));
    } else {
        processor_.synic().post_timer_message(sint_of(one.configuration), static_cast<u32>(which),
                                              expiration);
    }
}

}  // namespace hyperv
