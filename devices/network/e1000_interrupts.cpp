// SPDX-License-Identifier: BSD-2-Clause
//
// The 82540EM's interrupts, their delays and their throttle (Intel 317453, 3.2.7, 3.4.3 and
// 13.4.17 to 13.4.22), and its statistics (13.7).
#include "devices/network/e1000.hpp"

namespace devices {

using namespace e1000;

namespace {

constexpr u64 itr_unit_ns = 256;
constexpr u64 delay_unit_ns = 1'024;

}  // namespace

void E1000::raise(u32 causes) {
    regs_.icr |= causes;
    update_interrupt();
}

/// The pin goes up at most once in an interval of ITR; it goes down at once.
void E1000::update_interrupt() {
    const bool wanted = (regs_.icr & regs_.ims) != 0;
    if (wanted && !state_.interrupt_asserted) {
        const fabric::VmTime now = wiring_.events.now();
        if (now.ns < state_.next_interrupt_ns) {
            if (!throttle_.pending()) throttle_.schedule_at({state_.next_interrupt_ns});
            return;
        }
        state_.next_interrupt_ns = (now + fabric::VmDuration{regs_.itr * itr_unit_ns}).ns;
    }
    if (wanted == state_.interrupt_asserted) return;
    state_.interrupt_asserted = wanted;
    space_.set_interrupt(wanted);
}

void E1000::link_changed() {
    raise(icr::LSC);
    if (link_up()) fetch_packet();
}

/// Both timers end in one interrupt: the first starts anew with each packet, the second does not.
void E1000::delay(fabric::Timer& packet, u32 packet_delay, fabric::Timer& absolute,
                  u32 absolute_delay) {
    packet.schedule({packet_delay * delay_unit_ns});
    if (absolute_delay != 0 && !absolute.pending()) {
        absolute.schedule({absolute_delay * delay_unit_ns});
    }
}

void E1000::receive_delay_over() {
    receive_delay_.cancel();
    receive_absolute_.cancel();
    raise(icr::RXT0);
}

void E1000::transmit_delay_over() {
    transmit_delay_.cancel();
    transmit_absolute_.cancel();
    raise(icr::TXDW);
}

/// Counters stick at their highest value.
void E1000::count(Statistic what, u32 by) {
    u32& counter = state_.statistics[static_cast<usize>(what)];
    counter = by > ~counter ? ~u32{0} : counter + by;
}

void E1000::count_octets(Statistic what, u64 bytes) {
    const usize low = static_cast<usize>(what);
    const u64 before = u64{state_.statistics[low + 1]} << 32 | state_.statistics[low];
    const u64 after = bytes > ~before ? ~u64{0} : before + bytes;
    state_.statistics[low] = static_cast<u32>(after);
    state_.statistics[low + 1] = static_cast<u32>(after >> 32);
}

/// `bytes` with the FCS: up to 64, 127, 255, 511, 1023, and more.
void E1000::count_size(Statistic smallest, usize bytes) {
    u32 bucket = 0;
    if (bytes > 64) ++bucket;
    for (const usize next : {128u, 256u, 512u, 1024u}) {
        if (bytes >= next) ++bucket;
    }
    count(static_cast<Statistic>(static_cast<u32>(smallest) + bucket));
}

/// Cleared by reading; a pair of words by reading its high one.
u32 E1000::read_statistic(u32 index) {
    const auto is_pair = [](u32 low) {
        return low == static_cast<u32>(Statistic::GORC) ||
               low == static_cast<u32>(Statistic::GOTC) ||
               low == static_cast<u32>(Statistic::TOR) || low == static_cast<u32>(Statistic::TOT);
    };
    const u32 value = state_.statistics[index];
    if (is_pair(index)) return value;
    state_.statistics[index] = 0;
    if (index != 0 && is_pair(index - 1)) state_.statistics[index - 1] = 0;
    return value;
}

}  // namespace devices
