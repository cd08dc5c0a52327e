// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <bitset>
#include <span>

#include "cpu/arch/features.hpp"
#include "cpu/interpreter/block_cache.hpp"

namespace cpu::interpreter {

/// Decodes a straight line from `physical` on, within its page. Null if its first instruction does
/// not lie wholly in the page. An invalid instruction ends the block before it; as the first one it
/// becomes an operation that raises what it must. Before an instruction at one of the offsets
/// `stops`, if there are any, comes an operation that looks whether a debugger wants to stop there.
Block* build_block(BlockCache& cache, std::span<const u8> page, u64 physical, u32 mode,
                   const FeatureSet& features, const std::bitset<4096>* stops);

}  // namespace cpu::interpreter
