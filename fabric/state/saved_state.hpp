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
//
// A record is a series of fields, each: number (2 bytes), length (4), payload. In a payload scalars
// are little-endian; a record or an element of variable size within another is preceded by its
// length (4); a vector, string or FIFO by its count (4), an optional by whether it is there (1).
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "fabric/state/state_hash.hpp"
#include "fabric/support/fifo.hpp"
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

/// Room for a record that is never made: to name its members at compile time, strings and all.
template <class S>
union Unmade {
    constexpr Unmade() : nothing{} {}
    constexpr ~Unmade() {}
    char nothing;
    S state;
};

template <SavedRecord S>
constexpr bool lists_every_member_once() {
    const Unmade<S> room;
    FieldNumbers numbers;
    S::fields(room.state, numbers);
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
        put_scalar(number);
        put_with_length([&] { put(value); });
    }

    std::span<const u8> bytes() const { return bytes_; }

private:
    void put(const SavedScalar auto& value) { put_scalar(value); }
    void put(const SavedRecord auto& record) {
        put_with_length([&] { write(record); });
    }
    void put(const std::string& text) {
        put_scalar(static_cast<u32>(text.size()));
        bytes_.insert(bytes_.end(), text.begin(), text.end());
    }
    template <class T, usize N>
    void put(const std::array<T, N>& values) {
        for (const T& value : values) put(value);
    }
    template <class T>
    void put(const std::vector<T>& values) {
        put_scalar(static_cast<u32>(values.size()));
        if constexpr (std::same_as<T, u8>) {
            bytes_.insert(bytes_.end(), values.begin(), values.end());
        } else {
            for (const T& value : values) put(value);
        }
    }
    template <class T, usize N>
    void put(const Fifo<T, N>& values) {
        put_scalar(static_cast<u32>(values.size()));
        for (usize i = 0; i < values.size(); ++i) put(values[i]);
    }
    template <class T>
    void put(const std::optional<T>& value) {
        put_scalar(static_cast<u8>(value.has_value()));
        if (value) put(*value);
    }

    template <class PutPayload>
    void put_with_length(PutPayload put_payload) {
        const usize place = bytes_.size();
        put_scalar(u32{0});
        put_payload();
        const usize length = bytes_.size() - place - sizeof(u32);
        for (usize i = 0; i < sizeof(u32); ++i)
            bytes_[place + i] = static_cast<u8>(length >> 8 * i);
    }

    template <SavedScalar T>
    void put_scalar(T value) {
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
        if (payload.problem_.empty() && !payload.bytes_.empty()) {
            payload.problem_ = "has bytes left over";
        }
        if (!payload.problem_.empty() && problem_.empty()) {
            problem_ = "field '" + std::string(name) + "' " + payload.problem_;
        }
    }

private:
    Result<> split() {
        while (!bytes_.empty()) {
            u16 number = 0;
            get(number);
            const std::span<const u8> payload = take_with_length();
            if (!problem_.empty()) return Error{"record is cut short"};
            if (!unread_.emplace(number, payload).second) {
                return Error{"field number " + std::to_string(number) + " is there twice"};
            }
        }
        return {};
    }

    template <SavedScalar T>
    void get(T& value) {
        if (bytes_.size() < sizeof(T)) {
            fail("is cut short");
            return;
        }
        u64 bits = 0;
        for (usize i = 0; i < sizeof(T); ++i) bits |= u64{bytes_[i]} << (8 * i);
        bytes_ = bytes_.subspan(sizeof(T));
        if constexpr (std::same_as<T, bool>) {
            if (bits > 1) fail("is neither true nor false");
        }
        value = static_cast<T>(bits);
    }
    template <SavedRecord S>
    void get(S& record) {
        StateReader inner(take_with_length());
        if (!problem_.empty()) return;
        if (auto outcome = inner.read(record); !outcome) fail(outcome.error().message);
    }
    void get(std::string& text) {
        const std::span<const u8> characters = take(get_count());
        text.assign(characters.begin(), characters.end());
    }
    template <class T, usize N>
    void get(std::array<T, N>& values) {
        for (T& value : values) get(value);
    }
    template <class T>
    void get(std::vector<T>& values) {
        const usize count = get_count();
        if constexpr (std::same_as<T, u8>) {
            const std::span<const u8> contents = take(count);
            values.assign(contents.begin(), contents.end());
        } else {
            // An element takes a byte at least, so a false count ends with the bytes.
            for (usize i = 0; i < count && problem_.empty(); ++i) get(values.emplace_back());
        }
    }
    template <class T, usize N>
    void get(Fifo<T, N>& values) {
        const usize count = get_count();
        if (count > N) return fail("holds more than fits");
        for (usize i = 0; i < count && problem_.empty(); ++i) {
            T value{};
            get(value);
            values.push(value);
        }
    }
    template <class T>
    void get(std::optional<T>& value) {
        bool present = false;
        get(present);
        if (present && problem_.empty()) get(value.emplace());
    }

    usize get_count() {
        u32 count = 0;
        get(count);
        return count;
    }

    std::span<const u8> take(usize length) {
        if (length > bytes_.size()) {
            fail("is cut short");
            return {};
        }
        const std::span<const u8> taken = bytes_.first(length);
        bytes_ = bytes_.subspan(length);
        return taken;
    }
    std::span<const u8> take_with_length() { return take(get_count()); }

    void fail(std::string problem) {
        if (problem_.empty()) problem_ = std::move(problem);
        bytes_ = {};
    }

    std::span<const u8> bytes_;
    std::map<u16, std::span<const u8>> unread_;
    std::string problem_;
};

/// Equal for equal states, whatever machine and build they live in.
template <SavedRecord S>
u64 state_hash(const S& state) {
    StateWriter out;
    out.write(state);
    return hash_of(out.bytes());
}

}  // namespace fabric
