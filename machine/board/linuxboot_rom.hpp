// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <span>

#include "fabric/support/int_types.hpp"

namespace machine {

/// The option ROM of roms/linuxboot, as assembled; its check sum is still to be made.
std::span<const u8> linuxboot_rom();

}  // namespace machine
