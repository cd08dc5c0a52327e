// SPDX-License-Identifier: BSD-2-Clause
//
// From an option's text to its value. Errors do not name the option: who asked knows whether it
// stood on the command line or in a file.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "fabric/support/int_types.hpp"
#include "fabric/support/result.hpp"

namespace frontends {

/// "64M", "2G", "512K", or bytes.
fabric::Result<u64> parse_size(const std::string& text);

fabric::Result<u64> parse_number(const std::string& text);

/// "on" or "off".
fabric::Result<bool> parse_switch(const std::string& text);

/// UTC as 2026-01-31T12:00:00, in nanoseconds since 1970.
fabric::Result<i64> parse_utc(const std::string& text);

/// At commas; two of them are one that does not part anything.
std::vector<std::string> parts_of(const std::string& text);

// Setters for rows of the option table.

template <class Options>
using SetOption = std::function<fabric::Result<>(Options&, const std::string&)>;

/// A member that is what `parse` makes of the text.
template <class Options, class Member, class Parse>
SetOption<Options> set_by(Member Options::*member, Parse parse) {
    return [member, parse](Options& options, const std::string& text) -> fabric::Result<> {
        options.*member = TRY(parse(text));
        return {};
    };
}

/// A member to which what `parse` makes of the text is added.
template <class Options, class Element, class Parse>
SetOption<Options> add_by(std::vector<Element> Options::*member, Parse parse) {
    return [member, parse](Options& options, const std::string& text) -> fabric::Result<> {
        (options.*member).push_back(TRY(parse(text)));
        return {};
    };
}

template <class Options>
SetOption<Options> set_text(std::string Options::*member) {
    return [member](Options& options, const std::string& text) -> fabric::Result<> {
        options.*member = text;
        return {};
    };
}

/// A member of a part of the options.
template <class Options, class Part>
SetOption<Options> set_in(Part Options::*part, SetOption<Part> set) {
    return [part, set = std::move(set)](Options& options, const std::string& text) {
        return set(options.*part, text);
    };
}

template <class Options>
SetOption<Options> set_switch(bool Options::*member) {
    return set_by(member, parse_switch);
}

/// A whole number that the member can hold.
template <class Options, class Number>
SetOption<Options> set_number(Number Options::*member) {
    return [member](Options& options, const std::string& text) -> fabric::Result<> {
        const u64 value = TRY(parse_number(text));
        options.*member = static_cast<Number>(value);
        if (options.*member == value) return {};
        return fabric::Error{"'" + text + "' is too large"};
    };
}

}  // namespace frontends
