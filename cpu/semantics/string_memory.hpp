// SPDX-License-Identifier: BSD-2-Clause
//
// What MOVS, STOS, SCAS and CMPS do to runs of elements that lie within a page, in host memory, as
// fast as the host can, with the outcome of doing it element by element.
#pragma once

#include <algorithm>
#include <bit>
#include <cstring>

#include "fabric/support/int_types.hpp"

namespace cpu {

enum class Direction : u8 { Up, Down };  // RFLAGS.DF = 0, 1.

/// Consecutive elements: `lowest` is the address of the first going up, of the last going down.
template <class T>
class ElementRun {
public:
    ElementRun(const u8* lowest, u64 count, Direction direction)
        : first_(direction == Direction::Up ? lowest : lowest + (count - 1) * sizeof(T)),
          step_(direction == Direction::Up ? i64{sizeof(T)} : -i64{sizeof(T)}) {}

    /// In the order of execution.
    T operator[](u64 which) const {
        T value;
        std::memcpy(&value, first_ + static_cast<i64>(which) * step_, sizeof(T));
        return value;
    }

private:
    const u8* first_;
    i64 step_;
};

template <class T>
void fill_elements(u8* lowest, u64 count, T value) {
    const u8 byte = static_cast<u8>(value);
    if (value == static_cast<T>(byte * (static_cast<T>(~T{0}) / 0xff))) {
        std::memset(lowest, byte, count * sizeof(T));
        return;
    }
    for (u64 which = 0; which < count; ++which) {
        std::memcpy(lowest + which * sizeof(T), &value, sizeof(T));
    }
}

/// A target that begins within the source and lies ahead of it: what has just been written is read
/// again, so that the first `distance` bytes repeat. `distance` is at least an element.
inline void replicate_upwards(u8* target, u64 distance, u64 bytes) {
    const u8* source = target - distance;
    for (u64 done = 0; done < bytes;) {
        // All between source and target + done repeats with the same period, and done is a multiple
        // of it.
        const u64 piece = std::min(bytes - done, distance + done);
        std::memcpy(target + done, source, piece);
        done += piece;
    }
}

template <class T>
void move_elements(u8* target, const u8* source, u64 count, Direction direction) {
    const u64 bytes = count * sizeof(T);
    const u64 ahead = static_cast<u64>(reinterpret_cast<uintptr_t>(target)) -
                      static_cast<u64>(reinterpret_cast<uintptr_t>(source));
    const u64 behind = u64{0} - ahead;
    const bool up = direction == Direction::Up;
    const bool rereads = up ? ahead != 0 && ahead < bytes : behind != 0 && behind < bytes;
    if (!rereads) {
        std::memmove(target, source, bytes);
        return;
    }
    if (up && ahead >= sizeof(T)) {
        replicate_upwards(target, ahead, bytes);
        return;
    }
    for (u64 which = 0; which < count; ++which) {
        const u64 place = (up ? which : count - 1 - which) * sizeof(T);
        T value;
        std::memcpy(&value, source + place, sizeof(T));
        std::memcpy(target + place, &value, sizeof(T));
    }
}

/// How many elements of two runs going up are equal before the first that differ, as far as whole
/// words tell: a start for looking at single ones.
template <class T>
u64 equal_words(const u8* left, const u8* right, u64 count) {
    u64 offset = 0;
    for (; offset + sizeof(u64) <= count * sizeof(T); offset += sizeof(u64)) {
        u64 left_word;
        u64 right_word;
        std::memcpy(&left_word, left + offset, sizeof(u64));
        std::memcpy(&right_word, right + offset, sizeof(u64));
        if (left_word != right_word) break;
    }
    return offset / sizeof(T);
}

}  // namespace cpu
