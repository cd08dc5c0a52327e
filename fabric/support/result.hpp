// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "fabric/support/verify.hpp"

namespace fabric {

/// Why something asked of the host, or of a file, could not be done. Read by a person.
struct Error {
    std::string message;

    /// Wraps the cause as it passes up: "loading snapshot: com1: field 'lcr' has 2 bytes, not 1".
    Error within(std::string_view what) && { return {std::string(what) + ": " + message}; }
};

/// The subset of C++23 std::expected<T, Error> that we use (gcc 12 has it only under -std=c++23).
template <class T = void>
class [[nodiscard]] Result {
public:
    Result(T value) : outcome_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : outcome_(std::in_place_index<1>, std::move(error)) {}

    bool has_value() const { return outcome_.index() == 0; }
    explicit operator bool() const { return has_value(); }

    T& value() & {
        VERIFY(has_value());
        return std::get<0>(outcome_);
    }
    T&& value() && { return std::move(value()); }

    const Error& error() const& {
        VERIFY(!has_value());
        return std::get<1>(outcome_);
    }
    Error error() && { return std::get<1>(std::move(outcome_)); }

private:
    std::variant<T, Error> outcome_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Error error) : error_(std::move(error)) {}

    bool has_value() const { return !error_; }
    explicit operator bool() const { return has_value(); }
    void value() const { VERIFY(has_value()); }

    const Error& error() const& {
        VERIFY(error_.has_value());
        return *error_;
    }
    Error error() && {
        VERIFY(error_.has_value());
        return *std::move(error_);
    }

private:
    std::optional<Error> error_;
};

}  // namespace fabric

/// The value of a Result, or an early return of its error. A GNU statement expression: gcc, clang.
#define TRY(expression)                                        \
    __extension__({                                            \
        auto try_result = (expression);                        \
        if (!try_result) return std::move(try_result).error(); \
        std::move(try_result).value();                         \
    })
