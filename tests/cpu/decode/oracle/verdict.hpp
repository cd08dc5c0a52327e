// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "fabric/support/int_types.hpp"

namespace test::decode {

/// What a decoder makes of bytes: whether they are an instruction, and how long.
struct Verdict {
    enum class Kind : u8 { Valid, Invalid, TooLong, Unknown };
    Kind kind = Kind::Unknown;
    u8 length = 0;  // Of a valid instruction.

    bool operator==(const Verdict&) const = default;
};

}  // namespace test::decode
