// SPDX-License-Identifier: BSD-2-Clause
//
// The PHY on an 82540EM, a Marvell 88E1011 (IEEE 802.3, clause 22; Intel 317453, 13.4.7 and
// chapter 11), and the cable to a partner that can do all that it can. A link comes up a while
// after it could.
#pragma once

#include <array>
#include <functional>
#include <string>

#include "fabric/time/event_queue.hpp"

namespace devices::e1000 {

class Phy {
public:
    static constexpr usize registers = 32;

    struct State {
        std::array<u16, registers> changed{};  // As differences from what a reset gives.
        bool unplugged = false;
        bool link = false;
        bool link_was_lost = false;  // Since the status register was read: it shows no link once.
        u16 interrupts = 0;

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "changed", state.changed);
            visit(2, "unplugged", state.unplugged);
            visit(3, "link", state.link);
            visit(4, "link_was_lost", state.link_was_lost);
            visit(5, "interrupts", state.interrupts);
        }
    };

    enum class Speed : u8 { Mbit10, Mbit100, Mbit1000 };  // As STATUS has them.

    /// `state` is a member of the device's State. `link_changed` is told after link() changed.
    Phy(State& state, fabric::EventQueue& events, const std::string& name,
        std::function<void()> link_changed);

    u16 read(u32 number);
    void write(u32 number, u16 value);
    /// Registers as at power-on; the link is made anew.
    void reset();
    void power_on();

    void set_cable(bool plugged);

    bool link() const { return state_.link; }
    bool looped_back() const;
    Speed speed() const;
    bool full_duplex() const;
    /// Of a byte on the line.
    u64 byte_ns() const;

private:
    struct Mode {
        bool possible;
        Speed speed;
        bool full_duplex;
    };

    u16 stored(u32 number) const;
    u16 status() const;
    u16 specific_status() const;
    Mode mode() const;
    void make_link_anew();
    void lose_link();
    void link_made();

    State& state_;
    std::function<void()> link_changed_;
    fabric::Timer link_;
};

}  // namespace devices::e1000
