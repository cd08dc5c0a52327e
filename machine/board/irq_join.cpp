// SPDX-License-Identifier: BSD-2-Clause
#include "machine/board/irq_join.hpp"

namespace machine {

namespace {

constexpr u32 timer_interrupt = 0;
constexpr u32 clock_interrupt = 8;

constexpr u8 bit_of(u32 source) { return static_cast<u8>(1u << source); }

}  // namespace

bool IrqJoin::level(u32 interrupt) const {
    const bool replaced =
        state_.legacy_route && (interrupt == timer_interrupt || interrupt == clock_interrupt);
    const u8 heard = replaced ? bit_of(static_cast<u32>(Source::Hpet)) : 0xff;
    return (state_.asserted[interrupt] & heard) != 0;
}

template <class Change>
void IrqJoin::changing(u32 interrupt, Change change) {
    const bool before = level(interrupt);
    change();
    if (level(interrupt) != before) controllers_.set_level(interrupt, !before);
}

void IrqJoin::set_level(u32 wire, bool high) {
    if (wire == legacy_route_wire) {
        changing(clock_interrupt,
                 [&] { changing(timer_interrupt, [&] { state_.legacy_route = high; }); });
        return;
    }
    const u32 interrupt = wire / sources;
    changing(interrupt, [&] {
        u8& asserted = state_.asserted[interrupt];
        const u8 bit = bit_of(wire % sources);
        asserted = high ? asserted | bit : static_cast<u8>(asserted & ~bit);
    });
}

}  // namespace machine
