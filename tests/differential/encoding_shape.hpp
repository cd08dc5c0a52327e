// SPDX-License-Identifier: BSD-2-Clause
//
// The encoding column of the instruction table taken apart for making bytes from it. The decoder
// has its own reading of the column: two readers, so that a slip of one shows.
#pragma once

#include <optional>
#include <string_view>

#include "fabric/support/int_types.hpp"

namespace test::differential {

struct EncodingShape {
    enum class Prefix : u8 { Any, None, P66, F3, F2 };
    enum class VectorLength : u8 { Any, Zero, L128, L256 };

    Prefix prefix = Prefix::Any;
    bool vex = false;
    VectorLength vector_length = VectorLength::Any;
    u8 map = 0;
    u8 opcode = 0;
    bool plus_register = false;
    bool has_mod_rm = false;
    std::optional<u8> reg_field;
    std::optional<u8> fixed_mod_rm;
    bool register_only = false;
    bool memory_only = false;
    std::optional<bool> w;
    u8 operand_size = 0;  // Zero: any.
    u8 address_size = 0;
};

/// Nothing if the text is not as cpu/decode/form.hpp says.
std::optional<EncodingShape> parse_encoding(std::string_view text);

}  // namespace test::differential
