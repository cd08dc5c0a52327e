// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/fpu/x87_environment.hpp"

#include <cstring>

namespace cpu {

namespace {

constexpr u32 reserved_ones = 0xffff'0000;  // What processors store above a 16-bit field.
constexpr u16 opcode_mask = 0x07ff;

using Words = std::array<u32, 7>;

Words wide_words(const X87Environment& from, bool protected_mode) {
    Words words{reserved_ones | from.control, reserved_ones | from.status,
                reserved_ones | from.tags};
    if (protected_mode) {
        words[3] = from.instruction_offset;
        words[4] = from.instruction_selector | u32{from.opcode} << 16;
        words[5] = from.data_offset;
        words[6] = reserved_ones | from.data_selector;
    } else {
        words[3] = reserved_ones | (from.instruction_offset & 0xffff);
        words[4] = (from.instruction_offset >> 16) << 12 | from.opcode;
        words[5] = reserved_ones | (from.data_offset & 0xffff);
        words[6] = (from.data_offset >> 16) << 12;
    }
    return words;
}

/// The low 16 bits of each are stored.
Words narrow_words(const X87Environment& from, bool protected_mode) {
    Words words{from.control, from.status, from.tags, from.instruction_offset, 0, from.data_offset};
    if (protected_mode) {
        words[4] = from.instruction_selector;
        words[6] = from.data_selector;
    } else {
        words[4] = ((from.instruction_offset >> 16) & 15) << 12 | from.opcode;
        words[6] = ((from.data_offset >> 16) & 15) << 12;
    }
    return words;
}

}  // namespace

void store_environment(const X87Environment& environment, EnvironmentLayout layout,
                       std::span<u8> bytes) {
    const Words words = layout.wide ? wide_words(environment, layout.protected_mode)
                                    : narrow_words(environment, layout.protected_mode);
    const usize word = layout.wide ? 4 : 2;
    for (usize i = 0; i < words.size(); ++i) std::memcpy(bytes.data() + i * word, &words[i], word);
}

X87Environment load_environment(std::span<const u8> bytes, EnvironmentLayout layout) {
    const usize word = layout.wide ? 4 : 2;
    Words words{};
    for (usize i = 0; i < words.size(); ++i) std::memcpy(&words[i], bytes.data() + i * word, word);
    X87Environment into;
    into.control = static_cast<u16>(words[0]);
    into.status = static_cast<u16>(words[1]);
    into.tags = static_cast<u16>(words[2]);
    into.instruction_offset = words[3];
    into.data_offset = words[5];
    if (layout.protected_mode) {
        into.instruction_selector = static_cast<u16>(words[4]);
        into.data_selector = static_cast<u16>(words[6]);
        into.opcode = static_cast<u16>(words[4] >> 16) & opcode_mask;
    } else {
        into.instruction_offset = (words[3] & 0xffff) | (words[4] & 0x0fff'f000) << 4;
        into.data_offset = (words[5] & 0xffff) | (words[6] & 0x0fff'f000) << 4;
        into.opcode = static_cast<u16>(words[4]) & opcode_mask;
    }
    return into;
}

}  // namespace cpu
