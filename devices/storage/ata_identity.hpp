// SPDX-License-Identifier: BSD-2-Clause
//
// The 256 words with which an ATA device says what it is.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "fabric/support/int_types.hpp"

namespace devices::ata {

class IdentityWords {
public:
    u16& operator[](usize word) { return words_[word]; }

    void set_dword(usize word, u32 value) {
        words_[word] = static_cast<u16>(value);
        words_[word + 1] = static_cast<u16>(value >> 16);
    }
    void set_qword(usize word, u64 value) {
        set_dword(word, static_cast<u32>(value));
        set_dword(word + 2, static_cast<u32>(value >> 32));
    }
    /// Padded with blanks; the first character of each word is its high byte.
    void set_text(usize word, usize words, std::string_view text) {
        const auto character = [&](usize i) -> u32 {
            return i < text.size() ? static_cast<u8>(text[i]) : u8{' '};
        };
        for (usize i = 0; i < words; ++i) {
            words_[word + i] = static_cast<u16>(character(2 * i) << 8 | character(2 * i + 1));
        }
    }

    /// With the signature and the check sum in the last word.
    std::array<u8, 512> bytes() const {
        std::array<u8, 512> all{};
        for (usize i = 0; i < words_.size(); ++i) {
            all[2 * i] = static_cast<u8>(words_[i]);
            all[2 * i + 1] = static_cast<u8>(words_[i] >> 8);
        }
        all[510] = 0xa5;
        all[511] = checksum(std::span(all).first(511));
        return all;
    }

    /// The byte that makes the sum of all zero.
    static u8 checksum(std::span<const u8> bytes) {
        u32 sum = 0;
        for (const u8 byte : bytes) sum += byte;
        return static_cast<u8>(0x100 - (sum & 0xff));
    }

private:
    std::array<u16, 256> words_{};
};

}  // namespace devices::ata
