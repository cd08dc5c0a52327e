// SPDX-License-Identifier: BSD-2-Clause
//
// One counter of an 8254 (Intel 231164), as a function of the number of its CLK pulses.
//
// Nothing is counted down: a counter knows at which pulse its element was loaded with which count,
// and works out what it shows, and when its output will change. Loads that wait for a pulse, or for
// the end of a cycle, are applied by settle(), which every call does first; the pulse that callers
// pass may not go back.
#pragma once

#include <optional>

#include "fabric/support/int_types.hpp"

namespace devices::pit {

class Counter {
public:
    struct State {
        u8 control = 0x36;           // The control word's low six bits: RW, mode, BCD.
        u16 count_register = 0;      // CR.
        bool count_written = false;  // Since the control word.
        bool high_byte_written_next = false;
        bool high_byte_read_next = false;
        bool gate = true;
        bool null_count = true;
        bool loaded = false;    // CE was loaded since the control word.
        bool counting = false;  // Else `counted` stands still.
        bool armed = false;     // The output has yet to do what the load made it do.
        u32 initial = 65536;    // What CE was loaded with.
        u64 started = 0;        // While counting: the pulse at which CE held `initial`.
        u64 counted = 0;        // While not: how many pulses it had counted.
        u16 idle_count = 0;     // What CE shows before the first load.
        std::optional<u64> load_at;
        std::optional<u16> latched_count;
        std::optional<u8> latched_status;

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "control", state.control);
            visit(2, "count_register", state.count_register);
            visit(3, "count_written", state.count_written);
            visit(4, "high_byte_written_next", state.high_byte_written_next);
            visit(5, "high_byte_read_next", state.high_byte_read_next);
            visit(6, "gate", state.gate);
            visit(7, "null_count", state.null_count);
            visit(8, "loaded", state.loaded);
            visit(9, "counting", state.counting);
            visit(10, "armed", state.armed);
            visit(11, "initial", state.initial);
            visit(12, "started", state.started);
            visit(13, "counted", state.counted);
            visit(14, "idle_count", state.idle_count);
            visit(15, "load_at", state.load_at);
            visit(16, "latched_count", state.latched_count);
            visit(17, "latched_status", state.latched_status);
        }
    };

    explicit Counter(State& state) : state_(state) {}

    void write_control(u64 pulse, u8 word);
    void write_count(u64 pulse, u8 byte);
    u8 read(u64 pulse);
    void latch_count(u64 pulse);
    void latch_status(u64 pulse);
    void set_gate(u64 pulse, bool high);

    bool output(u64 pulse);
    /// The first pulse after `pulse` at which the output may change; none if only the guest can
    /// make it.
    std::optional<u64> next_change(u64 pulse);

private:
    u8 mode() const;
    u8 access() const;
    bool bcd() const;
    bool periodic() const;
    u64 modulus() const;

    void settle(u64 pulse);
    void load(u64 at);
    void count_complete(u64 pulse);
    void freeze(u64 pulse);
    u32 decoded_count() const;
    u64 elapsed(u64 pulse) const;
    u64 phase(u64 pulse) const;
    u64 high_phase() const;
    u64 cycle_end(u64 pulse) const;
    u16 count(u64 pulse) const;

    State& state_;
};

}  // namespace devices::pit
