// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/monitor/command_line.hpp"

#include <charconv>

namespace frontends {

using fabric::Error;
using fabric::Result;

namespace {

constexpr u64 largest_count = 65'536;

Result<u64> term_value(std::string_view term, const RegisterByName& registers) {
    const std::string name(term);
    if (term.starts_with("$")) {
        if (const auto value = registers(term.substr(1))) return *value;
        return Error{"there is no register '" + name + "'"};
    }
    const bool hex = term.starts_with("0x") || term.starts_with("0X");
    const std::string_view digits = term.substr(hex ? 2 : 0);
    u64 value = 0;
    const auto [end, problem] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
    if (problem != std::errc() || end != digits.data() + digits.size()) {
        return Error{"'" + name + "' is no number; write it like 4096, 0x1000 or $rip"};
    }
    return value;
}

std::optional<u8> size_of_letter(char letter) {
    switch (letter) {
        case 'b': return u8{1};
        case 'h': return u8{2};
        case 'w': return u8{4};
        case 'g': return u8{8};
        default: return std::nullopt;
    }
}

}  // namespace

std::vector<std::string> words_of(std::string_view line) {
    std::vector<std::string> words;
    std::string word;
    bool quoted = false;
    bool begun = false;
    for (const char each : line) {
        if (each == '"') {
            quoted = !quoted;
            begun = true;
        } else if (!quoted && (each == ' ' || each == '\t' || each == '\r' || each == '\n')) {
            if (begun) words.push_back(word);
            word.clear();
            begun = false;
        } else {
            word.push_back(each);
            begun = true;
        }
    }
    if (begun) words.push_back(word);
    return words;
}

Result<u64> value_of(std::string_view expression, const RegisterByName& registers) {
    u64 sum = 0;
    char sign = '+';
    while (true) {
        const usize end = expression.find_first_of("+-");
        const u64 value = TRY(term_value(expression.substr(0, end), registers));
        sum = sign == '+' ? sum + value : sum - value;
        if (end == std::string_view::npos) return sum;
        sign = expression[end];
        expression.remove_prefix(end + 1);
    }
}

Result<DumpFormat> parse_dump_format(std::string_view text) {
    DumpFormat format;
    const char* const begin = text.data();
    const auto [end, problem] = std::from_chars(begin, begin + text.size(), format.count);
    if (end == begin) format.count = 1;
    if (problem == std::errc::result_out_of_range || format.count == 0 ||
        format.count > largest_count) {
        return Error{"a dump has 1 to " + std::to_string(largest_count) + " items"};
    }
    for (const char letter : text.substr(static_cast<usize>(end - begin))) {
        if (const auto size = size_of_letter(letter)) {
            format.size = *size;
        } else if (std::string_view("xduoci").find(letter) != std::string_view::npos) {
            format.form = letter;
            if (letter == 'c') format.size = 1;
        } else {
            return Error{std::string("there is no format '") + letter +
                         "'; there are x, d, u, o, c and i, and the sizes b, h, w and g"};
        }
    }
    return format;
}

}  // namespace frontends
