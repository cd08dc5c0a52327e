// SPDX-License-Identifier: BSD-2-Clause
#include "devices/input/ps2_keyboard.hpp"

#include <algorithm>
#include <utility>

#include "devices/input/ps2_keyboard_commands.hpp"

namespace devices {

using namespace ps2_keyboard;
using scan_codes::Key;
using scan_codes::KeyType;

namespace {

/// How long the first repetition waits: 250 ms to a second.
fabric::VmDuration delay_of(u8 typematic) {
    return {((typematic >> 5 & 3) + u64{1}) * 250'000'000};
}

/// Between repetitions: (8 + A) * 2^B / 240 s.
fabric::VmDuration period_of(u8 typematic) {
    const u64 units = (8 + (typematic & u64{7})) << (typematic >> 3 & 3);
    return {units * 1'000'000'000 / 240};
}

bool repeats(KeyType type) {
    return type == KeyType::Typematic || type == KeyType::TypematicMakeBreak;
}

/// The bytes of a code of set 2 with its prefix.
void append(std::vector<u8>& bytes, u16 code, bool released) {
    if (code >> 8) bytes.push_back(static_cast<u8>(code >> 8));
    if (released) bytes.push_back(scan_codes::break_prefix);
    bytes.push_back(static_cast<u8>(code));
}

}  // namespace

Ps2Keyboard::Ps2Keyboard(Config config, Wiring wiring)
    : config_(std::move(config)),
      wiring_(std::move(wiring)),
      typematic_(wiring_.events, config_.name + ".typematic", [this] { repeat(); }),
      self_test_(wiring_.events, config_.name + ".self_test", [this] { self_test_done(); }) {}

std::array<KeyType, 256> Ps2Keyboard::default_key_types() {
    std::array<KeyType, 256> types{};
    for (u32 code = 1; code < types.size(); ++code) {
        types[code] = scan_codes::default_type(static_cast<u8>(code));
    }
    return types;
}

void Ps2Keyboard::reset(fabric::ResetKind) {
    state_ = {};
    typematic_.cancel();
    self_test_.cancel();
}

bool Ps2Keyboard::has_byte() const {
    if (!state_.responses.empty()) return true;
    // Between a command and its parameter no codes are sent.
    return state_.command == 0 && !state_.testing && !state_.codes.empty();
}

u8 Ps2Keyboard::take_byte() {
    VERIFY(has_byte());
    state_.last_sent = state_.responses.empty() ? state_.codes.pop() : state_.responses.pop();
    return state_.last_sent;
}

void Ps2Keyboard::respond(u8 byte) {
    if (!state_.responses.full()) state_.responses.push(byte);
}

void Ps2Keyboard::tell() {
    if (has_byte()) wiring_.data_ready();
}

void Ps2Keyboard::receive(u8 byte) {
    if (state_.testing) return;
    state_.responses = {};  // What was left of the last command's is not wanted any more.
    const u8 command = std::exchange(state_.command, u8{0});
    if (command != 0 && byte < command::First) {
        take_parameter(command, byte);
    } else {
        begin_command(byte);
    }
    tell();
}

void Ps2Keyboard::begin_command(u8 byte) {
    switch (byte) {
        case command::Echo: return respond(command::Echo);
        case command::Resend: return respond(state_.last_sent);
        case command::ReadId:
            respond(acknowledge);
            respond(id_first);
            return respond(id_second);
        case command::SelectScanSet: state_.codes = {}; [[fallthrough]];
        case command::SetLeds:
        case command::SetTypematic:
        case command::KeyTypematic:
        case command::KeyMakeBreak:
        case command::KeyMakeOnly: state_.command = byte; break;
        case command::Enable:
            state_.codes = {};
            state_.scanning = true;
            break;
        case command::DefaultDisable:
            restore_defaults();
            state_.scanning = false;
            break;
        case command::SetDefault: restore_defaults(); break;
        case command::AllTypematic: set_all_keys(KeyType::Typematic); break;
        case command::AllMakeBreak: set_all_keys(KeyType::MakeBreak); break;
        case command::AllMakeOnly: set_all_keys(KeyType::MakeOnly); break;
        case command::AllTypematicMakeBreak: set_all_keys(KeyType::TypematicMakeBreak); break;
        case command::Reset: begin_self_test(); break;
        default: return respond(resend);
    }
    respond(acknowledge);
}

void Ps2Keyboard::take_parameter(u8 command, u8 byte) {
    respond(acknowledge);
    switch (command) {
        case command::SetLeds: state_.leds = byte & 7; break;
        case command::SetTypematic: state_.typematic = byte & 0x7f; break;
        case command::SelectScanSet:
            if (byte == 0) {
                respond(state_.scan_set);
            } else if (byte <= 3) {
                state_.scan_set = byte;
            } else {
                state_.responses = {};
                respond(resend);
            }
            break;
        // These take one key after another, until the next command.
        case command::KeyTypematic:
            state_.key_types[byte] = KeyType::Typematic;
            state_.command = command;
            break;
        case command::KeyMakeBreak:
            state_.key_types[byte] = KeyType::MakeBreak;
            state_.command = command;
            break;
        case command::KeyMakeOnly:
            state_.key_types[byte] = KeyType::MakeOnly;
            state_.command = command;
            break;
        default: break;
    }
}

void Ps2Keyboard::restore_defaults() {
    typematic_.cancel();
    state_.repeating = 0;
    state_.codes = {};
    state_.scan_set = 2;
    state_.typematic = default_typematic;
    state_.key_types = default_key_types();
}

void Ps2Keyboard::set_all_keys(KeyType type) { state_.key_types.fill(type); }

void Ps2Keyboard::begin_self_test() {
    restore_defaults();
    state_.leds = 0;
    state_.pressed = {};
    state_.scanning = true;
    state_.testing = true;
    self_test_.schedule({config_.self_test_ns});
}

void Ps2Keyboard::self_test_done() {
    state_.testing = false;
    respond(self_test_passed);
    tell();
}

void Ps2Keyboard::keys(std::span<const u8> events) {
    for (; events.size() >= 2; events = events.subspan(2)) {
        const Key* key = scan_codes::find_key(events[0]);
        if (!key || !state_.scanning || state_.testing) continue;
        const bool down = events[1] != 0;
        if (down == is_pressed(key->usage)) continue;
        down ? press(*key) : release(*key);
    }
    tell();
}

void Ps2Keyboard::press(const Key& key) {
    buffer(make_codes(key));
    mark(key.usage, true);
    typematic_.cancel();
    state_.repeating = 0;
    const bool is_repeated =
        state_.scan_set == 3 ? repeats(type_of(key)) : key.usage != scan_codes::usage::Pause;
    if (!is_repeated) return;
    state_.repeating = key.usage;
    typematic_.schedule(delay_of(state_.typematic));
}

void Ps2Keyboard::release(const Key& key) {
    mark(key.usage, false);
    buffer(break_codes(key));
    if (state_.repeating != key.usage) return;
    state_.repeating = 0;
    typematic_.cancel();
}

/// Repetitions that find no room are not missed by anybody.
void Ps2Keyboard::repeat() {
    const Key* key = scan_codes::find_key(state_.repeating);
    if (!key) return;
    const std::vector<u8> codes = make_codes(*key);
    if (state_.codes.size() + codes.size() <= buffer_codes) buffer(codes);
    typematic_.schedule(period_of(state_.typematic));
    tell();
}

bool Ps2Keyboard::is_pressed(u8 usage) const {
    return (state_.pressed[usage / 8] >> usage % 8 & 1) != 0;
}

void Ps2Keyboard::mark(u8 usage, bool down) {
    const u8 bit = static_cast<u8>(1 << usage % 8);
    u8& byte = state_.pressed[usage / 8];
    byte = static_cast<u8>(down ? byte | bit : byte & ~bit);
}

KeyType Ps2Keyboard::type_of(const Key& key) const { return state_.key_types[key.set3]; }

std::vector<u8> Ps2Keyboard::make_codes(const Key& key) const {
    using namespace scan_codes;
    if (state_.scan_set == 3) return key.set3 ? std::vector<u8>{key.set3} : std::vector<u8>{};
    const bool control = is_pressed(usage::LeftControl) || is_pressed(usage::RightControl);
    if (key.usage == usage::Pause) {
        if (control) return in_chosen_set({0xe0, 0x7e, 0xe0, 0xf0, 0x7e});
        return in_chosen_set({0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77});
    }
    if (key.usage == usage::PrintScreen) {
        const bool shift = is_pressed(usage::LeftShift) || is_pressed(usage::RightShift);
        const bool alt = is_pressed(usage::LeftAlt) || is_pressed(usage::RightAlt);
        if (alt) return in_chosen_set({0x84});
        if (shift || control) return in_chosen_set({0xe0, 0x7c});
        return in_chosen_set({0xe0, 0x12, 0xe0, 0x7c});
    }
    std::vector<u8> bytes;
    append(bytes, key.set2, false);
    return in_chosen_set(std::move(bytes));
}

std::vector<u8> Ps2Keyboard::break_codes(const Key& key) const {
    using namespace scan_codes;
    if (state_.scan_set == 3) {
        const KeyType type = type_of(key);
        const bool told = type == KeyType::MakeBreak || type == KeyType::TypematicMakeBreak;
        return key.set3 && told ? std::vector<u8>{break_prefix, key.set3} : std::vector<u8>{};
    }
    if (key.usage == usage::Pause) return {};
    std::vector<u8> make = make_codes(key);
    if (key.usage == usage::PrintScreen && make.size() == 4) {
        return in_chosen_set({0xe0, 0xf0, 0x7c, 0xe0, 0xf0, 0x12});
    }
    std::vector<u8> bytes;
    const u16 alone = make.size() == 1 ? 0x84 : 0xe07c;  // Print Screen with Alt, or another.
    append(bytes, key.usage == usage::PrintScreen ? alone : key.set2, true);
    return in_chosen_set(std::move(bytes));
}

std::vector<u8> Ps2Keyboard::in_chosen_set(std::vector<u8> set2) const {
    if (state_.scan_set == 1) return scan_codes::translated(set2);
    return set2;
}

/// A key whose codes have no room is lost, and the last place says so.
void Ps2Keyboard::buffer(const std::vector<u8>& codes) {
    if (state_.codes.size() + codes.size() <= buffer_codes) {
        for (const u8 code : codes) state_.codes.push(code);
        return;
    }
    const u8 lost = state_.scan_set == 1 ? overrun_of_set1 : overrun;
    if (state_.codes.size() <= buffer_codes && state_.codes[state_.codes.size() - 1] != lost) {
        state_.codes.push(lost);
    }
}

}  // namespace devices
