// SPDX-License-Identifier: BSD-2-Clause
//
// What an image is, by its first bytes: for `satori info`, and for a hint where a disk is not raw.
// Nothing in a machine hangs on it.
#pragma once

#include <span>
#include <string>

#include "fabric/support/int_types.hpp"

namespace frontends::image_format {

/// How much of a file's start tells all.
constexpr usize enough_bytes = 0x9000;

/// Lines for a person; the first continues "NAME: ".
std::string describe(std::span<const u8> start, u64 file_bytes);

/// "qcow2", "VHDX", ... of an image that is not raw; empty for all others.
std::string container_of(std::span<const u8> start);

}  // namespace frontends::image_format
