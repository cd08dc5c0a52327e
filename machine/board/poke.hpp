// SPDX-License-Identifier: BSD-2-Clause
//
// What a person changes in a machine by hand, from a debugger: memory and registers. It comes in
// through the journal as all else from outside does, so that a recording of the run replays it.
// These are the bytes that the journal carries.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "cpu/core/register_table.hpp"
#include "fabric/memory/guest_address.hpp"

namespace machine {

class Board;

std::vector<u8> poke_of_memory(fabric::Gpa first, std::span<const u8> bytes);
std::vector<u8> poke_of_register(u32 processor, std::string_view name,
                                 const cpu::RegisterValue& value);

/// Anything that is no poke, or not possible on this board, changes nothing.
void apply_poke(Board& board, std::span<const u8> poke);

}  // namespace machine
