// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/cli/option_values.hpp"

#include <charconv>
#include <ctime>

namespace frontends {

using fabric::Error;
using fabric::Result;

Result<u64> parse_size(const std::string& text) {
    usize digits = 0;
    u64 value = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9' && digits < 15) {
        value = value * 10 + static_cast<u64>(text[digits++] - '0');
    }
    const std::string unit = text.substr(digits);
    const auto shift = unit.empty()                 ? 0
                       : unit == "K" || unit == "k" ? 10
                       : unit == "M" || unit == "m" ? 20
                       : unit == "G" || unit == "g" ? 30
                                                    : -1;
    if (digits == 0 || shift < 0 || value > (u64{1} << 50 >> shift)) {
        return Error{"'" + text + "' is no size; write it like 64M, 2G or 65536"};
    }
    return value << shift;
}

Result<u64> parse_number(const std::string& text) {
    u64 value = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, trouble] = std::from_chars(text.data(), end, value);
    if (trouble == std::errc::result_out_of_range) return Error{"'" + text + "' is too large"};
    if (trouble == std::errc{} && stopped == end) return value;
    return Error{"'" + text + "' is no whole number"};
}

Result<bool> parse_switch(const std::string& text) {
    if (text == "on" || text == "true") return true;
    if (text == "off" || text == "false") return false;
    return Error{"'" + text + "' is neither on nor off"};
}

Result<i64> parse_utc(const std::string& text) {
    std::tm parts{};
    const char* const end = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
    if (!end || *end != '\0') {
        return Error{"'" + text + "' is no time; write host, or UTC like 2026-01-31T12:00:00"};
    }
    return i64{timegm(&parts)} * 1'000'000'000;
}

std::vector<std::string> parts_of(const std::string& text) {
    std::vector<std::string> parts(1);
    for (usize i = 0; i < text.size(); ++i) {
        if (text[i] != ',') {
            parts.back().push_back(text[i]);
        } else if (i + 1 < text.size() && text[i + 1] == ',') {
            parts.back().push_back(text[i++]);
        } else {
            parts.emplace_back();
        }
    }
    return parts;
}

}  // namespace frontends
