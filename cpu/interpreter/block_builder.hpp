// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <span>

#include "cpu/arch/features.hpp"
#include "cpu/interpreter/block_cache.hpp"

namespace cpu::interpreter {

/// Decodes a straight line from `physical` on, within its page. Null if its first instruction does
/// not lie wholly in the page. An invalid instruction ends the block before it; as the first one it
/// becomes an operation that raises what it must.
Block* build_block(BlockCache& cache, std::span<const u8> page, u64 physical, u32 mode,
                   const FeatureSet& features);

}  // namespace cpu::interpreter
