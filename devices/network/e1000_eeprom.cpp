// SPDX-License-Identifier: BSD-2-Clause
#include "devices/network/e1000_eeprom.hpp"

namespace devices::e1000 {

namespace {

// The upper two of a command's eight bits; the lower six are an address, whose upper two say more
// where these are 00.
constexpr u32 extended = 0;
constexpr u32 write_word = 1;
constexpr u32 read_word = 2;
constexpr u32 erase_word = 3;
constexpr u32 disable_writes = 0;
constexpr u32 write_all = 1;
constexpr u32 erase_all = 2;
constexpr u32 enable_writes = 3;

constexpr u16 erased = 0xffff;
constexpr u16 checksum_total = 0xbaba;

}  // namespace

Eeprom::Contents Eeprom::factory_contents(const std::array<u8, 6>& mac, u16 device, u16 subsystem) {
    Contents contents;
    contents.fill(erased);
    for (usize i = 0; i < 3; ++i) {
        contents[i] = static_cast<u16>(mac[2 * i] | mac[2 * i + 1] << 8);
    }
    contents[0x03] = 0x0000;  // Compatibility.
    contents[0x05] = 0x0100;  // Version of this image.
    contents[0x08] = 0x0000;  // Number of the printed board, in two words.
    contents[0x09] = 0x0000;
    contents[0x0a] = 0x4403;  // Initialization control 1: valid; full duplex; load the ids.
    contents[0x0b] = subsystem;
    contents[0x0c] = 0x8086;
    contents[0x0d] = device;
    contents[0x0e] = 0x8086;
    contents[0x0f] = 0x3000;  // Initialization control 2: advertise pauses both ways.
    contents[0x21] = 0x0000;  // Management control.
    contents[0x24] = 0x0000;  // Initialization control 3: does not wake the machine.
    u16 sum = 0;
    for (usize i = 0; i + 1 < words; ++i) sum = static_cast<u16>(sum + contents[i]);
    contents[words - 1] = static_cast<u16>(checksum_total - sum);
    return contents;
}

void Eeprom::drive(bool select, bool clock, bool data) {
    if (!select || !state_.selected) {
        // Selected anew, it says on DO that it is not busy writing.
        state_.phase = Phase::Start;
        state_.output = true;
    }
    state_.selected = select;
    const bool rising = clock && !state_.clock;
    state_.clock = clock;
    if (select && rising) shift_in(data);
}

void Eeprom::shift_in(bool data) {
    const auto shifted = [&] { return static_cast<u16>(state_.shift << 1 | (data ? 1 : 0)); };
    switch (state_.phase) {
        case Phase::Start:
            if (!data) return;
            state_.phase = Phase::Command;
            state_.bits = 0;
            state_.shift = 0;
            return;
        case Phase::Command:
            state_.shift = shifted();
            if (++state_.bits == 8) begin_command();
            return;
        case Phase::Reading:
            // Word after word, for as long as it is selected.
            state_.output = (word(state_.command) >> (15 - state_.bits % 16) & 1) != 0;
            if (++state_.bits < 16) return;
            state_.bits = 0;
            state_.command = static_cast<u8>((state_.command + 1) % words);
            return;
        case Phase::Writing:
            state_.shift = shifted();
            if (++state_.bits < 16) return;
            write(state_.command >> 6 == extended, state_.shift);
            state_.phase = Phase::Done;
            return;
        case Phase::Done: return;
    }
}

void Eeprom::begin_command() {
    state_.command = static_cast<u8>(state_.shift);
    state_.bits = 0;
    state_.shift = 0;
    state_.phase = Phase::Done;
    const u32 opcode = state_.command >> 6;
    const u32 more = state_.command >> 4 & 3;
    if (opcode == read_word) {
        state_.phase = Phase::Reading;
        state_.command %= words;
        state_.output = false;  // A zero goes before the data.
    } else if (opcode == write_word || (opcode == extended && more == write_all)) {
        state_.phase = Phase::Writing;
    } else if (opcode == erase_word) {
        write(false, erased);
    } else if (more == erase_all) {
        write(true, erased);
    } else {
        state_.write_enabled = more == enable_writes;
        static_assert(disable_writes != enable_writes);
    }
}

void Eeprom::write(bool all, u16 value) {
    if (!state_.write_enabled) return;
    const usize only = state_.command % words;
    for (usize i = 0; i < words; ++i) {
        if (all || i == only) state_.changed[i] = factory_[i] ^ value;
    }
}

}  // namespace devices::e1000
