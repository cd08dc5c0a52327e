// SPDX-License-Identifier: BSD-2-Clause
#include "devices/chipset/pit.hpp"

#include <utility>

namespace devices {

namespace {

constexpr u64 control_port = 3;
constexpr u8 read_back = 3;  // In place of a counter's number.

}  // namespace

Pit::Pit(Config config, Wiring wiring)
    : config_(std::move(config)),
      wiring_(wiring),
      change_(wiring.events, config_.name + ".counter0", [this] { update_output(); }) {}

void Pit::reset(fabric::ResetKind) {
    state_ = {};
    update_output();
}

fabric::Result<> Pit::restore(fabric::StateReader& in) {
    State restored;
    TRY(in.read(restored));
    for (const pit::Counter::State& each : restored.counters) {
        if (each.initial == 0) return fabric::Error{"a counter was loaded with no count"};
    }
    state_ = restored;
    return {};
}

u64 Pit::read(u64 offset, u32) {
    if (offset >= control_port) return 0xff;  // The control word cannot be read.
    return counter(offset).read(pulse());
}

void Pit::write(u64 offset, u32, u64 wide_value) {
    const u8 value = static_cast<u8>(wide_value);
    if (offset >= control_port) {
        write_control(value);
    } else {
        counter(offset).write_count(pulse(), value);
    }
    update_output();
}

void Pit::write_control(u8 word) {
    const u64 now = pulse();
    const u8 select = word >> 6;
    if (select == read_back) {
        for (u64 index = 0; index < state_.counters.size(); ++index) {
            if (!((word >> (index + 1)) & 1)) continue;
            if (!(word & 0x20)) counter(index).latch_count(now);
            if (!(word & 0x10)) counter(index).latch_status(now);
        }
        return;
    }
    if ((word & 0x30) == 0) {
        counter(select).latch_count(now);
    } else {
        counter(select).write_control(now, word);
    }
}

void Pit::set_level(u32 index, bool high) {
    if (index >= state_.counters.size()) return;
    counter(index).set_gate(pulse(), high);
    update_output();
}

bool Pit::output(u32 index) {
    VERIFY(index < state_.counters.size());
    return counter(index).output(pulse());
}

void Pit::update_output() {
    const u64 now = pulse();
    pit::Counter first = counter(0);
    wiring_.counter0_out.set(first.output(now));
    if (const auto change = first.next_change(now)) {
        change_.schedule_at(clock.time_of_tick(*change));
    } else {
        change_.cancel();
    }
}

}  // namespace devices
