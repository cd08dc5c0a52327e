// SPDX-License-Identifier: BSD-2-Clause
//
// Saving and restoring State structs.
//
// A State lists its members once, in `fields`, with a number and a name for each. That list drives
// saving, restoring, the monitor's view and the reader's error messages, so they cannot disagree.
// Numbers are the file format: never reused, never changed. A member added later is absent from
// older files and keeps its power-on value. A number we do not know means the file comes from a
// newer build, and is refused: running on with part of the state dropped would be a silent bug.
//
// A member left out of the list, or two with one number, does not compile.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "fabric/support/int_types.hpp"
#include "fabric/support/result.hpp"

namespace fabric {

struct AnyVisitor {
    void operator()(u16, std::string_view, auto&) {}
};

template <class S>
concept SavedRecord = requires(S& state, AnyVisitor& visit) {
    S::fields(state, visit);
};

template <class T>
concept SavedScalar = std::integral<T> || std::is_enum_v<T>;

/// Stands for a value of any type, to ask how many an aggregate takes.
struct AnyValue {
    template <class T>
    operator T() const;
};

/// How many members an aggregate has. Arrays must be std::array: a C array counts as its elements.
template <class S, class... Values>
consteval usize member_count() {
    if constexpr (requires { S{Values{}..., AnyValue{}}; }) {
        return member_count<S, Values..., AnyValue>();
    } else {
        return sizeof...(Values);
    }
}

struct FieldNumbers {
    std::array<u16, 256> seen{};
    usize count = 0;

    constexpr void operator()(u16 number, std::string_view, const auto&) { seen[count++] = number; }
};

template <SavedRecord S>
consteval bool lists_every_member_once() {
    const S state{};
    FieldNumbers numbers;
    S::fields(state, numbers);
    const auto end = numbers.seen.begin() + numbers.count;
    std::sort(numbers.seen.begin(), end);
    const bool distinct = std::adjacent_find(numbers.seen.begin(), end) == end;
    return distinct && numbers.count == member_count<S>();
}

class StateWriter {
public:
    template <SavedRecord S>
    void write(const S& state) {
        static_assert(lists_every_member_once<S>(),
                      "fields must list every member, each under a number of its own");
        S::fields(state, *this);
    }

    void operator()(u16 number, std::string_view, const auto& value) {
        StateWriter payload;
        payload.put(value);
        put_scalar(number);
        put_scalar(static_cast<u32>(payload.bytes_.size()));
        bytes_.insert(bytes_.end(), payload.bytes_.begin(), payload.bytes_.end());
    }

    std::span<const u8> bytes() const { return bytes_; }

private:
    void put(const SavedScalar auto& value) { put_scalar(value); }
    void put(const SavedRecord auto& record) { write(record); }
    template <class T, usize N>
    void put(const std::array<T, N>& values) {
        for (const T& value : values) put(value);
    }

    template <SavedScalar T>
    void put_scalar(T value) {  // Little-endian.
        for (usize i = 0; i < sizeof(T); ++i) {
            bytes_.push_back(static_cast<u8>(static_cast<u64>(value) >> (8 * i)));
        }
    }

    std::vector<u8> bytes_;
};

class StateReader {
public:
    explicit StateReader(std::span<const u8> bytes) : bytes_(bytes) {}

    /// All or nothing: on error `state` is left as it was.
    template <SavedRecord S>
    Result<> read(S& state) {
        S fresh{};
        TRY(split());
        S::fields(fresh, *this);
        if (!problem_.empty()) return Error{problem_};
        if (!unread_.empty()) {
            return Error{"field number " + std::to_string(unread_.begin()->first) +
                         " is not known to this build"};
        }
        state = std::move(fresh);
        return {};
    }

    template <class T>
    void operator()(u16 number, std::string_view name, T& value) {
        const auto found = unread_.find(number);
        if (found == unread_.end()) return;  // Saved before this field existed.
        StateReader payload(found->second);
        unread_.erase(found);
        payload.get(value);
        if (!payload.bytes_.empty()) payload.problem_ = "has bytes left over";
        if (!payload.problem_.empty() && problem_.empty()) {
            problem_ = "field '" + std::string(name) + "' " + payload.problem_;
        }
    }

private:
    Result<> split() {
        while (!bytes_.empty()) {
            u16 number = 0;
            u32 length = 0;
            get(number);
            get(length);
            if (!problem_.empty() || length > bytes_.size()) return Error{"record is cut short"};
            unread_[number] = bytes_.first(length);
            bytes_ = bytes_.subspan(length);
        }
        return {};
    }

    template <SavedScalar T>
    void get(T& value) {
        if (bytes_.size() < sizeof(T)) {
            problem_ = "is cut short";
            return;
        }
        u64 bits = 0;
        for (usize i = 0; i < sizeof(T); ++i) bits |= u64{bytes_[i]} << (8 * i);
        value = static_cast<T>(bits);
        bytes_ = bytes_.subspan(sizeof(T));
    }
    template <SavedRecord S>
    void get(S& record) {
        StateReader inner(bytes_);
        if (auto outcome = inner.read(record); !outcome) problem_ = outcome.error().message;
        bytes_ = {};
    }
    template <class T, usize N>
    void get(std::array<T, N>& values) {
        for (T& value : values) get(value);
    }

    std::span<const u8> bytes_;
    std::map<u16, std::span<const u8>> unread_;
    std::string problem_;
};

}  // namespace fabric
