// SPDX-License-Identifier: BSD-2-Clause
#include "tests/differential/encoding_shape.hpp"

#include <charconv>
#include <string>
#include <vector>

namespace test::differential {

namespace {
using Prefix = EncodingShape::Prefix;

std::vector<std::string_view> words_of(std::string_view text, char separator) {
    std::vector<std::string_view> words;
    while (!text.empty()) {
        const usize end = text.find(separator);
        if (end != 0) words.push_back(text.substr(0, end));
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    return words;
}

std::optional<u8> hex_byte(std::string_view word) {
    u8 value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value, 16);
    if (word.size() != 2 || error != std::errc{} || end != word.data() + 2) return std::nullopt;
    return value;
}

bool parse_vex(std::string_view word, EncodingShape& shape) {
    for (const std::string_view part : words_of(word, '.')) {
        if (part == "VEX")
            shape.vex = true;
        else if (part == "128")
            shape.vector_length = EncodingShape::VectorLength::L128;
        else if (part == "256")
            shape.vector_length = EncodingShape::VectorLength::L256;
        else if (part == "LZ")
            shape.vector_length = EncodingShape::VectorLength::Zero;
        else if (part == "LIG")
            shape.vector_length = EncodingShape::VectorLength::Any;
        else if (part == "NP")
            shape.prefix = Prefix::None;
        else if (part == "66")
            shape.prefix = Prefix::P66;
        else if (part == "F3")
            shape.prefix = Prefix::F3;
        else if (part == "F2")
            shape.prefix = Prefix::F2;
        else if (part == "0F")
            shape.map = 1;
        else if (part == "0F38")
            shape.map = 2;
        else if (part == "0F3A")
            shape.map = 3;
        else if (part == "W0")
            shape.w = false;
        else if (part == "W1")
            shape.w = true;
        else if (part != "WIG")
            return false;
    }
    return true;
}

/// Words that say something of operands and sizes.
bool parse_modifier(std::string_view word, EncodingShape& shape) {
    if (word.size() == 2 && word[0] == '/') {
        shape.has_mod_rm = true;
        if (word[1] != 'r') shape.reg_field = static_cast<u8>(word[1] - '0');
        return word[1] == 'r' || (word[1] >= '0' && word[1] <= '7');
    }
    if (word == "reg")
        shape.register_only = shape.has_mod_rm = true;
    else if (word == "mem")
        shape.memory_only = shape.has_mod_rm = true;
    else if (word == "W0")
        shape.w = false;
    else if (word == "W1")
        shape.w = true;
    else if (word == "+r")
        shape.plus_register = true;
    else if (word == "o16")
        shape.operand_size = 2;
    else if (word == "o32")
        shape.operand_size = 4;
    else if (word == "o64")
        shape.operand_size = 8;
    else if (word == "a16")
        shape.address_size = 2;
    else if (word == "a32")
        shape.address_size = 4;
    else if (word == "a64")
        shape.address_size = 8;
    else
        return false;
    return true;
}

/// Mandatory prefix, map, opcode and perhaps a whole ModRM byte.
bool place_bytes(const std::vector<u8>& bytes, bool np, EncodingShape& shape) {
    usize at = 0;
    if (np) shape.prefix = Prefix::None;
    if (!shape.vex && !np && bytes.size() > 1) {
        if (bytes[0] == 0x66) shape.prefix = Prefix::P66;
        if (bytes[0] == 0xf3) shape.prefix = Prefix::F3;
        if (bytes[0] == 0xf2) shape.prefix = Prefix::F2;
        at = shape.prefix != Prefix::Any;
    }
    if (!shape.vex && bytes.size() > at + 1 && bytes[at] == 0x0f) {
        shape.map = 1;
        ++at;
        if (bytes.size() > at + 1 && (bytes[at] == 0x38 || bytes[at] == 0x3a)) {
            shape.map = bytes[at] == 0x38 ? 2 : 3;
            ++at;
        }
    }
    if (at >= bytes.size()) return false;
    shape.opcode = bytes[at++];
    if (at < bytes.size()) {
        shape.has_mod_rm = true;
        shape.fixed_mod_rm = bytes[at++];
    }
    return at == bytes.size();
}
}  // namespace

std::optional<EncodingShape> parse_encoding(std::string_view text) {
    EncodingShape shape;
    std::vector<u8> bytes;
    bool np = false;
    for (std::string_view word : words_of(text, ' ')) {
        if (word == "NP") {
            np = true;
        } else if (word.starts_with("VEX")) {
            if (!parse_vex(word, shape)) return std::nullopt;
        } else if (const auto byte = hex_byte(word.substr(0, 2)); byte && word.ends_with("+r")) {
            bytes.push_back(*byte);
            shape.plus_register = true;
        } else if (const auto whole = hex_byte(word)) {
            bytes.push_back(*whole);
        } else if (!parse_modifier(word, shape)) {
            return std::nullopt;
        }
    }
    if (!place_bytes(bytes, np, shape)) return std::nullopt;
    return shape;
}

}  // namespace test::differential
