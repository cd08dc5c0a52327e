// SPDX-License-Identifier: BSD-2-Clause
#include "devices/network/e1000_phy.hpp"

#include <utility>

namespace devices::e1000 {

namespace {

// IEEE 802.3 table 22-6, and the 88E1011's own from 16 on.
constexpr u32 control = 0;
constexpr u32 status_register = 1;
constexpr u32 advertisement = 4;
constexpr u32 partner_ability = 5;
constexpr u32 expansion = 6;
constexpr u32 gigabit_control = 9;
constexpr u32 gigabit_status = 10;
constexpr u32 specific_status_register = 17;
constexpr u32 interrupt_status = 19;

namespace bmcr {
constexpr u16 Reset = 1 << 15;
constexpr u16 Loopback = 1 << 14;
constexpr u16 SpeedLow = 1 << 13;
constexpr u16 AutoNegotiation = 1 << 12;
constexpr u16 PowerDown = 1 << 11;
constexpr u16 Isolate = 1 << 10;
constexpr u16 Restart = 1 << 9;
constexpr u16 FullDuplex = 1 << 8;
constexpr u16 SpeedHigh = 1 << 6;
}  // namespace bmcr

namespace bmsr {
constexpr u16 Abilities = 0x7949;  // 10 and 100 Mb/s, extended status, negotiation.
constexpr u16 Negotiated = 1 << 5;
constexpr u16 Link = 1 << 2;
}  // namespace bmsr

// The partner's: all of 10 and 100 Mb/s, without pauses; acknowledged.
constexpr u16 partner_abilities = 0x41e1;
constexpr u16 partner_negotiates = 0x0005;

namespace specific {
constexpr u16 SpeedShift = 14;
constexpr u16 FullDuplex = 1 << 13;
constexpr u16 Resolved = 1 << 11;
constexpr u16 Link = 1 << 10;
}  // namespace specific

constexpr u16 link_changed_interrupt = 1 << 10;
constexpr u16 gigabit_resolved =
    0x7c00;  // Master; both receivers fine; partner can, both duplexes.

struct PhyRegister {
    u16 after_reset;
    u16 writable;
};

constexpr std::array<PhyRegister, Phy::registers> table = [] {
    std::array<PhyRegister, Phy::registers> made{};
    made[control] = {0x1140, 0x7dc0};
    made[2] = {0x0141, 0};  // The maker's identifier,
    made[3] = {0x0c20, 0};  // and the 88E1011's.
    made[advertisement] = {0x0de1, 0xbfff};
    made[7] = {0x2001, 0xbfff};  // Next page.
    made[gigabit_control] = {0x0f00, 0xff00};
    made[15] = {0x3000, 0};  // Gigabit over copper, both duplexes.
    made[16] = {0x0068, 0xffff};
    made[18] = {0x0000, 0xffff};  // Interrupts wanted.
    made[20] = {0x0c60, 0xffff};
    made[22] = {0x0000, 0x00ff};
    made[24] = {0x4100, 0xffff};
    made[26] = {0x000a, 0xffff};
    made[29] = {0x0000, 0xffff};  // Which page register 30 is of.
    made[30] = {0x0000, 0xffff};
    return made;
}();

constexpr fabric::VmDuration time_to_link{100'000'000};

}  // namespace

Phy::Phy(State& state, fabric::EventQueue& events, const std::string& name,
         std::function<void()> link_changed)
    : state_(state),
      link_changed_(std::move(link_changed)),
      link_(events, name, [this] { link_made(); }) {}

u16 Phy::stored(u32 number) const { return table[number].after_reset ^ state_.changed[number]; }

u16 Phy::read(u32 number) {
    switch (number) {
        case status_register: {
            const u16 value = status();
            state_.link_was_lost = false;
            return value;
        }
        case partner_ability: return state_.link ? partner_abilities : u16{0};
        case expansion: return state_.link ? partner_negotiates : u16{4};
        case gigabit_status:
            return state_.link && speed() == Speed::Mbit1000 ? gigabit_resolved : u16{0};
        case specific_status_register: return specific_status();
        case interrupt_status: return std::exchange(state_.interrupts, u16{0});
        default: return number < registers ? stored(number) : u16{0xffff};
    }
}

u16 Phy::status() const {
    u32 value = bmsr::Abilities;
    if (state_.link && (stored(control) & bmcr::AutoNegotiation) != 0) value |= bmsr::Negotiated;
    if (state_.link && !state_.link_was_lost) value |= bmsr::Link;
    return static_cast<u16>(value);
}

u16 Phy::specific_status() const {
    if (!state_.link) return 0;
    const Mode resolved = mode();
    u32 value = specific::Resolved | specific::Link;
    value |= static_cast<u32>(resolved.speed) << specific::SpeedShift;
    if (resolved.full_duplex) value |= specific::FullDuplex;
    return static_cast<u16>(value);
}

void Phy::write(u32 number, u16 value) {
    if (number >= registers) return;
    if (number == control && (value & bmcr::Reset) != 0) return reset();
    const u16 before = stored(number);
    const PhyRegister& row = table[number];
    const u16 after = static_cast<u16>((before & ~row.writable) | (value & row.writable));
    state_.changed[number] = row.after_reset ^ after;
    if (number != control) return;
    constexpr u16 remakes = bmcr::SpeedLow | bmcr::SpeedHigh | bmcr::AutoNegotiation |
                            bmcr::PowerDown | bmcr::Isolate | bmcr::FullDuplex | bmcr::Loopback;
    if (((before ^ after) & remakes) != 0 || (value & bmcr::Restart) != 0) make_link_anew();
}

void Phy::reset() {
    state_.changed = {};
    state_.interrupts = 0;
    make_link_anew();
}

void Phy::power_on() {
    state_ = State{};
    make_link_anew();
}

void Phy::set_cable(bool plugged) {
    if (plugged != state_.unplugged) return;
    state_.unplugged = !plugged;
    make_link_anew();
}

bool Phy::looped_back() const { return (stored(control) & bmcr::Loopback) != 0; }

/// By what both ends advertise, the best first (IEEE 802.3, 28B.3); or as the register says.
Phy::Mode Phy::mode() const {
    const u16 chosen = stored(control);
    const bool on = (chosen & (bmcr::PowerDown | bmcr::Isolate)) == 0;
    if ((chosen & bmcr::AutoNegotiation) == 0) {
        const Speed speed = (chosen & bmcr::SpeedHigh) != 0  ? Speed::Mbit1000
                            : (chosen & bmcr::SpeedLow) != 0 ? Speed::Mbit100
                                                             : Speed::Mbit10;
        return {on, speed, (chosen & bmcr::FullDuplex) != 0};
    }
    const u16 gigabit = stored(gigabit_control);
    const u16 others = stored(advertisement);
    if ((gigabit & 1 << 9) != 0) return {on, Speed::Mbit1000, true};
    if ((gigabit & 1 << 8) != 0) return {on, Speed::Mbit1000, false};
    if ((others & 1 << 8) != 0) return {on, Speed::Mbit100, true};
    if ((others & 1 << 7) != 0) return {on, Speed::Mbit100, false};
    if ((others & 1 << 6) != 0) return {on, Speed::Mbit10, true};
    return {on && (others & 1 << 5) != 0, Speed::Mbit10, false};
}

Phy::Speed Phy::speed() const { return mode().speed; }
bool Phy::full_duplex() const { return mode().full_duplex; }

u64 Phy::byte_ns() const {
    switch (speed()) {
        case Speed::Mbit10: return 800;
        case Speed::Mbit100: return 80;
        case Speed::Mbit1000: break;
    }
    return 8;
}

void Phy::make_link_anew() {
    lose_link();
    if (!state_.unplugged && mode().possible) {
        link_.schedule(time_to_link);
    } else {
        link_.cancel();
    }
}

void Phy::lose_link() {
    if (!state_.link) return;
    state_.link = false;
    state_.link_was_lost = true;
    state_.interrupts |= link_changed_interrupt;
    link_changed_();
}

void Phy::link_made() {
    if (state_.link || state_.unplugged || !mode().possible) return;
    state_.link = true;
    state_.interrupts |= link_changed_interrupt;
    link_changed_();
}

}  // namespace devices::e1000
