// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/screen/timed_text.hpp"

#include <array>
#include <utility>

#include "fabric/support/int_types.hpp"

namespace frontends {

using fabric::Error;
using fabric::Result;
using fabric::VmDuration;
using fabric::VmTime;

namespace {

struct Unit {
    std::string_view name;
    u64 ns;
};
constexpr std::array<Unit, 7> units = {{{"", 1'000'000'000},
                                        {"s", 1'000'000'000},
                                        {"ms", 1'000'000},
                                        {"us", 1'000},
                                        {"ns", 1},
                                        {"m", 60'000'000'000},
                                        {"h", 3'600'000'000'000}}};

constexpr u64 longest_s = 1'000'000'000;  // 30 years, and products of it fit.

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Digits from the front; as many as count.
u64 take_number(std::string_view& text, usize most_digits, usize& digits) {
    u64 value = 0;
    digits = 0;
    while (digits < text.size() && is_digit(text[digits])) {
        if (digits < most_digits) value = value * 10 + static_cast<u64>(text[digits] - '0');
        ++digits;
    }
    text.remove_prefix(digits);
    return value;
}

}  // namespace

Result<VmDuration> parse_duration(std::string_view text) {
    const Error wrong{"'" + std::string(text) + "' is no time; write it like 12.5, 500ms or 2m"};
    usize digits = 0;
    const u64 whole = take_number(text, 18, digits);
    if (digits == 0 || digits > 18) return wrong;
    u64 fraction = 0;
    u64 parts = 1;  // How many of the fraction's last place make one.
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        fraction = take_number(text, 9, digits);
        if (digits == 0) return wrong;
        for (usize i = 0; i < digits && i < 9; ++i) parts *= 10;
    }
    for (const Unit& unit : units) {
        if (text != unit.name) continue;
        if (whole > longest_s * 1'000'000'000 / unit.ns) return wrong;
        const u64 rest = static_cast<u64>(u128{fraction} * unit.ns / parts);
        return VmDuration{whole * unit.ns + rest};
    }
    return wrong;
}

Result<TimedText> parse_timed_text(const std::string& text) {
    const usize at = text.rfind('@');
    if (at == std::string::npos) return TimedText{.text = text, .time = {}};
    const VmDuration since = TRY(parse_duration(std::string_view(text).substr(at + 1)));
    return TimedText{.text = text.substr(0, at), .time = VmTime{since.ns}};
}

}  // namespace frontends
