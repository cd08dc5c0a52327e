// SPDX-License-Identifier: BSD-2-Clause
//
// Whole reads and writes at a place of an open file, as disk images need them.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "fabric/host/block_medium.hpp"

namespace fabric {

/// What `errno` says about `name`.
BlockTrouble host_trouble(const std::string& name);

/// Past the end of the file there are zeroes.
std::optional<BlockTrouble> read_at(int fd, const std::string& name, u64 offset,
                                    std::span<u8> into);
std::optional<BlockTrouble> write_at(int fd, const std::string& name, u64 offset,
                                     std::span<const u8> from);
/// A hole where the host's file system has them; written zeroes where not.
std::optional<BlockTrouble> zero_at(int fd, const std::string& name, u64 offset, u64 length);

}  // namespace fabric
