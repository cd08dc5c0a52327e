// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string_view>

#include "machine/board/board.hpp"

namespace frontends {

/// What a person needs to see of a processor that stopped: why, where, the registers, and the
/// last instructions, disassembled. To standard error.
void print_post_mortem(machine::Board& board, std::string_view why);

}  // namespace frontends
