// SPDX-License-Identifier: BSD-2-Clause
//
// The 93C46 behind an 82540EM: 64 words of 16 bits on a Microwire bus (Intel 317453, chapter 5;
// Microchip DS21749). Erasing and writing take no time.
#pragma once

#include <array>

#include "fabric/support/int_types.hpp"

namespace devices::e1000 {

class Eeprom {
public:
    static constexpr usize words = 64;
    using Contents = std::array<u16, words>;

    enum class Phase : u8 { Start, Command, Reading, Writing, Done };

    struct State {
        Contents changed{};  // As differences from what it left the factory with.
        Phase phase = Phase::Start;
        bool clock = false;
        bool selected = false;
        bool output = true;
        bool write_enabled = false;
        u8 bits = 0;  // Shifted in this phase.
        u8 command = 0;
        u16 shift = 0;

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "changed", state.changed);
            visit(2, "phase", state.phase);
            visit(3, "clock", state.clock);
            visit(4, "selected", state.selected);
            visit(5, "output", state.output);
            visit(6, "write_enabled", state.write_enabled);
            visit(7, "bits", state.bits);
            visit(8, "command", state.command);
            visit(9, "shift", state.shift);
        }
    };

    /// What an adapter with this address and these ids has in it, the checksum included (5.6).
    static Contents factory_contents(const std::array<u8, 6>& mac, u16 device, u16 subsystem);

    /// `state` is a member of the device's State.
    Eeprom(State& state, const Contents& factory) : state_(state), factory_(factory) {}

    u16 word(u32 address) const {
        return factory_[address % words] ^ state_.changed[address % words];
    }

    /// Levels of the pins CS, SK and DI.
    void drive(bool select, bool clock, bool data);
    /// DO.
    bool output() const { return state_.output; }

private:
    void shift_in(bool data);
    void begin_command();
    void write(bool all, u16 value);

    State& state_;
    const Contents factory_;
};

}  // namespace devices::e1000
