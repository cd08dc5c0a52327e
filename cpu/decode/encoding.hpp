// SPDX-License-Identifier: BSD-2-Clause
//
// The text columns of the instruction table taken apart. A text that does not follow the rules of
// cpu/decode/form.hpp is our own mistake and stops the program.
#pragma once

#include <string_view>
#include <vector>

#include "cpu/decode/form.hpp"

namespace cpu::decoding {

/// The encoding column.
struct Encoding {
    bool vex = false;
    u8 map = 0;
    u8 opcode = 0;
    bool plus_register = false;
    bool mod_rm = false;
    u32 key_mask = 0;  // See key:: in form_table.hpp.
    u32 key_value = 0;
    u8 operand_size = 0;
    u8 address_size = 0;

    void require(u32 mask, u32 value) {
        key_mask |= mask;
        key_value |= value;
    }
};

Encoding parse_encoding(std::string_view text);

/// One operand. `first`: it is the row's first.
Operand parse_operand(std::string_view text, bool first, const Encoding& encoding);

std::vector<std::string_view> split(std::string_view text, char separator);

/// Fills flags_written, flags_undefined and flags_read.
void parse_flags(std::string_view text, Form& form);

}  // namespace cpu::decoding
