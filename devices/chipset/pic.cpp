// SPDX-License-Identifier: BSD-2-Clause
#include "devices/chipset/pic.hpp"

#include "devices/chipset/pic_registers.hpp"

namespace devices {

using namespace pic;

namespace {

constexpr u8 bit(u8 input) { return static_cast<u8>(1u << input); }
constexpr u8 all_but(u8 inputs) { return static_cast<u8>(~inputs); }

}  // namespace

void Pic8259::reset(fabric::ResetKind kind) {
    const u8 lines = state_.lines;
    state_ = State{};
    if (kind == fabric::ResetKind::Platform) state_.lines = lines;
    update_output();
}

bool Pic8259::has_slave_at(u8 input) const {
    return wiring_.slave != nullptr && input == cascade_input;
}

/// Of several inputs, the one whose turn is first; 8 for none.
u8 Pic8259::highest_ranked(u8 inputs) const {
    for (u8 rank = 0; rank < 8; ++rank) {
        const u8 input = (state_.first_priority + rank) & 7;
        if (inputs & bit(input)) return input;
    }
    return 8;
}

/// What INT is raised for; 8 for none. In special mask mode only an input's own service holds it
/// back; in special fully nested mode the slave may interrupt its own service.
u8 Pic8259::wanted_input() const {
    const u8 candidates = state_.requests & all_but(state_.mask);
    if (state_.special_mask) {
        return highest_ranked(candidates & all_but(state_.in_service));
    }
    const u8 served = highest_ranked(state_.in_service);
    const u8 wanted = highest_ranked(candidates);
    if (wanted == 8 || served == 8) return wanted;
    const bool nests = state_.special_fully_nested && has_slave_at(wanted) && wanted == served;
    return nests || rank_of(wanted) < rank_of(served) ? wanted : u8{8};
}

void Pic8259::take(u8 input) {
    // A level stays requested as long as it is there; so does the slave's output.
    if ((state_.level_triggered & bit(input)) == 0) state_.requests &= all_but(bit(input));
    if (!state_.automatic_eoi) {
        state_.in_service |= bit(input);
    } else if (state_.rotates_on_automatic_eoi) {
        state_.first_priority = (input + 1) & 7;
    }
}

u8 Pic8259::acknowledge() {
    const u8 input = wanted_input();
    if (input == 8) {
        update_output();
        return state_.vector_base | spurious_input;
    }
    // The end of INTA lets INT fall; who listens for edges sees the next request as one.
    wiring_.interrupt.set(false);
    take(input);
    const u8 vector =
        has_slave_at(input) ? wiring_.slave->acknowledge() : state_.vector_base | input;
    update_output();
    return vector;
}

void Pic8259::set_level(u32 which, bool high) {
    const u8 input = bit(static_cast<u8>(which & 7));
    const bool was_high = (state_.lines & input) != 0;
    const bool level = (state_.level_triggered & input) != 0;
    if (high) {
        state_.lines |= input;
        if (level || !was_high) state_.requests |= input;
    } else {
        state_.lines &= all_but(input);
        // The request must last until it is acknowledged (data sheet, "edge and level triggered
        // modes"): a line that falls before that takes it back.
        state_.requests &= all_but(input);
    }
    update_output();
}

void Pic8259::update_output() { wiring_.interrupt.set(pending()); }

u64 Pic8259::read(u64 offset, u32) {
    if (state_.polled) return read_poll();
    if (offset == 1) return state_.mask;
    return state_.read_in_service ? state_.in_service : state_.requests;
}

/// A read after the poll command is an acknowledgement (data sheet, "poll command").
u8 Pic8259::read_poll() {
    state_.polled = false;
    const u8 input = wanted_input();
    if (input == 8) return 0;
    take(input);
    update_output();
    return 0x80 | input;
}

void Pic8259::write(u64 offset, u32, u64 wide_value) {
    const u8 value = static_cast<u8>(wide_value);
    if (offset == 0 && (value & icw1::Icw1)) {
        begin_initialization(value);
    } else if (offset == 0 && (value & ocw3::Ocw3)) {
        write_ocw3(value);
    } else if (offset == 0) {
        write_ocw2(value);
    } else if (state_.expects != Initializing::Done) {
        write_initialization(value);
    } else {
        state_.mask = value;
    }
    update_output();
}

/// Data sheet, "initialization command word 1": edges must come anew, the mask is cleared, input 7
/// is last.
void Pic8259::begin_initialization(u8 value) {
    state_ = {.requests = static_cast<u8>(state_.lines & state_.level_triggered),
              .lines = state_.lines,
              .level_triggered = state_.level_triggered,
              .vector_base = state_.vector_base,
              .cascade = state_.cascade,
              .expects = Initializing::Icw2,
              .single = (value & icw1::Single) != 0,
              .needs_icw4 = (value & icw1::NeedsIcw4) != 0};
}

void Pic8259::write_initialization(u8 value) {
    const Initializing last = state_.needs_icw4 ? Initializing::Icw4 : Initializing::Done;
    switch (state_.expects) {
        case Initializing::Icw2:
            state_.vector_base = value & icw2::VectorBase;
            state_.expects = state_.single ? last : Initializing::Icw3;
            return;
        case Initializing::Icw3:
            state_.cascade = value;
            state_.expects = last;
            return;
        case Initializing::Icw4:
            state_.automatic_eoi = (value & icw4::AutomaticEoi) != 0;
            state_.special_fully_nested = (value & icw4::SpecialFullyNested) != 0;
            state_.expects = Initializing::Done;
            return;
        case Initializing::Done: return;
    }
}

void Pic8259::finish(u8 input) {
    if (input < 8) state_.in_service &= all_but(bit(input));
}

void Pic8259::write_ocw2(u8 value) {
    const bool eoi = (value & ocw2::Eoi) != 0;
    const bool rotate = (value & ocw2::Rotate) != 0;
    const bool specific = (value & ocw2::Specific) != 0;
    if (!eoi && !specific) {
        state_.rotates_on_automatic_eoi = rotate;
        return;
    }
    if (specific && !eoi && !rotate) return;  // No operation.
    // In special mask mode a masked input's service is not for the non-specific EOI.
    const u8 served =
        state_.special_mask ? state_.in_service & all_but(state_.mask) : state_.in_service;
    const u8 input = specific ? value & ocw2::Level : highest_ranked(served);
    if (eoi) finish(input);
    if (rotate && input < 8) state_.first_priority = (input + 1) & 7;
}

void Pic8259::write_ocw3(u8 value) {
    if (value & ocw3::Poll) {
        state_.polled = true;
        return;
    }
    if (value & ocw3::ReadCommand) state_.read_in_service = (value & ocw3::ReadInService) != 0;
    if (value & ocw3::SpecialMaskCommand) state_.special_mask = (value & ocw3::SpecialMask) != 0;
}

void Pic8259::write_edge_level(u8 value) {
    state_.level_triggered = value & config_.level_allowed;
    state_.requests |= state_.lines & state_.level_triggered;
    update_output();
}

}  // namespace devices
