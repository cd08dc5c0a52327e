// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "fabric/support/int_types.hpp"
#include "fabric/support/verify.hpp"

namespace machine {

/// Bytes in the order in which a table lists its fields.
class TableBytes {
public:
    TableBytes& u8s(u64 value) { return number(value, 1); }
    TableBytes& u16s(u64 value) { return number(value, 2); }
    TableBytes& u32s(u64 value) { return number(value, 4); }
    TableBytes& u64s(u64 value) { return number(value, 8); }
    TableBytes& zeroes(usize count) {
        bytes_.resize(bytes_.size() + count);
        return *this;
    }
    /// Exactly `width` bytes, filled up with zeroes.
    TableBytes& text(std::string_view characters, usize width) {
        VERIFY(characters.size() <= width);
        bytes_.insert(bytes_.end(), characters.begin(), characters.end());
        return zeroes(width - characters.size());
    }
    TableBytes& append(std::span<const u8> more) {
        bytes_.insert(bytes_.end(), more.begin(), more.end());
        return *this;
    }

    usize size() const { return bytes_.size(); }
    std::vector<u8> take() { return std::move(bytes_); }
    std::span<u8> view() { return bytes_; }

private:
    TableBytes& number(u64 value, usize size) {
        for (usize i = 0; i < size; ++i) bytes_.push_back(static_cast<u8>(value >> (8 * i)));
        return *this;
    }

    std::vector<u8> bytes_;
};

}  // namespace machine
