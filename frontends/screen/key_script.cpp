// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/screen/key_script.hpp"

#include <algorithm>
#include <optional>

#include "fabric/support/nearest_word.hpp"
#include "frontends/screen/key_names.hpp"
#include "frontends/screen/timed_text.hpp"

namespace frontends {

using fabric::Error;
using fabric::Result;
using fabric::VmDuration;

namespace {

constexpr VmDuration held{10'000'000};
constexpr VmDuration between{10'000'000};

constexpr std::string_view wait_word = "wait ";

/// Down in this order, up in the other.
void add_chord(std::vector<KeyStep>& steps, const std::vector<u8>& usages) {
    KeyStep down{.events = {}, .then = held};
    KeyStep up{.events = {}, .then = between};
    for (const u8 usage : usages) down.events.insert(down.events.end(), {usage, 1});
    for (usize i = usages.size(); i-- > 0;) {
        up.events.insert(up.events.end(), {usages[i], 0});
    }
    steps.push_back(std::move(down));
    steps.push_back(std::move(up));
}

std::vector<u8> usages_of(TypedKey key) {
    if (!key.shifted) return {key.usage};
    return {usage_of_name("shift"), key.usage};
}

std::optional<TypedKey> key_of_escape(char letter) {
    switch (letter) {
        case 'n': return TypedKey{usage_of_name("enter"), false};
        case 't': return TypedKey{usage_of_name("tab"), false};
        case 'b': return TypedKey{usage_of_name("backspace"), false};
        case 'e': return TypedKey{usage_of_name("esc"), false};
        case '\\':
        case '<':
        case '>':
        case '@': return key_of_character(letter);
        default: return std::nullopt;
    }
}

/// "ctrl-alt-del": modifiers, then one key, which may be '-'.
Result<std::vector<u8>> parse_chord(std::string_view text) {
    std::vector<u8> usages;
    const std::string whole(text);
    for (usize dash = text.find('-'); dash != std::string_view::npos; dash = text.find('-')) {
        const u8 modifier = usage_of_name(text.substr(0, dash));
        if (!is_modifier(modifier)) break;
        usages.push_back(modifier);
        text.remove_prefix(dash + 1);
    }
    if (const u8 usage = usage_of_name(text)) {
        usages.push_back(usage);
        return usages;
    }
    const auto key = text.size() == 1 ? key_of_character(text[0]) : std::nullopt;
    if (!key) {
        return Error{"<" + whole + ">: no key is called '" + std::string(text) + "'" +
                     fabric::did_you_mean(text, key_names())};
    }
    for (const u8 usage : usages_of(*key)) {
        if (std::find(usages.begin(), usages.end(), usage) == usages.end()) usages.push_back(usage);
    }
    return usages;
}

Result<> add_bracketed(std::vector<KeyStep>& steps, std::string_view text) {
    if (text.starts_with(wait_word)) {
        const VmDuration wait = TRY(parse_duration(text.substr(wait_word.size())));
        steps.push_back({.events = {}, .then = wait});
        return {};
    }
    add_chord(steps, TRY(parse_chord(text)));
    return {};
}

}  // namespace

Result<std::vector<KeyStep>> parse_keys(const std::string& text) {
    std::vector<KeyStep> steps;
    for (usize i = 0; i < text.size(); ++i) {
        if (text[i] == '<') {
            const usize end = text.find('>', i + 1);
            if (end == std::string::npos) {
                return Error{"'" + text.substr(i) + "' has no '>'; write \\< for the character"};
            }
            TRY(add_bracketed(steps, std::string_view(text).substr(i + 1, end - i - 1)));
            i = end;
            continue;
        }
        const bool escaped = text[i] == '\\';
        if (escaped) ++i;
        const char letter = i < text.size() ? text[i] : '\0';
        const auto key = escaped ? key_of_escape(letter) : key_of_character(letter);
        if (!key) {
            return Error{escaped ? "'\\" + std::string(letter ? 1 : 0, letter) +
                                       "': after a backslash there may be n, t, b, e, \\, < or @"
                                 : "'" + text.substr(i) +
                                       "': a US keyboard has no key for its first character"};
        }
        add_chord(steps, usages_of(*key));
    }
    return steps;
}

}  // namespace frontends
