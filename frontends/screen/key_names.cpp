// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/screen/key_names.hpp"

#include <array>

namespace frontends {

namespace {

struct Name {
    std::string_view name;
    u8 usage;
};

// Where a key has two names, the second is what other programs call it.
// clang-format off
constexpr Name names[] = {
    {"enter", 0x28}, {"ret", 0x28}, {"esc", 0x29}, {"backspace", 0x2a}, {"tab", 0x2b},
    {"space", 0x2c}, {"capslock", 0x39},
    {"f1", 0x3a}, {"f2", 0x3b}, {"f3", 0x3c}, {"f4", 0x3d}, {"f5", 0x3e}, {"f6", 0x3f},
    {"f7", 0x40}, {"f8", 0x41}, {"f9", 0x42}, {"f10", 0x43}, {"f11", 0x44}, {"f12", 0x45},
    {"print", 0x46}, {"sysrq", 0x46}, {"scrolllock", 0x47}, {"pause", 0x48}, {"break", 0x48},
    {"insert", 0x49}, {"ins", 0x49}, {"home", 0x4a}, {"pageup", 0x4b}, {"pgup", 0x4b},
    {"delete", 0x4c}, {"del", 0x4c}, {"end", 0x4d}, {"pagedown", 0x4e}, {"pgdn", 0x4e},
    {"right", 0x4f}, {"left", 0x50}, {"down", 0x51}, {"up", 0x52},
    {"numlock", 0x53}, {"kp/", 0x54}, {"kp*", 0x55}, {"kp-", 0x56}, {"kp+", 0x57},
    {"kpenter", 0x58}, {"kp1", 0x59}, {"kp2", 0x5a}, {"kp3", 0x5b}, {"kp4", 0x5c},
    {"kp5", 0x5d}, {"kp6", 0x5e}, {"kp7", 0x5f}, {"kp8", 0x60}, {"kp9", 0x61}, {"kp0", 0x62},
    {"kp.", 0x63}, {"102nd", 0x64}, {"menu", 0x65}, {"power", 0x66}, {"kp=", 0x67},
    {"f13", 0x68}, {"f14", 0x69}, {"f15", 0x6a}, {"f16", 0x6b}, {"f17", 0x6c}, {"f18", 0x6d},
    {"f19", 0x6e}, {"f20", 0x6f}, {"f21", 0x70}, {"f22", 0x71}, {"f23", 0x72}, {"f24", 0x73},
    {"ctrl", 0xe0}, {"shift", 0xe1}, {"alt", 0xe2}, {"win", 0xe3},
    {"rctrl", 0xe4}, {"rshift", 0xe5}, {"altgr", 0xe6}, {"ralt", 0xe6}, {"rwin", 0xe7},
};
// clang-format on

/// The keys from usage 1E on, then from 2C on: as they are, and with Shift.
constexpr std::string_view digits = "1234567890";
constexpr std::string_view shifted_digits = "!@#$%^&*()";
constexpr u8 first_digit = 0x1e;
constexpr std::string_view signs = " -=[]\\";
constexpr std::string_view shifted_signs = " _+{}|";
constexpr u8 first_sign = 0x2c;
constexpr std::string_view more_signs = ";'`,./";
constexpr std::string_view shifted_more_signs = ":\"~<>?";
constexpr u8 first_more_sign = 0x33;

constexpr u8 first_letter = 0x04;

std::optional<TypedKey> find_in(std::string_view row, char character, u8 first, bool shifted) {
    const usize place = row.find(character);
    if (place == std::string_view::npos) return std::nullopt;
    return TypedKey{static_cast<u8>(first + place), shifted};
}

}  // namespace

std::optional<TypedKey> key_of_character(char character) {
    if (character >= 'a' && character <= 'z') {
        return TypedKey{static_cast<u8>(first_letter + (character - 'a')), false};
    }
    if (character >= 'A' && character <= 'Z') {
        return TypedKey{static_cast<u8>(first_letter + (character - 'A')), true};
    }
    for (const auto& key : {find_in(digits, character, first_digit, false),
                            find_in(shifted_digits, character, first_digit, true),
                            find_in(signs, character, first_sign, false),
                            find_in(shifted_signs, character, first_sign, true),
                            find_in(more_signs, character, first_more_sign, false),
                            find_in(shifted_more_signs, character, first_more_sign, true)}) {
        if (key) return key;
    }
    return std::nullopt;
}

u8 usage_of_name(std::string_view name) {
    for (const Name& known : names) {
        if (known.name == name) return known.usage;
    }
    return 0;
}

const std::vector<std::string>& key_names() {
    static const std::vector<std::string> all = [] {
        std::vector<std::string> made;
        for (const Name& known : names) made.emplace_back(known.name);
        return made;
    }();
    return all;
}

bool is_modifier(u8 usage) { return usage >= 0xe0 && usage <= 0xe7; }

}  // namespace frontends
