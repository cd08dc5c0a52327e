// SPDX-License-Identifier: BSD-2-Clause
#include "devices/chipset/pit_counter.hpp"

#include <algorithm>

namespace devices::pit {

namespace {

constexpr u8 low_byte_only = 1;
constexpr u8 high_byte_only = 2;

u16 to_bcd(u64 value) {
    u16 digits = 0;
    for (u32 place = 0; place < 16; place += 4) {
        digits = static_cast<u16>(digits | value % 10 << place);
        value /= 10;
    }
    return digits;
}

u32 from_bcd(u16 digits) {
    u32 value = 0;
    for (int place = 12; place >= 0; place -= 4) value = value * 10 + ((digits >> place) & 0xf);
    return value;
}

}  // namespace

/// 0 to 5: modes 2 and 3 have a second code each.
u8 Counter::mode() const {
    const u8 code = (state_.control >> 1) & 7;
    return code > 5 ? code - 4 : code;
}
u8 Counter::access() const { return (state_.control >> 4) & 3; }
bool Counter::bcd() const { return (state_.control & 1) != 0; }
bool Counter::periodic() const { return mode() == 2 || mode() == 3; }
u64 Counter::modulus() const { return bcd() ? 10'000 : 65'536; }

void Counter::write_control(u64 pulse, u8 word) {
    settle(pulse);
    state_.idle_count = count(pulse);
    state_ = {.control = static_cast<u8>(word & 0x3f),
              .gate = state_.gate,
              .idle_count = state_.idle_count};
}

void Counter::write_count(u64 pulse, u8 byte) {
    settle(pulse);
    switch (access()) {
        case low_byte_only: state_.count_register = byte; break;
        case high_byte_only: state_.count_register = static_cast<u16>(byte << 8); break;
        default:
            if (!state_.high_byte_written_next) {
                state_.count_register = static_cast<u16>((state_.count_register & 0xff00) | byte);
                state_.high_byte_written_next = true;
                // In mode 0 the first byte stops counting and takes the output low at once.
                if (mode() == 0) {
                    freeze(pulse);
                    state_.armed = false;
                    state_.load_at.reset();
                }
                return;
            }
            state_.count_register = static_cast<u16>((state_.count_register & 0x00ff) | byte << 8);
            state_.high_byte_written_next = false;
    }
    count_complete(pulse);
}

void Counter::count_complete(u64 pulse) {
    state_.count_written = true;
    state_.null_count = true;
    switch (mode()) {
        case 0:
            state_.armed = false;
            state_.load_at = pulse + 1;
            break;
        case 2:
        case 3:
            // Later counts wait for the end of the cycle; with the gate low, for its rising.
            if (!state_.loaded) {
                state_.load_at = pulse + 1;
            } else if (state_.counting && !state_.load_at) {
                state_.load_at = cycle_end(pulse);
            }
            break;
        case 4: state_.load_at = pulse + 1; break;
        default: break;  // Modes 1 and 5 wait for the gate.
    }
}

u8 Counter::read(u64 pulse) {
    settle(pulse);
    if (state_.latched_status) {
        const u8 status = *state_.latched_status;
        state_.latched_status.reset();
        return status;
    }
    const u16 value = state_.latched_count.value_or(count(pulse));
    const bool both = access() == 3;
    const bool high = access() == high_byte_only || (both && state_.high_byte_read_next);
    if (both) state_.high_byte_read_next = !state_.high_byte_read_next;
    if (!both || high) state_.latched_count.reset();
    return static_cast<u8>(high ? value >> 8 : value);
}

/// A count that is latched already stays until it is read.
void Counter::latch_count(u64 pulse) {
    settle(pulse);
    if (!state_.latched_count) state_.latched_count = count(pulse);
}

void Counter::latch_status(u64 pulse) {
    if (state_.latched_status) return;
    const u8 out = output(pulse) ? 0x80 : 0;
    const u8 null = state_.null_count ? 0x40 : 0;
    state_.latched_status = static_cast<u8>(out | null | state_.control);
}

void Counter::set_gate(u64 pulse, bool high) {
    settle(pulse);
    if (high == state_.gate) return;
    state_.gate = high;
    const bool triggered = mode() == 1 || mode() == 5;
    if (high) {
        if (triggered || periodic()) {
            if (state_.count_written) state_.load_at = pulse + 1;
        } else if (state_.loaded && !(mode() == 0 && state_.high_byte_written_next)) {
            state_.started = pulse - state_.counted;
            state_.counting = true;
        }
        return;
    }
    if (triggered) return;
    freeze(pulse);
    if (periodic() && state_.load_at > pulse + 1) state_.load_at.reset();
    // A strobe does not outlast the gate by more than the pulse that ends it.
    if (mode() == 4 && state_.counted >= state_.initial) state_.armed = false;
}

bool Counter::output(u64 pulse) {
    settle(pulse);
    const u64 passed = elapsed(pulse);
    switch (mode()) {
        case 0: return state_.armed && passed >= state_.initial;
        case 1: return !state_.armed || passed >= state_.initial;
        case 2: return !state_.counting || phase(pulse) != state_.initial - 1;
        case 3: return !state_.counting || phase(pulse) < high_phase();
        default: return !state_.armed || passed != state_.initial;
    }
}

std::optional<u64> Counter::next_change(u64 pulse) {
    settle(pulse);
    std::optional<u64> change;
    if (state_.counting) {
        const u64 cycle_start = pulse - phase(pulse);
        const u64 passed = elapsed(pulse);
        if (mode() == 2) {
            const u64 low = cycle_start + state_.initial - 1;
            change = pulse < low ? low : low + 1;
        } else if (mode() == 3) {
            const u64 falls = cycle_start + high_phase();
            change = pulse < falls ? falls : cycle_start + state_.initial;
        } else if (state_.armed && passed < state_.initial) {
            change = state_.started + state_.initial;
        } else if (state_.armed && mode() >= 4 && passed == state_.initial) {
            change = pulse + 1;
        }
    }
    if (state_.load_at) change = std::min(change.value_or(*state_.load_at), *state_.load_at);
    return change;
}

void Counter::settle(u64 pulse) {
    if (state_.load_at && *state_.load_at <= pulse) load(*state_.load_at);
}

void Counter::load(u64 at) {
    // A new count for mode 3 that was written in the high half begins with a low one.
    const bool half_way = mode() == 3 && state_.counting && phase(at) == high_phase();
    state_.load_at.reset();
    state_.initial = decoded_count();
    state_.null_count = false;
    state_.loaded = true;
    state_.armed = true;
    state_.started = half_way ? at - high_phase() : at;
    state_.counted = 0;
    state_.counting = state_.gate || mode() == 1 || mode() == 5;
}

void Counter::freeze(u64 pulse) {
    state_.counted = elapsed(pulse);
    state_.counting = false;
}

u32 Counter::decoded_count() const {
    const u32 written = bcd() ? from_bcd(state_.count_register) : state_.count_register;
    // Undocumented: a count of 1 is forbidden in modes 2 and 3; chips count 2 and the most.
    if (written == 1 && mode() == 2) return 2;
    if (written == 0 || (written == 1 && mode() == 3)) return static_cast<u32>(modulus());
    return written;
}

u64 Counter::elapsed(u64 pulse) const {
    return state_.counting ? pulse - state_.started : state_.counted;
}
u64 Counter::phase(u64 pulse) const { return elapsed(pulse) % state_.initial; }
u64 Counter::high_phase() const { return (state_.initial + u64{1}) / 2; }

/// When a periodic counter next loads: in mode 3, twice a cycle.
u64 Counter::cycle_end(u64 pulse) const {
    const u64 start = pulse - phase(pulse);
    if (mode() == 3 && phase(pulse) < high_phase()) return start + high_phase();
    return start + state_.initial;
}

/// What CE shows.
u16 Counter::count(u64 pulse) const {
    if (!state_.loaded) return state_.idle_count;
    u64 left = 0;
    if (mode() == 2) {
        left = state_.initial - phase(pulse);
    } else if (mode() == 3) {
        const u64 even = state_.initial & ~u64{1};
        const u64 at = phase(pulse);
        left = even - 2 * (at < high_phase() ? at : at - high_phase());
    } else {
        left = modulus() + state_.initial - elapsed(pulse) % modulus();
    }
    left %= modulus();
    return bcd() ? to_bcd(left) : static_cast<u16>(left);
}

}  // namespace devices::pit
